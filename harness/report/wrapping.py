"""Lines of text: words broken to a width, padding, and captions shortened to a number of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from harness.report.caption import EDITED

if TYPE_CHECKING:
    from harness.components.table import Align

PAD = "\u00a0"
MORE = "--legend explains the rest."


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
