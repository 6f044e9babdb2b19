"""What a run leaves behind: the tables on the screen, and the files in its directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from harness.report.diagnostics_view import diagnostics_view
from harness.report.export import dumps, thresholds_record
from harness.report.numbers import clean
from harness.report.phase import draw, phase_maps
from harness.report.predicted import predict_suite
from harness.report.sensitivity_view import sensitivity_view
from harness.report.terminal import console_for, show
from harness.report.theories_view import blocks, theories_view
from harness.report.thresholds_view import thresholds_view
from harness.search import Grid

if TYPE_CHECKING:
    from pathlib import Path

    from harness.predictions import Prediction
    from harness.report.table import Table
    from harness.results import Results

Predictions = dict[tuple[str, int, int], tuple["Prediction", ...]]


def summary_tables(results: Results, predictions: Predictions) -> list[Table]:
    """Return the tables that a run ends with: thresholds, theories where any concern the regimes, diagnostics."""
    tables = [thresholds_view(results), *blocks(theories_view(results, predictions))]
    watched = [regime.name for regime in results.suite.regimes if regime.diagnostics]
    if watched:
        tables.append(diagnostics_view(results, regimes=watched))
    return [table for table in tables if table.rows]


def is_map(results: Results) -> bool:
    """Say whether the suite is a grid over n or d, which is shown as a map first."""
    suite = results.suite
    return isinstance(suite.search, Grid) and max(len(suite.n), len(suite.d)) > 3


def write_reports(results: Results, directory: Path) -> Predictions:
    """Write thresholds.json and table.md into a run directory; return the predictions they hold."""
    predictions = predict_suite(results.suite, results.registry.theories())
    (directory / "thresholds.json").write_text(dumps(thresholds_record(results, predictions)), encoding="utf-8")
    markdown = results.registry.find("renderer", "markdown")()
    tables = [*summary_tables(results, predictions), sensitivity_view(results)]
    (directory / "table.md").write_text("\n".join(markdown.render(table) for table in tables), encoding="utf-8")
    return predictions


def print_summary(results: Results, predictions: Predictions, *, trained: int, reused: int) -> None:
    """Print what a run found, then what it did."""
    console = console_for()
    if is_map(results):
        for phase in phase_maps(results):
            for line in draw(phase, console.width, console.encoding):
                console.print(line, no_wrap=True, overflow="ignore", crop=False)
            console.print()
    for table in summary_tables(results, predictions):
        show(table)
        console.print()
    messages: dict[str, list[str]] = {}
    for cell, outcome in results.errors():
        place = f"{cell.regime}, n = {cell.n}, d = {cell.d}, k = {cell.k}, trial {outcome.seed}"
        messages.setdefault(outcome.message, []).append(place)
    for message, places in messages.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        console.print(Text(f"error in {places[0]}{more}: {clean(message)}", "red"), soft_wrap=True)
    console.print(
        Text(f"{trained} trials trained, {reused} reused. Results in {results.directory}: thresholds.json, table.md."),
        soft_wrap=True,
    )
