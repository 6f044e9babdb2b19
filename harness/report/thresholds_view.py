"""The table of the measured thresholds, one row for each regime, n and d."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.entries import Bound, Counts, Entry, Estimate, Missing, Note, Number
from harness.components.table import Column, Row, Table
from harness.report import setting, why_not
from harness.report.caption import bracket_explained, problems_explained
from harness.report.provenance import provenance

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.results import Results
    from harness.statistics.thresholds import Threshold
    from harness.suite import Suite

MOST = 0.5
"""Share of decreasing trials among those unfit at the lower end, from which the budget counts as the limit."""

LIMITED = Note(
    "limited by the budget: at the lower end of the bracket at least half of the unfit trials still fell, so more "
    "steps may lower k½"
)


PER_SAMPLE = "kd/n: trained hidden weights per sample at k½."

LIMIT = Note("the limit of infinite width, which has no threshold: its trials stand under “∞”")


def thresholds_view(results: Results, *, tolerance: float | None = None, steps: int | None = None) -> Table:
    """Return k½ of every regime, n and d at one tolerance and number of steps.

    Args:
        results: Results of the run.
        tolerance: A tolerance that the run records, or None for the reported one.
        steps: A number of steps within the budget, or None for all of it.

    Returns:
        The table.
    """
    suite = results.suite
    tolerance, steps = suite.budget.criterion(tolerance, steps)
    columns = (
        *setting.COLUMNS,
        Column("n", "right"),
        Column("d", "right"),
        Column("k½", "right"),
        Column("fits at k"),
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
            rows.append(_row(results, regime, n, d, tolerance, steps))
    # Columns without any events are replaced by a sentence of the caption.
    quiet = [name for name in ("diverged", "errors") if all(_zero(row, columns, name) for row in rows)]
    table = Table(
        name="thresholds",
        title=f"Measured width thresholds · {suite.title or suite.name}",
        caption=_caption(results, tolerance, steps, quiet),
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

    They are the ends of the bracket. An open end is replaced by the narrowest or the widest tried width.
    """
    tried = sorted(threshold.counts)
    low, high = threshold.low, threshold.high
    if low is None and high is None:
        hopeless = not any(m for m, _ in threshold.counts.values())
        return tuple(tried[-1:] if hopeless else tried[:1])
    if high is None:
        return tuple(dict.fromkeys((low, tried[-1]))) if low in tried else tuple(tried[-1:])
    if low is None:
        return tuple(dict.fromkeys((tried[0], high)))
    return tuple(k for k in (low, high) if k in threshold.counts)


def k_half(results: Results, regime: str, n: int, d: int, tolerance: float, steps: int) -> Entry:
    """Return k½ like :func:`measured`, with a note if the budget limits it rather than the width."""
    if not results.regime(regime).model.has_width:
        return Missing("the limit of infinite width has no threshold", notes=(LIMIT,))
    found = results.threshold(regime, n, d, tolerance, steps)
    rung = results.rung(tolerance)
    below = results.outcomes.get(Cell(regime, n, d, found.low or 0), ())
    unfit = [trial for trial in below if trial.verdict(rung, steps) == "unfit"]
    # Whether the loss of a trial still decreased is recorded at the end of its training only.
    whole = steps >= results.suite.budget.steps
    notes = []
    if whole and unfit and sum(trial.falling for trial in unfit) >= MOST * len(unfit):
        notes.append(LIMITED)
    if found.trials and found.k_half is None and found.bound in (">", "none"):
        notes += why_not.at_the_widest(results, regime, n, d, tolerance, steps)
    entry = measured(found)
    return replace(entry, notes=(*entry.notes, *notes))


def _row(results: Results, regime: Regime, n: int, d: int, tolerance: float, steps: int) -> Row:
    found = results.threshold(regime.name, n, d, tolerance, steps)
    rung = results.rung(tolerance)
    cells = [results.outcomes[Cell(regime.name, n, d, k)] for k in results.widths(regime.name, n, d)]
    verdicts = Counter(trial.verdict(rung, steps) for cell in cells for trial in cell)
    hidden = regime.model.describe().trains in ("hidden", "all")
    counts = Counts(tuple((k, *found.counts[k]) for k in ends(found)))
    errors = verdicts["error"]
    error_note = (Note("errors are trials that could not be trained; they are left out of k½"),) if errors else ()
    return Row(
        (
            *setting.entries(regime),
            Number(n),
            Number(d),
            k_half(results, regime.name, n, d, tolerance, steps),
            counts if counts.value else Missing(),
            scaled(found, d / n) if hidden else Missing("the hidden layer is not trained"),
            *([median_step(results, regime.name, n, d, tolerance, steps)] if has_limits(results.suite) else []),
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


def median_step(results: Results, regime: str, n: int, d: int, tolerance: float, steps: int) -> Entry:
    """Return the median step at which trials met the tolerance, among those that fit at the last width shown."""
    shown = ends(results.threshold(regime, n, d, tolerance, steps))
    rung = results.rung(tolerance)
    trials = results.outcomes.get(Cell(regime, n, d, shown[-1]), ()) if shown else ()
    hits = [trial.hits[rung] for trial in trials if trial.verdict(rung, steps) == "fit"]
    return Number(statistics.median(hit for hit in hits if hit is not None)) if hits else Missing("no trial fits")


_LIMITS_EXPLAINED = (
    "∞: a model of infinite width, tried at no other.",
    MEDIAN_STEP.legend,
)


def _caption(results: Results, tolerance: float, steps: int, quiet: list[str]) -> str:
    suite = results.suite
    said = [
        *([f"UNFINISHED: {results.lacking}."] if results.missing else []),
        "k½: smallest width at which at least half of the trials fit.",
        bracket_explained(),
        "fits at k: m of M trials fit at the widths on either side of k½.",
        PER_SAMPLE,
        *(_LIMITS_EXPLAINED if has_limits(suite) else ()),
        setting.criteria_explained(suite.regimes, tolerance, steps),
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
