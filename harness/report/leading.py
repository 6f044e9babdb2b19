"""The threshold that a report leads with, and what limits its numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.setting import sizes

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.thresholds import Threshold


@dataclass(frozen=True)
class Place:
    """The threshold that the headline is about, and the regime that it belongs to."""

    regime: Regime
    n: int
    d: int
    found: Threshold


def leading(results: Results, tolerance: Asked = None, steps: float | None = None) -> Place | None:
    """Return the threshold that the headline is about, or None if no regime has a bracket at any size.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
    """
    for n, d in reversed(sizes(results.suite)):
        asked = (tolerance, steps)
        found = [Place(one, n, d, results.threshold(one.name, n, d, *asked)) for one in results.suite.regimes]
        closed = [place for place in found if place.found.k_half is not None]
        if closed:
            return min(closed, key=lambda place: place.found.k_half or 0)
    return None


def weights_per_label(regime: Regime, n: int, d: int, k: int | None) -> float | None:
    """Return the number of trained hidden weights for each label at k½, or None where there is none.

    Args:
        regime: The regime.
        n: Number of samples.
        d: Input dimension.
        k: The width, or None.
    """
    return k * d / n if k is not None and regime.model.describe().trains in ("hidden", "all") else None


def limits(results: Results, tolerance: Asked = None, steps: float | None = None) -> dict[str, int]:
    """Return counts of what limits the numbers of a run, over its regimes with a width.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.

    Returns:
        Numbers of thresholds, of those without a bracket, of those whose lower end the budget made, of those with open
        trials in the bracket, and of trials, errors and diverged trials.
    """
    places = [place for place in results.places if results.regime(place[0]).model.has_width]
    found = [results.threshold(*place, tolerance, steps) for place in places]
    trials = [trial for several in results.outcomes.values() for trial in several]
    return {
        "thresholds": len(found),
        "without_bracket": sum(one.k_half is None for one in found),
        "limited_by_budget": sum(one.limited for one in found),
        "with_open_trials": sum(_holds_open(one) for one in found),
        "trials": len(trials),
        "errors": sum(bool(trial.message) for trial in trials),
        "diverged": sum(trial.diverged for trial in trials),
    }


def _holds_open(found: Threshold) -> bool:
    return any((found.low or 0) < k < (found.high or math.inf) for k in found.open)
