"""The table of thresholds against tolerance and budget. It needs no training, since first-hitting steps are stored."""

from __future__ import annotations

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
    columns = (
        Column("regime", fold=True),
        Column("n", "right", fold=True),
        Column("d", "right", fold=True),
        Column("tolerance", "right"),
        *(Column(f"{steps} steps", "right") for steps in within),
    )
    rows = []
    for regime in suite.regimes:
        for n, d in setting.sizes(suite):
            for tolerance in sorted(suite.budget.tolerances, reverse=True):
                entries: list[Entry] = []
                for steps in within:
                    entry = _entry(results, regime, n, d, tolerance, steps)
                    reported = tolerance == suite.budget.report_tolerance and steps == within[-1]
                    notes = tuple(note for note in entry.notes if not note.text.startswith("fewer fits"))
                    style: Style = "strong" if reported else ""
                    entries.append(replace(entry, notes=(*notes, REPORTED) if reported else notes, style=style))
                where = (Text(regime.name), Number(n), Number(d), Text(plain(tolerance)))
                rows.append(Row((*where, *entries)))
    return Table(
        name="sensitivity",
        title=f"k½ against tolerance and budget · {suite.title or suite.name}",
        caption=_caption(results),
        columns=columns,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _entry(results: Results, regime: Regime, n: int, d: int, tolerance: float, steps: int) -> Entry:
    """Return k½, or the counts of a model without width."""
    if regime.model.has_width:
        return measured(results.threshold(regime.name, n, d, tolerance, steps))
    counts = results.counts(regime.name, n, d, tolerance, steps)
    return Counts(tuple((k, *count) for k, count in counts.items())) if counts else Missing("no trials yet")


def _caption(results: Results) -> str:
    suite = results.suite
    return " ".join(
        [
            "k½: smallest width at which at least half of the trials fit, had the run stopped at so many steps and "
            "asked for this tolerance. All from the same trials, whose widths were chosen for the entry marked *: the "
            "other entries may be bounds.",
            bracket_explained(),
            setting.measures_explained(suite.regimes),
            problems_explained(results),
        ]
    )
