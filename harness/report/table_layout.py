"""The layout of a table on a screen of limited width.

Columns that the plan drops are named below the caption. A table that no plan fits is printed as one record per row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from harness.components.entries import Bound, Missing
from harness.components.entries import Text as Words
from harness.components.numbers import clean, to_encoding
from harness.report.screen_plan import GAP, Plan, screen_plan
from harness.report.wrapping import MORE, PAD, first_clause, pad, shortened_caption, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.components.entries import Note
    from harness.components.table import Row, Table

STYLES = {"": "", "good": "green", "bad": "red", "doubt": "yellow", "dim": "dim", "strong": "bold"}


class TableLayout:
    """A table on a screen of some width.

    Attributes:
        table: The table.
        width: Number of columns.
        encoding: Encoding of the screen.
        most: Largest number of lines of the caption and the notes together, or None for all.
    """

    def __init__(self, table: Table, width: int, encoding: str | None, most: int | None = None) -> None:
        """Spell the entries in characters that the encoding has."""
        self.table, self.width, self.encoding, self.most = table, width, encoding, most
        self.marks = table.notes()
        self.headers = [self._safe(column.header) for column in table.columns]
        self.cells = [[self._safe(table.spelled(entry, self.marks)) for entry in row.entries] for row in table.rows]
        self._hang_marks()
        self.rule = self._safe("─") * width

    def _hang_marks(self) -> None:
        """Print marks to the right of right-aligned columns, so that digits stay aligned."""
        for i, column in enumerate(self.table.columns):
            if column.align == "right":
                bare = [cell_len(self._safe(row.entries[i].text())) for row in self.table.rows]
                extra = [cell_len(row[i]) - size for row, size in zip(self.cells, bare, strict=True)]
                for row, own in zip(self.cells, extra, strict=True):
                    row[i] += PAD * (max(extra) - own)

    def _safe(self, text: str) -> str:
        return to_encoding(clean(text), self.encoding)

    def lines(self) -> list[Text]:
        """Return the lines, none wider than the screen."""
        plan = screen_plan(self.table.columns, self.headers, self.cells, self.width)
        dropped: list[str] = []
        if plan is None:
            body = self._records()
        else:
            shown = {*plan.columns, *plan.below}
            dropped = [
                column.header
                for i, column in enumerate(self.table.columns)
                if i not in shown and not (plan.folded and column.fold)
            ]
            if dropped:
                return self._shortened(plan, dropped)
            body = self._grid(plan)
        return self._framed(body, dropped)

    def _shortened(self, plan: Plan, dropped: Sequence[str]) -> list[Text]:
        """Return the table without some columns in the same layout, without their notes and sentences."""
        kept = [i for i, column in enumerate(self.table.columns) if column.header not in dropped]
        layout = TableLayout(self.table.without(dropped), self.width, self.encoding, self.most)
        columns, below = (tuple(map(kept.index, places)) for places in (plan.columns, plan.below))
        return layout._framed(layout._grid(replace(plan, columns=columns, below=below)), dropped)

    def _framed(self, body: list[Text], dropped: Sequence[str]) -> list[Text]:
        """Return title, body, and what is printed below."""
        title = [Text(line, "bold") for line in wrap(self._safe(self.table.title), self.width)]
        below = self._below(dropped)
        return [*title, Text(self.rule), *body, *([Text(self.rule)] if below else []), *below]

    def _below(self, dropped: Sequence[str]) -> list[Text]:
        """Return caption and notes. Without a legend they are shortened together to ``most`` lines, but for errors."""
        caption, left_out = self._safe(self.table.caption), ""
        if dropped:
            quoted = ", ".join(f"“{header}”" for header in dropped)
            left_out = f" {self._safe(f'Columns left out at this width: {quoted}.')}"
        notes = self._notes(self.marks)
        if self.most is None:
            return list(map(Text, [*wrap(f"{caption}{left_out}".strip(), self.width), *notes]))
        errors = self._notes(note for note in self.marks if note.error)
        whole = shortened_caption(caption, self.width, self.most, left_out)
        if len(whole) + len(notes) - len(errors) > self.most:
            least = len(wrap(f"{MORE}{left_out}", self.width))
            short = self._short_notes()[: max(self.most - least, 0)]
            whole = shortened_caption(caption, self.width, max(self.most - len(short), 1), left_out, more=True)
            notes = [*errors, *short]
        return list(map(Text, [*whole, *notes]))

    def _notes(self, shown: Iterable[Note]) -> list[str]:
        """Return the lines of some notes."""
        found = []
        for note in shown:
            label = self._safe(self.marks[note])
            indent = cell_len(label) + 1
            for number, line in enumerate(wrap(self._safe(note.text), self.width - indent)):
                found.append((label + " " if number == 0 else " " * indent) + line)
        return found

    def _short_notes(self) -> list[str]:
        """Return lines of the first clauses of all notes but errors, as many in a line as fit.

        Those of a sign such as †, which many entries have, come first. Equal clauses are printed once.
        """
        marks: dict[str, list[str]] = {}
        for note in sorted((note for note in self.marks if not note.error), key=lambda note: len(note.mark) != 1):
            label = self._safe(self.marks[note])
            marks.setdefault(first_clause(self._safe(note.text), self.width - cell_len(label) - 1), []).append(label)
        found: list[str] = []
        for clause, labels in marks.items():
            short = f"{' '.join(labels)} {clause}"
            if found and cell_len(found[-1]) + GAP + cell_len(short) <= self.width:
                found[-1] += " " * GAP + short
            else:
                found.append(short)
        return found

    # The body.

    def _grid(self, plan: Plan) -> list[Text]:
        header = self._block(plan, [self.headers[i] for i in plan.columns], ["bold"] * len(plan.columns), bottom=True)
        found = [*header, Text(self.rule)]
        before: tuple[list[str], str] | None = None
        spaced = plan.folded or bool(plan.below) or self._sections() < len(self.cells)
        for cells, row in zip(self.cells, self.table.rows, strict=True):
            setting = [cells[i] for i, column in enumerate(self.table.columns) if column.fold]
            fresh = before is None or before[0] != setting
            regrouped = before is None or before[1] != row.group
            if before is not None and ((fresh and spaced) or regrouped or plan.below):
                found.append(Text(""))
            if plan.folded and fresh:
                found += [Text(line.replace(PAD, " "), "bold") for line in wrap(self._heading(row, cells), self.width)]
            if row.group and (regrouped or fresh):
                found += [Text(line, "italic") for line in wrap(self._safe(row.group), self.width)]
            found += self._row(plan, cells, row, blank=not (plan.folded or fresh or regrouped))
            for i in plan.below:
                found += self._beneath(self.headers[i], cells[i])
            before = setting, row.group
        return found

    def _sections(self) -> int:
        folds = [i for i, column in enumerate(self.table.columns) if column.fold]
        return len({tuple(cells[i] for i in folds) for cells in self.cells})

    def _heading(self, row: Row, cells: list[str]) -> str:
        """Return the setting of a row as one line: the name, then each value after its column's header."""
        parts: list[str] = []
        for i, (column, entry) in enumerate(zip(self.table.columns, row.entries, strict=True)):
            if not column.fold or (isinstance(entry, Missing) and not entry.notes):
                continue
            cell = cells[i].replace(PAD, "")
            relation = "" if isinstance(entry, (Bound, Missing, Words)) else "= "
            part = f"{self.headers[i]} {relation}{cell}" if parts else cell
            parts.append(part.replace(" ", PAD) if cell_len(part) < self.width // 2 else part)
        return to_encoding(" · ", self.encoding).join(parts)

    def _beneath(self, header: str, cell: str) -> list[Text]:
        indent = "    "
        return [Text(indent + line) for line in wrap(f"{header}: {cell.replace(PAD, '')}", self.width - len(indent))]

    def _row(self, plan: Plan, cells: list[str], row: Row, *, blank: bool) -> list[Text]:
        texts = ["" if blank and self.table.columns[i].fold else cells[i] for i in plan.columns]
        return self._block(plan, texts, [STYLES[row.entries[i].style] for i in plan.columns])

    def _block(self, plan: Plan, texts: list[str], styles: list[str], *, bottom: bool = False) -> list[Text]:
        wrapped = [wrap(text, size) or [""] for text, size in zip(texts, plan.widths, strict=True)]
        height = max(len(part) for part in wrapped)
        if bottom:
            wrapped = [[""] * (height - len(part)) + part for part in wrapped]
        found = []
        for number in range(height):
            line = Text()
            for place, part in enumerate(wrapped):
                word = part[number].replace(PAD, " ") if number < len(part) else ""
                column = self.table.columns[plan.columns[place]]
                line.append(" " * (GAP if place else 0))
                line.append(pad(word, plan.widths[place], column.align), styles[place])
            line.rstrip()
            found.append(line)
        return found

    def _records(self) -> list[Text]:
        label = min(max(map(cell_len, self.headers), default=0), self.width // 3)
        found: list[Text] = []
        group = ""
        for number, (cells, row) in enumerate(zip(self.cells, self.table.rows, strict=True)):
            if number:
                found.append(Text(""))
            if row.group and row.group != group:
                found += [Text(line, "italic") for line in wrap(self._safe(row.group), self.width)]
            group = row.group
            for i, cell in enumerate(cells):
                found += self._field(
                    self.headers[i], cell.replace(PAD, ""), STYLES[row.entries[i].style], label, first=i == 0
                )
        return found

    def _field(self, header: str, cell: str, style: str, label: int, *, first: bool) -> list[Text]:
        if first:
            return [Text(line, "bold") for line in wrap(cell, self.width)]
        names = wrap(header, label)
        values = wrap(cell, self.width - label - GAP)
        found = []
        for number in range(max(len(names), len(values))):
            name = names[number] if number < len(names) else ""
            line = Text(pad(name, label, "left") + " " * GAP)
            line.append(values[number] if number < len(values) else "", style)
            line.rstrip()
            found.append(line)
        return found
