"""``harness run``: train what is missing, and print the tables."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.options import PLUGINS, SUITE, WrongInput, check_problems, cores, load, run_directory

if TYPE_CHECKING:
    from harness.executors.base import Executor
    from harness.registry import Registry


@click.command("run")
@SUITE
@click.option("--out", metavar="DIR", help="Where results go; reports/<suite> if not given.")
@click.option("--fresh", is_flag=True, help="Start anew; earlier results are set aside, not deleted.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option("--executor", "executor_name", default="local", show_default=True, help="Where batches are trained.")
@click.option("--quiet", is_flag=True, help="No progress; only the tables.")
@PLUGINS
def command(
    suite: str,
    out: str | None,
    fresh: bool,
    workers: int | None,
    device: str | None,
    executor_name: str,
    quiet: bool,
    plugin_files: tuple[str, ...],
) -> int:
    """Train a suite's networks, measure its thresholds, and print them beside the theories.

    SUITE is a TOML file, or the name of a shipped suite. Running it again goes on where it stopped, and trains
    nothing twice. Status 0: done; 1: done, with errors in some trials; 2: wrong input; 130: interrupted, resumable.

    \b
    harness run quickstart
    harness run mine.toml --workers 4 --out /data/mine
    """  # noqa: D301
    loaded, registry = load(suite, plugin_files)
    check_problems(loaded)

    from harness.cli.progress import progress
    from harness.executors.base import LostWorkers
    from harness.report.summary import print_summary, write_reports
    from harness.run import Run, provenance, resolve_device
    from harness.store import Store, StoreError, set_aside

    directory = run_directory(loaded, out)
    try:
        where = resolve_device(device or loaded.budget.device)
    except ValueError as error:
        raise WrongInput(str(error)) from error
    _notice(loaded.budget.dtype, where)
    count = workers or (1 if where != "cpu" else cores())
    executor = _executor(executor_name, count, registry)
    try:
        if fresh and (aside := set_aside(directory)):
            click.echo(f"earlier results are kept as {aside}", err=True)
        with Store(directory, exclusive=True) as store:
            run = Run(loaded, registry, store, where, executor.workers)
            last = store.last_run()
            if last is not None and last[2].get("suite") not in (None, loaded.name):
                click.echo(f"{directory} held reports of suite {last[2]['suite']!r}, which are now replaced", err=True)
            store.began(loaded.text, provenance(loaded, registry, where))
            if run.missing:
                try:
                    with progress(quiet) as listen, executor:
                        results = run.go(executor, listen)
                except (KeyboardInterrupt, LostWorkers) as error:
                    why = str(error) or "interrupted"
                    click.echo(f"\n{why}; {run.done()} trials are saved. To go on: harness {_again()}", err=True)
                    return 130
            else:
                results = run.results()
    except StoreError as error:
        raise WrongInput(str(error)) from error
    predictions = write_reports(results, directory)
    print_summary(results, predictions, trained=run.trained, reused=run.reused)
    return 1 if results.errors() else 0


def _notice(dtype: str, device: str) -> None:
    """Say once that the kernel was compiled, or why the slower solver trains in its place."""
    if device != "cpu":
        return
    from harness.engine.fused.build import kernel
    from harness.engine.solvers import unavailable

    if reason := unavailable(dtype):
        click.echo(f"the compiled solver is not available ({reason}); the stacked one trains instead", err=True)
        return
    made = kernel("double" if dtype == "float64" else "float")
    if made.built:
        click.echo(f"compiled the training kernel with {made.compiler} into {made.path.parent}", err=True)


def _again() -> str:
    """Return the arguments of this call as one would type them, without those that start anew."""
    return shlex.join(argument for argument in sys.argv[1:] if argument != "--fresh")


def _executor(name: str, workers: int, registry: Registry) -> Executor:
    """Make the executor of that name."""
    from harness.registry import AmbiguousName, UnknownName

    try:
        kind: type[Executor] = registry.find("executor", name)
    except (UnknownName, AmbiguousName) as error:
        raise WrongInput(str(error)) from error
    return kind(workers, tuple(plugin.origin for plugin in registry if plugin.is_file))
