"""``harness report``: the tables of a run, in any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli.options import PLUGINS, WrongInput, warn_of_broken

if TYPE_CHECKING:
    from harness.report.table import Table
    from harness.results import Results

VIEWS = ("thresholds", "theories", "sensitivity", "phase", "diagnostics", "comparison")


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
@click.option(
    "--all-sizes", is_flag=True, help="Theories, diagnostics, comparison at every n and d, not only the largest."
)
@click.option("--certify", is_flag=True, help="Beside theories, the width from which their certificates hold.")
@PLUGINS
def command(
    source: str,
    view: str | None,
    form: str,
    tolerance: float | None,
    steps: int | None,
    all_sizes: bool,
    certify: bool,
    plugin_files: tuple[str, ...],
) -> None:
    """Show what a run found: from its folder, or by the name of its suite.

    Nothing is trained. Because the step at which each tolerance was met is stored, any tolerance of the ladder and
    any smaller budget can be asked for.

    \b
    harness report quickstart
    harness report reports/quickstart --view sensitivity
    harness report quickstart --format markdown --tolerance 0.1 --steps 2000
    harness report quickstart --view theories --certify
    """  # noqa: D301  # \b keeps the lines apart in the help
    from harness.report.theories_view import blocks

    results = _results(source, plugin_files)
    warn_of_broken(results.registry)
    _check(results, tolerance, steps)
    renderer = None if form == "rich" else _renderer(results, form)
    if renderer is None and view == "phase":
        _draw(results, tolerance, steps)
        return
    one_document = renderer is not None and renderer.suffix in (".json", ".csv")
    views = (view,) if view else ("thresholds",) if one_document else ("thresholds", "theories")
    tables = []
    for name in views:
        table = _table(results, name, tolerance, steps, all_sizes=all_sizes, certify=certify)
        tables += blocks(table) if name == "theories" and not one_document else [table]
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
        named = Path("reports") / source
        if Path(source).name == source and named.is_dir():
            return load_results(named, None, load_plugins(plugin_files) if plugin_files else None)
        suite, registry = load(source, plugin_files)
        return load_results(run_directory(suite, None), suite, registry)
    except (StoreError, SuiteError, ValueError) as error:  # the last: data that are not where they were
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


def _table(
    results: Results, view: str, tolerance: float | None, steps: int | None, *, all_sizes: bool, certify: bool
) -> Table:
    if view == "theories":
        return _theories(results, tolerance, steps, all_sizes=all_sizes, certify=certify)
    if view == "diagnostics":
        from harness.report.diagnostics_view import diagnostics_view

        return diagnostics_view(results, tolerance=tolerance, all_sizes=all_sizes)
    if view == "comparison":
        from harness.report.comparison_view import comparison_view

        return comparison_view(results, tolerance=tolerance, steps=steps, all_sizes=all_sizes)
    if view == "sensitivity":
        from harness.report.sensitivity_view import sensitivity_view

        return sensitivity_view(results)
    if view == "phase":
        from harness.report.phase import cells_view

        return cells_view(results, tolerance=tolerance, steps=steps)
    from harness.report.thresholds_view import thresholds_view

    return thresholds_view(results, tolerance=tolerance, steps=steps)


def _theories(results: Results, tolerance: float | None, steps: int | None, *, all_sizes: bool, certify: bool) -> Table:
    from harness.report.predicted import certify_suite, predict_suite
    from harness.report.theories_view import theories_view

    try:
        predictions = predict_suite(results.suite, results.registry.theories())
        certified = certify_suite(results.suite, predictions, all_sizes=all_sizes) if certify else None
    except ValueError as error:  # the data are not what or where they were
        raise WrongInput(f"theories need the suite's problems, which cannot be drawn: {error}") from error
    return theories_view(
        results, predictions, all_sizes=all_sizes, tolerance=tolerance, steps=steps, certified=certified
    )


def _draw(results: Results, tolerance: float | None, steps: int | None) -> None:
    from harness.report.phase import show_phases

    show_phases(results, tolerance=tolerance, steps=steps)
