"""Reading CSV files, and saying what is wrong with them."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from harness.builtin.datasets.preparation import Rows
from harness.builtin.datasets.table_file import FLAT, LARGEST, MISSING, TableError, input_places, of_one_name, too_flat
from harness.complaints import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from harness import Array

DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")

REMEDIES = (
    (DECIMAL_COMMA, "write decimals with a point, such as 1.5"),
    (re.compile(r"[-+]?\d{1,3}(?:[, '’]\d{3})+(?:\.\d*)?"), "write thousands without a mark, such as 1234.5"),
    (re.compile(r"[-+]?\d+(?:\.\d*)?\s*%"), "write a share as a number, such as 0.12"),
)
"""Patterns of fields that are numbers to people, and what to do about them."""

DATE = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?\b.*|\d\d?[-/.]\d\d?[-/.]\d{2,4}\b.*")

LONGEST = 40
"""Characters of a field that a message repeats."""


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
        raise TableError(
            f"{source} is not text in UTF-8: {error.reason} at byte {error.start}; save it as “CSV UTF-8”"
        ) from error
    first = text.partition("\n")[0]
    delimiter = delimiter_of(first)
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
    if own and len(names) == 1:
        raise TableError(
            f"{source} has one column, {names[0]!r}: expected inputs and labels, with commas, semicolons or tabs "
            "between them"
        )
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


def delimiter_of(line: str) -> str:
    """Return the comma, semicolon or tab that separates the fields of a line. Commas within numbers do not count.

    >>> delimiter_of("a,b,y"), delimiter_of("1,2,3"), delimiter_of("1,5;2,5;-1,0")
    (',', ',', ';')
    """
    return max(",;\t", key=re.sub(r"(?<=\d),(?=\d)", "", line).count)


def _column_of(label: str, names: list[str], source: str, *, needed: bool) -> int | None:
    count = names.count(label)
    if count == 1 or (count and not needed):
        return names.index(label)
    if not needed:
        return None
    if count:
        raise TableError(f"{source}{of_one_name(names, label)}, and one has the labels; rename the others")
    known = listed(names)
    raise TableError(f"{source} has no column {label!r} for the labels; its columns are {known}; say label = 'name'")


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
    if flat := too_flat(values):
        raise TableError(f"{source}, column {names[used[flat[0]]]!r}: {FLAT}")
    return values


def _complaint(
    lines: list[tuple[int, list[str]]], names: Sequence[str], source: str, wrong: NDArray[np.int64], label: str
) -> str:
    """Say what the first field that is no number is, and how many there are."""
    row, column = wrong[0]
    line, fields = lines[row]
    field = fields[column]
    where = f"{source}, line {line}, column {names[column]!r}"
    if field.lower() in MISSING:
        column_out = f", or leave the column out with drop = [{names[column]!r}]" if names[column] != label else ""
        said = f"{where}: the value is missing; fill it in or delete its row{column_out}"
    else:
        shown = field if len(field) <= LONGEST else field[:LONGEST] + "…"
        large = f"larger than {LARGEST:g}, so its square overflows"
        kind = f"not a {'finite ' if _is_number(field) else ''}number"
        said = f"{where}: {shown!r} is {large if _is_number(field) and math.isfinite(float(field)) else kind}"
        if not _is_number(field):
            said += f"; {_remedy(field, names[column], label)}"
    columns = sorted({names[c] for _, c in wrong})
    if len(wrong) == 1:
        return said
    return f"{said}; {len(wrong)} values like it, in column{'s' if len(columns) > 1 else ''} {listed(columns, 8)}"


def _remedy(field: str, column: str, label: str) -> str:
    """Say what to do about a column with words or dates, which may be that of the labels, or with other numbers."""
    for pattern, remedy in REMEDIES:
        if pattern.fullmatch(field):
            return remedy
    if DATE.fullmatch(field):
        return f"write dates as numbers, such as days, or leave the column out with drop = [{column!r}]"
    if column == label:
        return "for names of classes say labels = 'classes', or write two classes as -1 and 1"
    return f"leave the column out with drop = [{column!r}], or write a column of 0 and 1 for each of its words"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.lower() not in MISSING
