"""The verb ``harness verify``, which trains a sample of a run again, each trial alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli import completion
from harness.cli.loading import warn_of_broken, warn_of_mixture
from harness.cli.options import LEGEND, PLUGINS, TRUST
from harness.cli.selecting import check_columns, refuse_columns_beside_json, select, selected_results
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput
from harness.complaints import printable
from harness.session.defaults import cores

if TYPE_CHECKING:
    from harness.report.selection import Selection


NO_THEORIES = "trials are trained again, which no theory changes; choose them by --regime, --n and --d"


@click.command("verify")
@click.argument("source", metavar="RUN_DIR|ARCHIVE|SUITE", shell_complete=completion.sources)
@click.option("--trials", type=click.IntRange(1), default=50, show_default=True, help="Size of the sample.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which sample.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), help="Another precision than that of the run.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of where the run was trained.")
@click.option("--tolerance", type=float, metavar="EPS", help="Another tolerance of the suite.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every trial of the sample.")
@LEGEND
@select(refused=dict.fromkeys(("theory", "only"), NO_THEORIES))
@PLUGINS
@TRUST
def command(
    source: str,
    trials: int,
    seed: int,
    dtype: str | None,
    device: str | None,
    tolerance: float | None,
    workers: int | None,
    as_json: bool,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> int:
    """Train a random sample of a run again, each trial alone, and show how many verdicts flip.

    At least half of the sample comes from cells where some trials fit and some do not, as far as there are any. With
    the settings of the run, on an equal processor with equal versions, every digit must be the same. In another
    precision, on another device or another machine, verdicts near the threshold may flip. They are counted, with an
    exact interval. Nothing is stored. The exit status is 0 if all is as it must be, 1 if a trial that must be equal is
    not or cannot be trained, 2 for wrong input, and 3 if workers are lost or a plugin was changed meanwhile.

    \b
    harness verify quickstart
    harness verify quickstart --trials 100 --dtype float64
    harness verify colleague.zip --device cuda --json
    """
    from harness.cli.source import read_source
    from harness.components.executor import LostWorkers
    from harness.engine.device import resolve_device
    from harness.exchange.retraining import verify
    from harness.executors.local import Local
    from harness.report.json_text import dumps
    from harness.report.terminal import show
    from harness.report.verification_view import HEADERS, flips_view, verification_record, verification_view
    from harness.suite.sizes import too_large

    if as_json:
        refuse_columns_beside_json(chosen)
    check_columns(chosen, HEADERS)  # before trials are trained
    results = selected_results(chosen, read_source(source, plugin_files, trust=trust_plugins).results)
    warn_of_broken(results.registry)
    warn_of_mixture(results.provenance)
    if not any(not outcome.message for outcomes in results.outcomes.values() for outcome in outcomes):
        raise WrongInput(f"{source} holds no trial that could be trained again")
    if large := too_large(results.suite):
        raise WrongInput("\n".join([f"{source} is too large to train here:", *(f"  {line}" for line in large)]))
    try:
        results.rung(tolerance)
        where = resolve_device(device or str(results.provenance.get("device", "cpu")))
    except ValueError as error:
        raise WrongInput(str(error)) from error
    files = tuple(plugin.origin for plugin in results.registry if plugin.is_file)
    executor = Local(min(workers or (1 if where != "cpu" else cores()), trials), files)
    try:
        with _progress() as listen, executor:
            found = verify(
                results,
                executor,
                trials=trials,
                seed=seed,
                dtype=dtype,
                device=where,
                tolerance=tolerance,
                listen=listen,
            )
    except LostWorkers as error:
        click.echo(f"{printable(str(error))}; nothing was verified", err=True)
        return 3
    if as_json:
        echo(dumps(verification_record(found, results)), nl=False)
    else:
        tables = [verification_view(found, results), flips_view(found, results)]
        for number, table in enumerate(chosen.columns_of(table) for table in tables if table.rows):
            if number:
                echo()
            show(table, legend=legend)
    if found.broken:
        click.echo(f"\n{len(found.broken)} trials did not come out again as they must", err=True)
    elif found.failed:
        click.echo(f"\n{len(found.failed)} trials could not be trained again", err=True)
    return 1 if found.broken or found.failed else 0


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show the number of finished trials if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("trained again"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
