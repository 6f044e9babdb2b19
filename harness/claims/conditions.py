"""Conditions that theorems of several plugins ask for, checked on the actual problem and regime.

Each check returns an :class:`~harness.Assumption` with the text that tables print.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.components import Assumption, Problem, Regime, ResidualCriterion
from harness.mathematics.activations import ACTIVATIONS, Activation
from harness.mathematics.spectra import extreme_cosines, has_unit_rows, rank

DENSITIES = ("sphere", "gaussian", "cube-sphere")
"""Data sets whose inputs come from a density, on the sphere or in R^d, d ≥ 2."""

_PARALLEL = 1.0 - 1e-12


# --- of the regime --------------------------------------------------------------------------------------------------


def activation_of(regime: Regime) -> Activation | None:
    """Return φ of a shallow net, or None for other models and for names that are not of a shipped activation."""
    traits = regime.model.describe()
    return traits.phi or ACTIVATIONS.get(traits.activation or "") if traits.shallow else None


def stochastic(regime: Regime) -> bool:
    """Return whether a step of the regime sees a part of the samples only, however many there are."""
    return not regime.optimizer.full_batch()


def plain_descent(regime: Regime) -> bool:
    """Return whether the regime is gradient descent without momentum, on all samples, with loss a/2 ‖f − y‖².

    Certificates are about this training only.
    """
    return all(check.holds for check in (gradient_descent(regime), quadratic_loss(regime)))


def gradient_descent(regime: Regime) -> Assumption:
    """Check for gradient descent without momentum, on all samples."""
    holds = regime.optimizer.heavy_ball() == 0.0 and not stochastic(regime)
    return Assumption("gradient descent, full batch", holds, regime.optimizer.name)


def quadratic_loss(regime: Regime) -> Assumption:
    """Check that the loss is a multiple of ‖f − y‖²."""
    return Assumption("quadratic loss", isinstance(regime.criterion, ResidualCriterion), regime.criterion.name)


def stable_step(limit: str) -> Callable[[Regime], Assumption]:
    """Return a check that the step size is below a limit of 2/λ_max(J₀J₀ᵀ). For a number the check leaves it open.

    Args:
        limit: How the theorem writes the limit.
    """

    def check(regime: Regime) -> Assumption:
        policy = regime.optimizer.step_size
        holds = regime.optimizer.c < 2 if policy == "stable" else policy == "theory" or None
        return Assumption(f"step size < {limit}", holds)

    return check


def started(text: str, holds: Callable[[Any], bool]) -> Callable[[Regime], Assumption]:
    """Return a check of the initializer. The assumption names the initializer where it does not hold.

    Args:
        text: The distribution of the initial weights.
        holds: Decides whether an initializer draws from it.
    """

    def check(regime: Regime) -> Assumption:
        met = holds(regime.initializer)
        return Assumption(text, met, "" if met else regime.initializer.name)

    return check


def without_biases(regime: Regime) -> Assumption:
    """Check that the net has no biases."""
    biases = regime.model.describe().biases
    return Assumption("no biases", not biases, "biases" if biases else "")


# --- of the activation ----------------------------------------------------------------------------------------------


def smooth(activation: Activation) -> Assumption:
    """Check that φ' and φ'' are bounded, and name the bounds."""
    return Assumption(
        "φ', φ'' bounded", activation.smooth, f"sup |φ'| = {activation.b1:.3g}, |φ''| {activation.b2:.3g}"
    )


def relu(activation: Activation | None) -> Assumption:
    """Check that φ is the ReLU. None is the activation of a model without one."""
    name = "none" if activation is None else activation.name
    return Assumption("φ the ReLU", name == "relu", name)


def analytic(activation: Activation) -> Assumption:
    """Check that φ is analytic and not a polynomial."""
    return Assumption("φ analytic", activation.analytic)


# --- of the inputs --------------------------------------------------------------------------------------------------


def unit_rows(problem: Problem) -> Assumption:
    """Check ‖x_i‖ = 1."""
    norms = np.linalg.norm(problem.x, axis=1)
    holds = has_unit_rows(problem.x)
    return Assumption("inputs of norm 1", holds, "" if holds else f"norms {norms.min():.3g} to {norms.max():.3g}")


def distinct_inputs(problem: Problem) -> Assumption:
    """Check that no two inputs point the same way, up to a cosine of 1 − 10⁻¹². Opposite inputs may."""
    largest = extreme_cosines(problem.x)[1]
    return Assumption("no two inputs parallel", largest < _PARALLEL, f"largest cosine {largest:.3g}")


def on_different_lines(problem: Problem) -> Assumption:
    """Check that no two inputs lie on one line through the origin: neither parallel nor antipodal, up to 10⁻¹²."""
    least, largest = extreme_cosines(problem.x)
    closest = max(-least, largest)
    return Assumption("no two inputs on a line", closest < _PARALLEL, f"largest |cosine| {closest:.3g}")


def quadratic_in_n(problem: Problem) -> Assumption:
    """Check n ≤ d(d + 1)/2, the most that n ≤ c d² can mean, with the dimension that the inputs span for d."""
    spanned = rank(problem.x)
    most = spanned * (spanned + 1) // 2
    return Assumption("n ≤ d(d+1)/2", problem.n <= most, f"n = {problem.n}, d(d+1)/2 = {most}")


def from_a_density(problem: Problem) -> Assumption:
    """Check that the inputs come from a density, as far as one draw shows. Equal inputs do not.

    Nor do inputs that span fewer than min(n, d) dimensions. The assumption holds for :data:`DENSITIES` and is open for
    other data sets.
    """
    n, distinct, spanned = problem.n, len(np.unique(problem.x, axis=0)), rank(problem.x)
    found = f"{distinct} distinct inputs of {n}" if distinct < n else ""
    if spanned < min(n, problem.d):
        found = found or f"they span {spanned} of {problem.d} dimensions"
    holds = False if found else True if problem.dataset in DENSITIES else None
    return Assumption("inputs from a density", holds, found or ("" if holds else f"dataset {problem.dataset!r}"))


def interpolates(regime: Regime) -> Assumption:
    """Check that a fit is an interpolation, f = y, as it is where the residual norm is measured."""
    criterion = regime.criterion
    holds = True if isinstance(criterion, ResidualCriterion) else False if criterion.bounded() else None
    return Assumption("a fit is an interpolation", holds, "" if holds else criterion.name)
