"""The verb ``harness plan``, which shows what a run would train, and keeps nothing that it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.loading import check_problems, load
from harness.cli.options import LEGEND, PLUGINS, SUITE, TRUST, VARIANT
from harness.cli.selecting import refuse_columns_beside_json, select, selected, selected_suite
from harness.cli.streams import echo, warn
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from pathlib import Path

    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection
    from harness.suite import Suite


NO_THEORIES = "a plan counts trials, which no theory changes; see harness theory --suite SUITE"


@click.command("plan")
@SUITE
@VARIANT
@click.option("--out", metavar="DIR", help="Where results would go; reports/<suite> if not given.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option(
    "--limit/--no-limit",
    default=None,
    help="Whether to decide what becomes of trials with unlimited steps, instead of what the suite says.",
)
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--explain", is_flag=True, help="Say what is reused, what is new and why, instead of how long it takes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@LEGEND
@select(refused=dict.fromkeys(("theory", "only"), NO_THEORIES))
@PLUGINS
@TRUST
def command(
    suite: str,
    seed: int | None,
    paper_size: bool,
    out: str | None,
    device: str | None,
    limit: bool | None,
    workers: int | None,
    explain: bool,
    as_json: bool,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> None:
    """Show the thresholds a suite asks for, what is stored of them, and how long the rest may take.

    The time is rough: the first plan of a suite trains a few of its trials, or smaller ones, for some seconds. Searches
    are simulated on what these make likely. What steps cost on this machine is measured once for a kind of trial. Both
    are kept for later plans.

    \b
    harness plan quickstart
    harness plan phase-diagram --workers 8
    harness plan mine.toml --explain
    """
    if as_json:
        refuse_columns_beside_json(chosen)
    loaded, registry = load(suite, plugin_files, trust=trust_plugins, seed=seed, paper_size=paper_size)
    loaded = selected_suite(chosen, loaded.with_limit(limit))

    from harness.engine.cost_file import measured_before
    from harness.engine.device import resolve_device
    from harness.report.json_text import dumps
    from harness.report.plan_view import plan_table
    from harness.report.terminal import show
    from harness.session.defaults import run_directory
    from harness.session.planning import plan_of_checked
    from harness.store import StoreError

    try:
        if not (explain or measured_before(resolve_device(device or loaded.budget.device))):
            click.echo("compiling kernels and timing a few trials of each kind, once on a machine …", err=True)
        _notices(loaded, registry, device)
        if explain:
            _explain(loaded, registry, run_directory(loaded, out), device, chosen, as_json=as_json)
            return
        planned = plan_of_checked(loaded, out=out, device=device, workers=workers)
    except (ValueError, StoreError) as error:
        raise WrongInput(str(error)) from error
    if as_json:
        echo(dumps(planned.data()), nl=False)
    else:
        show(selected(chosen, [plan_table(planned)])[0], legend=legend)


def _notices(suite: Suite, registry: Registry, device: str | None) -> None:
    """Say which faster solvers cannot train regimes here. It is why trials stored by them are trained again."""
    from harness.driver.fewest_trials import too_few_trials
    from harness.driver.threshold_searches import passed_over, threshold_searches
    from harness.engine.device import resolve_device

    check_problems(suite)
    if few := too_few_trials(suite):
        warn(few)
    where = resolve_device(device or suite.budget.device)
    for line in passed_over(suite, threshold_searches(suite, registry, where), where):
        click.echo(line, err=True)


def _explain(
    suite: Suite, registry: Registry, directory: Path, device: str | None, chosen: Selection, *, as_json: bool
) -> None:
    """Print which trials are reused, which are new, and why."""
    from dataclasses import asdict

    from harness.driver.explain import explain
    from harness.engine.device import resolve_device
    from harness.report.explain_view import explain_table
    from harness.report.json_text import dumps
    from harness.report.terminal import show

    explained = explain(suite, registry, directory, resolve_device(device or suite.budget.device))
    if as_json:
        record = {"suite": suite.name, "directory": str(directory), "thresholds": [asdict(e) for e in explained]}
        echo(dumps(record), nl=False)
    else:
        show(selected(chosen, [explain_table(suite.name, str(directory), explained)])[0])
