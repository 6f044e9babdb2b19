"""JSON text of records: strict, with sorted keys, laid out in lines."""

from __future__ import annotations

import json
from typing import Any

from harness.complaints import unprintable

LINE = 120
"""Columns within which a part of a record is written on one line."""

INDENT = 2
"""Blanks before the parts of a record, for each level."""


_flat = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True).encode


def dumps(record: Any) -> str:
    """Return strict JSON (no NaN, no ∞) with sorted keys, ending in a newline.

    Raises:
        ValueError: If a number is not finite.
    """
    # Control characters occur in texts only, so they can be escaped.
    return "\n".join(map(_escaped, laid_out(record).split("\n"))) + "\n"


def _escaped(line: str) -> str:
    if line.isprintable():  # almost all lines are
        return line
    return "".join(json.dumps(c)[1:-1] if unprintable(c) else c for c in line)


def laid_out(value: Any, before: int = 0) -> str:
    """Return JSON with sorted keys, indented, each part on one line where it fits.

    Args:
        value: Plain data without NaN.
        before: Number of blanks before the value.

    >>> laid_out({"k": [1, 2], "note": None})
    '{"k": [1, 2], "note": null}'
    """
    flat = _flat(value)
    if not value or not isinstance(value, dict | list | tuple) or before + len(flat) <= LINE:
        return flat
    inner = before + INDENT
    if isinstance(value, dict):
        parts = [f"{_flat(key)}: {laid_out(value[key], inner)}" for key in sorted(value)]
    else:
        parts = [laid_out(one, inner) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = ",\n".join(" " * inner + part for part in parts)
    return f"{opening}\n{lines}\n{' ' * before}{closing}"
