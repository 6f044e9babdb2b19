"""Checksums of the rows of a results file: a row in which a bit has changed is refused."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

SEALED: Mapping[str, tuple[str, ...]] = {
    "settings": ("key", "data"),
    "outcomes": ("key", "n", "d", "k", "seed", "record", "seconds"),
    "runs": ("started", "suite", "provenance", "resolved"),
    "rounds": ("key", "n", "d", "tolerance", "search", "version", "settings", "round", "asked"),
}
"""Columns of each table that its checksum covers: all the others, in their order."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def checksum(*values: str | int | float) -> str:
    """Return the first 16 digits of the SHA-256 of values as a JSON list.

    >>> checksum("outcomes", "key", 10, 4, 3, 0, "{}", 0.5)
    '728c9306a831dd1b'
    """
    return hashlib.sha256(_ENCODER.encode(values).encode()).hexdigest()[:16]


def sealed(table: str, row: Iterable[Any]) -> tuple[Any, ...]:
    """Return a row with its checksum at its end."""
    values = tuple(row)
    return *values, checksum(table, *values)


def verified(table: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield stored rows without their checksums.

    Raises:
        ValueError: If one of them is not what its checksum says.
        TypeError: If one of them has a value that no row has.
    """
    for *values, stored in rows:
        if checksum(table, *values) != stored:
            raise ValueError(f"damaged file, refused: a row of its {table} is not what its checksum says")
        yield tuple(values)


def seal(db: sqlite3.Connection, table: str) -> None:
    """Write the checksum of every row of a table anew, whatever it was."""
    db.create_function("checksum", -1, checksum, deterministic=True)
    db.execute(f"UPDATE {table} SET checksum = checksum('{table}', {', '.join(SEALED[table])})")
