"""The data of the explorer of a page: counts, brackets and theories of every regime, size, tolerance and budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.components.entries import Missing
from harness.components.numbers import clean, plain
from harness.report.rows import finite
from harness.report.sensitivity_view import fit_named
from harness.report.thresholds_view import measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.components import Mark
    from harness.components.entries import Entry
    from harness.driver.results import Results
    from harness.report.summary import Predictions

MOST_ANSWERS = 10_000
"""Largest number of answers on a page, of about ten bytes each when packed. Larger runs keep some."""

SHORTEST = 100
"""The largest budget over the smallest that can be chosen."""

UNLIMITED = "unlimited"

_Asked = tuple["float | Mark", tuple[float, ...]]
"""A tolerance, 0 for an exact fit, or a mark, and the budgets within which it is asked for."""


def explorer_data(results: Results, predictions: Predictions) -> list[dict[str, Any]]:
    """Return the data of the explorer.

    For each regime, n and d it has the widths with their numbers of trials, errors left out, the leading question, and
    the answers: for each tolerance the budgets with k½ as text and as a number, both ends of its bracket, whether the
    budget made the lower one, and by width the fits and, if there are any, the open trials.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d).
    """
    places = [place for place in results.places if results.regime(place[0]).model.has_width]
    asked = _questions(results, [regime for regime, _, _ in places])
    return [
        {
            **_place(results, regime, n, d, asked[regime]),
            "theories": [
                [clean(p.theory.claim.title), finite(p.scaling), p.applies, p.theory.claim.guarantee]
                for p in predictions.get((regime, n, d), ())
                if p.scaling is not None and math.isfinite(p.scaling)
            ],
        }
        for regime, n, d in places
    ]


def round_budgets(steps: int) -> tuple[int, ...]:
    """Return round numbers of steps from a hundredth of all of them on, and all of them.

    >>> round_budgets(20_000), round_budgets(30)
    ((200, 500, 1000, 2000, 5000, 10000, 20000), (1, 2, 5, 10, 20, 30))
    """
    ladder = (digit * 10**power for power in range(len(str(steps))) for digit in (1, 2, 5))
    return (*(one for one in ladder if steps <= SHORTEST * one and one < steps), steps)


def _questions(results: Results, places: Sequence[str]) -> Mapping[str, Sequence[_Asked]]:
    """Return what is asked of each regime: everything, or what :data:`MOST_ANSWERS` leaves.

    Args:
        results: Results of the run.
        places: Regime of each place.
    """
    budget = results.suite.budget
    whole, reported = (budget.steps,), (budget.report_tolerance,)
    choices = [
        (budget.tolerances, round_budgets(budget.steps)),
        (budget.tolerances, whole),
        (reported, whole),
    ]
    for tolerances, budgets in choices:
        found = {regime: _of(results, regime, tolerances, budgets) for regime in dict.fromkeys(places)}
        if sum(len(within) for regime in places for _, within in found[regime]) <= MOST_ANSWERS:
            break
    return found


def _of(results: Results, regime: str, tolerances: Sequence[float], budgets: Sequence[float]) -> list[_Asked]:
    decided, fit = results.decides_fates(regime), results.suite.budget.fit
    exact: list[_Asked] = [(0.0, (math.inf,))] if decided else []
    limit = (math.inf,) if decided else ()
    asked: list[_Asked] = [(one, (*budgets, *limit)) for one in tolerances]
    if fit is not None:
        # A diagnostic decides at the end of the whole budget, in place of the reported tolerance.
        reported = results.suite.budget.report_tolerance
        asked = [(one, tuple(budgets[-1:]) if one == reported else within) for one, within in asked]
    every = len(tolerances) == len(results.suite.budget.tolerances)
    marks = results.regime(regime).criterion.marks() if every else ()
    return [*exact, *asked, *((mark, tuple(budgets)) for mark in marks)]


def _place(results: Results, regime: str, n: int, d: int, asked: Sequence[_Asked]) -> dict[str, Any]:
    leading = results.question(regime)
    trials = [number for _, number in results.counts(regime, n, d).values()]
    return {
        "regime": clean(regime),
        "n": n,
        "d": d,
        "widths": results.widths(regime, n, d),
        "trials": trials,
        "leading": [_fit_named(results, leading.tolerance), _budget_named(leading.steps)],
        "answers": [
            [_fit_named(results, fit), [_answer(results, regime, n, d, fit, steps) for steps in within]]
            for fit, within in asked
        ],
    }


def _fit_named(results: Results, asked: float | Mark) -> str:
    budget = results.suite.budget
    if budget.fit is not None and asked == budget.report_tolerance:
        return clean(str(budget.fit))
    return fit_named(asked, of_loss=False)


def _budget_named(steps: float) -> str:
    return f"{plain(steps)} steps" if math.isfinite(steps) else UNLIMITED


def _answer(results: Results, regime: str, n: int, d: int, fit: float | Mark, steps: float) -> list[Any]:
    found = results.threshold(regime, n, d, fit, None if fit == 0.0 else steps)
    fits = [found.counts[k][0] for k in sorted(found.counts)]
    undecided = [found.open.get(k, 0) for k in sorted(found.counts)]
    ends = [found.k_half, found.low, found.high, found.limited]
    return [_budget_named(steps), _said(measured(found)), *ends, fits, *([undecided] if any(undecided) else [])]


def _said(entry: Entry) -> str:
    """Return what a sentence says of k½: a dash is explained, since notes of tables are not beside it."""
    return f"not known ({entry.reason})" if isinstance(entry, Missing) else entry.text()
