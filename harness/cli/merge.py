"""The verb ``harness merge``, which unites runs of one suite from several machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click as plain
import rich_click as click

from harness.cli import completion
from harness.cli.loading import warn_of_mixture
from harness.cli.options import PLUGINS, TRUST
from harness.cli.streams import echo, warn
from harness.cli.wrong_input import WrongInput
from harness.complaints import printable

if TYPE_CHECKING:
    from harness.exchange.merging import Union
    from harness.exchange.run_part import RunPart
    from harness.store import Store

MOST_SHOWN = 20
"""Largest number of conflicts that are printed."""


@click.command("merge")
@click.argument("out", metavar="OUT")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=completion.sources)
@click.option("--prefer", type=click.Choice(["first"]), help="Where two runs disagree on a trial, keep the first's.")
@PLUGINS
@TRUST
def command(
    out: str, runs: tuple[str, ...], prefer: str | None, plugin_files: tuple[str, ...], trust_plugins: bool
) -> None:
    """Unite runs of one suite into the run directory OUT.

    A run is a directory, an archive, or the name of a suite that ran here. OUT is a directory, made if there is none.

    The shards of a grid make the run that one machine would have made, to the last digit. A trial that several runs
    have must be equal in all of them. Otherwise each such trial is shown, and nothing is written. The contents of OUT
    count as the first run. Afterwards harness run and harness report go on with OUT as with any other.

    \b
    harness run phase-diagram --shard 1/2 --out part-1       # on one machine
    harness run phase-diagram --shard 2/2 --out part-2       # on another
    harness merge reports/phase-diagram part-1 part-2
    """
    from harness.exchange.merging import MergeError, unite
    from harness.exchange.union_writing import claimed, write_union
    from harness.store import StoreError

    if not out:
        raise WrongInput("OUT is empty, expected a run directory; . is the current one")
    target = Path(out)
    try:
        with claimed(target) as mine:
            sources = [(name, _directory(name, plugin_files, trust=trust_plugins)) for name in runs]
            parts = _read(target, mine, sources)
            union = unite(parts)
            if union.conflicts and prefer is None:
                raise WrongInput(_conflicts(union))
            added = write_union(union, target, mine)
    except (StoreError, MergeError) as error:
        raise WrongInput(str(error)) from error
    for conflict in union.conflicts[:MOST_SHOWN]:
        click.echo(f"kept the first of two: {conflict}", err=True)
    if unlike := _unlike(union):
        warn(f"the runs were trained with different {unlike}: {_LAST_BIT}")
    of = "1 run" if len(parts) == 1 else f"{len(parts)} runs"
    echo(f"{target}: {len(union.outcomes)} trials of {of}, {added} of them new, {union.repeated} in several")
    _report(target, plugin_files, trust=trust_plugins)


_LAST_BIT = "near a threshold their last bits may part; harness verify counts how many verdicts that flips"


def _unlike(union: Union) -> str:
    """Return the differences between versions and processors of the parts, which decide the last bit."""
    from harness.exchange.run_part import computed_by

    known = [computed_by(part) for part in union.parts]
    what = dict.fromkeys(name for one in known for name in one)
    return printable(", ".join(name for name in what if len({one[name] for one in known if name in one}) > 1))


def _directory(name: str, plugin_files: tuple[str, ...], *, trust: bool) -> Path:
    """Return the run directory of a name. An archive stays unpacked until the verb ends."""
    from harness.exchange.archive import ArchiveError
    from harness.exchange.archive_reader import is_archive, unpacked
    from harness.session.reading import located
    from harness.suite import SuiteError

    path = Path(name)
    if not is_archive(path):
        try:
            return located(name, plugin_files, trust_plugins=trust).directory
        except SuiteError as error:
            raise WrongInput(str(error)) from error
    try:
        archive = plain.get_current_context().with_resource(unpacked(path))
    except ArchiveError as error:
        raise WrongInput(str(error)) from error
    return archive.directory


def _read(target: Path, mine: Store | None, sources: list[tuple[str, Path]]) -> list[RunPart]:
    """Read each directory once, the target first. A directory that is named twice is reported."""
    from harness.exchange.run_part import part_of, read_part

    seen = {target.resolve(): str(target)} if mine is not None else {}
    parts = [part_of(mine, str(target))] if mine is not None else []
    for name, directory in sources:
        before = seen.setdefault(directory.resolve(), name)
        if before is not name:
            raise WrongInput(f"{name} is named twice" if name == before else f"{name} and {before} are the same")
        parts.append(read_part(directory, name))
    return parts


def _conflicts(union: Union) -> str:
    count = len(union.conflicts)
    lines = [f"  {conflict}" for conflict in union.conflicts[:MOST_SHOWN]]
    if count > MOST_SHOWN:
        lines.append(f"  and {count - MOST_SHOWN} more")
    head = f"{count} {'trials are' if count > 1 else 'trial is'} not equal in the runs that have them:"
    foot = "nothing was written; see harness verify for which is right, or keep the first's with --prefer first"
    return "\n".join([head, *lines, foot])


def _report(directory: Path, plugin_files: tuple[str, ...], *, trust: bool) -> None:
    """Write the tables of the union and report what is missing. The union is kept even if tables cannot be made."""
    from harness.cli.source import read_source
    from harness.report.summary import write_reports

    try:
        results = read_source(str(directory), plugin_files, trust=trust).results
        warn_of_mixture(results.provenance)
        write_reports(results, directory)
    except (WrongInput, OSError) as error:
        said = error.message if isinstance(error, WrongInput) else error.strerror
        click.echo(f"the tables could not be written: {said}", err=True)
        return
    missing = results.missing
    if missing:
        echo(f"{missing} trials are missing; to train them: harness run {results.suite.name} --out {directory}")
    else:
        echo(f"nothing is missing; to see it: harness report {directory}")
