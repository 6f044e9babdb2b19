"""The verb ``harness width``, which says how wide a net must be for own data."""

from __future__ import annotations

import math
import re
import shlex

import rich_click as click

from harness.cli import completion
from harness.cli.options import LEGEND
from harness.cli.run import seconds_of, stopped
from harness.cli.streams import echo, warn
from harness.cli.wrong_input import WrongInput
from harness.session.time_limit import TimeLimit

KEY = re.compile(r"""\b(labels?|drop) = \[?(?:'([^']*)'|"([^"]*)")\]?""")
"""A key of a suite with its value, as messages of datasets name it."""

BARE = re.compile(r"\b(labels(?=: found)|drop(?= has| asks))")
"""A key of a suite without its value."""

WITHOUT = re.compile(r", or name the inputs: columns = \[.*?\]")
"""A remedy of suites that the verb does not have."""

MOST_SAMPLES, MOST_STEPS = 10**6, 10**9
"""Largest numbers that a suite may ask for."""


def as_options(message: str) -> str:
    """Return a message with options of the verb in place of keys of a suite.

    >>> as_options("leave the column out with drop = ['first name'], or say labels = 'classes'")
    "leave the column out with --drop 'first name', or say --labels classes"
    """
    options = KEY.sub(lambda key: f"--{key[1]} {shlex.quote(key[2] or key[3] or '')}", message)
    return BARE.sub(r"--\1", WITHOUT.sub("", options))


def _tolerance(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if math.isnan(value):  # which is in every range of click
        raise click.BadParameter(f"{value} is not in the range")
    return value


KINDS = ("numbers", "classes", "parity", "gaussian", "rademacher", "random-classes")
"""Kinds of labels."""


@click.command("width")
@click.argument("file", metavar="[FILE]", required=False, shell_complete=completion.tables)
@click.option("--n", type=click.IntRange(2, MOST_SAMPLES), help="Samples; all rows of the file if not given.")
@click.option("--d", type=click.IntRange(1, MOST_SAMPLES), help="Input dimension; all input columns if not given.")
@click.option(
    "--label",
    metavar="COLUMN",
    shell_complete=completion.columns,
    help="Column of the labels; y, or the last one if not given.",
)
@click.option(
    "--labels",
    metavar="KIND",
    shell_complete=lambda *asked: [kind for kind in KINDS if kind.startswith(asked[-1])],
    help=f"{', '.join(KINDS[:-1])} or {KINDS[-1]}, instead of the file's own.",
)
@click.option(
    "--drop",
    multiple=True,
    metavar="COLUMN",
    shell_complete=completion.columns,
    help="A column that is no input; may be given several times.",
)
@click.option(
    "--regime",
    "regimes",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.of_plugins("regime"),
    help="A preset, instead of the usual regimes.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    callback=_tolerance,
    help="Relative residual of a fit within the budget.",
)
@click.option(
    "--steps", type=click.IntRange(1, MOST_STEPS), default=20_000, show_default=True, help="Budget of a training."
)
@click.option("--limit/--no-limit", default=True, help="Whether to decide exact fits with unlimited steps too.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a core if not given.")
@click.option("--out", metavar="DIR", help="Where runs are stored; reports/width-<name> if not given.")
@click.option("--max-time", metavar="TIME", help="Stop in good order after 90s, 10m or 2h.")
@click.option("--quiet", is_flag=True, help="No progress; only the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@LEGEND
def command(
    file: str | None,
    n: int | None,
    d: int | None,
    label: str | None,
    labels: str | None,
    drop: tuple[str, ...],
    regimes: tuple[str, ...],
    tolerance: float,
    steps: int,
    limit: bool,
    workers: int | None,
    out: str | None,
    max_time: str | None,
    quiet: bool,
    as_json: bool,
    legend: bool,
) -> int:
    """Say which width data need: from which half, and 95 %, of the nets of the usual regimes fit them.

    FILE is a CSV, TSV or NPZ file. Without one, Gaussian labels on the sphere at --n and --d are taken. The answer is a
    table and one plain sentence at the end. Everything that is trained is stored: the same command goes on where it
    ended. The exit status is 0 if all is done, 1 if no width was found, 2 for wrong input, 3 if time was up, and 130 if
    it was interrupted.

    \b
    harness width mine.csv
    harness width mine.csv --label price --drop id --max-time 30m
    harness width --n 100 --d 20
    harness width --n 100 --d 20 --regime ntk-du --regime narrow
    """
    clock = TimeLimit(None if max_time is None else seconds_of(max_time))

    from harness.components.executor import LostWorkers
    from harness.plugin_host.loading import load_plugins
    from harness.plugin_host.registry import UnknownName
    from harness.report.json_text import dumps
    from harness.report.terminal import show, show_text
    from harness.report.width_view import sentence, width_record, width_view
    from harness.session.width import needed_width
    from harness.store import StoreError, WriteError

    if file is None and (beside := [name for name, value in (("label", label), ("drop", drop)) if value]):
        raise WrongInput(f"--{beside[0]} speaks of the columns of a file: name one")
    chosen = None
    if regimes:
        registry = load_plugins(())
        for name in regimes:
            try:
                registry.find("regime", name)
            except UnknownName as error:
                raise WrongInput(f"--regime: {error}") from error
        chosen = {name: {"use": name} for name in regimes}
    try:
        answer = needed_width(
            file,
            n=n,
            d=d,
            label=label,
            labels=labels,
            drop=drop,
            regimes=chosen,
            tolerance=tolerance,
            steps=steps,
            limit=limit,
            workers=workers,
            out=out,
            max_time=clock.left,
            progress=not quiet,
            say=lambda line: click.echo(line, err=True),
        )
    except (KeyboardInterrupt, LostWorkers) as error:
        error.add_note("all trials that ended are saved")  # of every run, of which the last counts its own alone
        return stopped(error)
    except (WriteError, OSError) as error:
        return stopped(error)
    except (ValueError, StoreError) as error:  # data, regimes, stored results
        raise WrongInput(as_options(str(error))) from error
    for name, why in answer.left_out.items():
        warn(f"{name} is left out: {why}")
    if as_json:
        echo(dumps(width_record(answer)), nl=False)
    else:
        if not all(one.unfittable for one in answer.regimes):
            show(width_view(answer), legend=legend)
            echo()
        show_text(sentence(answer))
    if not answer.complete:
        return 3
    found = any(one.budget is not None and one.budget.high is not None for one in answer.regimes)
    return 0 if found else 1
