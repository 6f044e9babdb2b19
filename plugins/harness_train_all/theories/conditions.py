"""The conditions that the theorems share, checked on the actual problem and regime."""

from __future__ import annotations

import math

import numpy as np

from harness import ACTIVATIONS, Activation, Assumption, Problem, Regime, ResidualCriterion
from harness.builtin.initializers import He, LeCun, Xavier
from harness.spectra import extreme_cosines, has_unit_rows
from harness_train_all.initializers import GaussianLayers, Omega

_PARALLEL = 1.0 - 1e-12
HE_PRODUCT = 2.0 * (1.0 + 1e-9)
"""ω₁ω₂√(dk) of He's initialization, the largest that Song et al. name; up to rounding."""


def activation_of(regime: Regime) -> Activation | None:
    """Return the activation of a shallow net with all layers trained, None for other models."""
    traits = regime.model.describe()
    named = traits.shallow and traits.trains == "all" and traits.activation
    return ACTIVATIONS.get(named) if named else None


def stochastic(regime: Regime) -> bool:
    """Say whether steps of the regime see a part of the samples only."""
    many = 10**9
    return regime.optimizer.batch_size(many) < many


def scales(regime: Regime, d: int, k: int) -> tuple[float, float] | None:
    """Return ω₁ and ω₂ of an initialization W ~ N(0, ω₁²), v ~ N(0, ω₂²); None for others."""
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
    """Return ω₁ and ω₂√k where neither depends on k, as from LeCun and He but not from Xavier; else None."""
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


def lecun(regime: Regime) -> Assumption:
    """Check for LeCun's initialization, W₀ ~ N(0, 1/d), v₀ ~ N(0, 1/k)."""
    start = regime.initializer
    same = isinstance(start, LeCun) or start == Omega()
    return Assumption("LeCun's initialization", same, "" if same else start.name)


def unit_rows(problem: Problem) -> Assumption:
    """Check ‖x_i‖ = 1."""
    norms = np.linalg.norm(problem.x, axis=1)
    holds = has_unit_rows(problem.x)
    return Assumption("inputs of norm 1", holds, "" if holds else f"norms {norms.min():.3g} to {norms.max():.3g}")


def unit_labels(problem: Problem) -> Assumption:
    """Check ‖y‖ ≤ 1: the vector of all labels, not each."""
    norm = float(np.linalg.norm(problem.y))
    return Assumption("‖y‖ ≤ 1", norm <= 1.0 + 1e-9, f"‖y‖ = {norm:.3g}")


def distinct_inputs(problem: Problem) -> Assumption:
    """Check that no two inputs point the same way."""
    largest = extreme_cosines(problem.x)[1]
    return Assumption("no two inputs parallel", largest < _PARALLEL, f"largest cosine {largest:.3g}")


def smooth(activation: Activation) -> Assumption:
    """Check that φ' and φ'' are bounded."""
    return Assumption(
        "φ', φ'' bounded", activation.smooth, f"sup |φ'| = {activation.b1:.3g}, |φ''| {activation.b2:.3g}"
    )


def vanishes_at_zero(activation: Activation) -> Assumption:
    """Check φ(0) = 0."""
    value = float(activation.phi(np.zeros(1))[0])
    return Assumption("φ(0) = 0", abs(value) < 1e-12, f"φ(0) = {value:.3g}")


def not_odd(activation: Activation) -> Assumption:
    """Check that φ is not odd."""
    return Assumption("φ not odd", not activation.odd, activation.name)


def relu(activation: Activation | None) -> Assumption:
    """Check that φ is the ReLU."""
    name = "none" if activation is None else activation.name
    return Assumption("φ the ReLU", name == "relu", name)


def without_biases(regime: Regime) -> Assumption:
    """Check that the net has no biases."""
    biases = regime.model.describe().biases
    return Assumption("no biases", not biases, "biases" if biases else "")


def quadratic_loss(regime: Regime) -> Assumption:
    """Check that the loss is a multiple of ‖f − y‖²."""
    return Assumption("quadratic loss", isinstance(regime.criterion, ResidualCriterion), regime.criterion.name)


def gradient_descent(regime: Regime) -> Assumption:
    """Check for plain gradient descent on all samples."""
    holds = regime.optimizer.heavy_ball() == 0.0 and not stochastic(regime)
    return Assumption("gradient descent, full batch", holds, regime.optimizer.name)


def unknown(text: str, found: str = "") -> Assumption:
    """Name a condition that cannot be checked."""
    return Assumption(text, None, found)
