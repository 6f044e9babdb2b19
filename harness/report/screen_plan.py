"""The plan of a table on a screen of limited width: which columns are shown, where, and how wide.

If a table is too wide, the setting moves to a line above its rows and long texts to a line below their row. Then words
are wrapped. Then columns are dropped by priority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Column

GAP = 2
"""Blanks between columns."""

COMFORTABLE_WRAP, SHORTEST_WRAP = 24, 12
"""Widths to which words are wrapped: before a column that others need is dropped, and at last."""

WIDEST_WRAP = 60
"""Columns of text that words fill before they wrap, if the line has them to spare."""

LESSER = 3
"""Least priority of columns that are dropped before words are wrapped to the shortest width."""


@dataclass(frozen=True)
class Plan:
    """The layout of a table: columns with widths, whether the setting is above its rows, and what is below a row."""

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    folded: bool = False
    below: tuple[int, ...] = ()


def screen_plan(
    columns: Sequence[Column], headers: Sequence[str], cells: Sequence[Sequence[str]], width: int
) -> Plan | None:
    """Return the plan of a table, or None if it is too wide without all columns that may be dropped.

    Args:
        columns: The columns.
        headers: Their headers as they are printed.
        cells: The entries of each row as they are printed.
        width: Columns of the screen.
    """
    return _Planner(columns, headers, cells, width).plan()


@dataclass(frozen=True)
class _Planner:
    columns: Sequence[Column]
    headers: Sequence[str]
    cells: Sequence[Sequence[str]]
    width: int

    def plan(self) -> Plan | None:
        columns = self.columns
        everything = range(len(columns))
        folded = any(column.fold for column in columns)
        unfolded = [i for i in everything if not columns[i].fold]
        short = [i for i in unfolded if not columns[i].below]
        below = tuple(i for i in unfolded if columns[i].below)
        if widths := self._fit(everything, least=None if folded or below else COMFORTABLE_WRAP):
            return Plan(tuple(everything), widths)
        if widths := self._fit(unfolded, least=None if below else COMFORTABLE_WRAP):
            return Plan(tuple(unfolded), widths, folded)
        # Columns of low priority are dropped before words are wrapped into narrow strips, others only at last.
        for least, lowest in ((COMFORTABLE_WRAP, LESSER), (SHORTEST_WRAP, 1)):
            while True:
                if widths := self._fit(short, least=least):
                    return Plan(tuple(short), widths, folded, below)
                worst = max((columns[i].priority for i in short), default=0)
                if worst < lowest:
                    break
                short.remove(max(i for i in short if columns[i].priority == worst))
        return None

    def _fit(self, columns: Sequence[int], *, least: int | None) -> tuple[int, ...] | None:
        """Return widths that fit, or None. Words wrap to at least ``least`` columns, or not at all if it is None."""
        widths = [self._natural(i) for i in columns]
        lowest = list(widths) if least is None else [self._least(i, least) for i in columns]
        room = self.width - GAP * (len(columns) - 1)
        while sum(widths) > room:
            able = [place for place, low in enumerate(lowest) if widths[place] > low]
            if not able:
                return None
            # The widest column that can shrink goes first, so that text columns become equal.
            widths[max(able, key=lambda place: widths[place])] -= 1
        return self._spread(columns, widths, room)

    def _spread(self, columns: Sequence[int], widths: Sequence[int], room: int) -> tuple[int, ...]:
        """Return the widths with what is left of the line given to columns whose words would wrap without need."""
        found, spare = [], room - sum(widths)
        for i, width in zip(columns, widths, strict=True):
            wanted = min(max((cell_len(row[i]) for row in self.cells), default=0), WIDEST_WRAP)
            more = min(max(wanted - width, 0), spare)
            spare -= more
            found.append(width + more)
        return tuple(found)

    def _natural(self, i: int) -> int:
        longest = max((cell_len(row[i]) for row in self.cells), default=0)
        limit = self.columns[i].wrap
        if limit is not None:
            longest = min(longest, max(limit, self._longest_word(i)))
        return max(longest, *(cell_len(word) for word in self.headers[i].split(" ")), 1)

    def _least(self, i: int, shortest: int) -> int:
        natural = self._natural(i)
        if self.columns[i].wrap is None:
            return natural
        header = max((cell_len(word) for word in self.headers[i].split(" ")), default=1)
        return min(natural, max(self._longest_word(i), header, shortest))

    def _longest_word(self, i: int) -> int:
        return max((cell_len(word) for row in self.cells for word in row[i].split(" ")), default=0)
