"""``harness run``: train what is missing, and print the tables."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.options import (
    PLUGINS,
    SUITE,
    TRUST,
    WrongInput,
    check_problems,
    cores,
    load,
    run_directory,
    warn_of_mixture,
)
from harness.complaints import printable

if TYPE_CHECKING:
    from harness.components.executor import Executor
    from harness.driver.run import Run
    from harness.driver.sharding import Shard
    from harness.plugin_host.registry import Registry
    from harness.store import Store
    from harness.suite import Suite


@click.command("run")
@SUITE
@click.option("--out", metavar="DIR", help="Where results go; reports/<suite> if not given.")
@click.option("--fresh", is_flag=True, help="Start anew; earlier results are set aside, not deleted.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option(
    "--executor",
    "executor_name",
    metavar="NAME",
    help="local, in-process, pooled, dask, or a plugin's.  [default: local; pooled on a GPU]",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Join the Dask cluster at this address, or of this scheduler file."
)
@click.option("--shard", "shard_text", metavar="I/N", help="Train the I-th of N parts of a grid; see harness merge.")
@click.option("--quiet", is_flag=True, help="No progress; only the tables.")
@PLUGINS
@TRUST
def command(
    suite: str,
    out: str | None,
    fresh: bool,
    workers: int | None,
    device: str | None,
    executor_name: str | None,
    scheduler: str | None,
    shard_text: str | None,
    quiet: bool,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> int:
    """Train a suite's networks, measure its thresholds, and print them beside the theories.

    SUITE is a TOML file, or the name of a shipped suite. Running it again goes on where it stopped, and trains
    nothing twice. Status 0: done; 1: done, with errors in some trials; 2: wrong input; 3: stopped, because the disk is
    full or workers are lost; 130: interrupted. After 3 and 130, running it again goes on.

    \b
    harness run quickstart
    harness run mine.toml --workers 4 --out /data/mine
    harness run mine.toml --scheduler tcp://10.0.0.1:8786
    harness run phase-diagram --shard 2/5 --out part-2
    """
    loaded, registry = load(suite, plugin_files, trust=trust_plugins)
    shard = _shard(shard_text, loaded)
    check_problems(loaded)

    from harness.cli.progress import progress
    from harness.components.executor import LostWorkers
    from harness.driver.provenance import provenance
    from harness.driver.run import Run
    from harness.driver.threshold_searches import RegimeError
    from harness.engine.device import resolve_device
    from harness.report.summary import print_summary, write_reports
    from harness.store import Store, StoreError, WriteError, set_aside

    directory = run_directory(loaded, out)
    try:
        where = resolve_device(device or loaded.budget.device)
    except ValueError as error:
        raise WrongInput(str(error)) from error
    _notice(loaded.budget.dtype, where)
    count = workers or (1 if where != "cpu" else cores())
    usual = "dask" if scheduler else "local" if where == "cpu" else "pooled"
    executor = _executor(executor_name or usual, count, registry, scheduler)
    try:
        if fresh and (aside := set_aside(directory)):
            click.echo(f"earlier results are kept as {aside}", err=True)
        with Store(directory, exclusive=True) as store:
            _refuse_other_suite(store, loaded)
            run = Run(loaded, registry, store, where, shard=shard)
            _notice_eager(run)
            origin = provenance(loaded, registry, where, run.plan.solvers)
            store.began(loaded.text, origin | ({"shard": str(shard)} if shard else {}))
            if run.plan.missing:
                try:
                    with progress(quiet) as listen, executor:
                        results = run.go(executor, listen)
                except (KeyboardInterrupt, LostWorkers, WriteError) as error:
                    return _stopped(error, f"{run.plan.done} trials are saved")
                finally:
                    _warn(executor)
            else:
                results = run.results()
        predictions = write_reports(results, directory)
    except WriteError as error:
        return _stopped(error, "earlier trials are saved")
    except (StoreError, RegimeError) as error:
        raise WrongInput(str(error)) from error
    except OSError as error:  # a report; outcomes are safe
        return _stopped(error, "all trials are saved, but not the reports")
    warn_of_mixture(results.provenance)
    print_summary(results, predictions, trained=run.trained, reused=run.plan.reused)
    if shard is not None and results.missing:
        click.echo(f"Shard {shard} is done; harness merge joins it with the others.", err=True)
    return 1 if results.errors() else 0


def _shard(text: str | None, suite: Suite) -> Shard | None:
    """Return the part of the suite that is asked for."""
    if text is None:
        return None
    from harness.driver.sharding import Shard, ShardError

    try:
        shard = Shard.parse(text)
        shard.check(suite)
    except ShardError as error:
        raise WrongInput(f"--shard: {error}") from error
    return shard


def _refuse_other_suite(store: Store, suite: Suite) -> None:
    """Keep a run from replacing the reports of another suite.

    Raises:
        WrongInput: The directory holds those of a suite of another name.
    """
    last = store.last_run()
    before = last.provenance.get("suite") if last is not None else None
    if before not in (None, suite.name):
        raise WrongInput(
            f"{store.path.parent} holds results of suite {before!r}, not of {suite.name!r}: choose another directory "
            f"with --out, or set them aside with --fresh; if it is the same suite, name it {before!r} again to go on"
        )


def _stopped(error: BaseException, saved: str) -> int:
    """Say why the run ends before its end and how to go on; return the status."""
    interrupted = isinstance(error, KeyboardInterrupt)
    why = "interrupted" if interrupted else printable(str(error))
    click.echo(f"\n{why}; {saved}. To go on: harness {_again()}", err=True)
    return 130 if interrupted else 3


def _warn(executor: Executor) -> None:
    """Show each warning of the workers once."""
    for line, count in executor.warned.items():
        times = f" (in {count} batches)" if count > 1 else ""
        click.echo(f"warning{times}: {printable(line)}", err=True)


def _notice(dtype: str, device: str) -> None:
    """Say once that the kernel was compiled, or why the slower solver trains in its place."""
    from harness.engine.fused.build import kernel
    from harness.engine.solvers import gpu_unavailable, unavailable

    if device != "cpu":
        if reason := gpu_unavailable(dtype):
            click.echo(f"the GPU solver is not available ({reason}); the stacked one trains instead", err=True)
        return

    if reason := unavailable(dtype):
        click.echo(f"the compiled solver is not available ({reason}); the stacked one trains instead", err=True)
        return
    made = kernel("double" if dtype == "float64" else "float")
    if made.built:
        click.echo(f"compiled the training kernel with {made.compiler} into {made.path.parent}", err=True)


def _notice_eager(run: Run) -> None:
    """Say once which regimes would be trained faster if their steps could be compiled, and why they cannot."""
    from harness.driver.threshold_searches import steps_ahead
    from harness.engine.solvers import COMPILE_PAYS, uncompiled

    plan, dtype = run.plan, run.plan.suite.budget.dtype
    eager = {p.setting.regime.name: p.setting.regime for p in plan.searches if p.solver.name == "functional"}
    for name, regime in eager.items():
        if steps_ahead(plan.suite, regime) >= COMPILE_PAYS and (reason := uncompiled(regime, dtype, plan.device)):
            click.echo(f"the steps of {name} are not compiled ({reason}); torch runs them one by one instead", err=True)


def _again() -> str:
    """Return the arguments of this call as one would type them, without those that start anew."""
    return shlex.join(argument for argument in sys.argv[1:] if argument != "--fresh")


def _executor(name: str, workers: int, registry: Registry, scheduler: str | None) -> Executor:
    """Make the executor of that name."""
    from harness.components.executor import NotInstalled
    from harness.plugin_host.registry import AmbiguousName, UnknownName

    try:
        kind: type[Executor] = registry.find("executor", name)
    except (UnknownName, AmbiguousName) as error:
        raise WrongInput(f"--executor: {error}") from error
    if scheduler and not kind.joins():
        raise WrongInput(f"executor {name!r} joins no cluster; write --executor dask, or leave --scheduler out")
    try:
        if scheduler and (unsafe := kind.warning(scheduler)):
            click.echo(f"warning: {printable(unsafe)}", err=True)
        return kind(workers, tuple(plugin.origin for plugin in registry if plugin.is_file), scheduler or "")
    except NotInstalled as error:
        raise WrongInput(str(error)) from error
