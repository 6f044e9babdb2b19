"""The results file of a run directory: how it is opened and checked, and what its errors mean."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.complaints import printable
from harness.store.connection import SECONDS, GoneError, LockedError, WriteError, connect, is_lock, locked, snapshot
from harness.store.lock import Held, Lock
from harness.store.query_limit import QueryLimit
from harness.store.schema import READER, WRITER, Remedy, StoreError, prepare, up_to_date

FILE = "results.sqlite"
DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""Errors of SQLite for unusable files. Its messages may quote bytes that are not text, hence UnicodeDecodeError."""


class ResultsFile:
    """An open results file, whose pages and tables were checked.

    Attributes:
        path: The file.
        db: Connection to it, or to a copy in memory.
        limit: Limit on the processor time of its queries.
    """

    def __init__(self, path: Path, *, create: bool, exclusive: bool, remedy: Remedy | None = None) -> None:
        """Open or create the file. See :class:`harness.store.Store`."""
        self.path = path
        self._remedy = remedy or (WRITER if create else READER)
        self._lock: Lock | None = None
        there = _is_there(self.path, self._remedy)
        if not there and not create:
            raise StoreError(f"{path.parent} holds no {FILE}; run the suite first, or name a run directory")
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            if exclusive:
                self._lock = Lock(path.parent)
            self.db = connect(self.path, "rwc" if create else "rw")
            try:
                self._prepare(check=there and exclusive, old=not create and not exclusive)
            except sqlite3.OperationalError as error:
                if create or exclusive or not is_lock(error):
                    raise
                self.db.close()
                self.db = snapshot(self.path)
                self._prepare(check=True, old=True)
            self.db.execute(f"PRAGMA busy_timeout = {SECONDS * 1000}")
        except BaseException as error:
            self.close()
            if isinstance(error, Held):
                raise StoreError(f"{error}, or {self._remedy.elsewhere}") from error
            if isinstance(error, DAMAGE):
                if hasattr(self, "limit"):
                    self.limit.check(error)
                if is_lock(error):
                    raise LockedError(locked(self.path)) from error
                raise StoreError(_why(self.path, error, self._remedy)) from error
            if isinstance(error, FileExistsError):
                raise StoreError(f"{path.parent} is a file, expected a folder; {self._remedy.elsewhere}") from error
            if isinstance(error, OSError):
                raise StoreError(f"{path.parent}: {error.strerror}; {self._remedy.elsewhere}") from error
            raise

    def _prepare(self, *, check: bool, old: bool) -> None:
        """Check the file, with its pages if asked to. An old one is read from a migrated copy if asked to."""
        self.limit = QueryLimit(self.db)
        if old:
            self.db = up_to_date(self.db)
            self.limit = QueryLimit(self.db)
        db = self.db
        prepare(db, self.path, self._remedy)
        (mode,) = db.execute("PRAGMA journal_mode = DELETE").fetchone()
        db.execute("PRAGMA synchronous = FULL")
        (level,) = db.execute("PRAGMA synchronous").fetchone()
        if (mode, level) not in (("delete", 2), ("memory", 2)):
            raise StoreError(
                f"{self.path} cannot be kept safe (journal {mode}, synchronous {level}); {self._remedy.aside}"
            )
        if db.execute("SELECT key FROM outcomes WHERE key NOT IN (SELECT key FROM settings) LIMIT 1").fetchone():
            raise StoreError(f"{self.path} is damaged: it has outcomes of no setting; {self._remedy.aside}")
        if check:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise StoreError(f"{self.path} is damaged ({printable(str(found))}); {self._remedy.aside}")

    def close(self) -> None:
        """Close the file and let other runs in."""
        if hasattr(self, "db"):
            self.db.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for queries.

        Raises:
            StoreError: If what they find is not what it should be.
            LockedError: If another program keeps the file locked.
        """
        self.limit.start()
        try:
            yield self.db
        except (sqlite3.Error, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            self.limit.check(error)
            if is_lock(error):
                raise LockedError(locked(self.path)) from error
            said = printable(str(error))[:200]
            raise StoreError(
                f"{self.path} cannot be read ({said}); it is damaged, or of another version: {self._remedy.aside}"
            ) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give the connection in a transaction.

        Raises:
            WriteError: If it fails. It is then undone.
        """
        self.limit.start()
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield self.db
            self.db.execute("COMMIT")
        except DAMAGE as error:
            with contextlib.suppress(*DAMAGE):
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
            self.limit.check(error)
            if is_lock(error):
                raise LockedError(locked(self.path)) from error
            if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DBMOVED" or not self.path.exists():
                raise GoneError(f"{self.path} was deleted or moved during the run, and its trials with it") from error
            raise WriteError(f"{self.path}: {printable(str(error))}; what was saved before is intact") from error


def _is_there(path: Path, remedy: Remedy) -> bool:
    """Say whether there is such a file.

    Raises:
        StoreError: If there is something else of that name.
    """
    try:
        if path.exists() and not path.is_file():
            raise StoreError(f"{path} is no file; {remedy.elsewhere}")
        return path.is_file()
    except (OSError, ValueError) as error:
        raise StoreError(f"{printable(str(path))}: {error}; {remedy.elsewhere}") from error


def _why(path: Path, error: Exception, remedy: Remedy) -> str:
    """Say why a file cannot be opened, and what to do."""
    said = printable(str(error))[:200]
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"{path}: {said}; make room and see to its permissions, or {remedy.elsewhere}"
    return f"{path}: {said}; {remedy.aside}"
