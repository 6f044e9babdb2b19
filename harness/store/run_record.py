"""The record of a run that is stored beside its outcomes. It is checked before it is used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class RunRecord(NamedTuple):
    """One run.

    Attributes:
        started: When it began.
        suite: The text of its suite.
        provenance: Versions, plugins, device and solvers.
        resolved: The suite with every default spelled out, and the key of each regime. Empty for runs of version 0.1.
    """

    started: str
    suite: str
    provenance: dict[str, Any]
    resolved: Mapping[str, Any] = MappingProxyType({})


_TEXTS = ("machine", "processor", "device", "suite", "suite_hash", "date", "shard")
_TABLES = ("versions", "plugins", "solvers")


def provenance_of(text: Any) -> dict[str, Any]:
    """Return stored provenance.

    Raises:
        ValueError: If it is no provenance of ours.
        RecursionError: If it is nested too deeply.
    """
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError("the provenance is no table")
    for key in _TEXTS:
        if not isinstance(record.get(key, ""), str):
            raise ValueError(f"the provenance has a {key} that is no text")
    for key in _TABLES:
        table = record.get(key, {})
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise ValueError(f"the provenance has {key} that are no table of texts")
    files = record.get("plugin_files", [])
    if not isinstance(files, list) or not all(isinstance(file, str) and "\0" not in file for file in files):
        raise ValueError("the provenance has plugin_files that are no list of files")
    united = record.get("merged", [])
    if not isinstance(united, list) or not all(map(_is_source, united)):
        raise ValueError("the provenance has merged runs that are no list of tables with run and began")
    return record


def resolved_of(text: str) -> dict[str, Any]:
    """Return a stored resolved suite, or an empty table if there is none.

    Raises:
        ValueError: If it is no table.
        RecursionError: If it is nested too deeply.
    """
    record = json.loads(text) if text else {}
    if not isinstance(record, dict):
        raise ValueError("the resolved suite is no table")
    keys = record.get("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(key, str) for key in keys.values()):
        raise ValueError("the resolved suite has keys that are no table of texts")
    return record


def _is_source(one: Any) -> bool:
    """Say whether something is what is recorded of one run of a merged whole."""
    if not isinstance(one, dict):
        return False
    texts = (one.get("run"), one.get("began"), one.get("shard", ""))
    return all(isinstance(text, str) for text in texts) and type(one.get("trials", 0)) is int
