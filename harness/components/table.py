"""The table model of every format: typed entries, columns with priorities, and notes. Views build tables."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.components import numbers
from harness.components.entries import ENTRIES, Entry, Missing, Note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Align = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        header: Header, unique in the table.
        align: Side on which entries are aligned.
        priority: Rank for dropping the column if space is short. Columns with 0 are kept, and the highest go first.
        fold: Whether the column belongs to the setting, which moves to a line above its rows if space is short.
        below: Whether the column moves to a line below its row if space is short.
        wrap: Longest natural width before words are wrapped, or None to keep entries on one line.
        legend: Sentence of the caption about this column alone. It is dropped with the column.
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
    """Entries, one per column, and the heading above them."""

    entries: tuple[Entry, ...]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table with everything that is needed to read it.

    Attributes:
        name: Stable identifier for files and labels.
        title: One line.
        caption: Explanation of every column, statistic, interval and setting.
        columns: Columns from left to right.
        rows: Rows from top to bottom.
        provenance: Versions, suite hash, seed and date, for the comment lines of exports.
        bibtex: BibTeX entries for exports that can use them.
        brief: Caption for the screen, of a few lines, or an empty string for the first sentences of the caption.
        compact: Whether the table is made for one place in a paper: it is not broken over pages, spans both columns,
            and has the brief caption.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)
    bibtex: tuple[str, ...] = ()
    brief: str = ""
    compact: bool = False

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
        """Return every note with its mark, in the order of reading."""
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
        """Return the table without some columns, their notes, and the sentences of both captions about them."""
        kept = [i for i, column in enumerate(self.columns) if column.header not in headers]
        caption, brief = self.caption, self.brief
        for column in self.columns:
            if column.header in headers and column.legend:
                caption, brief = (" ".join(text.replace(column.legend, "").split()) for text in (caption, brief))
        return dataclasses.replace(
            self,
            caption=caption,
            brief=brief,
            columns=tuple(self.columns[i] for i in kept),
            rows=tuple(Row(tuple(row.entries[i] for i in kept), row.group) for row in self.rows),
        )

    def explained(self) -> Table:
        """Return the table with the reason for each dash as a note, but for those in the setting."""

        def said(entry: Entry) -> Entry:
            reason = entry.reason if isinstance(entry, Missing) and not entry.notes else ""
            return dataclasses.replace(entry, notes=(Note(reason),)) if reason else entry

        folds = [column.fold for column in self.columns]
        entries = (
            tuple(e if fold else said(e) for e, fold in zip(row.entries, folds, strict=True)) for row in self.rows
        )
        return dataclasses.replace(
            self, rows=tuple(Row(one, row.group) for one, row in zip(entries, self.rows, strict=True))
        )

    def without_details(self) -> Table:
        """Return the table without the notes that only a legend shows, and with its brief caption."""
        rows = (
            Row(
                tuple(
                    dataclasses.replace(entry, notes=tuple(note for note in entry.notes if not note.detail))
                    for entry in row.entries
                ),
                row.group,
            )
            for row in self.rows
        )
        return dataclasses.replace(self, rows=tuple(rows), caption=self.brief or self.caption)

    def spelled(self, entry: Entry, marks: Mapping[Note, str]) -> str:
        """Return an entry's text followed by the marks of its notes."""
        raised = dict.fromkeys(marks[note] for note in in_order_of_marks(entry, marks))
        return entry.text() + between(marks).join(raised)

    def data(self) -> dict[str, Any]:
        """Return the table as plain data for strict JSON. :meth:`from_data` is the inverse."""
        return {
            "name": self.name,
            "title": self.title,
            "caption": self.caption,
            "columns": [dataclasses.asdict(column) for column in self.columns],
            "rows": [{"group": row.group, "entries": [_entry_data(e) for e in row.entries]} for row in self.rows],
            "provenance": dict(self.provenance),
            "bibtex": list(self.bibtex),
            **({"brief": self.brief} if self.brief else {}),
            **({"compact": True} if self.compact else {}),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Table:
        """Return the table that :meth:`data` describes, equal to the last bit."""
        return cls(
            name=data["name"],
            title=data["title"],
            caption=data["caption"],
            columns=tuple(Column(**column) for column in data["columns"]),
            rows=tuple(Row(tuple(_entry(entry) for entry in row["entries"]), row["group"]) for row in data["rows"]),
            provenance=data["provenance"],
            bibtex=tuple(data["bibtex"]),
            brief=data.get("brief", ""),
            compact=data.get("compact", False),
        )


def between(marks: Mapping[Note, str]) -> str:
    """Return what separates the marks of an entry: a comma if a mark of the table has two letters, else nothing.

    Without it ᵃᵇ would be the marks of two notes or of one.

    Args:
        marks: Mark of every note of the table, from :meth:`Table.notes`.
    """
    return "," if any(len(mark) > 1 for mark in marks.values()) else ""


def in_order_of_marks(entry: Entry, marks: Mapping[Note, str]) -> list[Note]:
    """Return the notes of an entry in the order of their letters. Those with a mark of their own come first.

    Args:
        entry: The entry.
        marks: Mark of every note of the table, from :meth:`Table.notes`.
    """
    if len(entry.notes) < 2:
        return list(entry.notes)
    places = {note: place for place, note in enumerate(marks)}
    return sorted(entry.notes, key=lambda note: -1 if note.mark else places[note])


def _entry_data(entry: Entry) -> dict[str, Any]:
    values = {f.name: _jsonable(getattr(entry, f.name)) for f in dataclasses.fields(entry)}
    notes = [
        {key: value for key, value in dataclasses.asdict(note).items() if value or key not in ("detail", "error")}
        for note in entry.notes
    ]
    shown = {"kind": entry.kind, "text": entry.text(), **values, "notes": notes}
    return {key: value for key, value in shown.items() if value not in ("", []) or key == "value"}


def _entry(data: Mapping[str, Any]) -> Entry:
    values = {key: _from_json(value) for key, value in data.items() if key not in ("kind", "text", "notes")}
    if "style" in data:
        values["style"] = data["style"]
    if data["kind"] in ("text", "formula"):
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
        name: Name for ``--format``.
        suffix: Suffix of its files, with the dot.
        summary: One line for ``harness plugins info``.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def render(self, table: Table, width: int | None = None) -> str:
        """Return the table as text. Formats for the screen keep to ``width`` columns, others ignore it."""
