"""Widths at which a special procedure, a linearised net or another kind of net memorises."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Gt, Lt

from harness import Assumption, Claim, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import LINEAR, Nets, ShallowTheory
from harness.mathematics.spectra import rank
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.counts import ratio

Error = Annotated[float, Gt(0), Lt(1)]
"""Accuracy up to which labels are memorised."""


@dataclass(frozen=True)
class BubeckNTK(ShallowTheory):
    """k ≳ (n/d) log(1/ε): the tangent kernel of so many ReLU neurons fits up to an error ε.

    Attributes:
        epsilon: ε. The default is the relative residual at which suites count a fit.
    """

    name = "bubeck-ntk"
    claim = Claim(
        title="Bubeck et al. 2020, tangent kernel",
        formula="k ≥ C (n/d) log(1/ε), ε = 0.01",
        reference=references.BUBECK,
        guarantee="linearised",
        certainty="abstract",
        certainty_note="the theorem itself was not read",
        exponents=LINEAR,
        home={"use": "linearized", "activation": "relu"},
    )
    nets = Nets("hidden", "relu", "any")
    conditions = (own.dispersed, own.linear)
    epsilon: Error = 0.01

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains the hidden layer of a ReLU net, or of its linearization."""
        traits = regime.model.describe()
        return traits.trains == "hidden" and traits.activation == "relu"

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)."""
        return Width(ratio(problem) * math.log(1.0 / self.epsilon), f"ε = {self.epsilon:g}")


@dataclass(frozen=True)
class BubeckHarmonic(ShallowTheory):
    """k ≳ (n/d) log(1/ε)/ε: their procedure of complex recombination fits up to ε, with weights of nearly least size.

    Attributes:
        epsilon: ε. At 1/n the width is of order n²/d.
    """

    name = "bubeck-harmonic"
    claim = replace(
        BubeckNTK.claim,
        title="Bubeck et al. 2020, harmonic procedure",
        formula="k ≥ C (n/d) log(1/ε)/ε, ε = 0.01",
        guarantee="special algorithm",
        home={"use": "narrow", "activation": "relu"},
    )
    nets = Nets("all", "relu", "any")
    conditions = (own.dispersed, own.other_algorithm("their own procedure"))
    epsilon: Error = 0.01

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)/ε."""
        return Width(ratio(problem) * math.log(1.0 / self.epsilon) / self.epsilon, f"ε = {self.epsilon:g}")


def daniely_factor(n: int, d: int) -> float:
    """Return (log(d log n))^(log n/log d), the factor hidden in Õ(n/d) as Zhang et al. traced it.

    It is bounded by powers of logarithms for n = d^c with fixed c only, and ∞ for d = 1.

    >>> round(daniely_factor(400, 20), 3), round(daniely_factor(10**6, 20), 0)
    (22.906, 2872.0)
    """
    if d < 2 or n < 2:
        return math.inf if d < 2 else 1.0
    return math.pow(math.log(max(d * math.log(n), math.e)), math.log(n) / math.log(d))


def fixed_power(problem: Problem) -> Assumption:
    """Report the hidden factor. One problem cannot show how n grows with d."""
    hidden = f"hidden factor (log(d log n))^(log n/log d) = {daniely_factor(problem.n, problem.d):.3g}"
    return Assumption("n = d^c with c fixed as d grows", None, hidden)


class Daniely(ShallowTheory):
    """k = Õ(n/d): SGD memorises all but a small share of n random points of two classes.

    The order is printed without its hidden factor, which the reason of the width and the assumptions state.
    """

    name = "daniely"
    claim = Claim(
        title="Daniely 2020",
        formula="k ≥ Õ(n/d) for n = d^c, c fixed",
        reference=references.DANIELY,
        guarantee="convergence",
        certainty="abstract",
        certainty_note="the order from the abstract; that W₀ duplicates a Gaussian matrix and v a constant vector with "
        "its negative, and that all but a share ε is memorised, from the introduction; the hidden factor as traced by "
        "Zhang et al.; loss and step sizes from memory",
        exponents=LINEAR,
        home={"use": "narrow", "activation": "relu", "optimizer": "sgd", "criterion": "logistic"},
    )
    conditions = (own.drawn_on_the_sphere, own.binary_labels, own.classifier, own.pairs_with_variances, fixed_power)

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains all layers of a shallow net by SGD."""
        traits = regime.model.describe()
        return traits.shallow and traits.trains == "all" and shared.stochastic(regime)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d, with the hidden factor as a warning."""
        factor, order = daniely_factor(problem.n, problem.d), ratio(problem)
        times = "above" if factor * order > problem.n**2 / problem.d else "below"
        return Width(
            order,
            f"without the hidden factor (log(d log n))^(log n/log d) = {factor:.3g}; with it {factor * order:.3g}, "
            f"{times} n²/d",
        )


class GeWangZhao(ShallowTheory):
    """kd ≳ n: perturbed gradient descent memorises with a polynomial activation, for n ≤ d(d + 1)/2 if quadratic.

    With φ(z) = z² a shallow net is a quadratic form, and those have d(d + 1)/2 coefficients. No activation here is
    a polynomial, so only the overview shows the claim.
    """

    name = "ge-wang-zhao"
    claim = replace(
        Daniely.claim,
        title="Ge, Wang & Zhao 2019",
        formula="kd ≥ C n, quadratic φ, n ≤ d(d+1)/2",
        reference=references.GE_WANG_ZHAO,
        certainty_note="a number of weights proportional to n; the cap for quadratic φ is derived",
        unit="parameters",
        home={"use": "narrow"},
    )
    conditions = (
        own.general_position,
        shared.quadratic_in_n,
        own.other_activation("quadratic"),
        own.other_algorithm("perturbed gradient descent"),
    )

    def concerns(self, regime: Regime) -> bool:
        """Return False: there is no polynomial activation."""
        return False

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d, or ∞ beyond what quadratic forms can fit."""
        spanned = rank(problem.x)
        most = spanned * (spanned + 1) // 2
        if problem.n > most:
            return Width(math.inf, f"quadratic forms have {most} coefficients, fewer than n = {problem.n}")
        return Width(ratio(problem))
