"""The tables of a results file, their migrations, and the checks that reject other files."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.store.checksum import seal

APPLICATION = 0x68726E73
"""SQLite application id of our files ("hrns")."""

SCHEMA = 2
"""Version of the tables, kept as the file's ``user_version``."""

LONGEST = 16_000_000
"""Bytes of the longest text that is read or written; a damaged length cannot ask for more memory."""

TABLES = {
    "settings": """CREATE TABLE settings (
        key TEXT PRIMARY KEY,
        data TEXT NOT NULL,
        checksum TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID""",
    "outcomes": """CREATE TABLE outcomes (
        key TEXT NOT NULL REFERENCES settings(key),
        n INTEGER NOT NULL, d INTEGER NOT NULL, k INTEGER NOT NULL, seed INTEGER NOT NULL,
        record TEXT NOT NULL,
        seconds REAL NOT NULL,
        checksum TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (key, n, d, k, seed)
    ) WITHOUT ROWID""",
    "runs": """CREATE TABLE runs (
        started TEXT PRIMARY KEY,
        suite TEXT NOT NULL,
        provenance TEXT NOT NULL,
        resolved TEXT NOT NULL DEFAULT '',
        checksum TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID""",
    "rounds": """CREATE TABLE rounds (
        key TEXT NOT NULL,
        n INTEGER NOT NULL, d INTEGER NOT NULL, tolerance INTEGER NOT NULL,
        search TEXT NOT NULL, version INTEGER NOT NULL, settings TEXT NOT NULL,
        round INTEGER NOT NULL,
        asked TEXT NOT NULL,
        checksum TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (key, n, d, tolerance, search, version, settings, round)
    ) WITHOUT ROWID""",
}

FIRST = {
    "settings": "CREATE TABLE settings (key TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID",
    "outcomes": """CREATE TABLE outcomes (
        key TEXT NOT NULL REFERENCES settings(key),
        n INTEGER NOT NULL, d INTEGER NOT NULL, k INTEGER NOT NULL, seed INTEGER NOT NULL,
        record TEXT NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (key, n, d, k, seed)
    ) WITHOUT ROWID""",
    "runs": """CREATE TABLE runs (
        started TEXT PRIMARY KEY,
        suite TEXT NOT NULL,
        provenance TEXT NOT NULL
    ) WITHOUT ROWID""",
}
"""Tables of schema 1."""

Migration = Callable[[sqlite3.Connection], None]


def _second(db: sqlite3.Connection) -> None:
    """Add checksums, resolved suites and the ledger of rounds."""
    db.execute("ALTER TABLE runs ADD COLUMN resolved TEXT NOT NULL DEFAULT ''")
    for table in ("settings", "outcomes", "runs"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN checksum TEXT NOT NULL DEFAULT ''")
        seal(db, table)
    db.execute(TABLES["rounds"])


MIGRATIONS: Mapping[int, Migration] = {1: _second}
"""Version → what makes the next one of it, statement by statement; all that are needed run in one transaction."""

CREATED: Mapping[int, Mapping[str, str]] = {1: FIRST, 2: TABLES}
"""Tables of new files by the version that created them. Migrated files have other SQL texts than new ones."""

LONGEST_STATEMENT = 10_000
"""Bytes of the longest SQL text, of the tables and of queries."""


@dataclass(frozen=True)
class Remedy:
    """Advice for a file that cannot be used, as text for errors.

    Attributes:
        elsewhere: Advice to leave it alone.
        aside: Advice to start again, or to leave it alone.
    """

    elsewhere: str
    aside: str


WRITER = Remedy(
    "choose another directory with --out",
    "start anew with --fresh, which keeps the file, or choose another directory with --out",
)
UNION = Remedy("merge into another directory", "merge into another directory")
"""Advice of a verb that takes its directory as an argument."""

READER = Remedy(
    "name another run directory, or an archive of one",
    "name another run directory, or an archive of one, or train anew with harness run --fresh, which keeps the file",
)


class StoreError(Exception):
    """A results file that cannot be used. The message says why and what to do."""


def prepare(db: sqlite3.Connection, path: Path, remedy: Remedy = WRITER) -> None:
    """Make the tables in an empty file; check those of any other, and bring older ones up to date.

    Args:
        db: The open file.
        path: Where it is.
        remedy: What errors suggest.

    Raises:
        StoreError: If the file is another program's, or a newer version's, or its tables are not ours.
        sqlite3.Error: If it is damaged, or cannot be written.
    """
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_STATEMENT)
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    (count,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    version = _number(db, "user_version")
    if not count and not version:
        _create(db)
        return
    if _number(db, "application_id") != APPLICATION:
        raise StoreError(f"{path} is an SQLite file of another program; {remedy.elsewhere}")
    if version > SCHEMA:
        raise StoreError(
            f"{path} has schema {version}, and this version of the harness reads up to {SCHEMA}: it was written by a"
            f" newer one; upgrade, or {remedy.aside}"
        )
    if _objects(db) not in _known(version):  # before any query, as a table may have expressions that never end
        raise StoreError(f"{path} has other tables than ours: it is damaged, or was changed; {remedy.aside}")
    if version < SCHEMA:
        _migrate(db, path, version)


def _objects(db: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Return type, name, table and SQL text of every object, without blanks, which SQLite may set differently."""
    found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {tuple("".join(str(text).split()) for text in one) for one in found}


def _known(version: int) -> list[set[tuple[str, ...]]]:
    """Return the objects that a file of a version may have: those of each version that created it, migrated."""
    known = []
    for created, tables in CREATED.items():
        steps = range(created, version)
        if created <= version and all(step in MIGRATIONS for step in steps):
            with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
                for statement in tables.values():
                    db.execute(statement)
                for step in steps:
                    MIGRATIONS[step](db)
                known.append(_objects(db))
    return known


def up_to_date(db: sqlite3.Connection) -> sqlite3.Connection:
    """Return a file for reading: itself, or a copy in memory if its tables are older, so that it stays as it is."""
    if not 0 < _number(db, "user_version") < SCHEMA:
        return db
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with contextlib.closing(db):
        db.backup(copy)
    return copy


def _number(db: sqlite3.Connection, pragma: str) -> int:
    (value,) = db.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if not _number(db, "user_version"):  # no other process has made them meanwhile
        for statement in TABLES.values():
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def _migrate(db: sqlite3.Connection, path: Path, version: int) -> None:
    missing = [step for step in range(version, SCHEMA) if step not in MIGRATIONS]
    if missing:
        raise StoreError(f"{path} has schema {version}, which this version of the harness cannot bring up to {SCHEMA}")
    db.execute("BEGIN EXCLUSIVE")
    for step in range(_number(db, "user_version"), SCHEMA):  # asked again: another process may have been faster
        MIGRATIONS[step](db)
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")
