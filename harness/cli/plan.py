"""``harness plan``: what a run would do, without training anything."""

from __future__ import annotations

import json

import rich_click as click

from harness.cli.options import PLUGINS, SUITE, WrongInput, check_problems, cores, load, run_directory


@click.command("plan")
@SUITE
@click.option("--out", metavar="DIR", help="Where results would go; reports/<suite> if not given.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
def command(
    suite: str, out: str | None, device: str | None, workers: int | None, as_json: bool, plugin_files: tuple[str, ...]
) -> None:
    """Show the thresholds a suite asks for, what is stored of them, and how long the rest may take.

    The time is rough: each missing trial is taken to use its whole budget, at a rate measured here on the suite's own
    networks for a moment, and searches are taken to end near the width n/d.

    \b
    harness plan quickstart
    harness plan phase-diagram --workers 8
    """  # noqa: D301
    loaded, registry = load(suite, plugin_files)
    check_problems(loaded)

    from harness.estimate import estimate
    from harness.report.plan_view import plan_table
    from harness.report.terminal import show
    from harness.run import resolve_device
    from harness.store import StoreError

    try:
        where = resolve_device(device or loaded.budget.device)
        planned = estimate(loaded, registry, run_directory(loaded, out), where, workers or cores())
    except (ValueError, StoreError) as error:
        raise WrongInput(str(error)) from error
    if as_json:
        click.echo(json.dumps(planned.data(), indent=2, ensure_ascii=False))
    else:
        show(plan_table(planned))
