"""The map of a diagnostic: its median over the trials of every cell, as a table and drawn with characters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from rich.text import Text

from harness.components import Cell
from harness.components.entries import Number
from harness.components.entries import Text as Words
from harness.components.numbers import decimal
from harness.components.table import Column, Row, Table
from harness.driver.measures import ALWAYS, number_in, recorded
from harness.report import setting
from harness.report.caption import problems_explained
from harness.report.diagnostics_view import KEPT, quartiles
from harness.report.phase import PhaseMap, draw, phase_maps
from harness.report.provenance import provenance
from harness.report.terminal import console_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.driver.results import Results


def map_view(results: Results, *, diagnostic: str | None = None) -> Table:
    """Return quartiles of a diagnostic in every cell.

    Args:
        results: Results of the run.
        diagnostic: Its name, or None for the first of :func:`harness.driver.measures.recorded`.

    Returns:
        The table, without rows if no trial has the diagnostic.
    """
    name = diagnostic or recorded(results.suite.regimes)[0]
    rows = []
    for cell, values in cells_of(results, name):
        spread = (Number(value, width=False) for value in quartiles(values))
        place = (Words(cell.regime), Number(cell.n), Number(cell.d), Number(cell.k or math.inf))
        rows.append(Row((*place, *spread, Number(len(values)))))
    suite = results.suite
    return Table(
        name="map",
        title=f"{name} in every cell · {suite.title or suite.name}",
        caption=f"{explained(results, name)} {problems_explained(results)}",
        columns=(
            Column("regime", fold=True),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k", "right"),
            Column("lower quartile", "right", priority=1),
            Column("median", "right"),
            Column("upper quartile", "right", priority=1),
            Column("trials", "right"),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def cells_of(results: Results, name: str) -> list[tuple[Cell, Sequence[float]]]:
    """Return each cell with the values of its trials that have one.

    Args:
        results: Results of the run.
        name: As for :func:`harness.driver.measures.number_in`.
    """
    found: list[tuple[Cell, Sequence[float]]] = []
    for regime, n, d in results.places:
        for k, trials in results.by_width(regime, n, d).items():
            values = [value for trial in trials if (value := number_in(trial, name)) is not None]
            if values:
                found.append((Cell(regime, n, d, k), values))
    return found


def explained(results: Results, name: str) -> str:
    """Return the sentences that define a diagnostic.

    Args:
        results: Results of the run.
        name: As for :func:`harness.driver.measures.number_in`.
    """
    for regime in results.suite.regimes:
        for one in regime.diagnostics:
            if one.name == name:
                return f"{name}, {KEPT[one.summary]}: {setting.summary(type(one))}"
    return f"{name}: {ALWAYS.get(name, 'not recorded in this run.')}"


def show_maps(
    results: Results, *, diagnostic: str | None = None, stream: TextIO | None = None, explained: bool = False
) -> None:
    """Draw the map of each regime on a stream, shaded from the smallest to the largest median of all maps."""
    console = console_for(stream)
    for number, phase in enumerate(diagnostic_maps(results, diagnostic or recorded(results.suite.regimes)[0])):
        for line in [Text("")] * bool(number) + draw(phase, console.width, console.encoding, explained=explained):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)


def diagnostic_maps(results: Results, name: str) -> list[PhaseMap]:
    """Return a map of medians for each regime with a width, in hundredths of the range of all of them.

    Args:
        results: Results of the run.
        name: As for :func:`harness.driver.measures.number_in`.
    """
    medians = {cell: quartiles(values)[1] for cell, values in cells_of(results, name)}
    finite = [value for value in medians.values() if math.isfinite(value)]
    if not finite:
        return []
    low, high = min(finite), max(finite)
    legend = f"{name}: · {decimal(low)} to █ {decimal(high)}, shaded linearly; ◆ kd = n; blank: not known."
    sentences = explained(results, name)
    found = []
    for phase in phase_maps(results):
        counts = {}
        for value, k in phase.counts:
            n, d = (value, phase.fixed) if phase.axis == "n" else (phase.fixed, value)
            median = medians.get(Cell(phase.regime, n, d, k), math.nan)
            if math.isfinite(median):
                counts[value, k] = (round(100 * (median - low) / (high - low or 1.0)), 100)
        empty = f"No trial of this regime has a value of {name}."
        found.append(replace(phase, counts=counts, legend=legend, shown=name, caption=sentences, empty=empty))
    return found
