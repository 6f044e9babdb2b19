"""The names that columns of tables have in files."""

from __future__ import annotations

import re

NAMES = {
    "kd/n": "weights_per_label",
    "C=1": "scaling",
    "C=1 ÷ k½": "scaling_over_k_half",
    "on data": "width",
    "on data ÷ k½": "width_over_k_half",
}
"""Names of columns that do not follow from their headers: those of ``thresholds.json``."""


def snake(header: str, part: str = "") -> str:
    """Return the name of a column in snake case.

    Args:
        header: Header of the column of a table.
        part: Part of its entries, or an empty string for the value itself.

    >>> snake("k½ at 0.01", "low"), snake("measured a, b", "a high"), snake("a, b", "b"), snake("kd/n")
    ('k_half_at_0_01_low', 'measured_a_high', 'b', 'weights_per_label')
    """
    if header not in NAMES and part[:1] in ("a", "b") and part[1:2] in ("", " "):
        header = re.sub(r"\ba, b$", "", header)
    words = NAMES.get(header) or header.replace("½", "_half").replace("÷", " over ").replace("/", " over ")
    return re.sub(r"\W+", "_", f"{words} {part}").strip("_").lower()
