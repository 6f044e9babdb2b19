"""A limit on the processor time of queries, so that a hostile or damaged file cannot keep SQLite busy for ever."""

from __future__ import annotations

import sqlite3
import time

SECONDS = 600.0
"""Longest processor time of one call of a store."""

INSTRUCTIONS = 100_000
"""Instructions of SQLite between two looks at the clock."""


class QueryLimit:
    """A limit on the processor time of the queries of a connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Set the limit for a connection."""
        self.start()
        db.set_progress_handler(self._over, INSTRUCTIONS)

    def start(self) -> None:
        """Start the time anew."""
        self._end = time.process_time() + SECONDS

    def _over(self) -> bool:
        return time.process_time() > self._end

    def check(self, error: Exception) -> None:
        """Raise KeyboardInterrupt if an error of SQLite comes from Ctrl-C.

        SQLite calls the limit, Python runs the signal handler in it, and SQLite only reports an interrupted query.
        """
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT" and not self._over():
            raise KeyboardInterrupt from error
