"""The table of thresholds against tolerance and budget. It needs no training, since first-hitting steps are stored."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

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
    """Return k½ of every regime, n and d at each tolerance, within a tenth, a third, and all of the steps."""
    suite = results.suite
    within = budgets(suite.budget.steps)
    unlimited = any(results.decides_fates(regime.name) for regime in suite.regimes)
    columns = (
        Column("regime", fold=True),
        Column("n", "right", fold=True),
        Column("d", "right", fold=True),
        Column("tolerance", "right"),
        *(Column(f"{steps} steps", "right") for steps in within),
        *([Column(UNLIMITED, "right", legend=IN_THE_LIMIT)] if unlimited else []),
    )
    rows = []
    for regime in suite.regimes:
        for n, d in setting.sizes(suite):
            decided = results.decides_fates(regime.name)
            leading = results.question(regime.name)
            ladder = sorted(suite.budget.tolerances, reverse=True)
            for tolerance in [*ladder, 0.0] if decided else ladder:
                entries: list[Entry] = []
                for steps in (*within, math.inf) if unlimited else within:
                    entry = _entry(results, regime, n, d, tolerance, steps, decided=decided)
                    reported = tolerance == leading.tolerance and steps == leading.steps
                    notes = tuple(note for note in entry.notes if not note.text.startswith("fewer fits"))
                    style: Style = "strong" if reported else ""
                    entries.append(replace(entry, notes=(*notes, REPORTED) if reported else notes, style=style))
                where = (Text(regime.name), Number(n), Number(d), Text(plain(tolerance) if tolerance else "exact"))
                rows.append(Row((*where, *entries)))
    return Table(
        name="sensitivity",
        title=f"k½ against tolerance and budget · {suite.title or suite.name}",
        caption=_caption(results, unlimited=unlimited),
        columns=columns,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _entry(results: Results, regime: Regime, n: int, d: int, tolerance: float, steps: float, *, decided: bool) -> Entry:
    """Return k½, or the counts of a model without width."""
    if math.isinf(steps) and not decided:
        return Missing("nothing decides what becomes of the trials with unlimited steps")
    if math.isfinite(steps) and not tolerance:
        return Missing("an exact fit takes unlimited steps")
    if regime.model.has_width:
        return measured(results.threshold(regime.name, n, d, tolerance, steps))
    counts = results.counts(regime.name, n, d, tolerance, steps)
    return Counts(tuple((k, *count) for k, count in counts.items())) if counts else Missing("no trials yet")


UNLIMITED = "unlimited"
"""Header of the column without a budget."""

IN_THE_LIMIT = (
    "unlimited: with as many steps as it takes, where the end of a trial is decided; open trials count as fits for the "
    "lower end of a bracket and as failures for the upper one; exact: at residual zero."
)


def _caption(results: Results, *, unlimited: bool) -> str:
    suite = results.suite
    return " ".join(
        [
            "k½: smallest width at which at least half of the trials fit, had the run stopped at so many steps and "
            "asked for this tolerance. All from the same trials, whose widths were chosen for the entry marked *: the "
            "other entries may be bounds.",
            *([IN_THE_LIMIT] if unlimited else []),
            bracket_explained(),
            setting.measures_explained(suite.regimes),
            problems_explained(results),
        ]
    )
