"""Suites that are given as nested mappings, written as TOML."""

from __future__ import annotations

import json
import numbers
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def toml_text(data: Mapping[str, Any]) -> str:
    """Return the TOML text of a nested mapping: a section for each mapping at the top, and inline tables below.

    Raises:
        TypeError: If a key is no string, or a value is of a type that TOML does not have.

    >>> print(toml_text({"suite": {"name": "mine"}, "regimes": [{"use": "moderate", "c": 1.5}]}), end="")
    [suite]
    name = "mine"
    <BLANKLINE>
    [[regimes]]
    use = "moderate"
    c = 1.5
    """
    lines = [f"{_key(key)} = {_value(value)}" for key, value in data.items() if not _sections(value)]
    for key, value in data.items():
        for section in _sections(value):
            head = f"[{_key(key)}]" if isinstance(value, Mapping) else f"[[{_key(key)}]]"
            lines += [*([""] if lines else []), head, *(f"{_key(k)} = {_value(v)}" for k, v in section.items())]
    return "\n".join(lines) + "\n"


def _sections(value: Any) -> list[Mapping[str, Any]]:
    """Return the tables of a value that is one, or a list of some."""
    if isinstance(value, Mapping):
        return [value]
    listed = isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)
    return list(value) if listed else []


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"found the key {key!r} in a suite, expected a string")
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _quoted(key)


def _quoted(text: str) -> str:
    """Return a basic string; its escapes are those of JSON, and TOML wants DEL escaped as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | PurePath):
        return _quoted(str(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):  # NumPy's as well, of which the repr is no TOML
        return repr(float(value))
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError(f"found {value!r} in a suite, expected a string, a number, a truth value, a list or a mapping")
