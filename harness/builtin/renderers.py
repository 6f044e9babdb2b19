"""Tables as text, Markdown, LaTeX, HTML, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, ClassVar

from harness import Renderer
from harness.components.entries import Count, Counts
from harness.components.numbers import clean
from harness.report import terminal
from harness.report.column_names import snake
from harness.report.latex import latex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Table
    from harness.components.entries import Entry, Plain


FORMULA = ("=", "@", "+", "-", "'")
"""First characters of formulas in spreadsheets, and the quote against them. Such words get a quote in front."""


class RichText(Renderer):
    """Aligned columns for the screen, without colour; what ``harness report`` prints, as text."""

    name: ClassVar[str] = "rich"
    suffix: ClassVar[str] = ".txt"
    summary: ClassVar[str] = "aligned columns for the screen"

    def render(self, table: Table, width: int | None = None) -> str:
        """Write lines of at most ``width`` columns (100 by default)."""
        return "".join(f"{line.plain}\n" for line in terminal.lines(table, 100 if width is None else width))


class Markdown(Renderer):
    """A pipe table with caption and notes, as GitHub and OpenReview show it."""

    name: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"
    summary: ClassVar[str] = "a pipe table for reviews and READMEs"

    RULES: ClassVar[dict[str, str]] = {"left": ":---", "right": "---:", "center": ":---:"}

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write the table; the width does not matter."""
        table = table.explained()
        marks = table.notes()
        header = [self._escape(column.header) for column in table.columns]
        grouped = any(row.group for row in table.rows)
        lines = [*([_comment(table)] if table.provenance else []), f"**{self._escape(table.title)}**", ""]
        lines.append(self._line([*header, "group"] if grouped else header))
        lines.append(self._line([self.RULES[column.align] for column in table.columns] + [":---"] * grouped))
        for row in table.rows:
            cells = [self._escape(table.spelled(entry, marks)) for entry in row.entries]
            lines.append(self._line([*cells, self._escape(row.group)] if grouped else cells))
        lines += ["", self._escape(table.caption)]
        for note, mark in marks.items():
            lines += ["", f"{mark} {self._escape(note.text)}"]
        return "\n".join(lines) + "\n"

    def _line(self, cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |"

    def _escape(self, text: str) -> str:
        """Return text that Markdown shows as it is."""
        safe = clean(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for character in "|*_`[]~$#!":
            safe = safe.replace(character, f"\\{character}")
        return safe


class Latex(Renderer):
    """A booktabs table; documents load booktabs, array, longtable, amsmath and amssymb."""

    name: ClassVar[str] = "latex"
    suffix: ClassVar[str] = ".tex"
    summary: ClassVar[str] = "booktabs, for papers; cites what references.bib holds"

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write the table, broken over pages if it is long; the width does not matter."""
        return latex(table)


class Html(Renderer):
    """A table, its caption and its notes, for a page."""

    name: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"
    summary: ClassVar[str] = "a fragment for pages; report.html is made of such"

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write the fragment; the width does not matter."""
        from harness.report.html import fragment  # templates are loaded where they are used

        return fragment(table)


class Csv(Renderer):
    """One line a row with full precision, and one value a column: an estimate has a column for itself and each end.

    The first line is the header and there is nothing but the table, so that any reader of CSV accepts it. Headers are
    in snake case, and the names of ``thresholds.json`` where it has the value. Notes are a column. Caption and
    provenance are left to a file beside it, which ``harness report --provenance`` writes.
    """

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"
    summary: ClassVar[str] = "full precision, one value a column, names in snake case"

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write a header and the rows.

        Empty fields are values that are not known or do not apply; open ends of intervals are 0 and inf, and what is
        not a number is nan.
        """
        table = table.explained()
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        fields = [[numbers_of(entry) for entry in row.entries] for row in table.rows]
        parts = [self._parts([row[i] for row in fields]) for i in range(len(table.columns))]
        notes = table.notes()
        grouped = any(row.group for row in table.rows)
        header = [
            snake(column.header, part) for column, names in zip(table.columns, parts, strict=True) for part in names
        ]
        writer.writerow([*(["group"] if grouped else []), *header, *(["notes"] if notes else [])])
        for row, values in zip(table.rows, fields, strict=True):
            cells = [clean(row.group).rstrip(":")] if grouped else []
            cells += [self._cell(of.get(name)) for of, names in zip(values, parts, strict=True) for name in names]
            said = dict.fromkeys(clean(note.text) for entry in row.entries for note in entry.notes)
            writer.writerow([*cells, *([" | ".join(said)] if notes else [])])
        return out.getvalue()

    def _parts(self, rows: list[dict[str, Plain]]) -> list[str]:
        """Return the parts that any entry of a column has, in the order in which they come."""
        found = dict.fromkeys(name for fields in rows for name in fields)
        if len(found) > 1 and all(fields.get("") is None for fields in rows):
            found.pop("", None)
        return list(found) or [""]

    def _cell(self, value: Plain) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            text = clean(value)
            return f"'{text}" if text[:1] in FORMULA else text
        if isinstance(value, float) and value.is_integer() and math.isfinite(value):
            return str(int(value))
        return repr(value) if isinstance(value, float) else str(value)


def numbers_of(entry: Entry) -> dict[str, Plain]:
    """Return the numbers of an entry, one a column."""
    if isinstance(entry, Count):
        return {"": entry.part, "of": entry.whole}
    if not isinstance(entry, Counts):
        return entry.fields()
    found: dict[str, Plain] = {}
    for number, (k, m, trials) in enumerate(entry.value, 1):
        found |= {f"{number}": k or math.inf, f"{number} fit": m, f"{number} trials": trials}
    return found


class Json(Renderer):
    """The whole table as strict JSON, entries with their numbers, notes and text."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"
    summary: ClassVar[str] = "the whole table as data; Table.from_data reads it back"

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write it with sorted keys and two blanks of indentation."""
        return json.dumps(table.data(), ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True) + "\n"


def _comment(table: Table) -> str:
    said = "; ".join(f"{key}: {value}" for key, value in sorted(table.provenance.items()))
    return f"<!-- {clean(said).replace('--', '- -').replace('>', '')} -->\n"


RENDERERS: list[type[Renderer]] = [RichText, Markdown, Latex, Html, Csv, Json]
