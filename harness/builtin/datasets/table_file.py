"""The parts that readers of tables share: the choice of columns, the range of numbers, and errors."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.complaints import listed, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from harness import Array

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Fields, in lower case, that mean a missing value."""

LARGEST = 1e150
"""Largest size of a number. Squares of larger ones overflow, as do their sums."""

FLAT = f"values differ by less than {1 / LARGEST:g}, whose square underflows; multiply them by a constant"

MOST_BYTES = 64 << 20
"""Largest file that is read, and largest array in it."""

FEW = 20
"""Number of distinct integers up to which labels may be classes as well as numbers."""

UNNAMED = re.compile(r"(Unnamed: \d+)?")
"""Names of columns without a name, also as pandas reads them."""


class TableError(ValueError):
    """A table cannot be used."""


class AbsentFile(TableError):
    """A file is not there. Its arguments are the path as it was given, and what to do, or an empty string."""

    def __str__(self) -> str:
        """Return the message of :meth:`seen_from` for the current directory."""
        return self.seen_from()

    def seen_from(self, suite: Path | None = None) -> str:
        """Return a message that names each folder from which the path was followed, and the nearest name.

        Args:
            suite: Folder of the suite, or None if there is none.
        """
        name, hint = self.args
        folders = [Path.cwd()]
        if suite is not None and not Path(name).expanduser().is_absolute():
            folders = list(dict.fromkeys([*folders, suite.resolve()]))
        said = f"there is no file {name}, seen from {' or from '.join(map(str, folders))}"
        places = [(folder / Path(name).expanduser()).parent for folder in folders]
        close = nearest(Path(name).name, [one.name for place in places if place.is_dir() for one in place.iterdir()])
        near = f"; did you mean {str(Path(name).with_name(close))!r}?" if close else ""
        return said + (f"; {hint}" if hint else "") + near


def found_file(name: str, hint: str = "") -> Path:
    """Return a file of data.

    Args:
        name: The path as it was given.
        hint: What to do if there is no such file, or an empty string.

    Raises:
        TableError: If there is none, or something else of that name.
    """
    file = Path(name).expanduser()
    if file.is_dir():
        raise TableError(f"{name} is a folder, expected a file")
    if file.exists() and not file.is_file():
        raise TableError(f"{name} is a pipe or a device, which cannot be read again; write its content into a file")
    if not file.is_file():
        raise AbsentFile(name, hint)
    if file.stat().st_size > MOST_BYTES:
        raise TableError(f"{name} is larger than {MOST_BYTES >> 20} MiB")
    return file.resolve()


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, kept until the file changes."""
    status = file.stat()
    return _digest(str(file.resolve()), status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=64)
def _digest(file: str, *version: int) -> str:  # noqa: ARG001  # the version is part of the key of what is kept
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def input_places(
    names: Sequence[str], label: int | None, source: str, columns: Sequence[str], drop: Sequence[str]
) -> list[int]:
    """Return the places of the columns that are inputs.

    Raises:
        TableError: If there are none, if no column or several have a name that is asked for, or if one has no name.
    """
    others = [i for i in range(len(names)) if i != label]
    count = Counter(names[i] for i in others)
    for option, asked in (("columns", columns), ("drop", drop)):
        for name in asked:
            if count[name] == 1 or (count[name] and option == "drop"):
                continue
            if label is not None and name == names[label]:
                raise TableError(f"{source}: {option} has {name!r}, the column of the labels; it is no input anyway")
            if count[name]:
                raise TableError(f"{source}{of_one_name(names, name)}, and {option} asks for one; rename them")
            close = nearest(name, count)
            hint = f"; did you mean {close!r}?" if close else f"; its columns are {listed(names)}"
            raise TableError(f"{source} has no column {name!r}, as {option} asks{hint}")
    kept, dropped = frozenset(columns), frozenset(drop)
    inputs = [i for i in others if (not kept or names[i] in kept) and names[i] not in dropped]
    if not inputs:
        raise TableError(f"{source} has no input columns{'' if label is None else f' beside {names[label]!r}'}")
    unnamed = [] if kept else [i for i in inputs if UNNAMED.fullmatch(names[i])]
    if unnamed:
        raise TableError(
            f"{source}: column {unnamed[0] + 1} has no name, like an index that pandas writes; write the file with "
            f"index=False, or leave the column out with drop = ['{names[unnamed[0]]}'], or name the inputs: "
            "columns = ['name', ...]"
        )
    used = Counter(names[i] for i in inputs) + Counter([] if label is None else [names[label]])
    for name in used:
        if used[name] > 1:
            remedy = f"rename them, or leave them out with drop = [{name!r}]"
            raise TableError(f"{source}{of_one_name(names, name)}; {remedy}")
    return inputs


def of_one_name(names: Sequence[str], name: str) -> str:
    """Return which columns have a name, as the end of a clause about the file.

    >>> of_one_name(("a", "b", "a"), "a")
    " has 2 columns called 'a' (1 and 3)"
    """
    places = [str(place) for place, one in enumerate(names, 1) if one == name]
    return f" has {len(places)} columns called {name!r} ({', '.join(places[:-1])} and {places[-1]})"


def chosen_columns(
    x: NDArray[Any], source: str, columns: Sequence[str], drop: Sequence[str]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the columns that are inputs, and their names, which are numbers from 1.

    Args:
        x: All columns, (N, D).
        source: What messages call the file.
        columns: Names of the inputs, or empty for all.
        drop: Names of columns that are not inputs.
    """
    names = [str(i) for i in range(1, x.shape[1] + 1)]
    chosen = input_places(names, None, source, columns, drop)
    if len(chosen) < len(names):
        return np.ascontiguousarray(x[:, chosen]), tuple(names[i] for i in chosen)
    return x, tuple(names)


def check_range(values: Array, names: Sequence[str], where: str) -> None:
    """Raise TableError unless numbers are finite, and the variance of each column neither overflows nor underflows."""
    wrong = np.argwhere(~(np.abs(values) <= LARGEST))
    if len(wrong):
        row, column = wrong[0]
        found = values[row, column]
        said = f"{found:g}, whose square overflows," if math.isfinite(found) else "a missing or infinite value"
        raise TableError(f"{where} has {said} at ({', '.join([str(row + 1), *names[column : column + 1]])})")
    if flat := too_flat(values):
        raise TableError(f"{where}{f', column {names[flat[0]]}' if names else ''}: {FLAT}")


def too_flat(values: Array) -> list[int]:
    """Return the columns that vary, but so little that their variance is 0."""
    spread = np.ptp(values, axis=0)
    rounding = 1e-12 * np.abs(values).max(axis=0)
    return np.flatnonzero((spread > rounding) & (spread < 1 / LARGEST)).tolist()


def refuse_few_integers(y: Array, label: str, source: str) -> None:
    """Ask what labels are that may be numbers or classes: few integers, each of them twice on average.

    Raises:
        TableError: If labels are such integers, of three or more values.
    """
    values = np.unique(y)
    if 2 < len(values) <= min(FEW, len(y) // 2) and (values == np.round(values)).all():
        found = listed([f"{value:g}" for value in values], 4)
        raise TableError(
            f"the labels {label!r} of {source} are integers of {len(values)} values ({found}): say labels = 'classes' "
            "for one output for each, or labels = 'numbers' to fit the numbers"
        )


def refuse_many_classes(y: Array, label: str, source: str) -> None:
    """Refuse labels as classes of which most rows have one of their own, as measured numbers do.

    Raises:
        TableError: If more than half of the rows, and more than two, have different labels.
    """
    if len(values := np.unique(y)) > max(2, len(y) // 2):
        raise TableError(
            f"the labels {label!r} of {source} have {len(values)} different values in {len(y)} rows, too many for "
            "classes: say labels = 'numbers' to fit the numbers"
        )
