"""The reader of the dataset of a suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.complaints import SpecError
from harness.plugin_host.component_data import component_from

if TYPE_CHECKING:
    from harness.components import Dataset
    from harness.suite.tables import Tables


def read_dataset(tables: Tables) -> Dataset | None:
    """Return the dataset of [problems], or None if it has faults."""
    table = tables.data.get("problems")
    given = table.get("dataset") if isinstance(table, dict) else None
    if not isinstance(given, str | dict):
        return None  # the section has a complaint about it already
    try:
        return cast("Dataset", component_from(tables.registry, "dataset", _beside(given, tables.path)))
    except SpecError as error:
        below = ("problems", "dataset")
        # Only what reads a file has a path, and users call that after the format of the file.
        reader = "table" if isinstance(given, dict) and "path" in given else ""
        tables.complaints += [
            replace(c, path=below) if isinstance(given, str) else c.below(*below)
            for c in (
                replace(c, nearest=c.nearest or reader) if c.code == "unknown-name" else c for c in error.complaints
            )
        ]
        return None


def _beside(given: str | dict[str, Any], suite: Path | None) -> str | dict[str, Any]:
    """Return the options of a dataset, with a path that starts at the folder of the suite if the file is there.

    Other paths start at the current directory, and so does one that leads to the same file from there: the path is
    part of the key that trials are stored by.
    """
    path = given.get("path") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(path, str) or suite is None or not path or "\0" in path:
        return given
    beside, here = suite.parent / path, Path(path).expanduser()
    same = not beside.is_file() or (here.is_file() and here.samefile(beside))
    return given if same else {**given, "path": str(beside)}
