"""Trains one trial with the fused kernel."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from harness.activations import ACTIVATIONS
from harness.components import Outcome, Params, ResidualCriterion, ShallowForm
from harness.engine.fused.binding import Descent, Floats, train
from harness.engine.fused.build import Real
from harness.engine.ladder import DIVERGED, FALLING, curve_steps, fit_rate
from harness.engine.setting import Setting
from harness.engine.spectrum import trained_names
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


Visit = Callable[[int, Params], None]


def solve(setting: Setting, trial: Trial, form: ShallowForm, visit: Visit | None = None) -> tuple[Outcome, Params]:
    """Train one trial to its end.

    Args:
        setting: What fixes its numbers.
        trial: Problem, initial weights and step size.
        form: The shallow net that the model is.
        visit: Called with step and weights, float64, at the steps of the curve.

    Returns:
        Its outcome and its last weights, float64.
    """
    regime = setting.regime
    criterion, optimizer = regime.criterion, regime.optimizer
    assert isinstance(criterion, ResidualCriterion)
    problem = trial.problem
    n, y_norm = problem.n, float(np.linalg.norm(problem.y))

    def measure(norm: float) -> float:
        return float(criterion.measure_norm(form.scale * norm, y_norm, n))

    real: Real = "double" if setting.dtype == "float64" else "float"
    weights = {name: value.numpy() for name, value in trial.params.items()}
    biases = "b" in weights
    x = np.column_stack([problem.x, np.ones(n)]) if biases else problem.x
    w = np.column_stack([weights["W"], weights["b"]]) if biases else weights["W"]
    v, c = weights["v"], float(weights["c"]) if biases else None

    def named(w: Floats, v: Floats, c: float) -> Params:
        trained: Params = {"W": torch.from_numpy(w[:, : problem.d].astype(np.float64))}
        trained["v"] = torch.from_numpy(v.astype(np.float64))
        if biases:
            trained["b"] = torch.from_numpy(w[:, problem.d].astype(np.float64))
            trained["c"] = torch.tensor(c, dtype=torch.float64)
        return {**trial.params, **trained}

    # f − y = α (h − h₀ − y/α): the kernel trains h, on labels of its own.
    labels = problem.y / form.scale
    if form.centred:
        dtype = np.float64 if real == "double" else np.float32
        rounded = [value.astype(dtype).astype(np.float64) for value in (x, w, v)]
        labels = labels + ACTIVATIONS[form.activation].phi(rounded[0] @ rounded[1].T) @ rounded[2] + (c or 0.0)
    constraint = optimizer.constraint()
    if constraint is not None:  # the method's own complaints about weights that it cannot constrain
        optimizer.start({name: trial.params[name] for name in trained_names(regime.model, trial.params)})
    every = max(EVERY, -(-setting.steps // MOST_ENTRIES))
    descent = Descent(
        activation=form.activation,
        hidden=form.trains != "output",
        output=form.trains != "hidden",
        step_size=form.scale**2 * criterion.curvature(n) * regime.model.loss_weight() * trial.step_size,
        momentum=optimizer.heavy_ball() or 0.0,
        steps=setting.steps,
        norms=tuple(norm_of(measure, tolerance) for tolerance in setting.tolerances),
        diverged=norm_of(measure, math.nextafter(DIVERGED, 0.0)),
        every=every,
        marks=tuple(curve_steps(setting.steps)),
        constraint=constraint,
    )
    on_the_way = None if visit is None else lambda step, *trained: visit(step, named(*trained))
    found = train(x, labels, w, v, c, descent, real, on_the_way)
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
        named(found.w, found.v, found.c),
    )
