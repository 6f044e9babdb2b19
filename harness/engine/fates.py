"""Takes trained trials on to their fates: each by itself, in float64 on the CPU, after training."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from harness.components import (
    Array,
    Budget,
    Continuation,
    Fate,
    Outcome,
    Problem,
    Regime,
    ResidualCriterion,
    TrainedTrial,
    Trial,
    Weights,
)
from harness.components.fault import said
from harness.mathematics.counting import counted

MOST = 10
"""Steps that a continuation may take, in budgets of a trial."""


def with_fate(
    regime: Regime, budget: Budget, continuation: Continuation, trial: Trial, outcome: Outcome, *, isolate: bool = True
) -> Outcome:
    """Return the outcome of a trained trial with its fate, and with the time that this took.

    A trial that diverged has no fate. One whose continuation raises is open, with the error in ``fate.message``. So is
    one whose solver, which may be a plugin's, hands over no last weights.

    Args:
        regime: What was trained.
        budget: Its budget, with the last weights of the trial.
        continuation: What decides the fate.
        trial: The trial as it was trained.
        outcome: What became of it.
        isolate: Whether to catch what the continuation raises.
    """
    kept = budget.last_weights.take(trial) if budget.last_weights is not None else None
    if outcome.diverged or outcome.message:
        return outcome
    start = time.perf_counter()
    if kept is None:
        fate = Fate("open", constants={"handed_over": 0.0})
    else:
        try:
            fate = _decided(regime, budget, continuation, _as_trained(trial, budget.dtype), kept, outcome)
        except Exception as error:
            if not isolate:
                raise
            fate = Fate("open", message=said(error))
    if fate.kind not in ("fit proved", "fit in the limit") and counted(regime, trial.problem, trial.k):
        fate = replace(fate, constants={**fate.constants, "counted": 1.0})
    fate = replace(fate, continuation=continuation.identity())
    return replace(outcome, fate=fate, seconds=outcome.seconds + time.perf_counter() - start)


def _decided(
    regime: Regime,
    budget: Budget,
    continuation: Continuation,
    trial: Trial,
    kept: tuple[Weights, int],
    outcome: Outcome,
) -> Fate:
    from harness.engine.further_descent import FurtherDescent

    weights, steps = kept
    if not (np.linalg.norm(trial.problem.y) > 0.0 and all(np.isfinite(value).all() for value in weights.values())):
        return Fate("open")
    most = MOST * budget.steps
    with np.errstate(all="ignore"):
        fate = continuation.take_on(
            regime, TrainedTrial(trial, weights, steps, outcome), FurtherDescent(regime, trial, most), most
        )
    if not isinstance(fate, Fate):
        raise TypeError(f"continuation {continuation.name!r} returned {type(fate).__name__}, expected a Fate")
    if steps != outcome.steps:
        fate = replace(fate, constants={**fate.constants, "from_step": float(steps)})
    return in_measures(fate, regime, trial.problem)


def in_measures(fate: Fate, regime: Regime, problem: Problem) -> Fate:
    """Return a fate with its residuals also as the criterion measures them, where that is not the relative residual."""
    criterion, y_norm = regime.criterion, float(np.linalg.norm(problem.y))
    assert isinstance(criterion, ResidualCriterion)
    residuals = {"measure": fate.residual, "measure_floor": fate.constants.get("floor")}
    further = {}
    for name, residual in residuals.items():
        measure = None if residual is None else float(criterion.measure_norm(residual * y_norm, y_norm, problem.n))
        if measure is not None and not math.isclose(measure, residual or 0.0, rel_tol=1e-9):
            further[name] = measure
    return replace(fate, constants={**fate.constants, **further}) if further else fate


def _as_trained(trial: Trial, dtype: str) -> Trial:
    """Return a trial with inputs, labels and weights as they are in the precision of the training, as float64."""
    problem = trial.problem.training()
    if dtype == "float64":
        return replace(trial, problem=problem)
    problem = replace(problem, x=_rounded(problem.x), y=_rounded(problem.y))
    return replace(trial, problem=problem, weights={name: _rounded(value) for name, value in trial.weights.items()})


def _rounded(value: Array) -> Array:
    return value.astype(np.float32).astype(np.float64)
