"""The verb ``harness compare``, which shows two runs side by side."""

from __future__ import annotations

import rich_click as click

from harness.cli.options import PLUGINS, TRUST, WrongInput, renderer_named, warn_of_broken
from harness.cli.streams import echo


@click.command("compare")
@click.argument("first", metavar="RUN_A")
@click.argument("second", metavar="RUN_B")
@click.option("--format", "form", default="rich", show_default=True, help="Or markdown, csv, json, or a plugin's.")
@click.option("--tolerance", type=float, metavar="EPS", help="A tolerance of both; what each reports if not given.")
@click.option("--steps", type=click.IntRange(1), metavar="T", help="As if both budgets had been T steps.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, with each trial judged differently.")
@PLUGINS
@TRUST
def command(
    first: str,
    second: str,
    form: str,
    tolerance: float | None,
    steps: int | None,
    as_json: bool,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> None:
    """Show two runs side by side: how they were made, their thresholds, and the verdicts of trials that both have.

    A run is a directory, an archive, or the name of a suite that ran here. Regimes are matched by name. Trials are
    compared where both runs drew the same problem: equal datasets and seeds, regime, n, d, width and number.

    \b
    harness compare reports/quickstart /data/quickstart
    harness compare before.zip after.zip --tolerance 0.1
    harness compare before.zip after.zip --format markdown
    """
    from harness.cli.source import read_source
    from harness.exchange.run_comparison import compare_runs
    from harness.report.compare_runs_view import compare_runs_record, compare_runs_view, differences_view
    from harness.report.export import dumps
    from harness.report.terminal import show

    a, b = (read_source(name, plugin_files, trust=trust_plugins) for name in (first, second))
    for registry in {id(source.results.registry): source.results.registry for source in (a, b)}.values():
        warn_of_broken(registry)
    for source in (a, b):
        if steps is not None and steps > (most := source.results.suite.budget.steps):
            raise WrongInput(f"--steps {steps}: {source.name} trained for at most {most} steps")
        try:
            source.results.rung(tolerance)
        except ValueError as error:
            raise WrongInput(f"--tolerance: {source.name}: {error}") from error
    found = compare_runs(a.results, b.results, tolerance=tolerance, steps=steps)
    names = a.name, b.name
    if as_json:
        echo(dumps(compare_runs_record(found, names)), nl=False)
        return
    table = compare_runs_view(found, a.results, b.results, names, tolerance=tolerance, steps=steps)
    tables = [*([differences_view(found, names)] if found.differences else []), table]
    if form == "rich":
        for number, one in enumerate(tables):
            if number:
                echo()
            if one.rows:
                show(one)
            else:  # the reason why the runs share no trial
                echo(one.caption)
        return
    renderer = renderer_named(a.results.registry, form)
    if renderer.suffix in (".json", ".csv"):  # a document of these formats has one table
        tables = [table]
    echo("\n".join(renderer.render(one) for one in tables), nl=False)
