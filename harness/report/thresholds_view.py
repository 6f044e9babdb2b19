"""The table of the measured thresholds, one row for each regime, n and d."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.entries import Bound, Count, Counts, Entry, Estimate, Missing, Note, Number
from harness.components.numbers import plain
from harness.components.table import Column, Row, Table
from harness.driver.question import Asked, Question
from harness.report import setting, why_not
from harness.report.caption import bracket_explained, problems_explained, unfinished
from harness.report.provenance import provenance
from harness.report.questions import CERTIFIED, EXACT, asked_for, fit_explained, question_explained, why_undecided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Regime
    from harness.driver.results import Results
    from harness.statistics.thresholds import Threshold
    from harness.suite import Suite

LIMITED = Note(
    "limited by the budget: at the lower end of the bracket at least half of the unfit trials end in a fit with more "
    "steps, or still fell and may, so more steps may lower k½"
)

OPEN = Note("within the bracket are trials whose end nothing decides; deciding them can only narrow it", detail=True)


PER_SAMPLE = "kd/n: trained hidden weights per sample at k½."

ENDED = {
    "nothing to certify": "the search ended: no outcome of the trials left could exclude another width",
    "trials spent": "the search ended: its trials are spent",
    "open trials": "the search ended: so many trials are open that more are not expected to exclude a width",
    "contradiction": "the search ended: its trials contradict a single crossing of ½",
    "errors": "the search ended: half of its trials ended in errors",
}
"""Why a search ended that found no bracket, in words."""

LIMIT = Note("the limit of infinite width, which has no threshold: its trials stand under “∞”")


def thresholds_view(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> Table:
    """Return k½ of every regime, n and d.

    Without a tolerance and steps k½ is that of exact fits where the run decides these, beside k½ at the reported
    tolerance within the budget.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.

    Returns:
        The table.
    """
    suite = results.suite
    both = tolerance is None and steps is None and any(results.decides_fates(r.name) for r in suite.regimes)
    asked = {regime.name: results.question(regime.name, tolerance, steps) for regime in suite.regimes}
    proofs = [Column("certified", "right", priority=2, legend=CERTIFIED)]
    columns = (
        *setting.COLUMNS,
        Column("n", "right"),
        Column("d", "right"),
        Column("k½ exact" if both else "k½", "right"),
        *([Column(budgeted_header(results), "right")] if both else []),
        Column("fits at k"),
        *(proofs if both or any(question.kind == "exact" for question in asked.values()) else []),
        Column("kd/n", "right", priority=1, legend=PER_SAMPLE),
        *([MEDIAN_STEP] if has_limits(suite) else []),
        Column("trials", "right", priority=5),
        why_not.COLUMN,
        Column("diverged", "right", priority=4),
        Column("errors", "right"),
    )
    rows = []
    for regime in suite.regimes:
        for n, d in setting.sizes(suite):
            rows.append(_row(results, regime, n, d, asked[regime.name], columns))
    # Columns without any events are replaced by a sentence of the caption.
    quiet = [name for name in ("diverged", "errors") if all(_zero(row, columns, name) for row in rows)]
    table = Table(
        name="thresholds",
        title=f"Measured width thresholds · {suite.title or suite.name}",
        caption=_caption(results, tolerance, steps, columns, quiet),
        columns=columns,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )
    return table.without(quiet)


def measured(threshold: Threshold) -> Entry:
    """Return k½ as an estimate with its bracket, a bound, or a missing entry with the reason."""
    notes = tuple(
        Note(f"fewer fits at the larger width: {_at(threshold, narrow)}, but {_at(threshold, wide)}")
        for narrow, wide in threshold.violations[:1]
    )
    low = threshold.low if threshold.low else None
    if threshold.k_half is not None:
        return Estimate(threshold.k_half, low, threshold.high, notes=notes, style="strong")
    if threshold.bound == ">" and threshold.low is not None:
        return Bound(">", threshold.low, low=threshold.low, notes=notes, style="strong")
    if threshold.bound == "<=" and threshold.high is not None:
        return Bound("<=", threshold.high, high=threshold.high, notes=notes, style="strong")
    reason = "no trials yet" if not threshold.trials else "too few trials to certify even a bound"
    return Missing(reason, notes=(Note(reason),))


def scaled(threshold: Threshold, factor: float) -> Entry:
    """Return the estimate or bound times a factor, such as d/n."""
    if threshold.k_half is not None:
        return Number(threshold.k_half * factor, width=False)
    if threshold.bound == ">" and threshold.low is not None:
        return Bound(">", threshold.low * factor)
    if threshold.bound == "<=" and threshold.high is not None:
        return Bound("<=", threshold.high * factor)
    return Missing()


def ends(threshold: Threshold) -> tuple[int, ...]:
    """Return the widths whose counts are printed beside the estimate.

    They are the ends of the bracket. An open end is replaced by the narrowest or the widest tried width, and a bracket
    with two open ends by the neighbouring widths between which half of the trials begin to fit.
    """
    tried = sorted(threshold.counts)
    low, high = threshold.low, threshold.high
    if low is None and high is None:
        if threshold.crossing is not None:
            return threshold.crossing
        hopeless = not any(m for m, _ in threshold.counts.values())
        return tuple(tried[-1:] if hopeless else tried[:1])
    if high is None:
        return tuple(dict.fromkeys((low, tried[-1]))) if low in tried else tuple(tried[-1:])
    if low is None:
        return tuple(dict.fromkeys((tried[0], high)))
    return tuple(k for k in (low, high) if k in threshold.counts)


def k_half(results: Results, regime: str, n: int, d: int, tolerance: Asked = None, steps: float | None = None) -> Entry:
    """Return k½ like :func:`measured`, with a note if the budget limits it rather than the width."""
    if not results.regime(regime).model.has_width:
        return Missing("the limit of infinite width has no threshold", notes=(LIMIT,))
    found = results.threshold(regime, n, d, tolerance, steps)
    by = results.question(regime, tolerance, steps).by
    falls = found.trials and by is not None and not by.monotone
    entry = Missing(MAY_FALL, notes=(Note(MAY_FALL),)) if falls else measured(found)
    first, last = found.low or 0, found.high or math.inf
    notes = (LIMITED,) * found.limited + (OPEN,) * any(first < k < last or found.bound for k in found.open)
    if found.trials and found.k_half is None and found.bound in (">", "none"):
        notes += why_not.at_the_widest(results, regime, n, d, tolerance, steps)
    if found.k_half is None and (said := ENDED.get(results.endings.get((regime, n, d), ""))):
        notes += (Note(said),)
    return replace(entry, notes=(*entry.notes, *notes))


MAY_FALL = "the chance of a fit may fall with the width, so there is no bracket"
"""Why a level of a diagnostic that is not monotone has no k½."""


def budgeted_header(results: Results) -> str:
    """Return the header of the column of k½ at the reported tolerance within the budget."""
    return f"k½ at {plain(results.suite.budget.report_tolerance)}"


def _pair(results: Results, regime: Regime, n: int, d: int) -> tuple[Entry, Entry]:
    """Return k½ of exact fits, or why there is none, and k½ within the budget."""
    within = k_half(results, regime.name, n, d, results.suite.budget.report_tolerance)
    if not regime.model.has_width:
        return within, Missing("the limit of infinite width has no threshold", notes=(LIMIT,))
    if why := why_undecided(results, regime):
        return Missing(why, notes=(Note(f"exact fits are not decided, so k½ within the budget leads: {why}"),)), within
    return k_half(results, regime.name, n, d), replace(within, style="")


def _row(results: Results, regime: Regime, n: int, d: int, asked: Question, columns: Sequence[Column]) -> Row:
    tolerance, steps = asked.arguments
    found = results.threshold(regime.name, n, d, tolerance, steps)
    within = results.question(regime.name, *asked.within(results.suite.budget.report_tolerance))
    verdicts = Counter(map(within.verdict, results.at(regime.name, n, d).trials))
    hidden = regime.model.describe().trains in ("hidden", "all")
    headers = [column.header for column in columns]
    both = "k½ exact" in headers
    shown = _pair(results, regime, n, d) if both else (k_half(results, regime.name, n, d, tolerance, steps),)
    counts = Counts(tuple((k, *found.counts[k]) for k in ends(found)))
    errors = verdicts["error"]
    error_note = (Note("errors are trials that could not be trained; they are left out of k½"),) if errors else ()
    return Row(
        (
            *setting.entries(regime),
            Number(n),
            Number(d),
            *shown,
            counts if counts.value else Missing(),
            *([_certified(found)] if "certified" in headers else []),
            scaled(found, d / n) if hidden else Missing("the hidden layer is not trained"),
            *([median_step(results, regime.name, n, d, within)] if has_limits(results.suite) else []),
            Number(found.trials),
            why_not.why_not(results, regime.name, n, d, tolerance, steps, found.low),
            Number(verdicts["diverged"], style="bad" if verdicts["diverged"] else ""),
            Number(errors, notes=error_note, style="bad" if errors else ""),
        )
    )


def has_limits(suite: Suite) -> bool:
    """Return whether a regime of the suite has no width."""
    return not all(regime.model.has_width for regime in suite.regimes)


MEDIAN_STEP = Column(
    "median step",
    "right",
    priority=3,
    legend="median step: where the tolerance was met, of the trials that fit at the last width shown.",
)


def median_step(results: Results, regime: str, n: int, d: int, asked: Question) -> Entry:
    """Return the median step at which trials met the tolerance, among those that fit at the last width shown."""
    shown = ends(results.threshold(regime, n, d, *asked.arguments))
    trials = results.outcomes.get(Cell(regime, n, d, shown[-1]), ()) if shown else ()
    hits = [asked.hit(trial) for trial in trials if asked.verdict(trial) == "fit"]
    known = [hit for hit in hits if hit is not None]
    return Number(statistics.median(known)) if known else Missing("no trial fits")


_LIMITS_EXPLAINED = (
    "∞: a model of infinite width, tried at no other.",
    MEDIAN_STEP.legend,
)


def _certified(found: Threshold) -> Entry:
    return Missing("fates are not known") if found.certified is None else Count(found.certified, found.trials)


def _caption(
    results: Results, tolerance: Asked, steps: float | None, columns: Sequence[Column], quiet: list[str]
) -> str:
    suite = results.suite
    headers = [column.header for column in columns]
    both = "k½ exact" in headers
    within = Question(suite.budget.report_tolerance, suite.budget.steps, 0)
    said = [
        *unfinished(results),
        f"k½: smallest width at which at least half of the trials fit{asked_for(results, tolerance, steps)}.",
        *([f"k½ exact: {EXACT}"] if both else []),
        *([f"{budgeted_header(results)}: {fit_explained(within)}"] if both else []),
        *([CERTIFIED] if "certified" in headers else []),
        bracket_explained(),
        "fits at k: m of M trials fit at the widths on either side of k½"
        + (", exactly where that is decided." if both else "."),
        PER_SAMPLE,
        *(_LIMITS_EXPLAINED if has_limits(suite) else ()),
        setting.measures_explained(suite.regimes) if both else question_explained(results, tolerance, steps),
        why_not.LEGEND,
        why_not.explained(results, tolerance, steps),
        f"Step size: {setting.steps_explained(suite.regimes)}.",
        problems_explained(results),
    ]
    if quiet:
        said.append({1: f"{quiet[0]}: none.", 2: "No trial diverged or failed."}[len(quiet)])
    return " ".join(said)


def _at(threshold: Threshold, k: int) -> str:
    m, trials = threshold.counts[k]
    return f"{m}/{trials} at {k}"


def _zero(row: Row, columns: tuple[Column, ...], header: str) -> bool:
    place = [column.header for column in columns].index(header)
    return row.entries[place].fields()[""] == 0
