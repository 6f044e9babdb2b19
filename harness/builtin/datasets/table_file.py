"""Reading tables of numbers, and saying what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import math
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.builtin.datasets.preparation import Rows
from harness.complaints import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from harness import Array

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Fields, in lower case, that mean a missing value."""

LONGEST = 40
"""Characters of a field that a message repeats."""

LARGEST = 1e150
"""Largest size of a number. Squares of larger ones overflow, as do their sums."""

FEW = 20
"""Number of distinct integers up to which labels may be classes as well as numbers."""

UNNAMED = re.compile(r"(Unnamed: \d+)?")
"""Names of columns without a name, also as pandas reads them."""


class TableError(ValueError):
    """A table cannot be used."""


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's content, kept until the file changes."""
    status = file.stat()
    return _digest(str(file.resolve()), status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=64)
def _digest(file: str, *version: int) -> str:  # noqa: ARG001  # the version is part of the key of what is kept
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def read_csv(
    file: Path,
    source: str,
    label: str,
    *,
    own: bool,
    classes: bool = False,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Rows:
    """Read a CSV file (commas, semicolons or tabs).

    Args:
        file: The file.
        source: What messages call it.
        label: Column of the labels.
        own: Whether the labels are needed; if not, the column is left out of the inputs where it is there.
        classes: Whether labels may be names of classes. Names are numbered in alphabetical order, from 0.
        columns: Names of the inputs, or empty for all columns but the label.
        drop: Names of columns that are not inputs.

    Returns:
        The inputs in the order of the file, and the labels.

    Raises:
        TableError: With the line and column of the first thing that is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{source} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    try:
        lines = [(reader.line_num, [field.strip() for field in fields]) for fields in reader if fields]
    except csv.Error as error:
        raise TableError(f"{source}, line {reader.line_num}: {error}") from error
    if not lines:
        raise TableError(f"{source} is empty")
    names = lines[0][1]
    if all(map(_is_number, names)):
        names = [str(i) for i in range(1, len(names) + 1)]
    else:
        del lines[0]
    place = _column_of(label, names, source, needed=own)
    inputs = input_places(names, place, source, columns, drop)
    if not lines:
        raise TableError(f"{source} has a line of names and no rows")
    chosen = tuple(names[i] for i in inputs)
    if place is None or not own:
        return Rows(_values(lines, names, source, inputs), None, source, chosen)
    if classes and not all(_is_number(fields[place]) for _, fields in lines if len(fields) == len(names)):
        values = _values(lines, names, source, inputs)
        return Rows(values, _numbered(lines, names[place], source, place), source, chosen)
    used = sorted([*inputs, place])
    values = _values(lines, names, source, used, label)
    at = used.index(place)
    return Rows(np.delete(values, at, axis=1), values[:, at].copy(), source, chosen)


def _column_of(label: str, names: list[str], source: str, *, needed: bool) -> int | None:
    count = names.count(label)
    if count == 1 or (count and not needed):
        return names.index(label)
    if not needed:
        return None
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    found = f"has {count} columns called" if count else "has no column"
    raise TableError(f"{source} {found} {label!r} for the labels; its columns are {listed}; say label = 'name'")


def input_places(
    names: Sequence[str], label: int | None, source: str, columns: Sequence[str], drop: Sequence[str]
) -> list[int]:
    """Return the places of the columns that are inputs."""
    others = [i for i in range(len(names)) if i != label]
    count = Counter(names[i] for i in others)
    for option, asked in (("columns", columns), ("drop", drop)):
        for name in asked:
            if count[name] == 1 or (count[name] and option == "drop"):
                continue
            if label is not None and name == names[label]:
                raise TableError(f"{source}: {option} has {name!r}, the column of the labels; it is no input anyway")
            close = nearest(name, count)
            hint = f"; did you mean {close!r}?" if close else ""
            found = f"{count[name]} columns called" if count[name] else "no column"
            raise TableError(f"{source} has {found} {name!r}, as {option} asks{hint}")
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
    return inputs


def _numbered(lines: list[tuple[int, list[str]]], label: str, source: str, place: int) -> Array:
    """Return the number of each row's class, for names in alphabetical order.

    Raises:
        TableError: If a name is missing, or there are too many for classes.
    """
    for line, fields in lines:
        if fields[place].lower() in MISSING:
            raise TableError(f"{source}, line {line}, column {label!r}: the value is missing")
    names, numbers = np.unique([fields[place] for _, fields in lines], return_inverse=True)
    if len(names) > max(2, len(lines) // 2):
        raise TableError(
            f"{source}: column {label!r} has {len(names)} different texts in {len(lines)} rows, too many for classes"
        )
    return numbers.astype(np.float64)


def refuse_few_integers(y: Array, label: str, source: str) -> None:
    """Ask what labels are that may be numbers or classes: few integers, each of them twice on average.

    Raises:
        TableError: If labels are such integers, of three or more values.
    """
    values = np.unique(y)
    if 2 < len(values) <= min(FEW, len(y) // 2) and (values == np.round(values)).all():
        listed = ", ".join(f"{value:g}" for value in values[:4]) + (", …" if len(values) > 4 else "")
        raise TableError(
            f"the labels {label!r} of {source} are integers of {len(values)} values ({listed}): say labels = 'classes' "
            "for one output for each, or labels = 'numbers' to fit the numbers"
        )


def _values(
    lines: list[tuple[int, list[str]]], names: Sequence[str], source: str, used: Sequence[int], label: str = ""
) -> Array:
    """Return the numbers in the used columns, (rows, columns)."""
    for line, fields in lines:  # before there is memory for as many columns as the first line claims
        if len(fields) != len(names):
            raise TableError(f"{source}, line {line}: {len(fields)} fields, expected {len(names)}")
    values = np.zeros((len(lines), len(used)))
    for row, (_, fields) in enumerate(lines):
        for place, column in enumerate(used):
            try:
                values[row, place] = float(fields[column])
            except ValueError:
                values[row, place] = math.nan
    wrong = np.argwhere(~(np.abs(values) <= LARGEST))
    if len(wrong):
        wrong[:, 1] = np.asarray(used)[wrong[:, 1]]
        raise TableError(_complaint(lines, names, source, wrong, label))
    if flat := _too_flat(values):
        raise TableError(f"{source}, column {names[used[flat[0]]]!r}: {FLAT}")
    return values


FLAT = f"values differ by less than {1 / LARGEST:g}, whose square underflows; multiply them by a constant"


def _too_flat(values: Array) -> list[int]:
    """Return the columns that vary, but so little that their variance is 0."""
    spread = np.ptp(values, axis=0)
    rounding = 1e-12 * np.abs(values).max(axis=0)
    return np.flatnonzero((spread > rounding) & (spread < 1 / LARGEST)).tolist()


def _complaint(
    lines: list[tuple[int, list[str]]], names: Sequence[str], source: str, wrong: NDArray[np.int64], label: str
) -> str:
    """Say what the first field that is no number is, and how many there are."""
    row, column = wrong[0]
    line, fields = lines[row]
    field = fields[column]
    where = f"{source}, line {line}, column {names[column]!r}"
    if field.lower() in MISSING:
        said = f"{where}: the value is missing"
    else:
        shown = field if len(field) <= LONGEST else field[:LONGEST] + "…"
        large = f"larger than {LARGEST:g}, so its square overflows"
        kind = f"not a {'finite ' if _is_number(field) else ''}number"
        said = f"{where}: {shown!r} is {large if _is_number(field) and math.isfinite(float(field)) else kind}"
        if not _is_number(field):
            said += f"; {_remedy(names[column], label)}"
    columns = sorted({names[c] for _, c in wrong})
    if len(wrong) == 1:
        return said
    listed = ", ".join(columns[:8]) + (", …" if len(columns) > 8 else "")
    return f"{said}; {len(wrong)} values like it, in column{'s' if len(columns) > 1 else ''} {listed}"


def _remedy(column: str, label: str) -> str:
    """Say what to do about a column with words, which may be that of the labels."""
    if column == label:
        return "for names of classes say labels = 'classes', or write two classes as -1 and 1"
    return f"leave the column out with drop = [{column!r}], or write a column of 0 and 1 for each of its words"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.lower() not in MISSING


def read_npz(
    file: Path,
    source: str,
    inputs: str,
    label: str | None,
    most: int,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Rows:
    """Read an NPZ file. Pickled data, and arrays that claim to be larger than they are, are not loaded.

    Args:
        file: The file.
        source: What messages call it.
        inputs: Array of the inputs, (N, D).
        label: Array of the labels, (N,), or None if they are not needed.
        most: Bytes that an array may have.
        columns: Numbers of the columns that are inputs, from 1, or empty for all.
        drop: Numbers of columns that are not inputs.

    Returns:
        The inputs and the labels.

    Raises:
        TableError: With what is wrong.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            x = _array(archive, inputs, source, most)
            y = None if label is None else _array(archive, label, source, most)
    except TableError:
        raise
    except Exception as error:  # a damaged archive makes its readers raise nearly anything
        raise TableError(f"{source} is no NPZ file: {_said(error)}") from error
    if x.ndim != 2 or not x.size:
        raise TableError(f"{source}: inputs {inputs!r} have the shape {x.shape}, expected (rows, columns)")
    if y is not None and y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y is not None and y.shape != (len(x),):
        raise TableError(f"{source}: labels {label!r} have the shape {y.shape}, expected ({len(x)},)")
    x, names = chosen_columns(x, source, columns, drop)
    check_range(x, names, f"{source}: array {inputs!r}")
    if y is not None:
        check_range(y[:, None], [], f"{source}: array {label!r}")
    return Rows(x, y, source, names)


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
    if flat := _too_flat(values):
        raise TableError(f"{where}{f', column {names[flat[0]]}' if names else ''}: {FLAT}")


def _array(archive: zipfile.ZipFile, name: str, source: str, most: int) -> Array:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if name not in members:
        raise TableError(f"{source} has no array {name!r}; its arrays are {', '.join(sorted(members)[:12])}")
    info = members[name]
    if info.file_size > most:
        raise TableError(f"{source}: array {name!r} is larger than {most >> 20} MiB")
    try:
        with archive.open(info) as content:
            version = np.lib.format.read_magic(content)
            if version not in ((1, 0), (2, 0)):
                raise TableError(f"{source}: array {name!r} has the format {version}, expected (1, 0) or (2, 0)")
            read = np.lib.format.read_array_header_1_0
            shape, _, dtype = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(content)
        if dtype.kind not in "buif":
            raise TableError(f"{source}: array {name!r} holds {dtype}, not numbers")
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise TableError(f"{source}: array {name!r} claims the shape {shape}, more than is there")
        with archive.open(info) as content:
            return np.lib.format.read_array(content, allow_pickle=False).astype(np.float64)
    except TableError:
        raise
    except Exception as error:  # likewise
        raise TableError(f"{source}: array {name!r} cannot be read: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Return what an error says on one line; it may quote the file."""
    text = repr(str(error))[1:-1] or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
