"""``harness report``: the tables of a run, in any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli.options import PLUGINS, WrongInput, warn_of_broken

if TYPE_CHECKING:
    from harness.report.table import Table
    from harness.results import Results

VIEWS = ("thresholds", "theories", "sensitivity", "phase")


@click.command("report")
@click.argument("source", metavar="RUN_DIR|SUITE")
@click.option(
    "--view",
    type=click.Choice(VIEWS),
    help="One table. If not given: thresholds, then theories (csv, json: thresholds).",
)
@click.option("--format", "form", default="rich", show_default=True, help="Or markdown, csv, json, or a plugin's.")
@click.option("--tolerance", type=float, metavar="EPS", help="Another tolerance of the suite's ladder.")
@click.option("--steps", type=click.IntRange(1), metavar="T", help="As if the budget had been T steps.")
@click.option("--all-sizes", is_flag=True, help="Theories at every n and d, not only the largest.")
@PLUGINS
def command(
    source: str,
    view: str | None,
    form: str,
    tolerance: float | None,
    steps: int | None,
    all_sizes: bool,
    plugin_files: tuple[str, ...],
) -> None:
    """Show what a run found: from its folder, or by the name of its suite.

    Nothing is trained. Because the step at which each tolerance was met is stored, any tolerance of the ladder and
    any smaller budget can be asked for.

    \b
    harness report quickstart
    harness report reports/quickstart --view sensitivity
    harness report quickstart --format markdown --tolerance 0.1 --steps 2000
    """  # noqa: D301  # \b keeps the lines apart in the help
    results = _results(source, plugin_files)
    warn_of_broken(results.registry)
    _check(results, tolerance, steps)
    renderer = None if form == "rich" else _renderer(results, form)
    if renderer is None and view == "phase":
        _draw(results, tolerance, steps)
        return
    one_document = renderer is not None and renderer.suffix in (".json", ".csv")
    views = (view,) if view else ("thresholds",) if one_document else ("thresholds", "theories")
    tables = [_table(results, name, tolerance, steps, all_sizes=all_sizes) for name in views]
    if renderer is not None:
        click.echo("\n".join(renderer.render(table) for table in tables), nl=False)
        return
    from harness.report.terminal import show

    for number, table in enumerate(tables):
        if number:
            click.echo()
        show(table)
    if results.missing:
        click.echo(f"\nThe run is not finished: {results.missing} trials are missing.", err=True)


def _results(source: str, plugin_files: tuple[str, ...]) -> Results:
    """Read the results of a run directory, or of the directory where a suite's results go."""
    from harness.cli.options import load, run_directory
    from harness.plugins import load_plugins
    from harness.run import load_results
    from harness.store import StoreError
    from harness.suite import SuiteError

    try:
        if Path(source).is_dir():
            return load_results(Path(source), None, load_plugins(plugin_files) if plugin_files else None)
        suite, registry = load(source, plugin_files)
        return load_results(run_directory(suite, None), suite, registry)
    except (StoreError, SuiteError) as error:
        raise WrongInput(str(error)) from error


def _check(results: Results, tolerance: float | None, steps: int | None) -> None:
    try:
        results.rung(tolerance)
    except ValueError as error:
        raise WrongInput(f"--tolerance: {error}") from error
    budget = results.suite.budget.steps
    if steps is not None and steps > budget:
        raise WrongInput(f"--steps {steps}: the suite trained for at most {budget} steps")


def _renderer(results: Results, name: str) -> Any:
    from harness.registry import AmbiguousName, UnknownName

    try:
        return results.registry.find("renderer", name)()
    except (UnknownName, AmbiguousName) as error:
        raise WrongInput(f"--format: {error}") from error


def _table(results: Results, view: str, tolerance: float | None, steps: int | None, *, all_sizes: bool) -> Table:
    if view == "theories":
        from harness.report.predicted import predict_suite
        from harness.report.theories_view import theories_view

        predictions = predict_suite(results.suite, results.registry.theories())
        return theories_view(results, predictions, all_sizes=all_sizes, tolerance=tolerance, steps=steps)
    if view == "sensitivity":
        from harness.report.sensitivity_view import sensitivity_view

        return sensitivity_view(results)
    if view == "phase":
        from harness.report.phase import cells_view

        return cells_view(results, tolerance=tolerance, steps=steps)
    from harness.report.thresholds_view import thresholds_view

    return thresholds_view(results, tolerance=tolerance, steps=steps)


def _draw(results: Results, tolerance: float | None, steps: int | None) -> None:
    from harness.report.phase import show_phases

    show_phases(results, tolerance=tolerance, steps=steps)
