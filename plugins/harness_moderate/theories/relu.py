"""Training the hidden layer of a ReLU net [Oymak and Soltanolkotabi, arXiv 1902.04674]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness import Activation, Array, Assumption, Certainty, Exponents, Problem, Regime, Width
from harness.claims import conditions
from harness.mathematics.kernels import lambda_hidden
from harness.mathematics.spectra import kappa, khatri_rao_sigma_min, operator_norm
from harness_moderate.theories import conditions as own
from harness_moderate.theories.base import SPHERE_RELU, THEORY_STEP, HiddenLayerTheory
from harness_moderate.theories.smooth import no_khatri_rao, sphere_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OTHER = "the condition is for the ReLU"


def relu_width(x: Array, activation: Activation) -> Width:
    """Solve √(kd) = (n²/d) κ(X)³ σ_min(X*X)² for k; equal to n ‖X‖⁶/σ_min(X*X)⁸."""
    n, d = x.shape
    if activation.name != "relu":
        return Width(math.nan, OTHER)
    condition = kappa(x)
    if math.isinf(condition):
        return Width(math.inf, no_khatri_rao(x))
    return Width((n**2 / d * condition**3 * khatri_rao_sigma_min(x) ** 2) ** 2 / d)


def relu_covariance_width(x: Array, activation: Activation) -> Width:
    """Solve √k = √n ‖X‖³/λ(X)² for k."""
    if activation.name != "relu":
        return Width(math.nan, OTHER)
    smallest = lambda_hidden(x, activation)
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: inputs are parallel or antipodal, or too close to tell")
    return Width(len(x) * operator_norm(x) ** 6 / smallest**4)


@dataclass(frozen=True)
class ReLU(HiddenLayerTheory):
    """Theorem 2.3: gradient descent converges if √(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)²."""

    name: ClassVar[str] = "os-relu"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 2.3"
    certainty: ClassVar[Certainty] = "memory"
    certainty_note: ClassVar[str] = (
        "condition known second-hand; κ(X) from memory, confirmed by deriving Theorem 2.1's form; exponents derived "
        "for inputs on the sphere"
    )
    formula: ClassVar[str] = "√(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)², κ(X) = √(d/n) ‖X‖/σ_min(X*X)²"
    exponents: ClassVar[Exponents | None] = SPHERE_RELU
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "relu", "optimizer": THEORY_STEP}
    smooth: ClassVar[bool] = False

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check for the ReLU, unit norms and the rank of X*X."""
        return [conditions.relu(activation), *super().data_conditions(problem, activation)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n ‖X‖⁶/σ_min(X*X)⁸."""
        return relu_width(problem.x, self.activation(regime))


@dataclass(frozen=True)
class ReLUSphere(HiddenLayerTheory):
    """Corollary 2.4: for inputs uniform on the sphere, n⁴/d³ neurons if d ≤ n ≤ c d², and n if n ≤ d."""

    name: ClassVar[str] = "os-relu-sphere"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Cor 2.4"
    certainty: ClassVar[Certainty] = "memory"
    certainty_note: ClassVar[str] = "its order derived from Theorem 2.3, which is known second-hand"
    formula: ClassVar[str] = "√(kd) ≥ C n²/d for d ≤ n ≤ c d²; k ≥ C n for n ≤ d"
    exponents: ClassVar[Exponents | None] = SPHERE_RELU
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "relu", "optimizer": THEORY_STEP}
    smooth: ClassVar[bool] = False

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check the sphere and n ≤ d(d + 1)/2."""
        return [
            conditions.relu(activation),
            own.uniform_on_the_sphere(problem),
            own.quadratic_in_n(problem),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the law at C = 1."""
        return sphere_width(SPHERE_RELU, problem)


@dataclass(frozen=True)
class ReLUStochastic(ReLU):
    """Theorem 2.6: SGD converges at a width of the same type as in Theorem 2.3."""

    name: ClassVar[str] = "os-relu-sgd"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, Thm 2.6"
    minibatch: ClassVar[bool] = True
    certainty: ClassVar[Certainty] = "memory-low"
    certainty_note: ClassVar[str] = "that the condition is of the type of Theorem 2.3 is all that is known; it is shown"
    formula: ClassVar[str] = "as Thm 2.3: √(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)²"
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate-sgd", "activation": "relu"}


@dataclass(frozen=True)
class ReLUCovariance(HiddenLayerTheory):
    """The covariance form for the ReLU: √k ≥ C √n ‖X‖³/λ(X)².

    The condition behind Theorem 2.3; finite for n > d(d + 1)/2 and for up to d antipodal pairs.
    More of them no ReLU net without biases can fit: f(x) − f(−x) = Σ_j v_j w_j·x is linear in x.
    """

    name: ClassVar[str] = "os-relu-covariance"
    title: ClassVar[str] = "Oymak & Soltanolkotabi 2020, ReLU covariance form"
    certainty: ClassVar[Certainty] = "memory-low"
    certainty_note: ClassVar[str] = "re-derived as the condition behind Theorem 2.3; whether it is printed is uncertain"
    formula: ClassVar[str] = "√k ≥ C √n ‖X‖³/λ(X)², λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)"
    exponents: ClassVar[Exponents | None] = SPHERE_RELU
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "activation": "relu", "optimizer": THEORY_STEP}
    smooth: ClassVar[bool] = False

    def data_conditions(self, problem: Problem, activation: Activation) -> Sequence[Assumption]:
        """Check unit norms and distinct inputs."""
        return [conditions.relu(activation), conditions.unit_rows(problem), conditions.distinct_inputs(problem)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n ‖X‖⁶/λ(X)⁴."""
        return relu_covariance_width(problem.x, self.activation(regime))
