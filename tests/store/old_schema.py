"""Results files as earlier versions wrote them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from harness.store import FILE
from harness.store.checksum import SEALED


def execute(directory: Path, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(directory / FILE, isolation_level=None)) as db:
        return db.execute(statement, values).fetchall()


def downgrade(directory: Path) -> None:
    """Make a file what version 0.1 wrote."""
    for table in SEALED:
        execute(directory, f"ALTER TABLE {table} DROP COLUMN checksum" if table != "rounds" else "DROP TABLE rounds")
    execute(directory, "ALTER TABLE runs DROP COLUMN resolved")
    execute(directory, "PRAGMA user_version = 1")
