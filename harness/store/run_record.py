"""What is stored of a run beside its outcomes, looked at before it is used."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class RunRecord(NamedTuple):
    """One run.

    Attributes:
        started: When it began.
        suite: The text of its suite.
        provenance: Versions, plugins, device and solvers.
    """

    started: str
    suite: str
    provenance: dict[str, Any]


_TEXTS = ("machine", "device", "suite", "suite_hash", "date")
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
    return record
