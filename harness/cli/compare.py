"""The verb ``harness compare``, which shows two runs side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli import completion
from harness.cli.asking import MARKS, asking, check_question
from harness.cli.loading import warn_of_broken
from harness.cli.options import LEGEND, PLUGINS, PROVENANCE, TRUST, given, renderer_named
from harness.cli.report_files import write_provenance
from harness.cli.selecting import (
    for_comments,
    refuse_columns_beside_json,
    select,
    selected,
    selected_places,
    selected_results,
)
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Table
    from harness.driver.question import Asked
    from harness.report.selection import Selection
    from harness.session.reading import Source


NO_THEORIES = "verdicts and thresholds are compared, which no theory changes; see harness report RUN --view theories"


@click.command("compare")
@click.argument("runs", metavar="RUN_A RUN_B...", nargs=-1, required=True, shell_complete=completion.sources)
@click.option("--format", "form", default="rich", show_default=True, help="Or markdown, csv, json, or a plugin's.")
@asking(
    "A tolerance of both, or 0 for exact fits; what each reports if not given.",
    "As if both budgets had been T steps; inf for unlimited ones.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, with each trial judged differently.")
@click.option("--fail-on-difference", is_flag=True, help="Exit with status 1 if verdicts or thresholds disagree.")
@PROVENANCE
@LEGEND
@select(refused=dict.fromkeys(("theory", "only"), NO_THEORIES))
@PLUGINS
@TRUST
def command(
    runs: tuple[str, ...],
    form: str,
    tolerance: Asked,
    steps: float | None,
    as_json: bool,
    fail_on_difference: bool,
    beside: str | None,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> int:
    """Show runs side by side: how they were made, their thresholds, and the verdicts of trials that both have.

    The first run is compared with each of the others. With --fail-on-difference the status is 1 if a trial of two runs
    has different verdicts, if two brackets of one threshold have no width in common, or if they share no threshold.

    A run is a directory, an archive, or the name of a suite that ran here. Regimes are matched by name, and one whose
    name changed with an edited option or ingredient is compared with the one that it became. Trials are compared where
    both runs drew the same problem: equal datasets and seeds, n, d, width and number.

    \b
    harness compare reports/quickstart /data/quickstart
    harness compare before.zip after.zip --tolerance 0.1
    harness compare before.zip after.zip --format markdown
    harness compare main.zip branch-1.zip branch-2.zip --fail-on-difference
    """
    from harness.cli.source import read_source
    from harness.exchange.counterparts import counterparts, renamed
    from harness.exchange.run_comparison import compare_runs, places_of
    from harness.report.compare_runs_view import compare_runs_record, compare_runs_view, differences_view
    from harness.report.json_text import dumps

    if len(runs) < 2:
        raise click.UsageError("compare takes at least two runs")
    if as_json:
        refuse_columns_beside_json(chosen)
    sources = [read_source(name, plugin_files, trust=trust_plugins) for name in runs]
    if any(map(given, MARKS)):  # regimes may record different marks, so one is asked of those that are selected
        sources = [replace(one, results=selected_results(chosen, one.results)) for one in sources]
    _check(sources, tolerance, steps)
    a = sources[0]
    found = []
    for b in sources[1:]:
        edited = counterparts(a.results, b.results)
        theirs = replace(b, results=renamed(b.results, {two: one for one, two in edited.items()}))
        only = selected_places(chosen, {**places_of(a.results), **places_of(theirs.results)})
        compared = compare_runs(a.results, theirs.results, tolerance=tolerance, steps=steps, only=only)
        found.append((replace(compared, counterparts=edited), theirs))
    status = int(fail_on_difference and any(one.differ for one, _ in found))
    if as_json:
        if beside is not None:
            raise WrongInput("--provenance cannot stand beside --json: it has what was compared")
        records = [compare_runs_record(one, (a.name, b.name)) for one, b in found]
        echo(dumps(records[0] if len(records) == 1 else {"comparisons": records}), nl=False)
        return status
    renderer = None if form == "rich" else renderer_named(a.results.registry, form)
    alone = renderer is not None and renderer.suffix in (".json", ".csv")  # a document of these has one table
    if alone and len(found) > 1:
        raise WrongInput(f"--format {form} holds one table, and {len(runs)} runs make several; see --json")
    tables = []
    for one, b in found:
        names = a.name, b.name
        if one.differences and not alone:
            tables.append(differences_view(one, names))
        tables.append(compare_runs_view(one, a.results, b.results, names, tolerance=tolerance, steps=steps))
    if any(table.rows for table in tables):
        tables = selected(chosen.of_tables, tables)
    if beside is not None:
        write_provenance(tables, beside)
    if renderer is not None:
        echo("\n".join(renderer.render(one) for one in for_comments(chosen, tables, renderer)), nl=False)
        return status
    _show(tables, legend=legend)
    return status


def _check(sources: Sequence[Source], tolerance: Asked, steps: float | None) -> None:
    """Warn of broken plugins, and refuse a tolerance or a number of steps that a run does not have."""
    for registry in {id(source.results.registry): source.results.registry for source in sources}.values():
        warn_of_broken(registry)
    for source in sources:
        check_question(source.results, tolerance, steps, source.name)


def _show(tables: Sequence[Table], *, legend: bool) -> None:
    from harness.report.terminal import show, show_text

    for number, table in enumerate(tables):
        if number:
            echo()
        if table.rows:
            show(table, legend=legend)
        else:  # the reason why the runs share no trial
            show_text(table.caption)
