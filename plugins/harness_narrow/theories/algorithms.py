"""Widths at which a special procedure, a linearised net or another kind of net memorises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Lt

from harness import Assumption, Certainty, Guarantee, Problem, Regime, Width
from harness.claims import conditions
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.base import Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Error = Annotated[float, Gt(0), Lt(1)]
"""Accuracy up to which labels are memorised."""


@dataclass(frozen=True)
class BubeckNTK(Order):
    """k ≳ (n/d) log(1/ε): the tangent kernel of so many ReLU neurons fits up to an error ε.

    Attributes:
        epsilon: ε; the default is the relative residual at which suites count a fit.
    """

    name: ClassVar[str] = "bubeck-ntk"
    title: ClassVar[str] = "Bubeck et al. 2020, tangent kernel"
    reference: ClassVar[str] = references.BUBECK
    bibtex: ClassVar[str] = references.BUBECK_BIBTEX
    guarantee: ClassVar[Guarantee] = "linearised"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = "from the paper's abstract; the theorem itself was not read"
    formula: ClassVar[str] = "k ≥ C (n/d) log(1/ε), ε = 0.01"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow-hidden", "activation": "relu"}
    epsilon: Error = 0.01

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with the hidden layer trained."""
        return own.named(regime, "relu", "hidden")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Report how the inputs lie; say that the regime is taken to be linearised."""
        return [own.dispersed(problem), Assumption("net linear in its weights", regime.model.linear())]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)."""
        return Width(own.ratio(problem) * math.log(1.0 / self.epsilon), f"ε = {self.epsilon:g}")


@dataclass(frozen=True)
class BubeckHarmonic(Order):
    """k ≳ (n/d) log(1/ε)/ε: their procedure of complex recombination fits up to ε, with weights of nearly least size.

    Attributes:
        epsilon: ε; at 1/n the width is of order n²/d.
    """

    name: ClassVar[str] = "bubeck-harmonic"
    title: ClassVar[str] = "Bubeck et al. 2020, harmonic procedure"
    reference: ClassVar[str] = references.BUBECK
    bibtex: ClassVar[str] = references.BUBECK_BIBTEX
    guarantee: ClassVar[Guarantee] = "special algorithm"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = "from the paper's abstract; the theorem itself was not read"
    formula: ClassVar[str] = "k ≥ C (n/d) log(1/ε)/ε, ε = 0.01"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow", "activation": "relu"}
    epsilon: Error = 0.01

    def concerns(self, regime: Regime) -> bool:
        """Speak of ReLU nets with all layers trained."""
        return own.named(regime, "relu", "all")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Report how the inputs lie; say that the procedure is another one."""
        return [own.dispersed(problem), own.algorithm("their own procedure", regime)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)/ε."""
        width = own.ratio(problem) * math.log(1.0 / self.epsilon) / self.epsilon
        return Width(width, f"ε = {self.epsilon:g}")


def daniely_factor(n: int, d: int) -> float:
    """Return (log(d log n))^(log n/log d), the factor hidden in Õ(n/d) as Zhang et al. traced it.

    Bounded by powers of logarithms for n = d^c with fixed c only; ∞ for d = 1.

    >>> round(daniely_factor(400, 20), 3), round(daniely_factor(10**6, 20), 0)
    (22.906, 2872.0)
    """
    if d < 2 or n < 2:
        return math.inf if d < 2 else 1.0
    return math.pow(math.log(max(d * math.log(n), math.e)), math.log(n) / math.log(d))


@dataclass(frozen=True)
class Daniely(Order):
    """k = Õ(n/d): SGD memorises all but a small share of n random points of two classes.

    The order is printed without its hidden factor, which is part of the width's reason and of its assumptions.
    """

    name: ClassVar[str] = "daniely"
    title: ClassVar[str] = "Daniely 2020"
    reference: ClassVar[str] = references.DANIELY
    bibtex: ClassVar[str] = references.DANIELY_BIBTEX
    guarantee: ClassVar[Guarantee] = "convergence"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "the order from the paper's abstract, the hidden factor as traced by Zhang et al.; loss, initialization and "
        "step sizes from memory"
    )
    formula: ClassVar[str] = "k ≥ Õ(n/d) for n = d^c, c fixed"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow", "activation": "relu", "optimizer": "sgd"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of shallow nets with all layers trained by SGD."""
        traits = regime.model.describe()
        return traits.shallow and traits.trains == "all" and conditions.stochastic(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, labels, loss; say what the hidden factor is here."""
        hidden = f"hidden factor (log(d log n))^(log n/log d) = {daniely_factor(problem.n, problem.d):.3g}"
        return [
            own.drawn_on_the_sphere(problem),
            own.binary_labels(problem),
            Assumption("loss of a classifier", False, regime.criterion.name),
            Assumption("pairs at the start, of their variances", None, regime.initializer.name),
            Assumption("n = d^c with c fixed as d grows", None, hidden),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d, with the hidden factor as a warning."""
        factor, order = daniely_factor(problem.n, problem.d), own.ratio(problem)
        times = "above" if factor * order > problem.n**2 / problem.d else "below"
        return Width(
            order,
            f"without the hidden factor (log(d log n))^(log n/log d) = {factor:.3g}; with it {factor * order:.3g}, "
            f"{times} n²/d",
        )


@dataclass(frozen=True)
class GeWangZhao(Order):
    """kd ≳ n: perturbed gradient descent memorises with a polynomial activation, for n ≤ d(d + 1)/2 if quadratic.

    With φ(z) = z² a shallow net is a quadratic form, and those have d(d + 1)/2 coefficients. No activation here is
    a polynomial: the claim stands in the overview alone.
    """

    name: ClassVar[str] = "ge-wang-zhao"
    title: ClassVar[str] = "Ge, Wang & Zhao 2019"
    reference: ClassVar[str] = references.GE_WANG_ZHAO
    bibtex: ClassVar[str] = references.GE_WANG_ZHAO_BIBTEX
    guarantee: ClassVar[Guarantee] = "convergence"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = (
        "a number of weights proportional to n, from the paper's abstract; the cap for quadratic φ is derived"
    )
    formula: ClassVar[str] = "kd ≥ C n, quadratic φ, n ≤ d(d+1)/2"
    unit: ClassVar[Literal["width", "parameters"]] = "parameters"
    home: ClassVar[Mapping[str, Any]] = {"use": "narrow"}

    def concerns(self, regime: Regime) -> bool:
        """Speak of no regime here: there is no polynomial activation."""
        return False

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, activation and algorithm."""
        activation, most = conditions.activation_of(regime), problem.d * (problem.d + 1) // 2
        return [
            own.general_position(problem),
            Assumption("n ≤ d(d+1)/2", problem.n <= most, f"n = {problem.n}, d(d+1)/2 = {most}"),
            Assumption("φ quadratic", False, "" if activation is None else activation.name),
            own.algorithm("perturbed gradient descent", regime),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d, ∞ beyond what quadratic forms can fit."""
        most = problem.d * (problem.d + 1) // 2
        if problem.n > most:
            return Width(math.inf, f"quadratic forms have {most} coefficients, fewer than n = {problem.n}")
        return Width(own.ratio(problem))
