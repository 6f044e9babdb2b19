"""The words that the shell completes: suites, runs, regimes, formats and plugins."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from harness.plugin_host.registry import Kind

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def suites(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the shipped suites, and the suite files and folders that begin so."""
    from harness.suite import shipped_suites

    return [*_starting(shipped_suites(), begun), *_files(begun, (".toml",))]


def sources(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the runs in reports/, archives, and suite files."""
    found = sorted(file.parent.name for file in Path("reports").glob("*/results.sqlite"))
    return [*_starting(found, begun), *_files(begun, (".zip", ".toml"))]


def tables(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the files that hold data."""
    return _files(begun, (".csv", ".tsv", ".npz"))


def columns(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the names in the first line of the table that is named before."""
    from harness.builtin.datasets.csv_file import delimiter_of

    for word in context.args:  # click puts no word into its parameter while an option lacks its value
        try:
            with open(word, encoding="utf-8-sig") as table:
                line = table.readline()
        except (OSError, UnicodeDecodeError):
            continue
        return _starting((name.strip() for name in next(csv.reader([line], delimiter=delimiter_of(line)), [])), begun)
    return []


def regimes(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the regimes of the run that is named before, or the presets of all plugins if none has its tables here."""
    for folder in _runs(context):
        try:
            record = json.loads((folder / "thresholds.json").read_text(encoding="utf-8"))
            return _starting(dict.fromkeys(one["regime"] for one in record["thresholds"]), begun)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return of_plugins("regime")(context, parameter, begun)


def headers(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the headers in the tables of the run that is named before, with hyphens for blanks, after those in a list.

    Those with commas are left out, and so are all headers where another verb has other tables.
    """
    before = begun[: begun.rfind(",") + 1]
    for folder in _runs(context) if context.info_name in ("report", "run") else ():
        try:
            lines = (folder / "table.md").read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        rows = [line.strip("| ") for line, below in pairwise(lines) if re.fullmatch(r"\|[-:| ]+\|", below)]
        names = dict.fromkeys(name.strip().replace(" ", "-") for row in rows for name in row.split("|"))
        return _starting((f"{before}{name}" for name in names if "," not in name and name != "group"), begun)
    return []


def of_plugins(kind: Kind | Literal["plugin"]) -> Completer:
    """Return a completer of the names that plugins provide.

    Args:
        kind: Kind of component, such as ``regime``, or ``plugin``.
    """

    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from harness.plugin_host.loading import load_plugins

        registry = load_plugins(())
        names = [plugin.name for plugin in registry] if kind == "plugin" else registry.names(kind)
        return _starting(names, begun)

    return complete


def _runs(context: click.Context) -> Iterator[Path]:
    """Yield the folders that the words before may mean as runs."""
    for word in context.args:
        yield from (Path(word), Path("reports") / Path(word).stem)


def _starting(names: Iterable[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def _files(begun: str, suffixes: tuple[str, ...]) -> list[CompletionItem]:
    """Return the files of some kinds, and the folders, whose paths begin so."""
    folder, _, name = begun.rpartition("/")
    place = Path(folder or ("/" if begun.startswith("/") else "."))
    before = f"{folder}/" if "/" in begun else ""
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return []
    shown = [entry for entry in entries if entry.name.startswith(name) and (name or not entry.name.startswith("."))]
    return [
        CompletionItem(f"{before}{entry.name}{'/' if entry.is_dir() else ''}")
        for entry in shown
        if entry.is_dir() or entry.suffix in suffixes
    ]
