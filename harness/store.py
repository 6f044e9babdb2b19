"""Every outcome, durable: one SQLite file per run directory, written by the driver alone.

Outcomes are found by what fixes their numbers (the semantic key of the setting, and n, d, k, seed), so a suite
that was edited finds what is still valid, and nothing is trained twice.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from harness.components import Cell, Outcome

try:
    import fcntl
except ImportError:  # not on Windows, where runs are not kept apart
    fcntl = None  # type: ignore[assignment]

FILE = "results.sqlite"
LOCK = ".lock"
APPLICATION = 0x68726E73
"""SQLite application id of our files ("hrns")."""

SCHEMA = 1

_TABLES = """
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    data TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE outcomes (
    key TEXT NOT NULL REFERENCES settings(key),
    n INTEGER NOT NULL, d INTEGER NOT NULL, k INTEGER NOT NULL, seed INTEGER NOT NULL,
    record TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (key, n, d, k, seed)
) WITHOUT ROWID;
CREATE TABLE runs (
    started TEXT PRIMARY KEY,
    suite TEXT NOT NULL,
    provenance TEXT NOT NULL
) WITHOUT ROWID;
"""

_FIELDS = tuple(f for f in fields(Outcome) if f.name not in ("seed", "seconds"))

Place = tuple[int, int, int, int]
"""(n, d, k, seed)."""


class StoreError(Exception):
    """A results file that cannot be used; the message says why and what to do."""


class Store:
    """The results of one run directory. Use as a context manager."""

    def __init__(self, directory: Path, *, create: bool = True, exclusive: bool = False) -> None:
        """Open, or create, the results file in a directory.

        Args:
            directory: The run directory.
            create: Whether to make the file if there is none.
            exclusive: Whether to keep other runs out until this store is closed; readers are always let in.

        Raises:
            StoreError: If there is none and ``create`` is false, or it is not one of ours, or another version's, or
                another run holds it.
        """
        self.path = directory / FILE
        self._lock: IO[str] | None = None
        if not self.path.exists() and not create:
            raise StoreError(f"{directory} holds no {FILE}; run the suite first, or name a run directory")
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if exclusive:
                self._lock = _lock(directory)
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            self._open()
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: {error}; move the file away, or choose another directory with --out"
            ) from error
        except OSError as error:
            raise StoreError(f"{directory}: {error.strerror}; choose another directory with --out") from error

    def _open(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA synchronous = FULL")
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            db.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {APPLICATION};"
                f" PRAGMA user_version = {SCHEMA}; COMMIT;"
            )
            return
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION:
            raise StoreError(f"{self.path} is an SQLite file of another program; choose another directory with --out")
        if version != SCHEMA:
            raise StoreError(
                f"{self.path} has schema {version}, this version of the harness reads {SCHEMA};"
                " read it with the version that wrote it, or start anew with --fresh"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn errors of the file into ours."""
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"{self.path} cannot be read ({error}); it is damaged, or of another version:"
                " start anew with --fresh, which keeps the file"
            ) from error

    def outcomes(self, key: str, *, errors: bool = False) -> dict[Place, Outcome]:
        """Return the outcomes stored under a setting's key; errors are left out unless asked for, to be tried again."""
        with self._reading():
            rows = self._db.execute("SELECT n, d, k, seed, record, seconds FROM outcomes WHERE key = ?", (key,))
            found = {(n, d, k, seed): _decode(seed, record, seconds) for n, d, k, seed, record, seconds in rows}
        return {place: outcome for place, outcome in found.items() if errors or not outcome.message}

    def put(self, key: str, setting: Mapping[str, Any], cell: Cell, outcomes: Iterable[Outcome]) -> None:
        """Write the outcomes of a batch in one transaction; they are on disk when this returns.

        Raises:
            StoreError: If the file cannot be written (disk full, say). What was there before is intact.
        """
        rows = [(key, cell.n, cell.d, cell.k, o.seed, _encode(o), o.seconds) for o in outcomes]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (key, json.dumps(setting, sort_keys=True)))
            self._db.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"{self.path}: {error}; what was saved before is intact, run again to go on") from error

    def began(self, suite: str, provenance: Mapping[str, Any]) -> None:
        """Note that a run of a suite began: its text, and the versions and device it ran on."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 10**9:09d}Z"
        try:
            self._db.execute("INSERT INTO runs VALUES (?, ?, ?)", (now, suite, json.dumps(provenance, sort_keys=True)))
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}; choose another directory with --out") from error

    def last_run(self) -> tuple[str, str, dict[str, Any]] | None:
        """Return when the last run began, its suite's text and its provenance."""
        with self._reading():
            query = "SELECT started, suite, provenance FROM runs ORDER BY started DESC LIMIT 1"
            row = self._db.execute(query).fetchone()
            return None if row is None else (row[0], row[1], json.loads(row[2]))

    def seconds(self, key: str) -> float:
        """Return the training time spent on the outcomes of a key, in seconds."""
        with self._reading():
            query = "SELECT coalesce(sum(seconds), 0) FROM outcomes WHERE key = ?"
            (total,) = self._db.execute(query, (key,)).fetchone()
            return float(total)


def _lock(directory: Path) -> IO[str]:
    """Take the directory's lock for this process; it is free again when the process ends, however it does."""
    handle = (directory / LOCK).open("a+", encoding="utf-8")
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            handle.close()
            raise StoreError(
                f"another run is using {directory} (process {holder}); wait for it, or choose another with --out"
            ) from error
        handle.truncate(0)
        handle.write(f"{os.getpid()} on {platform.node()}")
        handle.flush()
    return handle


def set_aside(directory: Path) -> Path | None:
    """Move the results file of a directory out of the way; return its new name, or None if there was none.

    Raises:
        StoreError: If another run is using it.
    """
    path = directory / FILE
    if not path.exists():
        return None
    with _lock(directory):
        return _rename(path)


def _rename(path: Path) -> Path:
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # rolls back what a killed run left half written
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(path.stat().st_mtime))
    for number in range(1000):
        aside = path.with_name(f"{path.stem}-{stamp}{f'-{number}' if number else ''}{path.suffix}")
        if not aside.exists():
            os.rename(path, aside)
            return aside
    raise StoreError(f"too many results set aside in {path.parent}")


def _encode(outcome: Outcome) -> str:
    """Write an outcome by the names of its fields, leaving out what has its usual value."""
    record = {f.name: _plain(getattr(outcome, f.name)) for f in _FIELDS if getattr(outcome, f.name) != _usual(f)}
    return json.dumps(record, separators=(",", ":"), allow_nan=False)


def _usual(of: Field[Any]) -> Any:
    return of.default_factory() if of.default_factory is not MISSING else of.default


def _plain(value: Any) -> Any:
    """Spell out what strict JSON has no number for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(v) for name, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _decode(seed: int, record: str, seconds: float) -> Outcome:
    values = json.loads(record)
    values["measure"] = float(values["measure"])
    values["hits"] = tuple(values["hits"])
    if "curve" in values:
        values["curve"] = tuple(float(v) for v in values["curve"])
    return Outcome(seed=seed, seconds=seconds, **values)
