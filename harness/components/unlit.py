"""Samples that a ReLU net does not see: every neuron is off there, so gradient descent does not change the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.components.activation import Activation

if TYPE_CHECKING:
    from harness.components.criterion import ResidualCriterion
    from harness.components.model import Model
    from harness.components.problem import Problem
    from harness.components.vocabulary import Array, Weights

PROBES = np.array([-8.0, -1.0, -1e-3])
"""Arguments at which φ and φ' must be 0 for neurons to be off."""


def unlit_measure(
    model: Model, criterion: ResidualCriterion, problem: Problem, start: Weights, weights: Weights
) -> float | None:
    """Return the measure of the residual on unlit samples: 0 without any, None where φ does not vanish below 0.

    A sample is unlit if w_j·x + b_j ≤ 0 for every neuron j. As long as that lasts, the measure of the net is at least
    this number.

    Args:
        model: What is trained. It must be a shallow net whose output bias, if it has one, is not trained.
        criterion: What measures residuals.
        problem: Inputs and labels.
        start: Initial weights by name, float64.
        weights: Weights by name, likewise.

    >>> from harness.builtin.criteria import Quadratic
    >>> from harness.builtin.models import ShallowNet
    >>> from harness.components import Problem
    >>> weights = {"W": np.array([[1.0, 0.0]]), "v": np.array([1.0])}
    >>> seen = Problem(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([4.0, 3.0]))
    >>> [unlit_measure(ShallowNet(phi), Quadratic(), seen, weights, weights) for phi in ("relu", "softplus")]
    [0.6, None]
    """
    form = model.shallow_form()
    if form is None or not _vanishes(form.activation) or (form.biases and form.trains != "hidden"):
        return None
    size = float(np.linalg.norm(problem.y))
    with np.errstate(all="ignore"):  # nets that diverged
        unlit = (_arguments(weights, problem.x) <= 0.0).all(axis=1)
    if not unlit.any() or size == 0.0:
        return 0.0
    outputs = np.zeros_like(problem.y[unlit])
    if form.centred:
        outputs = outputs - form.activation.phi(_arguments(start, problem.x[unlit])) @ start["v"].T
    elif "c" in weights:
        outputs = outputs + weights["c"]
    norm = float(np.linalg.norm(form.scale * outputs - problem.y[unlit]))
    return float(f"{float(criterion.measure_norm(norm, size, problem.n)):.6g}")


def _arguments(weights: Weights, x: Array) -> Array:
    arguments: Array = x @ weights["W"].T + weights.get("b", 0.0)
    return arguments


def _vanishes(activation: object) -> bool:
    """Return whether φ = φ' = 0 for negative arguments. Plugins of version 0.1 give the name of φ."""
    if not isinstance(activation, Activation):
        return False
    return not activation.phi(PROBES).any() and not activation.dphi(PROBES).any()
