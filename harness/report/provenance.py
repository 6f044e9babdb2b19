"""Provenance of a run as the comment lines of exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def provenance(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the provenance of a run as flat text, one line per key.

    >>> provenance({"seed": 1, "versions": {"numpy": "2.4.6", "torch": "2.13.0"}, "plugin_files": []})
    {'seed': '1', 'versions': 'numpy 2.4.6, torch 2.13.0'}
    """
    flat = {str(key): _line(value) for key, value in run.items()}
    return {key: line for key, line in flat.items() if line}


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_line(part)}" for key, part in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return ", ".join(_line(part) for part in value)
    return "" if value is None else str(value)
