"""The reason why a trial does not fit, read off its record."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

from harness.components.vocabulary import Reason

if TYPE_CHECKING:
    from harness.components.outcome import Fate, Outcome
    from harness.components.regime import Regime

REASONS: tuple[Reason, ...] = get_args(Reason)
"""All reasons, in the order in which they are shown."""

MEANING: dict[Reason, str] = {
    "dead samples": "the labels of samples for which every neuron is off make up more than the tolerance",
    "local minimum": "the net is proved to end at a positive residual, or the flow from it does, with no dead sample",
    "rank": "the model is linear, and its features do not span the labels",
    "too few weights": "an exact fit has probability zero, since there are fewer weights than labels",
    "diverged": "the measure exceeded 10⁶ or was no number",
    "edge of stability": "steps of gradient descent exceed 2/curvature on the way, so that the measure rises at times",
    "still falling": "the measure fell by over 1 % in the last tenth of the steps, or the fit comes after the budget",
    "plateau": "none of these: the measure has nearly stopped to fall",
}
"""Meaning of each reason, as a caption says it."""

RISE = 1.02
"""Quotient of the last point of a curve and its smallest one, from which the measure counts as rising."""

UNSTABLE = 2.0
"""η λ_max from which gradient descent on a quadratic function diverges."""


def reason(
    outcome: Outcome, tolerance: float, index: int | None, regime: Regime, steps: float | None = None
) -> Reason | None:
    """Return why a trial does not fit, or None if it fits or ended in an error.

    The first reason that holds is given. Trials that fit later, as a hit or their fate shows, count as still falling.
    Dead samples are a reason where they alone exceed the tolerance, or where the trial is stuck with them.

    Args:
        outcome: The record of the trial.
        tolerance: Largest measure of a fit, or 0 for an exact fit.
        index: Index of the tolerance among those of the suite, or None for an exact fit.
        regime: What was trained.
        steps: A budget, infinity for unlimited steps, or None for the budget of the training.

    >>> from harness.components import Outcome, Regime
    >>> from harness.builtin import criteria, initializers, models, optimizers
    >>> parts = models.ShallowNet("relu"), initializers.LeCun(), optimizers.GradientDescent(), criteria.Quadratic()
    >>> trial = Outcome(seed=0, hits=(None,), steps=100, measure=0.3, unlit=0.2, falling=True)
    >>> reason(trial, 0.1, 0, Regime("a", *parts)), reason(trial, 0.25, 0, Regime("a", *parts))
    ('dead samples', 'still falling')
    """
    unlimited = index is None or steps == math.inf
    hit = outcome.hits[index] if index is not None else None
    in_time = hit is not None and (steps is None or hit <= steps)
    if outcome.message or in_time or (unlimited and outcome.limit_verdict(tolerance, index) == "fit"):
        return None
    fate = outcome.fate
    verdict = None if fate is None else fate.verdict(tolerance)
    constants = {} if fate is None else fate.constants
    stuck = fate is not None and verdict == "unfit" and _stays(fate)
    dead = (outcome.unlit or 0.0) > tolerance or (stuck and constants.get("dead", 0.0) > 0.0)
    holds: dict[Reason, bool] = {
        "diverged": outcome.diverged,
        "still falling": hit is not None or verdict == "fit",
        "dead samples": dead,
        "rank": stuck and regime.model.linear(),
        "local minimum": stuck,
        "too few weights": tolerance == 0.0 and constants.get("counted", 0.0) > 0.0,
        "edge of stability": _at_the_edge(outcome, regime),
    }
    return next((name for name, true in holds.items() if true), "still falling" if outcome.falling else "plateau")


def _stays(fate: Fate) -> bool:
    """Return whether a bound above zero holds for all later residuals, or the limit is known."""
    floor = fate.constants.get("measure_floor", fate.constants.get("floor", 0.0))
    return fate.kind in ("stuck proved", "stuck in the limit") or floor > 0.0


def _at_the_edge(outcome: Outcome, regime: Regime) -> bool:
    """Return whether gradient descent took steps at which a quadratic function would grow."""
    optimizer = regime.optimizer
    if optimizer.heavy_ball() != 0.0 or not optimizer.full_batch() or regime.model.linear():
        return False
    met = outcome.fate.max_eta_lambda if outcome.fate is not None else None
    if met is not None and met >= UNSTABLE:
        return True
    curve = [value for value in outcome.curve if math.isfinite(value)]
    late = curve[len(curve) // 2 :]
    return bool(late) and outcome.measure > RISE * min(late)


def arrival(outcome: Outcome, tolerance: float) -> float | None:
    """Return the step at which a trial would meet a tolerance if its measure went on falling at its late rate.

    Args:
        outcome: The record of the trial.
        tolerance: Largest measure of a fit, positive.

    Returns:
        The step, or None if the rate is unknown or not below 1.

    >>> from harness.components import Outcome
    >>> arrival(Outcome(seed=0, hits=(None,), steps=1000, measure=0.1, rate=0.999), 0.01)
    3301.4...
    """
    rate, measure = outcome.rate, outcome.measure
    if rate is None or not 0.0 < rate < 1.0 or not 0.0 < tolerance < measure < math.inf:
        return None
    return outcome.steps + math.log(tolerance / measure) / math.log(rate)
