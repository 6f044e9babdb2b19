"""Conditions that theorems of this plugin alone ask for, checked on the actual problem and regime."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness import Activation, Assumption, Problem, Regime
from harness.builtin.deep import FanIn
from harness.builtin.initializers import He, LeCun, Xavier
from harness.claims import conditions
from harness.mathematics.spectra import extreme_cosines
from harness_train_all.initializers import GaussianLayers, Omega

HE_PRODUCT = 2.0 * (1.0 + 1e-9)
"""ω₁ω₂√(dk) of He's initialization, the largest that Song et al. name; up to rounding."""


lecun = conditions.started("LeCun's initialization", lambda start: isinstance(start, LeCun) or start == Omega())

deep_lecun = conditions.started("LeCun's initialization", lambda start: start == FanIn())


def activation_of(regime: Regime) -> Activation | None:
    """Return the activation of a shallow net with all layers trained, or None for other models."""
    return conditions.activation_of(regime) if regime.model.describe().trains == "all" else None


def scales(regime: Regime, d: int, k: int) -> tuple[float, float] | None:
    """Return ω₁ and ω₂ of an initialization W ~ N(0, ω₁²), v ~ N(0, ω₂²), or None for others."""
    start = regime.initializer
    if isinstance(start, (LeCun, He, Xavier)):
        hidden, output = start.variances(d, k)
        return math.sqrt(hidden), math.sqrt(output)
    if isinstance(start, Omega):
        return start.scales(d, k)
    if isinstance(start, GaussianLayers):
        return start.sigma, start.output / math.sqrt(k)
    return None


def fixed_scales(regime: Regime, d: int) -> tuple[float, float] | None:
    """Return ω₁ and ω₂√k where neither depends on k, as from LeCun and He but not from Xavier, or else None."""
    if isinstance(regime.initializer, Xavier):
        return None
    return scales(regime, d, 1)


def omega_family(problem: Problem, regime: Regime) -> Assumption:
    """Check W₀ ~ N(0, ω₁²), v₀ ~ N(0, ω₂²) with ω₁ω₂ ≲ 1/√(dk), up to He's factor of 2.

    Xavier's product is 2/√((d + k)(k + 1)), below He's at every d and k.
    """
    text = "W₀ ~ N(0, ω₁²), v₀ ~ N(0, ω₂²), ω₁ω₂ ≲ 1/√(dk)"
    found = scales(regime, problem.d, problem.n)
    if found is None:
        return Assumption(text, False, regime.initializer.name)
    product = found[0] * found[1] * math.sqrt(problem.d * problem.n)
    return Assumption(text, product <= HE_PRODUCT, f"ω₁ω₂ = {product:.3g}/√(dk)")


def unit_labels(problem: Problem) -> Assumption:
    """Check ‖y‖ ≤ 1: the vector of all labels, not each."""
    norm = float(np.linalg.norm(problem.y))
    return Assumption("‖y‖ ≤ 1", norm <= 1.0 + 1e-9, f"‖y‖ = {norm:.3g}")


def vanishes_at_zero(activation: Activation) -> Assumption:
    """Check φ(0) = 0."""
    value = float(activation.phi(np.zeros(1))[0])
    return Assumption("φ(0) = 0", abs(value) < 1e-12, f"φ(0) = {value:.3g}")


def not_odd(activation: Activation) -> Assumption:
    """Check that φ is not odd."""
    return Assumption("φ not odd", not activation.odd, activation.name)


def unknown_start(regime: Regime) -> Assumption:
    """Report the initializer. That of the theorem is not known."""
    return Assumption("the theorem's initialization, which is not known", None, regime.initializer.name)


def other_algorithm(text: str) -> Callable[[Regime], Assumption]:
    """Return a report that the theorem has an algorithm of its own, which the harness has not."""
    return lambda regime: Assumption(text, False, regime.optimizer.name)


def unbalanced_pairs(regime: Regime) -> Assumption:
    """Check for mirrored pairs. The theorem scales them by c₁c₂ ≥ C√n."""
    paired = regime.initializer.width_step > 1
    return Assumption("unbalanced mirrored initialization", None if paired else False, regime.initializer.name)


def sgd(problem: Problem, regime: Regime) -> Assumption:
    """Check for SGD without momentum, with batches of any size."""
    seen = f"{regime.optimizer.name}, {regime.optimizer.batch_size(problem.n)} samples a step"
    return Assumption("SGD", regime.optimizer.heavy_ball() == 0.0, seen)


def dimension_of_order_root_n(problem: Problem) -> Assumption:
    """Check d ≥ √n, the least that d ≥ C √n polylog(n) can mean."""
    n, d = problem.n, problem.d
    return Assumption("d ≥ C √n polylog(n)", None if d * d >= n else False, f"d = {d}, √n = {math.sqrt(n):.3g}")


def low_correlation(problem: Problem) -> Assumption:
    """Report the correlation of the inputs, by their largest |cosine|. How low it must be is not known."""
    low, high = extreme_cosines(problem.x)
    largest = max(-low, high)
    return Assumption("inputs of low correlation", True if largest < 1e-12 else None, f"largest |cosine| {largest:.2g}")


def gradient_flow(regime: Regime) -> Assumption:
    """Report the steps. Gradient descent of small steps is close to the flow, and momentum is not."""
    optimizer = regime.optimizer
    if optimizer.heavy_ball() != 0.0 or conditions.stochastic(regime):
        return Assumption("gradient flow", False, optimizer.name)
    size = f"{optimizer.c:g}/λ_max(J₀J₀ᵀ)" if optimizer.step_size == "stable" else optimizer.step_size
    return Assumption("gradient flow", None, f"steps of {size}")
