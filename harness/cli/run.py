"""The verb ``harness run``, which trains missing trials and prints the tables."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.loading import load, warn_of_mixture
from harness.cli.options import LEGEND, PLUGINS, SUITE, TRUST, VARIANT
from harness.cli.selecting import matching, select, selected_suite
from harness.cli.streams import warn
from harness.cli.wrong_input import WrongInput
from harness.complaints import printable
from harness.session.time_limit import TimeLimit

if TYPE_CHECKING:
    from harness.driver.run import Run
    from harness.report.selection import Selection


@click.command("run")
@SUITE
@VARIANT
@click.option("--out", metavar="DIR", help="Where results go; reports/<suite> if not given.")
@click.option("--fresh", is_flag=True, help="Start anew; earlier results are set aside, not deleted.")
@click.option("--reuse-edited", is_flag=True, help="Reuse trials of plugins that were edited since; tables say so.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option(
    "--limit/--no-limit",
    default=None,
    help="Whether to decide what becomes of trials with unlimited steps, instead of what the suite says.",
)
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
@click.option("--max-time", metavar="TIME", help="Stop in good order after 90s, 10m or 2h; run it again to go on.")
@click.option("--compact", is_flag=True, help="One row a regime and one line a theory.")
@LEGEND
@select()
@PLUGINS
@TRUST
def command(
    suite: str,
    seed: int | None,
    paper_size: bool,
    out: str | None,
    fresh: bool,
    reuse_edited: bool,
    workers: int | None,
    device: str | None,
    limit: bool | None,
    executor_name: str | None,
    scheduler: str | None,
    shard_text: str | None,
    quiet: bool,
    max_time: str | None,
    compact: bool,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> int:
    """Train a suite's networks, measure its thresholds, and print them beside the theories.

    SUITE is a TOML file, or the name of a shipped suite. A second run goes on where the first stopped, and trains
    nothing twice. --regime, --n and --d choose what is trained. --theory, --only and --columns choose what is printed,
    and the files are whole. The exit status is 0 if all is done, 1 if it is done with errors in some trials or with
    faults of plugins that cost no trial, 2 for wrong input, 3 if the run stopped because time is up, the disk is full
    or workers are lost, and 130 if it was interrupted. After 3 and 130, run it again to go on.

    \b
    harness run quickstart
    harness run mine.toml --workers 4 --out /data/mine
    harness run mine.toml --scheduler tcp://10.0.0.1:8786
    harness run phase-diagram --shard 2/5 --out part-2
    """
    clock = TimeLimit(None if max_time is None else seconds_of(max_time))
    loaded, registry = load(suite, plugin_files, trust=trust_plugins, seed=seed, paper_size=paper_size)
    loaded = selected_suite(chosen, loaded)

    from harness.complaints import ProblemError
    from harness.components.executor import LostWorkers, NotInstalled
    from harness.driver.sharding import ShardError
    from harness.driver.threshold_searches import RegimeError
    from harness.engine.device import DeviceError, resolve_device
    from harness.plugin_host.registry import AmbiguousName, UnknownName
    from harness.report.summary import check_selection, print_summary
    from harness.report.tex import notice
    from harness.session.training import ExecutorError, run
    from harness.store import StoreError, WriteError

    try:
        if chosen.of_tables:
            with matching():  # before anything is trained
                where = resolve_device(device or loaded.budget.device)
                check_selection(chosen.of_tables, loaded.with_limit(limit), registry, where)
        results = run(
            loaded,
            workers=workers,
            out=out,
            progress=not quiet,
            device=device,
            limit=limit,
            executor=executor_name,
            scheduler=scheduler,
            shard=shard_text,
            fresh=fresh,
            reuse_edited=reuse_edited,
            max_time=clock.left,
            begin=_notices,
            notice=lambda line: click.echo(line, err=True),
        )
    except (KeyboardInterrupt, LostWorkers, WriteError, OSError) as error:
        if isinstance(error, KeyboardInterrupt) and not hasattr(error, "__notes__"):
            raise  # nothing was trained yet
        return stopped(error)
    except ShardError as error:
        raise WrongInput(f"--shard: {error}") from error
    except (UnknownName, AmbiguousName) as error:
        raise WrongInput(f"--executor: {error}") from error
    except (StoreError, RegimeError, ProblemError, ExecutorError, DeviceError, NotInstalled) as error:
        raise WrongInput(str(error)) from error
    warn_of_mixture(results.provenance)
    print_summary(
        results,
        results.predictions,
        trained=results.trained,
        reused=results.reused,
        chosen=chosen.of_tables,
        compact=compact,
        legend=legend,
    )
    if changed := notice([results.suite.title, *(regime.name for regime in results.suite.regimes)]):
        click.echo(f"table.tex: {changed}", err=True)
    shard = results.provenance.get("shard")
    if max_time is not None and results.unreached:
        lacking = f"{results.unreached} trials of shard {shard} are missing" if shard else results.lacking
        click.echo(f"Time is up: {lacking}. To go on: harness {_again()}", err=True)
        return 3
    if shard and results.missing:
        click.echo(f"Shard {shard} is done; harness merge joins it with the others.", err=True)
    return 1 if results.errors() or results.faults else 0


UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Units of times on the command line, in seconds."""


def seconds_of(text: str) -> float:
    """Return a time in seconds.

    >>> seconds_of("90"), seconds_of("1.5h")
    (90.0, 5400.0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text)
    if found is None or found[2] not in UNITS or not float(found[1]):
        raise WrongInput(f"--max-time {text}: expected a time such as 90s, 10m or 2h")
    return float(found[1]) * UNITS[found[2]]


def stopped(error: BaseException) -> int:
    """Print why the run ends early and how to go on. Return the status."""
    interrupted = isinstance(error, KeyboardInterrupt)
    why = "interrupted" if interrupted else printable(str(error))
    saved = getattr(error, "__notes__", ["earlier trials are saved"])[-1]
    click.echo(f"\n{why}; {saved}. To go on: harness {_again()}", err=True)
    return 130 if interrupted else 3


def _notices(run: Run) -> None:
    """Say which faster solvers cannot train regimes on this machine, and why, and how many trials lack their fates."""
    from harness.driver.fewest_trials import too_few_trials
    from harness.driver.threshold_searches import passed_over
    from harness.driver.undecided import found_again

    if few := too_few_trials(run.plan.suite):
        warn(few)
    for line in passed_over(run.plan.suite, run.plan.searches, run.plan.device):
        click.echo(line, err=True)
    if again := found_again(run.plan.undecided):
        click.echo(f"{again}; --no-limit leaves them as they are", err=True)


def _again() -> str:
    """Return the arguments of this call as text, without those that start anew."""
    return shlex.join(argument for argument in sys.argv[1:] if argument != "--fresh")
