"""The plan of a table in LaTeX: which columns are in a line, how wide their text is, and in which font size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Column

LINE = 345.0
"""Width of a line in points, as in LaTeX's article class."""

SIZES = (("small", 4.7), ("footnotesize", 4.2), ("scriptsize", 3.7))
"""Font sizes, and the width of a character in points in each."""

SEP = 3.0
"""Half of the distance between columns in points."""

NARROWED = (30, 16)
"""Widths in characters to which text columns may be narrowed: before a smaller font is tried, and at last."""


@dataclass(frozen=True)
class LatexPlan:
    """The layout of a table: columns in a line, widths of text (None for natural width), notes below, and font size."""

    columns: tuple[int, ...]
    widths: tuple[int | None, ...]
    below: tuple[int, ...]
    size: str
    dropped: tuple[str, ...] = ()


def latex_plan(columns: Sequence[Column], natural: Sequence[int]) -> LatexPlan:
    """Return the plan of a table.

    Args:
        columns: The columns.
        natural: Width in characters that each column has if its text is not wrapped.
    """
    below = tuple(i for i, column in enumerate(columns) if column.below and not column.fold)
    shown = [i for i, column in enumerate(columns) if not column.fold and not column.below]
    dropped: list[str] = []
    while True:
        able = [place for place, i in enumerate(shown) if columns[i].wrap]
        for least, (size, points) in product(NARROWED, SIZES):
            room = int((LINE - 2 * SEP * (len(shown) - 1)) / points)
            if widths := _fitted([natural[i] for i in shown], able, room, least):
                return LatexPlan(tuple(shown), widths, below, size, tuple(dropped))
        worst = max((columns[i].priority for i in shown), default=0)
        if not worst:  # no column may be dropped, so the smallest size is used at any width
            narrow = tuple(NARROWED[-1] if columns[i].wrap else None for i in shown)
            return LatexPlan(tuple(shown), narrow, below, SIZES[-1][0], tuple(dropped))
        gone = max(i for i in shown if columns[i].priority == worst)
        dropped.insert(0, columns[gone].header)
        shown.remove(gone)


def _fitted(natural: list[int], able: list[int], room: int, least: int) -> tuple[int | None, ...] | None:
    """Return widths that fit into ``room`` characters, or None. Text that is able to shrink keeps ``least`` of them."""
    widths = list(natural)
    while sum(widths) > room:
        longest = max(able, key=lambda place: widths[place], default=None)
        if longest is None or widths[longest] <= least:
            return None
        widths[longest] -= 1
    return tuple(size if size < own else None for size, own in zip(widths, natural, strict=True))
