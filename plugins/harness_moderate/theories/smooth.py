"""Training the hidden layer with a smooth activation [Oymak and Soltanolkotabi, arXiv 1902.04674]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Activation, Array, Assumption, Certainty, Exponents, Problem, Regime, Width
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden, mu
from harness.mathematics.spectra import kappa, operator_norm
from harness_moderate.theories import conditions as own
from harness_moderate.theories.base import SPHERE_SMOOTH, THEORY_STEP, HiddenLayerTheory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINK = "φ'' is not bounded"


def no_khatri_rao(x: Array) -> str:
    """Say why σ_min(X*X) is 0."""
    n, d = x.shape
    most = d * (d + 1) // 2
    return "σ_min(X*X) = 0: " + (f"n > d(d+1)/2 = {most}" if n > most else "the rows of X*X are dependent")


def smooth_width(x: Array, activation: Activation) -> Width:
    """Solve √(kd) = (B/μ_φ)² κ(X) n for k; equal to (B/μ_φ)⁴ n ‖X‖²/σ_min(X*X)⁴."""
    n, d = x.shape
    if not activation.smooth:
        return Width(math.nan, KINK)
    slope = mu(activation)
    if slope == 0:
        return Width(math.inf, "μ_φ = E[gφ'(g)] = 0")
    condition = kappa(x)
    if math.isinf(condition):
        return Width(math.inf, no_khatri_rao(x))
    return Width(((activation.bound / slope) ** 2 * condition * n) ** 2 / d)


def covariance_width(x: Array, activation: Activation) -> Width:
    """Solve √k = B² √n ‖X‖/λ(X) for k."""
    if not activation.smooth:
        return Width(math.nan, KINK)
    smallest = lambda_hidden(x, activation)
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: inputs are parallel or antipodal, or too close to tell")
    return Width(activation.bound**4 * len(x) * operator_norm(x) ** 2 / smallest**2)


@dataclass(frozen=True)
class Smooth(HiddenLayerTheory):
    """Theorem 2.1: gradient descent converges if √(kd) ≥ c (B/μ_φ)² κ(X) n."""

    name: ClassVar[str] = "os-smooth"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 2.1"
    certainty: ClassVar[Certainty] = "memory"
    certainty_note: ClassVar[str] = (
        "condition known second-hand; B, μ_φ and κ(X) from memory, the latter two confirmed by deriving the theorem's "
        "form; exponents derived for inputs on the sphere"
    )
    formula: ClassVar[str] = "√(kd) ≥ c (B²/μ_φ²) κ(X) n, κ(X) = √(d/n) ‖X‖/σ_min(X*X)²"
    exponents: ClassVar[Exponents | None] = SPHERE_SMOOTH
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "softplus", "optimizer": THEORY_STEP}

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check unit norms, the rank of X*X, and that φ is smooth with μ_φ ≠ 0."""
        return [
            *super().data_conditions(problem, activation),
            conditions.smooth(activation),
            own.nonzero_mu(activation),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (B/μ_φ)⁴ n ‖X‖²/σ_min(X*X)⁴."""
        return smooth_width(problem.x, self.activation(regime))


@dataclass(frozen=True)
class SmoothSphere(HiddenLayerTheory):
    """Corollary 2.2: for inputs uniform on the sphere, n²/d neurons if d ≤ n ≤ c d², and n if n ≤ d."""

    name: ClassVar[str] = "os-smooth-sphere"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Cor 2.2"
    certainty: ClassVar[Certainty] = "seed"
    certainty_note: ClassVar[str] = "the order agrees with Theorem 2.1 evaluated on the sphere"
    formula: ClassVar[str] = "√(kd) ≥ C n for d ≤ n ≤ c d²; k ≥ C n for n ≤ d"
    exponents: ClassVar[Exponents | None] = SPHERE_SMOOTH
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "softplus", "optimizer": THEORY_STEP}

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check the sphere, n ≤ d(d + 1)/2, and that φ is smooth with μ_φ ≠ 0."""
        return [
            own.uniform_on_the_sphere(problem),
            own.quadratic_in_n(problem),
            conditions.smooth(activation),
            own.nonzero_mu(activation),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the law at C = 1."""
        return sphere_width(SPHERE_SMOOTH, problem)


def sphere_width(exponents: Exponents, problem: Problem) -> Width:
    """Evaluate n^a d^b, which asks no more of the inputs than their number and dimension."""
    a, b = exponents.at(problem.n, problem.d)
    return Width(float(problem.n) ** a * float(problem.d) ** b, "law for the sphere at C = 1; the data are not used")


@dataclass(frozen=True)
class SmoothStochastic(Smooth):
    """Theorem 2.5: SGD converges at a width of the same type as in Theorem 2.1."""

    name: ClassVar[str] = "os-smooth-sgd"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 2.5"
    minibatch: ClassVar[bool] = True
    certainty: ClassVar[Certainty] = "memory-low"
    certainty_note: ClassVar[str] = "that the condition is of the type of Theorem 2.1 is all that is known; it is shown"
    formula: ClassVar[str] = "as Thm 2.1: √(kd) ≥ c (B²/μ_φ²) κ(X) n"
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate-sgd", "activation": "softplus"}


@dataclass(frozen=True)
class Covariance(HiddenLayerTheory):
    """Theorem 6.2: gradient descent converges if √k ≥ c B² √n ‖X‖/λ(X), λ(X) = λ_min(E[φ'φ'ᵀ] ∘ XXᵀ).

    Never above Theorem 2.1, as λ(X) ≥ μ_φ² σ_min(X*X)²; finite for odd φ and for n > d(d + 1)/2 as well.
    """

    name: ClassVar[str] = "os-covariance"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 6.2"
    certainty: ClassVar[Certainty] = "memory"
    certainty_note: ClassVar[str] = "its form re-derived, see certificate D1"
    formula: ClassVar[str] = "√k ≥ c B² √n ‖X‖/λ(X), λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)"
    exponents: ClassVar[Exponents | None] = SPHERE_SMOOTH
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "softplus", "optimizer": THEORY_STEP}

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check unit norms, distinct inputs and a smooth φ."""
        return [
            conditions.unit_rows(problem),
            conditions.distinct_inputs(problem),
            conditions.smooth(activation),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate B⁴ n ‖X‖²/λ(X)²."""
        return covariance_width(problem.x, self.activation(regime))
