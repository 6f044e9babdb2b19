"""Tables as fragments of a page: every column, with the data that the script needs to sort and filter.

Columns of the setting and of the groups have the class ``fold``. The style sheet hides them while rows have headings
above them, and shows them when the rows are sorted.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.components.entries import Bound, Entry, Missing, Text
from harness.components.numbers import LETTERS, MARKS, clean
from harness.components.table import between, in_order_of_marks
from harness.report.caption import EDITED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components.entries import Note
    from harness.components.table import Column, Row, Table

LEVEL = str.maketrans(MARKS, LETTERS)


POWER = re.compile(r"(?<=\b[ndk])\^([ab]\b|−?\d+)")
INDEX = re.compile(r"(?<=[λσ])_(min|max)\b")
OPEN = 300
"""Number of characters up to which the whole caption of a table is shown."""

PLAIN = re.compile(r"-?\d+(\.\d+)?")
"""Texts that Python and JavaScript read as the same number."""


@functools.cache
def environment() -> Environment:
    """Return the environment of the templates, which escapes all values."""
    return Environment(
        loader=PackageLoader("harness.report"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )


def fragment(table: Table) -> str:
    """Return a table with its caption and its notes as HTML for any place in a body."""
    table = table.explained()
    marks = table.notes()
    name = re.sub(r"[^A-Za-z0-9-]", "-", table.name)
    places = {note: f"{name}-note-{number}" for number, note in enumerate(marks, 1)}
    grouped = any(row.group for row in table.rows)
    shown = sum(not column.fold for column in table.columns)
    first, rest = _opened(clean(table.caption))
    return (
        environment()
        .get_template("table.html")
        .render(
            name=name,
            title=typeset(clean(table.title)),
            caption=typeset(first),
            rest=typeset(rest),
            columns=[
                *map(_header, table.columns),
                *([_Shown(Markup("group"), _attributes(["fold"]))] if grouped else []),
            ],
            span=max(shown, 1),
            blocks=_blocks(table, marks, places, grouped=grouped),
            between=between(marks),
            notes=[(_mark(mark), places[note], typeset(clean(note.text))) for note, mark in marks.items()],
        )
    )


def typeset(text: str) -> Markup:
    """Return text as HTML in which powers of n, d and k are raised and indices of spectra lowered.

    >>> print(typeset("k½ ~ n^a d^b < λ_min(K)"))
    k½ ~ n<sup>a</sup> d<sup>b</sup> &lt; λ<sub>min</sub>(K)
    """
    raised = POWER.sub(r"<sup>\1</sup>", str(escape(text)))
    return Markup(INDEX.sub(r"<sub>\1</sub>", raised))


def _opened(caption: str) -> tuple[str, str]:
    """Return the first sentences of a long caption, which are open, and the others, which a reader opens."""
    if len(caption) <= OPEN:
        return caption, ""
    first, *others = re.split(r"(?<=\.) ", caption)
    doubts = " ".join(one for one in others if one.startswith(EDITED))
    return f"{first} {doubts}".rstrip(), " ".join(one for one in others if not one.startswith(EDITED))


@dataclass(frozen=True)
class _Shown:
    """A header or an entry."""

    text: Markup
    attributes: Markup
    marks: tuple[tuple[str, str], ...] = ()

    @property
    def header(self) -> Markup:
        return self.text


@dataclass
class _Block:
    """Rows with the same setting and group."""

    regime: str
    setting: list[_Shown]
    group: str
    rows: list[list[_Shown]] = field(default_factory=list)


GROUP = _Shown(Markup("group"), Markup(' class="fold"'))


def _header(column: Column) -> _Shown:
    return _Shown(typeset(clean(column.header)), _attributes(_classes(column)))


def _blocks(table: Table, marks: Mapping[Note, str], places: Mapping[Note, str], *, grouped: bool) -> list[_Block]:
    found: list[_Block] = []
    before: tuple[list[str], str] | None = None
    for row in table.rows:
        setting = [e.text() for column, e in zip(table.columns, row.entries, strict=True) if column.fold]
        if before is None or before[0] != setting or before[1] != row.group:
            fresh = before is None or before[0] != setting
            heading = _heading(table, row, marks, places) if setting and fresh else []
            found.append(_Block(_regime(table, row), heading, clean(row.group)))
        before = setting, row.group
        cells = [_cell(column, entry, marks, places) for column, entry in zip(table.columns, row.entries, strict=True)]
        group = [_Shown(typeset(clean(row.group)), _attributes(["fold"]))] if grouped else []
        found[-1].rows.append([*cells, *group])
    return found


def _regime(table: Table, row: Row) -> str:
    for column, entry in zip(table.columns, row.entries, strict=True):
        if column.header == "regime":
            return entry.text()
    return ""


def _heading(table: Table, row: Row, marks: Mapping[Note, str], places: Mapping[Note, str]) -> list[_Shown]:
    found: list[_Shown] = []
    for column, entry in zip(table.columns, row.entries, strict=True):
        if column.fold and not (isinstance(entry, Missing) and not entry.notes):
            relation = "" if isinstance(entry, (Text, Bound, Missing)) else "= "
            text = f"{clean(column.header)} {relation}{entry.text()}" if found else entry.text()
            found.append(_Shown(typeset(text), Markup(""), _raised(entry, marks, places)))
    return found


def _raised(entry: Entry, marks: Mapping[Note, str], places: Mapping[Note, str]) -> tuple[tuple[str, str], ...]:
    return tuple((_mark(marks[note]), places[note]) for note in dict.fromkeys(in_order_of_marks(entry, marks)))


def _cell(column: Column, entry: Entry, marks: Mapping[Note, str], places: Mapping[Note, str]) -> _Shown:
    classes = [*_classes(column), *([entry.style] if entry.style else [])]
    text, number, notes = entry.text(), value(entry), _raised(entry, marks, places)
    return _Shown(typeset(text), _attributes(classes, None if _says(text, number) and not notes else number), notes)


def _says(text: str, number: float | None) -> bool:
    """Return whether a text is the number by which its cell is sorted, as a browser reads it too."""
    return number is not None and PLAIN.fullmatch(text) is not None and float(text) == number


def value(entry: Entry) -> float | None:
    """Return the number by which an entry is sorted, or None for words and missing entries.

    >>> from harness.components.entries import Bound, Count, Text
    >>> value(Bound(">", 512)), value(Count(3, 4)), value(Text("b"))
    (512.0, 0.75, None)
    """
    fields = entry.fields()
    if isinstance(entry, Text):
        return None
    if "M" in fields:
        part, whole = fields["m"], fields["M"]
        return float(part) / float(whole) if isinstance(part, int) and isinstance(whole, int) and whole else None
    for key in ("", "limit", "a", "low"):
        number = fields.get(key)
        if isinstance(number, (int, float)) and not math.isnan(number):
            return float(number)
    return None


def _classes(column: Column) -> list[str]:
    return [*(["fold"] if column.fold else []), *([column.align] if column.align != "left" else [])]


def _attributes(classes: list[str], number: float | None = None) -> Markup:
    said = Markup(' class="{}"').format(" ".join(classes)) if classes else Markup("")
    if number is None:
        return said
    return said + Markup(' data-value="{}"').format(f"{number!r}".removesuffix(".0").replace("inf", "Infinity"))


def _mark(mark: str) -> str:
    return mark.translate(LEVEL)
