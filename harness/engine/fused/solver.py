"""Trains one trial with the fused kernel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from harness.components import Outcome, Params, ResidualCriterion, ShallowForm
from harness.engine.fused.binding import Descent, train
from harness.engine.fused.build import Real
from harness.engine.ladder import DIVERGED, FALLING, curve_steps, fit_rate
from harness.engine.setting import Setting
from harness.engine.trial import Trial

EVERY = 25
"""Steps between two entries of the history, from which rates are fitted."""

MOST_ENTRIES = 40_000
"""Entries of the history; longer runs keep fewer."""


def norm_of(measure: Callable[[float], float], value: float) -> float:
    """Return the largest residual norm whose measure is at most ``value``, by bisection on the numbers themselves.

    >>> norm_of(lambda norm: norm * norm / 4.0, 1.0)
    2.0
    """
    low, high = 0.0, 1.0
    while measure(high) <= value and high < 1e300:
        low, high = high, 2.0 * high
    while (middle := 0.5 * (low + high)) not in (low, high):
        low, high = (middle, high) if measure(middle) <= value else (low, middle)
    return low


def solve(setting: Setting, trial: Trial, form: ShallowForm) -> tuple[Outcome, Params]:
    """Train one trial to its end; return its outcome and its last weights, float64."""
    regime = setting.regime
    criterion = regime.criterion
    assert isinstance(criterion, ResidualCriterion)
    problem = trial.problem
    n, y_norm = problem.n, float(np.linalg.norm(problem.y))

    def measure(norm: float) -> float:
        return float(criterion.measure_norm(norm, y_norm, n))

    real: Real = "double" if setting.dtype == "float64" else "float"
    weights = {name: value.numpy() for name, value in trial.params.items()}
    biases = "b" in weights
    x = np.column_stack([problem.x, np.ones(n)]) if biases else problem.x
    w = np.column_stack([weights["W"], weights["b"]]) if biases else weights["W"]
    every = max(EVERY, -(-setting.steps // MOST_ENTRIES))
    marks = tuple(curve_steps(setting.steps))
    momentum = regime.optimizer.heavy_ball()
    assert momentum is not None
    descent = Descent(
        activation=form.activation,
        hidden=form.trains != "output",
        output=form.trains != "hidden",
        step_size=criterion.curvature(n) * regime.model.loss_weight() * trial.step_size,
        momentum=momentum,
        steps=setting.steps,
        norms=tuple(norm_of(measure, tolerance) for tolerance in setting.tolerances),
        diverged=norm_of(measure, math.nextafter(DIVERGED, 0.0)),
        every=every,
        marks=marks,
    )
    found = train(x, problem.y, w, weights["v"], float(weights["c"]) if biases else None, descent, real)
    after: Params = {"W": torch.from_numpy(found.w[:, : problem.d].astype(np.float64))}
    after["v"] = torch.from_numpy(found.v.astype(np.float64))
    if biases:
        after["b"] = torch.from_numpy(found.w[:, problem.d].astype(np.float64))
        after["c"] = torch.tensor(found.c, dtype=torch.float64)
    steps = np.append(np.arange(len(found.history)) * every, found.steps)
    norms = np.append(found.history, found.norm)
    steps, unique = np.unique(steps, return_index=True)
    values = [measure(norm) for norm in norms[unique]]
    late = steps >= found.steps / 2
    before = values[int(np.searchsorted(steps, 0.9 * setting.steps, side="right")) - 1]
    unfinished = found.hits[-1] is None and not found.diverged
    return (
        Outcome(
            seed=trial.seed,
            hits=found.hits,
            steps=found.steps,
            measure=measure(found.norm),
            diverged=found.diverged,
            falling=unfinished and measure(found.norm) < FALLING * before,
            step_size=trial.step_size,
            lambda_min=trial.lambda_min,
            lambda_max=trial.lambda_max,
            rate=fit_rate(steps[late].tolist(), [v for v, keep in zip(values, late, strict=True) if keep]),
            curve=tuple(float(f"{measure(norm):.4g}") for norm in found.curve),
        ),
        after,
    )
