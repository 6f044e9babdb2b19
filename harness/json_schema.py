"""JSON Schemas as text, and as files that the repository keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schema(schema: Mapping[str, Any], arguments: Sequence[str]) -> None:
    """Write a schema to the file that the arguments of a command name, or to standard output.

    Args:
        schema: The schema.
        arguments: Path of the file, or nothing.
    """
    if arguments:
        Path(arguments[0]).write_text(schema_text(schema), encoding="utf-8")
    else:
        sys.stdout.buffer.write(schema_text(schema).encode())
