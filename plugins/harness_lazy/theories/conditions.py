"""The conditions of the theorems on lazy training, checked on the actual problem and regime."""

from __future__ import annotations

import math

import numpy as np

from harness import ACTIVATIONS, Activation, Assumption, Problem, Regime, ResidualCriterion
from harness.builtin.initializers import GaussianHalves
from harness.spectra import extreme_cosines, has_unit_rows
from harness_lazy.initializers import Paired, RandomSigns
from harness_lazy.models import LazyScaled, Linearized

_PARALLEL = 1.0 - 1e-12

FAILURE = 0.05
"""Probability with which the random draw of the weights may fail a theorem, where a number is needed."""


def activation_of(regime: Regime, *, around_start: bool = False) -> Activation | None:
    """Return the activation of a shallow net; with ``around_start``, of nets scaled or linearized around w₀ as well."""
    traits = regime.model.describe()
    spoken_of = traits.shallow or (around_start and isinstance(regime.model, (LazyScaled, Linearized)))
    return ACTIVATIONS.get(traits.activation) if spoken_of and traits.activation else None


def full_batch(regime: Regime) -> bool:
    """Say whether steps of the regime see all samples."""
    many = 10**9
    return regime.optimizer.batch_size(many) == many


def unit_rows(problem: Problem) -> Assumption:
    """Check ‖x_i‖ = 1."""
    norms = np.linalg.norm(problem.x, axis=1)
    holds = has_unit_rows(problem.x)
    return Assumption("inputs of norm 1", holds, "" if holds else f"norms {norms.min():.3g} to {norms.max():.3g}")


def no_two_parallel(problem: Problem) -> Assumption:
    """Check that no two inputs lie on one line through the origin."""
    least, largest = extreme_cosines(problem.x)
    closest = max(-least, largest)
    return Assumption("no two inputs on a line", closest < _PARALLEL, f"largest |cosine| {closest:.3g}")


def separation(problem: Problem) -> float:
    """Return δ = min over i ≠ j of min(‖x_i − x_j‖, ‖x_i + x_j‖) for inputs of norm 1.

    >>> separation(Problem(np.eye(2), np.ones(2))) == math.sqrt(2)
    True
    """
    least, largest = extreme_cosines(problem.x)
    return math.sqrt(max(2.0 - 2.0 * max(-least, largest), 0.0))


def bounded_labels(problem: Problem) -> Assumption:
    """Check |y_i| ≤ C, true of any labels; the larger they are, the larger the unknown constant."""
    return Assumption("|y_i| bounded by a constant", True, f"max |y_i| = {float(np.abs(problem.y).max()):.3g}")


def without_biases(regime: Regime) -> Assumption:
    """Check that the net has no biases."""
    biases = regime.model.describe().biases
    return Assumption("no biases", not biases, "biases" if biases else "")


def random_signs(regime: Regime) -> Assumption:
    """Check W₀ ~ N(0, 1) and v = ±1/√k with random signs."""
    start = regime.initializer
    holds = isinstance(start, RandomSigns) and start.sigma == start.output == 1.0
    return Assumption("W₀ ~ N(0, 1), v = ±1/√k with random signs", holds, "" if holds else start.name)


def paired(regime: Regime) -> Assumption:
    """Check W₀ ~ N(0, 1) in pairs of equal rows with v = ±1/√k of opposite signs."""
    start = regime.initializer
    holds = isinstance(start, Paired) and start.sigma == start.output == 1.0
    return Assumption("W₀ ~ N(0, 1) in equal pairs, v = ±1/√k opposite in a pair", holds, "" if holds else start.name)


def equal_sizes(regime: Regime, problem: Problem) -> tuple[float, float, int] | None:
    """Return (σ, a, c) for W₀ ~ N(0, σ²) and v = ±a/√k, k/c of the neurons independent; None for other weights."""
    start = regime.initializer
    if isinstance(start, RandomSigns):
        return start.sigma, start.output, 1
    if isinstance(start, Paired):
        return start.sigma, start.output, 2
    if isinstance(start, GaussianHalves):
        size = float(np.linalg.norm(problem.y)) / math.sqrt(problem.n) if start.output is None else start.output
        return start.sigma, size, 1
    return None


def of_equal_sizes(regime: Regime, problem: Problem) -> Assumption:
    """Check that W₀ is Gaussian and the entries of v are of one size."""
    holds = equal_sizes(regime, problem) is not None
    return Assumption("W₀ ~ N(0, σ²), v = ±a/√k", holds, "" if holds else regime.initializer.name)


def quadratic_loss(regime: Regime) -> Assumption:
    """Check that the loss is a multiple of ‖f − y‖²."""
    return Assumption("quadratic loss", isinstance(regime.criterion, ResidualCriterion), regime.criterion.name)


def gradient_descent(regime: Regime) -> Assumption:
    """Check for plain gradient descent on all samples."""
    holds = regime.optimizer.heavy_ball() == 0.0 and full_batch(regime)
    return Assumption("gradient descent, full batch", holds, regime.optimizer.name)


def small_step(regime: Regime, text: str, multiple: float | None = None) -> Assumption:
    """Check the step size.

    Args:
        regime: The regime.
        text: The theorem's largest step.
        multiple: A number m such that m/λ_max(J₀J₀ᵀ) is the largest step, or above it; None where a constant in it is
            unknown, so that only the theorem's own step is known to be small enough.
    """
    optimizer = regime.optimizer
    text = f"step size {text}"
    if optimizer.step_size == "theory":
        return Assumption(text, True, f"step of {regime.theory}")
    if optimizer.step_size == "stable":
        too_large = multiple is not None and optimizer.c > multiple
        return Assumption(text, False if too_large else None, f"{optimizer.c:g}/λ_max(J₀J₀ᵀ)")
    return Assumption(text, None, f"{optimizer.step_size:g}")
