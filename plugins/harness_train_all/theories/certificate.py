"""Certificate D2: the gradient flow on both layers provably fits, with every constant explicit."""

from __future__ import annotations

import math

import numpy as np

from harness import Activation, Certificate, Claim, Problem, Reference, Regime, Weights, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ShallowTheory
from harness.mathematics.kernels import lambda_output, output_kernel
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.spectra import operator_norm
from harness_train_all.instances import D2, d2
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references
from harness_train_all.theories.drawn import start_at, widest
from harness_train_all.theories.search import smallest_width

FAILURE = 0.05
"""Probability with which an a-priori width may fail, over the draw of the initial weights."""

VALUES = 2**23
"""Most feature values n·k of a network that is drawn."""

LOST = 0.01
"""Share of the features' covariance that truncation may take away."""


def truncation(n: int, lipschitz: float) -> float:
    """Return R with E[N² 1{N² > R}] ≤ 0.01 for every N ≥ 0 with E N² ≤ n that is an L-Lipschitz function of a Gaussian.

    With R = (√n + u)², as P(N > √n + t) ≤ exp(−t²/2L²) and E[N² 1{N² > R}] = R P(N² > R) + ∫_R^∞ P(N² > s) ds, the
    expectation is at most exp(−u²/2L²)(R + 2L² + 2√n L²/u).
    """

    def rest(u: float) -> float:
        size = (math.sqrt(n) + u) ** 2 + 2.0 * lipschitz**2 + 2.0 * math.sqrt(n) * lipschitz**2 / u
        return math.log(size / LOST) - (u / lipschitz) ** 2 / 2.0

    low = high = lipschitz
    while rest(high) > 0:
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if rest(middle) > 0 else (low, middle)
    return (math.sqrt(n) + high) ** 2


def d2_width(
    problem: Problem, activation: Activation, *, hidden: float = 1.0, output: float = 1.0, failure: float = FAILURE
) -> Width:
    """Solve certificate D2 for k a priori, with W₀ ~ N(0, ω₁²) and v₀ ~ N(0, c²/k).

    Let Σ̃ = E[φ(Xw)φ(Xw)ᵀ], w ~ N(0, ω₁²I), λ̃ = λ_min(Σ̃), L = B₁ω₁‖X‖, ℓ = log(4/p). With probability at least
    1 − p, D2 holds at every k that meets both
        k ≥ 8.25 R log(4n/p), R as in :func:`truncation` for L/√λ̃             (smallest singular value)
        a³ ≥ 8B₁²‖X‖²ρ(ν + 2ρ/a), a² = kλ̃/2                                  (the test itself)
    with ν = c(1 + √(2ℓ/k)) and ρ = ‖y‖ + c(√tr Σ̃ + L√(2ℓ/k))(1 + √(2ℓ)).

    Proof. Each event below fails with probability at most p/4. (i) The vectors z_j = Σ̃^{−½}φ(Xw_j) have covariance
    I, and ‖z_j‖ is an L/√λ̃-Lipschitz function of a Gaussian with E‖z_j‖² = n; those with ‖z_j‖² ≤ R keep a covariance
    of at least 0.99 I. The matrix Chernoff bound for their sum, with deviation η = 1 − 0.5/0.99, gives
    Σ_j z_j z_jᵀ ≽ (k/2) I except with probability n exp(−0.99η²k/(2R)) ≤ p/4, and then a₀² ≥ kλ̃/2. (ii) ‖v₀‖ ≤ ν,
    (iii) ‖F₀‖_F ≤ √(k tr Σ̃) + L√(2ℓ) and (iv), given F₀, ‖F₀v₀‖ ≤ (c/√k)‖F₀‖_F(1 + √(2ℓ)) are Gaussian
    concentration of Lipschitz functions. D2 is easier for larger a₀ and smaller ‖r₀‖ and ‖v₀‖.
    """
    x, n = problem.x, problem.n
    smallest = lambda_output(hidden * x, activation)
    if smallest == 0:
        return Width(math.inf, "λ̃(X) = 0: features of the inputs are dependent, or too close to tell")
    trace = float(np.trace(output_kernel(hidden * x, activation)))
    norm = activation.b1 * operator_norm(x)
    lipschitz, log = norm * hidden, math.log(4.0 / failure)
    deviation = 1.0 - 0.5 / (1.0 - LOST)
    cut = truncation(n, lipschitz / math.sqrt(smallest))
    rank = 2.0 * cut * math.log(4.0 * n / failure) / (deviation**2 * (1.0 - LOST))

    def holds(k: float) -> bool:
        spread = math.sqrt(2.0 * log / k)
        residual = float(np.linalg.norm(problem.y))
        residual += output * (math.sqrt(trace) + lipschitz * spread) * (1.0 + math.sqrt(2.0 * log))
        return D2(math.sqrt(k * smallest / 2.0), residual, output * (1.0 + spread), norm).holds

    low = high = float(n)
    while not holds(high):
        low, high = high, 2.0 * high
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return Width(float(math.ceil(max(rank, high))), f"a priori, with probability {1.0 - failure:g}")


class CertificateD2(ShallowTheory, Certificate):
    """The gradient flow on both layers provably fits: σ_min(F₀)³ ≥ 8B₁²‖X‖²‖r₀‖(‖v₀‖ + 2‖r₀‖/σ_min(F₀)).

    The width is the smallest, to 10 %, at which one drawn initialization is certified. Other draws of v₀ move it. If
    that is too wide to draw, it is the a-priori width at which 95 % are certified, which is far larger. The test itself
    looks at inputs, labels and initialization.
    """

    name = "cert-d2"
    claim = Claim(
        title="Certificate D2, both layers",
        formula="a₀³ ≥ 8B₁²‖X‖²‖r₀‖(‖v₀‖ + 2‖r₀‖/a₀), a₀ = σ_min(φ(XW₀ᵀ)); one draw, or p = 0.05",
        reference=Reference(f"path-length argument for the gradient flow, {references.DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="proofs in the documentation of instances.D2 and d2_width; tested against small steps of "
        "gradient descent",
        explicit=True,
        home={"use": "train-all-relu", "initializer": "gaussian-layers"},
    )
    nets = Nets("all")
    conditions = (shared.distinct_inputs, shared.quadratic_loss, own.gradient_flow)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Find the certified width of one draw, or solve for it a priori."""
        activation = self.activation(regime)
        if math.isinf(activation.b1):
            return Width(math.inf, "B₁ = sup|φ'| = ∞")
        most = widest(problem, VALUES)
        limit = None if regime.model.describe().biases else own.fixed_scales(regime, problem.d)
        if limit is None or _reachable(problem, activation, *limit, most):
            drawn = smallest_width(
                lambda k: _ratio(problem, regime, activation, k), 1.5, min(8 * problem.n, most), most
            )
            if drawn is not None:
                return Width(
                    float(drawn), "of one draw of the weights, to 10 %; --certify shows the spread", noted=True
                )
        if limit is None:
            return Width(math.inf, f"beyond k = {most}; no a-priori width from {regime.initializer.name}")
        return d2_width(problem, activation, hidden=limit[0], output=limit[1])

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Run the test at these weights. The flow is the limit of gradient descent of small steps without momentum."""
        if not (self.concerns(regime) and shared.plain_descent(regime)):
            return None
        return d2(weights, problem, self.activation(regime)).holds

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test in ball arithmetic."""
        activation = self.activation(regime)
        net = BallNet.of(weights, problem.x, problem.y, activation)
        return None if net is None else net.meets_d2(d2(weights, problem, activation).sigma)


def _ratio(problem: Problem, regime: Regime, activation: Activation, k: int) -> float:
    found = start_at(problem, regime, k)
    return D2(found.smallest, found.residual, found.output, activation.b1 * found.inputs).ratio


def _reachable(problem: Problem, activation: Activation, hidden: float, output: float, most: int) -> bool:
    """Say whether the test may hold at a width that can be drawn: a generous hint that spares draws.

    With a₀² = 2kλ̃, twice its limit, of which λ_min of a sum of independent terms falls short in the mean, and ‖y‖ for
    the residual.
    """
    smallest = lambda_output(hidden * problem.x, activation)
    residual = float(np.linalg.norm(problem.y))
    return D2(math.sqrt(2.0 * most * smallest), residual, output, activation.b1 * operator_norm(problem.x)).ratio > 1.0
