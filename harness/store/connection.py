"""Connections to results files, and the errors of files that are locked, moved, or on a full disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from harness.store.schema import StoreError


class WriteError(StoreError):
    """The file cannot be written, because the disk is full, say; what was there before is intact."""


class LockedError(WriteError):
    """Another program keeps the file locked."""


class GoneError(WriteError):
    """The file was deleted or moved while the store was open."""


LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
"""Beginnings of the names of SQLite's errors for files that are locked."""

OPEN_SECONDS, SECONDS = 10, 30
"""Longest wait for another program's lock when a file is opened, and later."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to a file in a mode of SQLite (``rw``, ``rwc``). Transactions are the caller's."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=OPEN_SECONDS
    )


def is_lock(error: BaseException) -> bool:
    """Return whether an error of SQLite comes from the lock of another program."""
    return getattr(error, "sqlite_errorname", "").startswith(LOCKED)


def locked(path: Path) -> str:
    """Return the message for a file that another program keeps locked."""
    return f"{path} is locked by another program, such as a database browser or a backup; close it and run again"


def snapshot(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of a file that another program keeps locked but does not write to.

    A program that writes to the file has a journal beside it, or changes its time.

    Raises:
        LockedError: If that program is writing to it.
    """
    journals = [path.with_name(f"{path.name}-{kind}") for kind in ("journal", "wal", "shm")]
    before = path.stat()
    quiet = not any(journal.exists() for journal in journals)
    content = path.read_bytes() if quiet else b""
    after = path.stat()
    same = (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)
    if not quiet or not same or any(journal.exists() for journal in journals):
        raise LockedError(locked(path))
    copy = sqlite3.connect(":memory:", isolation_level=None)
    copy.deserialize(content)
    return copy
