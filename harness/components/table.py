"""One table model for every format: typed entries, columns that know what may go when space is short, notes.

Views build tables, renderers write them.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.components import numbers
from harness.components.entries import ENTRIES, Entry, Note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Align = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        header: What stands above it; unique in the table.
        align: Side that entries keep to.
        priority: 0 stays at any width; of the others the highest goes first, and the caption then says so.
        fold: Part of the setting: where space is short it moves to a line above the rows that share it.
        below: Where space is short it moves to a line of its own below the row.
        wrap: Longest natural width before words are wrapped; None keeps entries on one line.
        legend: What the table's caption says about this column alone; where the column goes, it goes as well.
    """

    header: str
    align: Align = "left"
    priority: int = 0
    fold: bool = False
    below: bool = False
    wrap: int | None = None
    legend: str = ""


@dataclass(frozen=True)
class Row:
    """Entries, one a column, and the heading under which they stand."""

    entries: tuple[Entry, ...]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table that explains itself.

    Attributes:
        name: Stable identifier for files and labels.
        title: One line.
        caption: What every column, statistic, interval and setting is; a reader needs nothing else.
        columns: From left to right.
        rows: From top to bottom.
        provenance: Versions, suite hash, seed, date: comment lines of exports.
        bibtex: Entries that go along with exports which can use them.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    bibtex: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that rows and columns agree."""
        headers = [column.header for column in self.columns]
        if len(set(headers)) != len(headers):
            raise ValueError(f"table {self.name!r}: two columns have the same header")
        for number, row in enumerate(self.rows):
            if len(row.entries) != len(self.columns):
                raise ValueError(
                    f"table {self.name!r}: row {number} has {len(row.entries)} entries for {len(self.columns)} columns"
                )

    def notes(self) -> dict[Note, str]:
        """Return every note with its mark, in the order in which readers meet them."""
        marks: dict[Note, str] = {}
        letters = 0
        for note in self._notes():
            if note not in marks:
                marks[note] = note.mark or numbers.mark(letters)
                letters += not note.mark
        return marks

    def _notes(self) -> Iterator[Note]:
        for row in self.rows:
            for entry in row.entries:
                yield from entry.notes

    def without(self, headers: Collection[str]) -> Table:
        """Return the table without some columns, their notes, and what the caption says about them."""
        kept = [i for i, column in enumerate(self.columns) if column.header not in headers]
        caption = self.caption
        for column in self.columns:
            if column.header in headers and column.legend:
                caption = " ".join(caption.replace(column.legend, "").split())
        return dataclasses.replace(
            self,
            caption=caption,
            columns=tuple(self.columns[i] for i in kept),
            rows=tuple(Row(tuple(row.entries[i] for i in kept), row.group) for row in self.rows),
        )

    def spelled(self, entry: Entry, marks: Mapping[Note, str]) -> str:
        """Return an entry's text followed by the marks of its notes."""
        return entry.text() + "".join(dict.fromkeys(marks[note] for note in entry.notes))

    def data(self) -> dict[str, Any]:
        """Return the table as plain data that strict JSON can hold; :meth:`from_data` undoes it."""
        return {
            "name": self.name,
            "title": self.title,
            "caption": self.caption,
            "columns": [dataclasses.asdict(column) for column in self.columns],
            "rows": [{"group": row.group, "entries": [_entry_data(e) for e in row.entries]} for row in self.rows],
            "provenance": dict(self.provenance),
            "bibtex": list(self.bibtex),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Table:
        """Rebuild a table from :meth:`data`, to the last bit."""
        return cls(
            name=data["name"],
            title=data["title"],
            caption=data["caption"],
            columns=tuple(Column(**column) for column in data["columns"]),
            rows=tuple(Row(tuple(_entry(entry) for entry in row["entries"]), row["group"]) for row in data["rows"]),
            provenance=data["provenance"],
            bibtex=tuple(data["bibtex"]),
        )


def _entry_data(entry: Entry) -> dict[str, Any]:
    values = {f.name: _jsonable(getattr(entry, f.name)) for f in dataclasses.fields(entry)}
    notes = [dataclasses.asdict(note) for note in entry.notes]
    shown = {"kind": entry.kind, "text": entry.text(), **values, "notes": notes}
    return {key: value for key, value in shown.items() if value not in ("", []) or key == "value"}


def _entry(data: Mapping[str, Any]) -> Entry:
    values = {key: _from_json(value) for key, value in data.items() if key not in ("kind", "text", "notes")}
    if "style" in data:
        values["style"] = data["style"]
    if data["kind"] == "text":
        values["value"] = data["value"]
    notes = tuple(Note(**note) for note in data.get("notes", ()))
    return ENTRIES[data["kind"]](**values, notes=notes)


def _jsonable(value: Any) -> Any:
    """Return lists for tuples and words for the numbers that JSON lacks."""
    if isinstance(value, tuple):
        return [_jsonable(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(part) for part in value)
    return float(value) if value in ("inf", "-inf", "nan") else value


class Renderer(ABC):
    """A format for tables.

    Attributes:
        name: What ``--format`` calls it.
        suffix: Of the files it is written to, with the dot.
        summary: One line for ``harness plugins info``.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def render(self, table: Table, width: int | None = None) -> str:
        """Write the table; formats for the screen keep to ``width`` columns, others ignore it."""
