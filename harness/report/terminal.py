"""Tables for the screen: plain lines of limited width, with few colours.

If a table is too wide, the setting moves to a line above its rows and long texts to a line below their row. Then words
are wrapped. Then columns are dropped by priority, and the caption names them. A table that is still too wide is printed
as one record per row.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from harness.components.entries import Bound, Missing
from harness.components.entries import Text as Words
from harness.components.numbers import clean, to_encoding
from harness.report.caption import EDITED
from harness.standard_output import own

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Align, Row, Table

GAP = 2
PAD = "\u00a0"
SMALLEST = 24
SHORTEST_WRAP = 12
COMFORTABLE_WRAP = 24
LESSER = 3
CAPTION_LINES = 4
"""Largest number of lines of a caption on the screen, unless the legend is asked for."""

MORE = "--legend explains the rest."
STYLES = {"": "", "good": "green", "bad": "red", "doubt": "yellow", "dim": "dim", "strong": "bold"}


def show(table: Table, stream: TextIO | None = None, width: int | None = None, *, legend: bool = True) -> None:
    """Print a table, in colour on a terminal that supports it unless NO_COLOR is set, and plain elsewhere.

    Args:
        table: The table.
        stream: Where it is printed, or None for the standard output.
        width: Number of columns, or None for those of the terminal.
        legend: Whether the whole caption and all notes follow, and not :data:`CAPTION_LINES` lines.
    """
    console = console_for(stream, width)
    for line in lines(table, console.width, console.encoding, legend=legend):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def show_text(text: str, stream: TextIO | None = None) -> None:
    """Print sentences, broken between words to the width of the terminal."""
    console = console_for(stream)
    for line in wrap(to_encoding(clean(text), console.encoding), console.width):
        console.print(Text(line), no_wrap=True, overflow="ignore", crop=False)


def console_for(stream: TextIO | None = None, width: int | None = None) -> Console:
    """Return a console with the width of the terminal, of COLUMNS, or of 100 characters without a terminal."""
    target = stream or own()
    if width is None and not target.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) else 100
    elif width is None and "COLUMNS" not in os.environ:
        with contextlib.suppress(OSError):  # rich asks descriptor 1, which is not that of the output
            width = os.get_terminal_size(target.fileno()).columns or None
    return Console(file=target, width=width, highlight=False, emoji=False, markup=False)


def lines(table: Table, width: int = 100, encoding: str | None = "utf-8", *, legend: bool = True) -> list[Text]:
    """Return a table as lines of at most ``width`` columns, in characters that the encoding has.

    Args:
        table: The table.
        width: Number of columns.
        encoding: Encoding of the output.
        legend: Whether the whole caption and all notes follow, and not :data:`CAPTION_LINES` lines.
    """
    shown = table if legend else table.without_details()
    return _Layout(shown, max(width, SMALLEST), encoding, None if legend else CAPTION_LINES).lines()


def first_clause(text: str, width: int) -> str:
    """Return the text, or if it is longer than a line its first clauses that are not.

    >>> first_clause("limited by the budget: at least half of the unfit trials still fell", 40)
    'limited by the budget'
    >>> first_clause("no pause in a long note", 10)
    'no pause …'
    """
    if cell_len(text) <= width:
        return text
    ends = [found.start() for found in re.finditer(r"[:;,] ", text) if cell_len(text[: found.start()]) <= width]
    return text[: ends[0]] if ends else f"{wrap(text, width - 2)[0]} …"


def shortened_caption(text: str, width: int, most: int, last: str = "", *, more: bool = False) -> list[str]:
    """Return the first sentences of a caption that fit into some lines, and where to find the others.

    That numbers are of edited code is always said.

    Args:
        text: The caption.
        width: Number of columns.
        most: Number of lines.
        last: Sentence that always follows.
        more: Whether something else is left out, so that the legend is pointed to in any case.

    >>> shortened_caption("One is short. Two is a sentence that takes many more words.", 28, 2)
    ['One is short. --legend', 'explains the rest.']
    """
    sentences = re.split(r"(?<=\.) ", text)
    doubts = [sentence for sentence in sentences if sentence.startswith(EDITED)]
    end = " ".join([*doubts, f"{MORE}{last}"])
    whole = wrap(f"{text} {MORE}{last}" if more else f"{text}{last}".strip(), width)
    if len(whole) <= most:
        return whole
    sentences = [sentence for sentence in sentences if sentence not in doubts]
    for kept in range(len(sentences) - 1, 0, -1):
        found = wrap(" ".join([*sentences[:kept], end]), width)
        if len(found) <= most:
            return found
    return wrap(end, width)[: None if doubts else most]


@dataclass(frozen=True)
class _Plan:
    """The layout of a table: columns with widths, whether the setting is above its rows, and what is below a row."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    folded: bool = False
    below: tuple[int, ...] = ()


class _Layout:
    def __init__(self, table: Table, width: int, encoding: str | None, most: int | None = None) -> None:
        self.table, self.width, self.encoding, self.most = table, width, encoding, most
        self.marks = table.notes()
        self.headers = [self.safe(column.header) for column in table.columns]
        self.cells = [[self.safe(table.spelled(entry, self.marks)) for entry in row.entries] for row in table.rows]
        self.hang_marks()
        self.rule = self.safe("─") * width

    def hang_marks(self) -> None:
        """Print marks to the right of right-aligned columns, so that digits stay aligned."""
        for i, column in enumerate(self.table.columns):
            if column.align == "right":
                bare = [cell_len(self.safe(row.entries[i].text())) for row in self.table.rows]
                extra = [cell_len(row[i]) - size for row, size in zip(self.cells, bare, strict=True)]
                for row, own in zip(self.cells, extra, strict=True):
                    row[i] += PAD * (max(extra) - own)

    def safe(self, text: str) -> str:
        return to_encoding(clean(text), self.encoding)

    def lines(self) -> list[Text]:
        plan = self.plan()
        dropped: list[str] = []
        if plan is None:
            body = self.records()
        else:
            shown = {*plan.columns, *plan.below}
            dropped = [
                column.header
                for i, column in enumerate(self.table.columns)
                if i not in shown and not (plan.folded and column.fold)
            ]
            if dropped:
                return self.shortened(plan, dropped)
            body = self.grid(plan)
        return self.framed(body, dropped)

    def shortened(self, plan: _Plan, dropped: Sequence[str]) -> list[Text]:
        """Return the table without some columns in the same layout, without their notes and sentences."""
        kept = [i for i, column in enumerate(self.table.columns) if column.header not in dropped]
        layout = _Layout(self.table.without(dropped), self.width, self.encoding, self.most)
        columns, below = (tuple(map(kept.index, places)) for places in (plan.columns, plan.below))
        return layout.framed(layout.grid(replace(plan, columns=columns, below=below)), dropped)

    def framed(self, body: list[Text], dropped: Sequence[str]) -> list[Text]:
        """Return title, body, and what is printed below."""
        title = [Text(line, "bold") for line in wrap(self.safe(self.table.title), self.width)]
        below = self.below(dropped)
        return [*title, Text(self.rule), *body, *([Text(self.rule)] if below else []), *below]

    def below(self, dropped: Sequence[str]) -> list[Text]:
        """Return caption and notes. Without a legend they are shortened together to :data:`CAPTION_LINES` lines."""
        caption, left_out = self.safe(self.table.caption), ""
        if dropped:
            quoted = ", ".join(f"“{header}”" for header in dropped)
            left_out = f" {self.safe(f'Columns left out at this width: {quoted}.')}"
        notes = self.notes()
        if self.most is None:
            return list(map(Text, [*wrap(f"{caption}{left_out}".strip(), self.width), *notes]))
        whole = shortened_caption(caption, self.width, self.most, left_out)
        if len(whole) + len(notes) > self.most:
            least = len(wrap(f"{MORE}{left_out}", self.width))
            notes = self.short_notes()[: max(self.most - least, 0)]
            whole = shortened_caption(caption, self.width, max(self.most - len(notes), 1), left_out, more=True)
        return list(map(Text, [*whole, *notes]))

    def notes(self) -> list[str]:
        """Return the lines of all notes."""
        found = []
        for note, mark in self.marks.items():
            label = self.safe(mark)
            indent = cell_len(label) + 1
            for number, line in enumerate(wrap(self.safe(note.text), self.width - indent)):
                found.append((label + " " if number == 0 else " " * indent) + line)
        return found

    def short_notes(self) -> list[str]:
        """Return lines of the first clauses of all notes, as many in a line as fit. Equal clauses are printed once."""
        marks: dict[str, list[str]] = {}
        for note, mark in self.marks.items():
            label = self.safe(mark)
            marks.setdefault(first_clause(self.safe(note.text), self.width - cell_len(label) - 1), []).append(label)
        found: list[str] = []
        for clause, labels in marks.items():
            short = f"{' '.join(labels)} {clause}"
            if found and cell_len(found[-1]) + GAP + cell_len(short) <= self.width:
                found[-1] += " " * GAP + short
            else:
                found.append(short)
        return found

    # Columns and their widths.

    def plan(self) -> _Plan | None:
        columns = self.table.columns
        everything = range(len(columns))
        folded = any(column.fold for column in columns)
        unfolded = [i for i in everything if not columns[i].fold]
        short = [i for i in unfolded if not columns[i].below]
        below = tuple(i for i in unfolded if columns[i].below)
        if widths := self.fit(everything, least=None if folded or below else COMFORTABLE_WRAP):
            return _Plan(tuple(everything), widths)
        if widths := self.fit(unfolded, least=None if below else COMFORTABLE_WRAP):
            return _Plan(tuple(unfolded), widths, folded)
        # Columns of low priority are dropped before words are wrapped into narrow strips, others only at last.
        for least, lowest in ((COMFORTABLE_WRAP, LESSER), (SHORTEST_WRAP, 1)):
            while True:
                if widths := self.fit(short, least=least):
                    return _Plan(tuple(short), widths, folded, below)
                worst = max((columns[i].priority for i in short), default=0)
                if worst < lowest:
                    break
                short.remove(max(i for i in short if columns[i].priority == worst))
        return None

    def fit(self, columns: Sequence[int], *, least: int | None) -> tuple[int, ...] | None:
        """Return widths that fit, or None. Words wrap to at least ``least`` columns, or not at all if it is None."""
        widths = [self.natural(i) for i in columns]
        lowest = list(widths) if least is None else [self.least(i, least) for i in columns]
        room = self.width - GAP * (len(columns) - 1)
        while sum(widths) > room:
            able = [place for place, low in enumerate(lowest) if widths[place] > low]
            if not able:
                return None
            # The widest column that can shrink goes first, so that text columns become equal.
            widths[max(able, key=lambda place: widths[place])] -= 1
        return tuple(widths)

    def natural(self, i: int) -> int:
        longest = max((cell_len(row[i]) for row in self.cells), default=0)
        limit = self.table.columns[i].wrap
        if limit is not None:
            longest = min(longest, max(limit, self.longest_word(i)))
        return max(longest, *(cell_len(word) for word in self.headers[i].split(" ")), 1)

    def least(self, i: int, shortest: int) -> int:
        natural = self.natural(i)
        if self.table.columns[i].wrap is None:
            return natural
        header = max((cell_len(word) for word in self.headers[i].split(" ")), default=1)
        return min(natural, max(self.longest_word(i), header, shortest))

    def longest_word(self, i: int) -> int:
        return max((cell_len(word) for row in self.cells for word in row[i].split(" ")), default=0)

    # The body.

    def grid(self, plan: _Plan) -> list[Text]:
        header = self.block(plan, [self.headers[i] for i in plan.columns], ["bold"] * len(plan.columns), bottom=True)
        found = [*header, Text(self.rule)]
        before: tuple[list[str], str] | None = None
        spaced = plan.folded or bool(plan.below) or self.sections() < len(self.cells)
        for cells, row in zip(self.cells, self.table.rows, strict=True):
            setting = [cells[i] for i, column in enumerate(self.table.columns) if column.fold]
            fresh = before is None or before[0] != setting
            regrouped = before is None or before[1] != row.group
            if before is not None and ((fresh and spaced) or regrouped or plan.below):
                found.append(Text(""))
            if plan.folded and fresh:
                found += [Text(line.replace(PAD, " "), "bold") for line in wrap(self.heading(row, cells), self.width)]
            if row.group and (regrouped or fresh):
                found += [Text(line, "italic") for line in wrap(self.safe(row.group), self.width)]
            found += self.row(plan, cells, row, blank=not (plan.folded or fresh or regrouped))
            for i in plan.below:
                found += self.beneath(self.headers[i], cells[i])
            before = setting, row.group
        return found

    def sections(self) -> int:
        folds = [i for i, column in enumerate(self.table.columns) if column.fold]
        return len({tuple(cells[i] for i in folds) for cells in self.cells})

    def heading(self, row: Row, cells: list[str]) -> str:
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

    def beneath(self, header: str, cell: str) -> list[Text]:
        indent = "    "
        return [Text(indent + line) for line in wrap(f"{header}: {cell.replace(PAD, '')}", self.width - len(indent))]

    def row(self, plan: _Plan, cells: list[str], row: Row, *, blank: bool) -> list[Text]:
        texts = ["" if blank and self.table.columns[i].fold else cells[i] for i in plan.columns]
        return self.block(plan, texts, [STYLES[row.entries[i].style] for i in plan.columns])

    def block(self, plan: _Plan, texts: list[str], styles: list[str], *, bottom: bool = False) -> list[Text]:
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

    def records(self) -> list[Text]:
        label = min(max(map(cell_len, self.headers), default=0), self.width // 3)
        found: list[Text] = []
        group = ""
        for number, (cells, row) in enumerate(zip(self.cells, self.table.rows, strict=True)):
            if number:
                found.append(Text(""))
            if row.group and row.group != group:
                found += [Text(line, "italic") for line in wrap(self.safe(row.group), self.width)]
            group = row.group
            for i, cell in enumerate(cells):
                found += self.field(
                    self.headers[i], cell.replace(PAD, ""), STYLES[row.entries[i].style], label, first=i == 0
                )
        return found

    def field(self, header: str, cell: str, style: str, label: int, *, first: bool) -> list[Text]:
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


def pad(text: str, width: int, align: Align) -> str:
    """Return text filled with blanks to ``width`` screen columns."""
    blank = max(0, width - cell_len(text))
    left = {"left": 0, "right": blank, "center": blank // 2}[align]
    return " " * left + text + " " * (blank - left)


def wrap(text: str, width: int) -> list[str]:
    """Break text between words into lines of at most ``width`` screen columns. Only longer words are cut.

    >>> wrap("measured width thresholds", 14)
    ['measured width', 'thresholds']
    """
    found: list[str] = []
    line = ""
    for word in filter(None, text.split(" ")):
        rest = word
        joined = f"{line} {rest}" if line else rest
        if cell_len(joined) <= width:
            line = joined
            continue
        if line:
            found.append(line)
        while cell_len(rest) > width:
            head = set_cell_size(rest, width).rstrip()
            found.append(head)
            rest = rest[len(head) :]
        line = rest
    return [*found, line] if line else found
