"""The table of thresholds against what counts as a fit and the budget, from stored first-hitting steps."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components import Mark
from harness.components.entries import Counts, Entry, Missing, Note, Number, Style, Text
from harness.components.numbers import plain
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import bracket_explained, problems_explained
from harness.report.provenance import provenance
from harness.report.thresholds_view import measured

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.results import Results

REPORTED = Note("the tolerance and budget of the suite's other tables", mark="*")


def budgets(steps: int) -> tuple[int, ...]:
    """Return a tenth, a third and all of the steps.

    >>> budgets(20000)
    (2000, 6667, 20000)
    """
    return tuple(dict.fromkeys(max(1, round(steps / part)) for part in (10, 3, 1)))


def sensitivity_view(results: Results) -> Table:
    """Return k½ of every regime, n and d at each tolerance and mark, within a tenth, a third, and all of the steps."""
    suite = results.suite
    marks = any(regime.criterion.marks() for regime in suite.regimes)
    within = budgets(suite.budget.steps)
    unlimited = any(results.decides_fates(regime.name) for regime in suite.regimes)
    columns = (
        Column("regime", fold=True),
        Column("n", "right", fold=True),
        Column("d", "right", fold=True),
        Column("fit", "right") if marks else Column("tolerance", "right"),
        *(Column(f"{steps} steps", "right") for steps in within),
        *([Column(UNLIMITED, "right", legend=IN_THE_LIMIT)] if unlimited else []),
    )
    rows = []
    for regime in suite.regimes:
        for n, d in setting.sizes(suite):
            decided = results.decides_fates(regime.name)
            leading = results.question(regime.name)
            fits: list[float | Mark] = [*sorted(suite.budget.tolerances, reverse=True), *([0.0] if decided else [])]
            for tolerance in (*fits, *regime.criterion.marks()):
                entries: list[Entry] = []
                for steps in (*within, math.inf) if unlimited else within:
                    entry = _entry(results, regime, n, d, tolerance, steps, decided=decided)
                    reported = (tolerance, steps) == (leading.tolerance, leading.steps)
                    notes = tuple(note for note in entry.notes if not note.text.startswith("fewer fits"))
                    style: Style = "strong" if reported else ""
                    entries.append(replace(entry, notes=(*notes, REPORTED) if reported else notes, style=style))
                where = (Text(regime.name), Number(n), Number(d), Text(fit_named(tolerance, of_loss=marks)))
                rows.append(Row((*where, *entries)))
    return Table(
        name="sensitivity",
        title=f"k½ against {'the measure of a fit' if marks else 'tolerance'} and budget · {suite.title or suite.name}",
        caption=_caption(results, unlimited=unlimited, marks=marks),
        columns=columns,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def fit_named(asked: float | Mark, *, of_loss: bool) -> str:
    """Return what counts as a fit as a row is named: ``0.1``, ``exact`` or ``error ≤ 0``.

    Args:
        asked: A tolerance, 0 for an exact fit, or a mark.
        of_loss: Whether there are marks beside tolerances, so that these are named likewise.

    >>> fit_named(0.1, of_loss=False), fit_named(0.1, of_loss=True), fit_named(Mark("margin", 1.0), of_loss=True)
    ('0.1', 'measure ≤ 0.1', 'margin ≥ 1')
    """
    if isinstance(asked, Mark):
        return str(asked)
    named = plain(asked) if asked else "exact"
    return f"measure ≤ {named}" if of_loss and asked else named


def _entry(
    results: Results, regime: Regime, n: int, d: int, tolerance: float | Mark, steps: float, *, decided: bool
) -> Entry:
    """Return k½, or the counts of a model without width."""
    if math.isinf(steps) and not decided:
        return _without("nothing decides what becomes of the trials with unlimited steps")
    if math.isinf(steps) and isinstance(tolerance, Mark):
        return _without("what is decided with unlimited steps is the measure of the criterion")
    if math.isfinite(steps) and not tolerance:
        return _without("an exact fit takes unlimited steps")
    if regime.model.has_width:
        return measured(results.threshold(regime.name, n, d, tolerance, steps))
    counts = results.counts(regime.name, n, d, tolerance, steps)
    return Counts(tuple((k, *count) for k, count in counts.items())) if counts else Missing("no trials yet")


def _without(reason: str) -> Missing:
    return Missing(reason, notes=(Note(reason),))


UNLIMITED = "unlimited"
"""Header of the column without a budget."""

IN_THE_LIMIT = (
    "unlimited: with as many steps as it takes, where the end of a trial is decided; open trials count as fits for the "
    "lower end of a bracket and as failures for the upper one; exact: at residual zero."
)


MARKS = (
    "measure: that of the criterion; error: share of wrong labels; margin: smallest margin over the samples, the "
    "output of a sample's class less the largest other one, or y f for signs. All were recorded in the same runs, "
    "which go on until each of them is met."
)


def _caption(results: Results, *, unlimited: bool, marks: bool) -> str:
    suite = results.suite
    return " ".join(
        [
            "k½: smallest width at which at least half of the trials fit, had the run stopped at so many steps and "
            "asked for this tolerance. All from the same trials, whose widths were chosen for the entry marked *: the "
            "other entries may be bounds.",
            *([IN_THE_LIMIT] if unlimited else []),
            *([MARKS] if marks else []),
            bracket_explained(),
            setting.measures_explained(suite.regimes),
            problems_explained(results),
        ]
    )
