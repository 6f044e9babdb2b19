"""Training the hidden layer: the theorems of Oymak and Soltanolkotabi [arXiv 1902.04674].

f(x) = vᵀφ(Wx) with W trained, W₀ ~ N(0, 1) and v = ±‖y‖/√(kn), half and half. Unknown constants are 1, and so is the
factor 1 + δ that buys probability.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness import Activation, Array, Assumption, Claim, Exponents, Problem, Regime, StepPolicy, Weights, Width
from harness.claims import conditions as shared
from harness.claims.shallow import THEORY_STEP, Conditions, Nets, ScalingTheory, ShallowTheory
from harness.mathematics.kernels import lambda_hidden, mu
from harness.mathematics.spectra import kappa, khatri_rao_sigma_min, operator_norm
from harness_moderate.theories import conditions as own
from harness_moderate.theories.references import OYMAK_SOLTANOLKOTABI

SPHERE_SMOOTH = Exponents(large_n=(2.0, -1.0), small_n=(1.0, 0.0))
SPHERE_RELU = Exponents(large_n=(4.0, -3.0), small_n=(1.0, 0.0))

DEPENDENT = "λ(X) = 0: inputs are parallel or antipodal, or too close to tell"


def no_khatri_rao(x: Array) -> str:
    """Return the reason why σ_min(X*X) is 0."""
    n, d = x.shape
    most = d * (d + 1) // 2
    return "σ_min(X*X) = 0: " + (f"n > d(d+1)/2 = {most}" if n > most else "the rows of X*X are dependent")


def _bound(activation: Activation) -> float:
    return activation.bound if activation.smooth else activation.b1


def single_samples(problem: Problem, regime: Regime) -> Assumption:
    """Check for one sample a step. Larger batches are left open, since the theorem's sampling is not known exactly."""
    batch = regime.optimizer.batch_size(problem.n)
    return Assumption("SGD, one sample a step", True if batch == 1 else None, f"{batch} samples a step")


def small_step(problem: Problem, regime: Regime, activation: Activation) -> Assumption:
    """Check the step size against n/(2B²‖y‖²‖X‖²), the largest of the theorems."""
    norms = _bound(activation) * float(np.linalg.norm(problem.y)) * operator_norm(problem.x)
    safe = problem.n / (2.0 * norms**2) if norms > 0 else 0.0
    return own.step_at_most("n/(2B²‖y‖²‖X‖²)", 0.5, safe, problem, regime, theories="os-")


SMOOTH = (shared.unit_rows, own.khatri_rao_full_rank, shared.smooth, own.nonzero_mu)
RELU = (shared.relu, shared.unit_rows, own.khatri_rao_full_rank)
START = (own.labels_not_zero, shared.without_biases, own.gaussian_halves, shared.quadratic_loss)
DESCENT = (*START, shared.gradient_descent, small_step)
SGD = (*START, single_samples)


class HiddenLayerTheory(ShallowTheory, StepPolicy):
    """A theorem on training the hidden layer."""

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the condition for the activations that the theorem is about."""
        activation, smooth = self.activation(regime), self.nets.activation == "smooth"
        if not (activation.smooth if smooth else activation.name == "relu"):
            return Width(math.nan, "φ'' is not bounded" if smooth else "the condition is for the ReLU")
        return self.solved(problem.x, activation)

    def solved(self, x: Array, activation: Activation) -> Width:
        """Solve the condition for k on inputs x (n, d)."""
        raise NotImplementedError  # each theorem states its own

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/(2B²‖v‖²‖X‖²), which is n/(2B²‖y‖²‖X‖²) for the theorem's v. B = 1 for the ReLU."""
        bound = own.jacobian_bound(problem.x, weights, _bound(self.activation(regime)))
        return None if self.nets.batches == "mini" or bound == 0 else 1.0 / (2.0 * bound**2)


class Smooth(HiddenLayerTheory):
    """Theorem 2.1: gradient descent converges if √(kd) ≥ c (B/μ_φ)² κ(X) n."""

    name = "os-smooth"
    claim = Claim(
        title="Oymak & Soltanolkotabi 2020, Thm 2.1",
        formula="√(kd) ≥ c (B²/μ_φ²) κ(X) n, κ(X) = √(d/n) ‖X‖/σ_min(X*X)²",
        reference=OYMAK_SOLTANOLKOTABI,
        guarantee="convergence",
        certainty="memory",
        certainty_note="condition known second-hand; B, μ_φ and κ(X) from memory, the latter two confirmed by deriving "
        "the theorem's form; exponents derived for inputs on the sphere",
        exponents=SPHERE_SMOOTH,
        home={"use": "moderate", "activation": "softplus", "optimizer": THEORY_STEP},
    )
    nets = Nets("hidden", "smooth")
    conditions: ClassVar[Conditions] = (*SMOOTH, *DESCENT)

    def solved(self, x: Array, activation: Activation) -> Width:
        """Solve √(kd) = (B/μ_φ)² κ(X) n, which gives (B/μ_φ)⁴ n ‖X‖²/σ_min(X*X)⁴."""
        n, d = x.shape
        slope, condition = mu(activation), kappa(x)
        if slope == 0:
            return Width(math.inf, "μ_φ = E[gφ'(g)] = 0")
        if math.isinf(condition):
            return Width(math.inf, no_khatri_rao(x))
        return Width(((activation.bound / slope) ** 2 * condition * n) ** 2 / d)


class SmoothSphere(ScalingTheory, HiddenLayerTheory):
    """Corollary 2.2: for inputs uniform on the sphere, n²/d neurons if d ≤ n ≤ c d², and n if n ≤ d."""

    name = "os-smooth-sphere"
    claim = replace(
        Smooth.claim,
        title="Oymak & Soltanolkotabi 2020, Cor 2.2",
        formula="√(kd) ≥ C n for d ≤ n ≤ c d²; k ≥ C n for n ≤ d",
        certainty="abstract",
        certainty_note="√(kd) ≥ C n from the abstract; the case n ≤ d and the cap n ≤ c d² from a secondary source; "
        "the order agrees with Theorem 2.1 evaluated on the sphere",
    )
    nets = Smooth.nets
    conditions = (own.uniform_on_the_sphere, shared.quadratic_in_n, shared.smooth, own.nonzero_mu, *DESCENT)
    reason = "law for the sphere at C = 1; the data are not used"


class SmoothStochastic(Smooth):
    """Theorem 2.5: SGD converges at a width of the same type as in Theorem 2.1."""

    name = "os-smooth-sgd"
    claim = replace(
        Smooth.claim,
        title="Oymak & Soltanolkotabi 2020, Thm 2.5",
        formula="as Thm 2.1: √(kd) ≥ c (B²/μ_φ²) κ(X) n",
        certainty="memory",
        certainty_note="that the condition is of the type of Theorem 2.1 is all that is known; it is shown",
        home={"use": "moderate-sgd", "activation": "softplus", "batch": 1},
    )
    nets = Nets("hidden", "smooth", "mini")
    conditions = (*SMOOTH, *SGD)


class Covariance(HiddenLayerTheory):
    """Theorem 6.2: gradient descent converges if √k ≥ c B² √n ‖X‖/λ(X), λ(X) = λ_min(E[φ'φ'ᵀ] ∘ XXᵀ).

    The width is never above that of Theorem 2.1, as λ(X) ≥ μ_φ² σ_min(X*X)². It is finite for odd φ and for
    n > d(d + 1)/2 as well.
    """

    name = "os-covariance"
    claim = replace(
        Smooth.claim,
        title="Oymak & Soltanolkotabi 2020, Thm 6.2",
        formula="√k ≥ c B² √n ‖X‖/λ(X), λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)",
        certainty_note="its form re-derived, see certificate D1",
    )
    nets = Smooth.nets
    conditions = (shared.unit_rows, shared.distinct_inputs, shared.smooth, *DESCENT)

    def solved(self, x: Array, activation: Activation) -> Width:
        """Evaluate B⁴ n ‖X‖²/λ(X)²."""
        smallest = lambda_hidden(x, activation)
        if smallest == 0:
            return Width(math.inf, DEPENDENT)
        return Width(activation.bound**4 * len(x) * operator_norm(x) ** 2 / smallest**2)


class ReLU(HiddenLayerTheory):
    """Theorem 2.3: gradient descent converges if √(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)²."""

    name = "os-relu"
    claim = replace(
        Smooth.claim,
        title="Oymak & Soltanolkotabi 2020, Thm 2.3",
        formula="√(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)², κ(X) = √(d/n) ‖X‖/σ_min(X*X)²",
        certainty_note="condition known second-hand; κ(X) from memory, confirmed by deriving Theorem 2.1's form; "
        "exponents derived for inputs on the sphere",
        exponents=SPHERE_RELU,
        home={"use": "moderate", "activation": "relu", "optimizer": THEORY_STEP},
    )
    nets = Nets("hidden", "relu")
    conditions: ClassVar[Conditions] = (*RELU, *DESCENT)

    def solved(self, x: Array, activation: Activation) -> Width:
        """Solve √(kd) = (n²/d) κ(X)³ σ_min(X*X)², which gives n ‖X‖⁶/σ_min(X*X)⁸."""
        n, d = x.shape
        condition = kappa(x)
        if math.isinf(condition):
            return Width(math.inf, no_khatri_rao(x))
        return Width((n**2 / d * condition**3 * khatri_rao_sigma_min(x) ** 2) ** 2 / d)


class ReLUSphere(ScalingTheory, HiddenLayerTheory):
    """Corollary 2.4: for inputs uniform on the sphere, n⁴/d³ neurons if d ≤ n ≤ c d², and n if n ≤ d."""

    name = "os-relu-sphere"
    claim = replace(
        ReLU.claim,
        title="Oymak & Soltanolkotabi 2020, Cor 2.4",
        formula="√(kd) ≥ C n²/d for d ≤ n ≤ c d²; k ≥ C n for n ≤ d",
        certainty_note="its order derived from Theorem 2.3, which is known second-hand",
    )
    nets = ReLU.nets
    conditions = (shared.relu, own.uniform_on_the_sphere, shared.quadratic_in_n, *DESCENT)
    reason = SmoothSphere.reason


class ReLUStochastic(ReLU):
    """Theorem 2.6: SGD converges at a width of the same type as in Theorem 2.3."""

    name = "os-relu-sgd"
    claim = replace(
        ReLU.claim,
        title="Oymak & Soltanolkotabi 2020, Thm 2.6",
        formula="as Thm 2.3: √(kd) ≥ C (n²/d) κ(X)³ σ_min(X*X)²",
        certainty="memory",
        certainty_note="that the condition is of the type of Theorem 2.3 is all that is known; it is shown",
        home={"use": "moderate-sgd", "activation": "relu", "batch": 1},
    )
    nets = Nets("hidden", "relu", "mini")
    conditions = (*RELU, *SGD)


class ReLUCovariance(HiddenLayerTheory):
    """The covariance form for the ReLU: √k ≥ C √n ‖X‖³/λ(X)².

    The condition behind Theorem 2.3. It is finite for n > d(d + 1)/2 and for up to d antipodal pairs. No ReLU net
    without biases can fit more of them: f(x) − f(−x) = Σ_j v_j w_j·x is linear in x.
    """

    name = "os-relu-covariance"
    claim = replace(
        ReLU.claim,
        title="Oymak & Soltanolkotabi 2020, ReLU covariance form",
        formula="√k ≥ C √n ‖X‖³/λ(X)², λ(X) = λ_min(E[φ'(Xw)φ'(Xw)ᵀ] ∘ XXᵀ)",
        certainty="memory",
        certainty_note="re-derived as the condition behind Theorem 2.3; whether it is printed is uncertain",
    )
    nets = ReLU.nets
    conditions = (shared.relu, shared.unit_rows, shared.distinct_inputs, *DESCENT)

    def solved(self, x: Array, activation: Activation) -> Width:
        """Evaluate n ‖X‖⁶/λ(X)⁴."""
        smallest = lambda_hidden(x, activation)
        if smallest == 0:
            return Width(math.inf, DEPENDENT)
        return Width(len(x) * operator_norm(x) ** 6 / smallest**4)
