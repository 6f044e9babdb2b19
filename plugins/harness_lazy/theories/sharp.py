"""Certificate D1 with the residual followed along the path, for paired nets whose output is 0 at the start."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness import Activation, Array, Certificate, Claim, Problem, Reference, Regime, StepPolicy, Weights, Width
from harness.claims import conditions as shared
from harness.claims.shallow import THEORY_STEP, Nets, ShallowTheory
from harness.mathematics.kernels import lambda_hidden
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.limit.start import UP, Errors, least_by_gram, residual_norm
from harness.mathematics.spectra import operator_norm, per_inputs
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.conditions import FAILURE

SMALL = 0.1
"""The step η times (‖J₀‖ + σ₀)²."""

KEPT = 0.94
"""c, the share of the decrease that the curvature leaves, below 1 − SMALL/2 − SMALL/16."""

USED = 0.9
"""Largest q = 2L‖r₀‖/(cσ₀²): the closer to 1, the slower the guaranteed rate."""

ASKED = 2.0 / (KEPT * USED)
"""The number in σ₀² ≥ ASKED · L‖r₀‖: 2.36, where certificate D1 has 8."""


@per_inputs
def pair_norm(x: Array) -> float:
    """Return ‖X*X‖ = λ_max((XXᵀ)^{∘2})^{1/2}, at most ‖X‖ max_i ‖x_i‖.

    >>> pair_norm(np.eye(3))
    1.0
    """
    return math.sqrt(operator_norm((x @ x.T) ** 2))


@dataclass(frozen=True)
class Sharp:
    """The hidden layer alone, φ twice differentiable, gradient descent of step η = 1/(10(‖J₀‖ + σ₀)²).

    With σ₀ = σ_min(J₀), r₀ = f₀ − y and L = sup|φ''| ‖v‖_∞ ‖X*X‖: if q = 2L‖r₀‖/(cσ₀²) ≤ 0.9 with c = 0.94, then
    ‖r_t‖ ≤ (1 − ηc(1 − q)σ₀²)^t ‖r₀‖ for all t, and the path is at most (1 − √(1 − q)) σ₀/L long.

    Proof. (i) Let u_j and b_j be directions of neuron j, and a a unit vector. By the inequality of Cauchy and Schwarz
    for x_i ⊗ x_i, Σ_i a_i φ''(z_ij)(x_i·u_j)(x_i·b_j) ≤ sup|φ''| (Σ_il |a_i||a_l|(x_i·x_l)²)^{1/2}‖u_j‖‖b_j‖, so J is
    L-Lipschitz. (ii) Let s_t be the length of the path until step t, R = σ₀/L, g_t = ‖J_tᵀr_t‖ and a_t = σ₀ − Ls_t.
    While s_t < R and a step stays in the ball of radius R, ‖J‖ ≤ ‖J₀‖ + σ₀ on it, and as for D1g
    ‖r_{t+1}‖ ≤ ‖r_t‖ − c'ηg_t²/‖r_t‖ with c' = 1 − η(‖J₀‖ + σ₀)²/2 − ηL‖r₀‖/2 ≥ c, as σ₀ ≤ ‖J₀‖. With g_t ≥ a_t‖r_t‖
    the residual falls by at least c a_t (s_{t+1} − s_t). (iii) As σ₀ − Ls decreases in s, the sum of these is at least
    c∫₀^{s_T}(σ₀ − Ls) ds, so ‖r₀‖ ≥ c(σ₀s_T − Ls_T²/2). The right side reaches cσ₀²/2L > ‖r₀‖ at s_T = R, so s_T stays
    below the smaller root, (1 − √(1 − q))R, and a_t ≥ σ₀√(1 − q). A step cannot leave the ball: the same holds for the
    part of it up to the first exit, whose c' is larger. (iv) ‖r_{t+1}‖ ≤ (1 − ηca_t²)‖r_t‖.

    Certificate D1 takes the least a over the whole ball instead of the one at s, which costs a factor of 2, and bounds
    the step by ½ and L by ‖X‖ max_i‖x_i‖.

    Attributes:
        sigma: σ₀, a lower bound.
        largest: ‖J₀‖.
        lipschitz: L, an upper bound.
        residual: ‖r₀‖, an upper bound.
    """

    sigma: float
    largest: float
    lipschitz: float
    residual: float

    @property
    def used(self) -> float:
        """Return q, or infinity if σ₀ = 0."""
        return 2.0 * self.lipschitz * self.residual / (KEPT * self.sigma**2) if self.sigma > 0 else math.inf

    @property
    def holds(self) -> bool:
        """Whether the test succeeds."""
        return self.used <= USED

    @property
    def step_size(self) -> float:
        """Return η."""
        return SMALL / (self.largest + self.sigma) ** 2

    @property
    def rate(self) -> float:
        """Return the factor by which the residual falls at each step at least."""
        return 1.0 - self.step_size * KEPT * (1.0 - self.used) * self.sigma**2


def sharp(weights: Weights, problem: Problem, activation: Activation) -> Sharp:
    """Measure what the certificate asks of an initialization, with all rounding counted."""
    x, v = problem.x, weights["v"]
    z = x @ weights["W"].T
    slopes, values = activation.dphi(z) * v, activation.phi(z)
    gram = (x @ x.T) * (slopes @ slopes.T)
    rounding = Errors.of(activation, x, weights["W"], z)
    steepest, longest = float(np.abs(v).max()), float(np.linalg.norm(x, axis=1).max())
    return Sharp(
        sigma=least_by_gram(gram, len(v) + x.shape[1], steepest * longest * rounding.slopes),
        largest=math.sqrt(float(np.linalg.eigvalsh(gram)[-1])),
        lipschitz=activation.b2 * steepest * pair_norm(x) * UP,
        residual=residual_norm(
            values @ v - problem.y, float(np.linalg.norm(values)), v, rounding.values, np.abs(problem.y)
        ),
    )


def sharp_width(problem: Problem, activation: Activation, output: float = 1.0, failure: float = FAILURE) -> Width:
    """Solve the certificate for k, with W₀ ~ N(0, 1) in equal pairs and v = ±a/√k, opposite in a pair.

    With probability at least 1 − p it holds at every even k with
        √k ≥ 2.36 B₂ ‖X*X‖ ‖y‖/(a(1 − δ)λ(X)),  δ = (4B₁²‖X‖² log(n/p)/(kλ(X)))^{1/2} < 1.

    Proof. f₀ = 0, so ‖r₀‖ = ‖y‖. J₀J₀ᵀ = (a²/(k/2)) Σ_j Z_j over the k/2 pairs, Z_j = (φ'(Xw_j)φ'(Xw_j)ᵀ) ∘ XXᵀ of
    mean Σ(X) and norm at most B₁²‖X‖². By the matrix Chernoff bound its least eigenvalue is below (1 − δ)a²λ(X) with
    probability at most n exp(−δ²kλ(X)/(4B₁²‖X‖²)), which is p. Then σ₀² ≥ (1 − δ)a²λ(X) and L = B₂(a/√k)‖X*X‖. Both
    sides of the test are monotone in k.

    Args:
        problem: The problem.
        activation: φ.
        output: a.
        failure: p.
    """
    x, n = problem.x, problem.n
    if not activation.smooth:
        return Width(math.nan, "φ'' is not bounded")
    smallest, norm = lambda_hidden(x, activation), operator_norm(x)
    if smallest == 0:
        return Width(math.inf, "λ(X) = 0: two inputs are on a line, or too close to tell")
    spread = math.sqrt(4.0 * math.log(n / failure) / smallest) * activation.b1 * norm
    asked = ASKED * activation.b2 * pair_norm(x) * float(np.linalg.norm(problem.y)) / (output * smallest)
    # √k (1 − spread/√k) = asked
    return Width(float(2 * math.ceil((asked + spread) ** 2 / 2)), f"with probability {1.0 - failure:g}")


class CertificateD1g(ShallowTheory, Certificate, StepPolicy):
    """Gradient descent of small steps on the hidden layer provably fits: σ_min(J₀)² ≥ 2.36 L‖r₀‖, solved for k.

    The proof is in :class:`Sharp`. It follows the residual along the path, where certificate D1 takes the worst case
    over a ball. From pairs ‖r₀‖ = ‖y‖.
    """

    name = "cert-d1g"
    claim = Claim(
        title="Certificate D1g, paired hidden layer",
        formula="√k(1 − δ) ≥ 2.36 B₂‖X*X‖‖y‖/(aλ(X)), v = ±a/√k in pairs, δ² = 4B₁²‖X‖² log(n/p)/(kλ(X)), p = 0.05",
        reference=Reference(f"path-length argument along the trajectory, {references.DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="proofs in the documentation of sharp.Sharp and sharp_width; tested against gradient descent",
        explicit=True,
        home={
            "use": "ntk-du",
            "activation": "softplus",
            "initializer": "paired",
            "optimizer": THEORY_STEP,
            "theory": "cert-d1g",
        },
    )
    nets = Nets("hidden", "smooth")
    conditions = (
        shared.smooth,
        shared.on_different_lines,
        shared.without_biases,
        own.paired,
        shared.quadratic_loss,
        shared.gradient_descent,
        own.small_step("≤ 1/(10(‖J₀‖ + σ₀)²)", SMALL, theory="cert-d1g"),
    )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the certified width, an even number."""
        if not own.paired(regime).holds:
            return Width(math.nan, f"solved for k from equal pairs only, not with {regime.initializer.name}")
        return sharp_width(problem, self.activation(regime))

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test σ_min(J₀)² ≥ 2.36 L‖r₀‖ on these weights, however they were drawn."""
        if not (self.concerns(regime) and shared.plain_descent(regime)) or "b" in weights:
            return None
        return sharp(weights, problem, self.activation(regime)).holds

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        net = BallNet.of(weights, problem.x, problem.y, self.activation(regime))
        return None if net is None or "b" in weights else net.meets_d1g(ASKED)

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return 1/(10(‖J₀‖ + σ₀)²)."""
        return sharp(weights, problem, self.activation(regime)).step_size
