"""Certificates with every constant explicit: widths at which convergence is proved, for the problem at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Activation, Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Weights, Width
from harness.builtin.initializers import GaussianHalves
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden, lambda_output, output_variance
from harness.mathematics.spectra import operator_norm
from harness_moderate import instances
from harness_moderate.theories import conditions as own
from harness_moderate.theories import references
from harness_moderate.theories.base import SPHERE_SMOOTH, THEORY_STEP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAILURE = 0.05
"""Probability with which a certified width may fail, over the draw of the initial weights."""


def d1_width(problem: Problem, activation: Activation, failure: float = FAILURE) -> Width:
    """Solve certificate D1 for k, with W₀ ~ N(0, 1) and v = ±‖y‖/√(kn), half and half.

    With probability at least 1 − p, D1 holds at every even k above both of
        8 B₁² ‖X‖² log(2n/p)/λ(X)                                 (smallest eigenvalue)
        256 B₂² ρ² n ‖X‖² max_i‖x_i‖²/λ(X)²                      (the test itself)
    where B₁ = sup|φ'|, B₂ = sup|φ''| and ρ bounds ‖r₀‖/‖y‖.

    Smallest eigenvalue. J₀J₀ᵀ = (‖y‖²/n)(1/k)Σ_j Z_j with Z_j = (φ'(Xw_j)φ'(Xw_j)ᵀ) ∘ XXᵀ, independent, of mean
    Σ(X) and norm at most B₁²‖X‖². By the matrix Chernoff bound λ_min of the average is below λ(X)/2 with
    probability at most n exp(−kλ(X)/(8B₁²‖X‖²)), which is p/2 by the first line. Then σ₀² ≥ ‖y‖²λ(X)/(2n), and
    σ₀² ≥ 8L‖r₀‖ with L = B₂ (‖y‖/√(kn)) ‖X‖ max_i‖x_i‖ is the second line.

    Residual at the start. For even k the two halves cancel in the mean, E f₀ = 0, and
    E‖f₀‖² = (‖y‖²/n) Σ_i Var φ(w·x_i), for unit rows ‖y‖² Var φ(g). As ‖∂f₀/∂W‖ ≤ ‖y‖B₁‖X‖/√n everywhere,
    ‖f₀‖ is a Lipschitz function of the Gaussian W with that constant, and E‖f₀‖ ≤ (E‖f₀‖²)^½; so by Gaussian
    concentration, with probability at least 1 − p/2,
        ρ ≤ 1 + (mean_i Var φ(w·x_i))^½ + B₁‖X‖ √(2 log(2/p)/n).
    """
    x, n = problem.x, problem.n
    if not activation.smooth:
        return Width(math.nan, "φ'' is not bounded")
    if not np.any(problem.y):
        return Width(math.nan, "y = 0")
    smallest, norm = lambda_hidden(x, activation), operator_norm(x)
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: inputs are parallel or antipodal, or too close to tell")
    deviation = activation.b1 * norm * math.sqrt(2.0 * math.log(2.0 / failure) / n)
    rho = 1.0 + math.sqrt(output_variance(x, activation)) + deviation
    longest = float(np.linalg.norm(x, axis=1).max())
    eigenvalue = 8.0 * (activation.b1 * norm) ** 2 * math.log(2.0 * n / failure) / smallest
    test = n * (16.0 * rho * activation.b2 * norm * longest / smallest) ** 2
    even = 2.0 * math.ceil(max(eigenvalue, test) / 2.0)
    return Width(even, f"with probability {1.0 - failure:g}; ‖r₀‖ ≤ {rho:.3g} ‖y‖")


@dataclass(frozen=True)
class CertificateD1(Theory):
    """Gradient descent on the hidden layer provably converges: σ_min(J₀)² ≥ 8L‖r₀‖, solved for k."""

    name: ClassVar[str] = "cert-d1"
    title: ClassVar[str] = "Certificate D1, hidden layer"
    reference: ClassVar[str] = f"explicit form of Oymak & Soltanolkotabi's Theorem 6.2, {references.DERIVED}"
    guarantee: ClassVar[Guarantee] = "certificate"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = (
        "proofs in the documentation of instances.D1 and d1_width; tested against gradient descent"
    )
    formula: ClassVar[str] = "k ≥ max(256 B₂²ρ²n‖X‖²/λ(X)², 8B₁²‖X‖² log(2n/p)/λ(X)), ρ ≥ ‖r₀‖/‖y‖, p = 0.05"
    explicit: ClassVar[bool] = True
    exponents: ClassVar[Exponents | None] = SPHERE_SMOOTH
    home: ClassVar[Mapping[str, Any]] = {
        "use": "moderate",
        "activation": "softplus",
        "optimizer": THEORY_STEP,
        "theory": "cert-d1",
    }

    def concerns(self, regime: Regime) -> bool:
        """Speak of smooth shallow nets with the hidden layer trained on all samples."""
        activation, trains = conditions.activation_of(regime), regime.model.describe().trains
        smooth = activation is not None and activation.smooth
        return smooth and trains == "hidden" and not conditions.stochastic(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check inputs, initialization, loss, algorithm and step size. Inputs may have any norm."""
        activation = conditions.activation_of(regime)
        bound = 0.0 if activation is None else activation.b1
        # ‖J₀‖ ≤ B₁‖v‖‖X‖ at every width, and ‖v‖ = ‖y‖/√n.
        steepest = bound * float(np.linalg.norm(problem.y)) * operator_norm(problem.x)
        safe = 2.0 * problem.n / (9.0 * steepest**2) if steepest > 0 else 0.0
        kind = [] if activation is None else [conditions.smooth(activation)]
        return [
            *kind,
            conditions.distinct_inputs(problem),
            own.labels_not_zero(problem),
            conditions.without_biases(regime),
            own.gaussian_halves(regime),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
            own.step_at_most("2/(9‖J₀‖²)", 2.0 / 9.0, safe, problem, regime, theories=self.name),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the certified width, an even number."""
        activation, start = conditions.activation_of(regime), regime.initializer
        if activation is None:
            return Width(math.nan, "the certificate is about shallow nets")
        if not (isinstance(start, GaussianHalves) and start.sigma == 1.0 and start.output is None):
            return Width(math.nan, f"solved for k with W₀ ~ N(0, 1) and v = ±‖y‖/√(kn) only, not with {start.name}")
        return d1_width(problem, activation)

    def scaling(self, n: int, d: int) -> float | None:
        """Return None: the constant is explicit."""
        return None

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 2/(9‖J₀‖²)."""
        activation = conditions.activation_of(regime)
        if activation is None:
            return None
        largest = float(np.linalg.eigvalsh(instances.hidden_gram(weights, problem.x, activation))[-1])
        return 2.0 / (9.0 * largest) if largest > 0 else None

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test σ_min(J₀)² ≥ 8L‖r₀‖ on these weights, wherever they are from; None for other losses and algorithms."""
        activation = conditions.activation_of(regime)
        if activation is None or not self.concerns(regime) or not conditions.plain_descent(regime):
            return None
        return instances.d1_holds(weights, problem, activation)


@dataclass(frozen=True)
class CertificateD3(Theory):
    """Gradient descent on the output layer fits all labels if and only if φ(XW₀ᵀ) has rank n.

    For analytic φ the determinant of φ(XW₀ᵀ) at k = n is an analytic function of W₀, and not the zero function
    if the functions φ(x_i·w) are linearly independent, that is if E[φ(Xw)φ(Xw)ᵀ] is positive definite; so it
    is then almost surely not 0. Without a kink, and not polynomial, that is so for inputs of which no two lie on
    one line through the origin. The ReLU needs k ≥ n as well, but may have a smaller rank there.
    """

    name: ClassVar[str] = "cert-d3"
    title: ClassVar[str] = "Certificate D3, output layer"
    reference: ClassVar[str] = f"linear regression on random features, {references.DERIVED}"
    guarantee: ClassVar[Guarantee] = "certificate"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = "linear regression: exact"
    formula: ClassVar[str] = "σ_min(φ(XW₀ᵀ)) > 0; analytic φ: k ≥ n, with a bias n − 1"
    explicit: ClassVar[bool] = True
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "output-only", "optimizer": THEORY_STEP}

    def concerns(self, regime: Regime) -> bool:
        """Speak of shallow nets with the output layer trained on all samples."""
        trains = regime.model.describe().trains
        return conditions.activation_of(regime) is not None and trains == "output" and not conditions.stochastic(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check φ, hidden weights, loss, algorithm and that the step is stable."""
        activation, optimizer = conditions.activation_of(regime), regime.optimizer
        stable = optimizer.c < 2 if optimizer.step_size == "stable" else optimizer.step_size == "theory" or None
        return [
            Assumption("φ analytic", activation is not None and activation.smooth),
            conditions.distinct_inputs(problem),
            own.independent_neurons(regime),
            conditions.quadratic_loss(regime),
            conditions.gradient_descent(regime),
            Assumption("step size < 2/σ_max(F₀)²", stable),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return n, or n − 1 with a bias, if the features of the inputs are linearly independent."""
        activation = conditions.activation_of(regime)
        if activation is None:
            return Width(math.nan, "the certificate is about shallow nets")
        if not conditions.on_different_lines(problem).holds and lambda_output(problem.x, activation) == 0:
            return Width(math.inf, "λ̃(X) = 0: the features of the inputs are linearly dependent")
        k = max(1, problem.n - 1 if regime.model.describe().biases else problem.n)
        return Width(float(k), "" if activation.smooth else "necessary; the rank may be smaller at this width")

    def scaling(self, n: int, d: int) -> float | None:
        """Return None: the constant is explicit."""
        return None

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/σ_max(F₀)²."""
        activation = conditions.activation_of(regime)
        return None if activation is None else instances.d3(weights, problem, activation).step_size

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test σ_min(F₀) > 0 on these weights; None for other models, losses and algorithms."""
        activation = conditions.activation_of(regime)
        if activation is None or not self.concerns(regime) or not conditions.plain_descent(regime):
            return None
        return instances.d3(weights, problem, activation).holds
