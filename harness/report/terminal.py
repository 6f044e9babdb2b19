"""Printing on the screen: tables and sentences, plain lines of limited width with few colours."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from harness.components.numbers import clean, to_encoding
from harness.report.table_layout import TableLayout
from harness.report.wrapping import wrap
from harness.standard_output import own

if TYPE_CHECKING:
    from harness.components.table import Table

SMALLEST = 24
CAPTION_LINES = 4
"""Largest number of lines of a caption on the screen, unless the legend is asked for."""


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
    shown = table.explained() if legend else table.without_details()
    return TableLayout(shown, max(width, SMALLEST), encoding, None if legend else CAPTION_LINES).lines()
