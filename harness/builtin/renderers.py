"""Tables as text, Markdown, LaTeX, HTML, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, ClassVar

from harness import Renderer
from harness.components.numbers import clean
from harness.report import terminal
from harness.report.latex import latex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import Table
    from harness.components.entries import Plain


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
    """One line a row with full precision: an estimate fills a column for its value and one for each end.

    The first line is the header and there is nothing but the table, so that any reader of CSV accepts it. Notes
    and provenance are columns. The latter, versions, suite hash and date as JSON, is the same in every row, and goes
    along where rows of several runs are put together. Title and caption are left to the other formats.
    """

    name: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"
    summary: ClassVar[str] = "full precision, one column a number; provenance as a column"

    def render(self, table: Table, width: int | None = None) -> str:  # not for the screen
        """Write a header and the rows.

        Empty fields are values that are not known or do not apply; open ends of intervals are 0 and inf, and what is
        not a number is nan.
        """
        out = io.StringIO()
        made = [json.dumps(dict(table.provenance), sort_keys=True)] if table.provenance else []
        writer = csv.writer(out, lineterminator="\n")
        parts = [self._parts(table, i) for i in range(len(table.columns))]
        notes = table.notes()
        grouped = any(row.group for row in table.rows)
        header = [
            f"{column.header} {part}".strip()
            for column, names in zip(table.columns, parts, strict=True)
            for part in names
        ]
        writer.writerow(
            [*(["group"] if grouped else []), *header, *(["notes"] if notes else []), *(["provenance"] if made else [])]
        )
        for row in table.rows:
            cells = [clean(row.group).rstrip(":")] if grouped else []
            said: dict[str, None] = {}
            for entry, names in zip(row.entries, parts, strict=True):
                fields = entry.fields()
                cells += [self._cell(fields.get(name)) for name in names]
                said |= dict.fromkeys(clean(note.text) for note in entry.notes)
            writer.writerow([*cells, *([" | ".join(said)] if notes else []), *made])
        return out.getvalue()

    def _parts(self, table: Table, i: int) -> list[str]:
        """Return the parts that any entry of a column has, in the order in which they come."""
        found: dict[str, None] = {}
        for row in table.rows:
            found |= dict.fromkeys(row.entries[i].fields())
        if len(found) > 1 and all(row.entries[i].fields().get("") is None for row in table.rows):
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
