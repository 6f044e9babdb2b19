"""Tables with few columns, for comments on forges and reviews, which are narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import Missing
from harness.components.numbers import clean

if TYPE_CHECKING:
    from harness.components.table import Table

MOST = 7
"""Largest number of columns of a table in Markdown, unless columns are asked for."""

FIRST = {"theories": ("regime", "theory", "guarantee", "C=1", "C=1 ÷ k½", "on data ÷ k½", "met")}
"""Columns of a table that are kept before others. A column of guarantees takes the place of groups of rows."""


def narrowed(table: Table, most: int = MOST) -> Table:
    """Return a table with at most ``most`` columns, and a caption that says which are left out.

    Columns of the setting that are the same in all rows move to the title. Then columns of low priority are left out,
    the last ones first.

    Args:
        table: The table.
        most: Number of columns, with the one for groups of rows.
    """
    first_columns = FIRST.get(table.name, ())
    if "guarantee" in first_columns:
        table = replace(table, rows=tuple(replace(row, group="") for row in table.rows))
    room = most - any(row.group for row in table.rows)
    columns = table.columns
    if len(columns) <= room or not table.rows:
        return table
    first = table.rows[0].entries
    setting = [
        i for i, column in enumerate(columns) if column.fold and all(row.entries[i] == first[i] for row in table.rows)
    ]
    rest = sorted(
        (i for i in range(len(columns)) if i not in setting),
        key=lambda i: (columns[i].header not in first_columns, columns[i].priority),
    )
    dropped = [columns[i].header for i in sorted(rest[room:])]
    said = [
        _with_header(columns[i].header, clean(first[i].text())) for i in setting if not isinstance(first[i], Missing)
    ]
    notes = [f"{columns[i].header}: {note.text}." for i in setting for note in first[i].notes]
    shorter = table.without([*dropped, *(columns[i].header for i in setting)])
    listed = ", ".join(f"“{header}”" for header in dropped)
    left_out = [f"Columns left out: {listed}; --columns '*' shows all."] if dropped else []
    named = table.title.split(" · ")  # a block of theories has its regime in its title
    title = " · ".join([table.title, *(one for one in said if one not in named)])
    return replace(shorter, title=title, caption=" ".join([shorter.caption, *notes, *left_out]).strip())


def _with_header(header: str, text: str) -> str:
    return text if header == "regime" else f"{header} {text}" if text[:1] in "≤>" else f"{header} = {text}"
