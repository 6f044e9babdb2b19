"""The report at the end of a run: tables on the screen, and files in its directory."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from harness.components.numbers import clean
from harness.draft import replace_text
from harness.driver.loading import results_of
from harness.driver.threshold_searches import threshold_searches
from harness.report.bibliography import bibliography
from harness.report.compact_view import COLUMNS, compact_theories_view, compact_view
from harness.report.diagnostics_view import diagnostics_view
from harness.report.export import thresholds_record
from harness.report.headline import headline
from harness.report.held_out_view import held_out_pairs_view, held_out_view, watched
from harness.report.json_text import dumps
from harness.report.latex import document
from harness.report.phase import draw, phase_maps
from harness.report.predicted import predict_results
from harness.report.replication_view import replication_view
from harness.report.selection import SelectionError
from harness.report.sensitivity_view import sensitivity_view
from harness.report.terminal import console_for, show, show_text
from harness.report.theories_view import blocks, theories_view
from harness.report.thresholds_view import thresholds_view

if TYPE_CHECKING:
    from pathlib import Path

    from harness.claims.predictions import Prediction
    from harness.components.table import Table
    from harness.driver.results import Results
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection
    from harness.suite import Suite

WRITTEN = ("thresholds.json", "table.md", "table.tex", "references.bib")
"""Files that a run writes in addition to its outcomes."""

Predictions = dict[tuple[str, int, int], tuple["Prediction", ...]]


def short_tables(results: Results, predictions: Predictions) -> list[Table]:
    """Return one row for each regime, and one line for each theory if any concern the regimes."""
    tables = [compact_view(results), compact_theories_view(results, predictions)]
    return [table for table in tables if table.rows]


def summary_tables(results: Results, predictions: Predictions) -> list[Table]:
    """Return the tables at the end of a run, the short one of the regimes first. Tables of many regimes are split."""
    found = [compact_view(results), *summary_views(results, predictions)]
    return [part for table in found for part in (blocks(table) if table.name == "theories" else [table])]


def summary_views(results: Results, predictions: Predictions) -> list[Table]:
    """Return claims, thresholds, theories that concern the regimes, diagnostics and held-out errors, where known."""
    return [table for table in _views(results, predictions) if table.rows]


def _views(results: Results, predictions: Predictions) -> list[Table]:
    """Return the tables that the suite asks for, those without rows among them."""
    tables = [thresholds_view(results), theories_view(results, predictions)]
    observed = [regime.name for regime in results.suite.regimes if regime.diagnostics]
    if observed:
        tables.append(diagnostics_view(results, regimes=observed))
    claims = [replication_view(results)] if results.suite.claims else []
    held_out = [held_out_view(results), held_out_pairs_view(results)] if watched(results) else []
    return [*claims, *tables, *held_out]


def check_selection(chosen: Selection, suite: Suite, registry: Registry, device: str) -> None:
    """Check before a run that a selection matches rows and columns of its tables.

    Args:
        chosen: The selection.
        suite: The suite.
        registry: The plugins.
        device: Where networks are trained.

    Raises:
        SelectionError: If a pattern matches nothing.
        RegimeError: If a component of a regime raises when it is asked for its properties.
    """
    untrained = results_of(suite, registry, threshold_searches(suite, registry, device), {}, None)
    predictions = predict_results(untrained, all_sizes=False) if chosen.theories or chosen.guarantees else {}
    theories = compact_theories_view(untrained, predictions)
    possible = replace(theories, columns=COLUMNS, rows=())  # the short table has those for which there are results
    chosen.of([possible, theories, *_views(untrained, predictions)], registry.theory_names())


def is_map(results: Results) -> bool:
    """Return whether the suite is a grid over n or d, which is shown as a map first."""
    suite = results.suite
    return suite.search.decided_beforehand and max(len(suite.n), len(suite.d)) > 3


def write_reports(results: Results, directory: Path, predictions: Predictions | None = None) -> Predictions:
    """Write thresholds.json, table.md, table.tex and references.bib. Return their predictions, made if not given."""
    if predictions is None:
        predictions = predict_results(results)
    replace_text(directory / "thresholds.json", dumps(thresholds_record(results, predictions)))
    markdown = results.registry.find("renderer", "markdown")()
    tables = [*summary_tables(results, predictions), sensitivity_view(results)]
    said = " ".join(headline(results, predictions))
    replace_text(directory / "table.md", "\n".join([f"{said}\n", *(markdown.render(table) for table in tables)]))
    views = [compact_view(results), *summary_views(results, predictions)]
    replace_text(directory / "table.tex", document(views, said))
    replace_text(directory / "references.bib", bibliography(views))
    return predictions


def print_summary(
    results: Results,
    predictions: Predictions,
    *,
    trained: int,
    reused: int,
    compact: bool = False,
    legend: bool = False,
    chosen: Selection | None = None,
) -> None:
    """Print the results of a run, then the numbers of trained and reused trials.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d).
        trained: Number of trials that the run trained.
        reused: Number of trials that it took from earlier runs.
        compact: Whether only the short tables are printed.
        legend: Whether whole captions and all notes are printed.
        chosen: Rows and columns to print, or None for all.
    """
    console = console_for()
    show_text(" ".join(headline(results, predictions)))
    console.print()
    if is_map(results):
        for phase in phase_maps(results):
            for line in draw(phase, console.width, console.encoding):
                console.print(line, no_wrap=True, overflow="ignore", crop=False)
            console.print()
    tables = short_tables(results, predictions) if compact else summary_tables(results, predictions)
    if chosen:
        try:
            tables = chosen.of(tables, results.registry.theory_names())
        except SelectionError as error:  # of columns that only some results have
            console.print(Text(f"{clean(str(error))}. All rows and columns follow.\n"), soft_wrap=True)
    for table in tables:
        show(table, legend=legend)
        console.print()
    messages: dict[str, list[str]] = {}
    repeat: dict[str, str] = {}
    for cell, outcome in results.errors():
        place = f"{cell.regime}, n = {cell.n}, d = {cell.d}, k = {cell.k}, trial {outcome.seed}"
        messages.setdefault(outcome.message, []).append(place)
        repeat.setdefault(outcome.message, results.repeat(cell, outcome))
    for message, places in messages.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        console.print(Text(f"error in {places[0]}{more}: {clean(message)}", "red"), soft_wrap=True)
        console.print(Text(f"  to see it: {clean(repeat[message])}"), soft_wrap=True)
    console.print(
        Text(f"{trained} trials trained, {reused} reused. Results in {results.directory}: {', '.join(WRITTEN)}."),
        soft_wrap=True,
    )
    if results.directory is not None:
        console.print(
            Text(f"As a page with figures: harness report {shlex.quote(str(results.directory))} --html"), soft_wrap=True
        )
