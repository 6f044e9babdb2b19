"""Reading tables of numbers, and saying what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import math
import zipfile
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from harness.builtin.datasets.observed import Rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from harness import Array

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Fields, in lower case, that mean a missing value."""

LONGEST = 40
"""Characters of a field that a message repeats."""


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


def read_csv(file: Path, source: str, label: str, *, own: bool) -> Rows:
    """Read a CSV file (commas, semicolons or tabs).

    Args:
        file: The file.
        source: What messages call it.
        label: Column of the labels.
        own: Whether the labels are needed; if not, the column is left out of the inputs where it is there.

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
    if len(names) - (place is not None) < 1:
        raise TableError(f"{source} has no input columns beside {label!r}")
    if not lines:
        raise TableError(f"{source} has a line of names and no rows")
    values = _values(lines, names, source, skipped=None if own else place)
    y = None if place is None or not own else values[:, place].copy()
    return Rows(values if place is None else np.delete(values, place, axis=1), y, source)


def _column_of(label: str, names: list[str], source: str, *, needed: bool) -> int | None:
    count = names.count(label)
    if count == 1 or (count and not needed):
        return names.index(label)
    if not needed:
        return None
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    found = f"has {count} columns called" if count else "has no column"
    raise TableError(f"{source} {found} {label!r} for the labels; its columns are {listed}; say label = 'name'")


def _values(lines: list[tuple[int, list[str]]], names: list[str], source: str, skipped: int | None) -> Array:
    for line, fields in lines:  # before there is memory for as many columns as the first line claims
        if len(fields) != len(names):
            raise TableError(f"{source}, line {line}: {len(fields)} fields, expected {len(names)}")
    values = np.zeros((len(lines), len(names)))
    for row, (_, fields) in enumerate(lines):
        for column, field in enumerate(fields):
            if column == skipped:
                continue
            try:
                values[row, column] = float(field)
            except ValueError:
                values[row, column] = math.nan
    if skipped is not None:
        values[:, skipped] = 0.0
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        raise TableError(_complaint(lines, names, source, wrong))
    return values


def _complaint(lines: list[tuple[int, list[str]]], names: list[str], source: str, wrong: NDArray[np.int64]) -> str:
    """Say what the first field that is no number is, and how many there are."""
    row, column = wrong[0]
    line, fields = lines[row]
    field = fields[column]
    where = f"{source}, line {line}, column {names[column]!r}"
    if field.lower() in MISSING:
        said = f"{where}: the value is missing"
    else:
        shown = field if len(field) <= LONGEST else field[:LONGEST] + "…"
        said = f"{where}: {shown!r} is not a {'finite ' if _is_number(field) else ''}number"
    columns = sorted({names[c] for _, c in wrong})
    if len(wrong) == 1:
        return said
    listed = ", ".join(columns[:8]) + (", …" if len(columns) > 8 else "")
    return f"{said}; {len(wrong)} values like it, in columns {listed}"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.lower() not in MISSING


def read_npz(file: Path, source: str, inputs: str, label: str | None, most: int) -> Rows:
    """Read an NPZ file. Pickled data, and arrays that claim to be larger than they are, are not loaded.

    Args:
        file: The file.
        source: What messages call it.
        inputs: Array of the inputs, (N, D).
        label: Array of the labels, (N,), or None if they are not needed.
        most: Bytes that an array may have.

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
    for name, array in ((inputs, x), (label, y)):
        if array is not None and not np.isfinite(array).all():
            where = ", ".join(str(i + 1) for i in np.argwhere(~np.isfinite(array))[0])
            raise TableError(f"{source}: array {name!r} has a missing or infinite value at ({where})")
    return Rows(x, y, source)


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
