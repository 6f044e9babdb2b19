"""Every outcome, durable: one SQLite file per run directory, written by the driver alone.

Outcomes are found by what fixes their numbers (the semantic key of the setting, and n, d, k, seed), so a suite
that was edited finds what is still valid, and nothing is trained twice.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.complaints import printable
from harness.components import Cell, Outcome
from harness.components.outcome_record import decode, row
from harness.store.checksum import sealed, verified
from harness.store.connection import SECONDS, GoneError, LockedError, WriteError, connect, is_lock, locked, snapshot
from harness.store.ledger import LedgerEntry, LedgerKey, Round, rounds_of, row_of
from harness.store.lock import Held, Lock
from harness.store.query_limit import QueryLimit
from harness.store.run_record import RunRecord, provenance_of, resolved_of
from harness.store.schema import READER, WRITER, Remedy, StoreError, prepare, up_to_date

FILE = "results.sqlite"
DAMAGE = (sqlite3.Error, UnicodeDecodeError)
"""Errors of SQLite for unusable files. Its messages may quote bytes that are not text, hence UnicodeDecodeError."""

Place = tuple[int, int, int, int]
"""(n, d, k, seed)."""


class Store:
    """The results of one run directory. Use as a context manager."""

    def __init__(self, directory: Path, *, create: bool = True, exclusive: bool = False) -> None:
        """Open, or create, the results file in a directory.

        Args:
            directory: The run directory.
            create: Whether to make the file if there is none.
            exclusive: Whether to keep other runs out until this store is closed; readers are always let in.

        Raises:
            StoreError: If there is none and ``create`` is false, or it is not one of ours, or damaged, or of a newer
                version, or another run holds it.
            LockedError: If another program keeps it locked. A file that is only read is then read from a copy in
                memory, unless that program is writing to it.
        """
        self.path = directory / FILE
        self._remedy = WRITER if create else READER
        self._lock: Lock | None = None
        there = _is_there(self.path, self._remedy)
        if not there and not create:
            raise StoreError(f"{directory} holds no {FILE}; run the suite first, or name a run directory")
        try:
            if create:
                directory.mkdir(parents=True, exist_ok=True)
            if exclusive:
                self._lock = Lock(directory)
            self._db = connect(self.path, "rwc" if create else "rw")
            try:
                self._prepare(check=there and exclusive, old=not create and not exclusive)
            except sqlite3.OperationalError as error:
                if create or exclusive or not is_lock(error):
                    raise
                self._db.close()
                self._db = snapshot(self.path)
                self._prepare(check=True, old=True)
            self._db.execute(f"PRAGMA busy_timeout = {SECONDS * 1000}")
        except BaseException as error:
            self._close()
            if isinstance(error, Held):
                raise StoreError(f"{error}, or {self._remedy.elsewhere}") from error
            if isinstance(error, DAMAGE):
                if hasattr(self, "_limit"):
                    self._limit.check(error)
                if is_lock(error):
                    raise LockedError(locked(self.path)) from error
                raise StoreError(_why(self.path, error, self._remedy)) from error
            if isinstance(error, OSError):
                raise StoreError(f"{directory}: {error.strerror}; {self._remedy.elsewhere}") from error
            raise

    def _prepare(self, *, check: bool, old: bool) -> None:
        """Check the file, with its pages if asked to. An old one is read from a migrated copy if asked to."""
        self._limit = QueryLimit(self._db)
        if old:
            self._db = up_to_date(self._db)
            self._limit = QueryLimit(self._db)
        db = self._db
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn errors of the file into ours."""
        self._limit.start()
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            self._limit.check(error)
            if is_lock(error):
                raise LockedError(locked(self.path)) from error
            said = printable(str(error))[:200]
            raise StoreError(
                f"{self.path} cannot be read ({said}); it is damaged, or of another version: {self._remedy.aside}"
            ) from error

    def outcomes(self, key: str, *, errors: bool = False, tolerances: int | None = None) -> dict[Place, Outcome]:
        """Return the outcomes stored under a setting's key.

        Args:
            key: The semantic key.
            errors: Whether trials that ended in an error are among them; they are left out to be tried again.
            tolerances: Number of hits that each outcome must have.

        Raises:
            StoreError: If one of them is not what it should be.
        """
        with self._reading():
            rows = self._db.execute(
                "SELECT key, n, d, k, seed, record, seconds, checksum FROM outcomes WHERE key = ?", (key,)
            )
            found = {
                _place(n, d, k, seed): decode(seed, record, seconds, tolerances)
                for _, n, d, k, seed, record, seconds in verified("outcomes", rows)
            }
        return {place: outcome for place, outcome in found.items() if errors or not outcome.message}

    def errors(self, key: str) -> dict[tuple[int, int], int]:
        """Return how many trials of a setting ended in an error, by (n, d)."""
        counts: dict[tuple[int, int], int] = {}
        for (n, d, _, _), outcome in self.outcomes(key, errors=True).items():
            if outcome.message:
                counts[n, d] = counts.get((n, d), 0) + 1
        return counts

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return what is stored of every setting that has outcomes, by its key."""
        with self._reading():
            rows = self._db.execute("SELECT key, data, checksum FROM settings").fetchall()
            found = {str(key): json.loads(data) for key, data in verified("settings", rows)}
            if not all(isinstance(data, dict) for data in found.values()):
                raise ValueError("a setting is no table")
        return found

    def put(
        self,
        key: str,
        setting: Mapping[str, Any],
        cell: Cell,
        outcomes: Iterable[Outcome],
        rounds: Iterable[LedgerEntry] = (),
    ) -> None:
        """Write the outcomes of a batch in one transaction. They are on disk when this returns.

        Args:
            key: The semantic key.
            setting: The setting as plain data.
            cell: Place of the batch.
            outcomes: What became of its trials.
            rounds: Rounds of searches to be written with them.

        Raises:
            WriteError: If the file cannot be written (disk full, say). What was there before is intact.
        """
        setting_row = sealed("settings", (key, json.dumps(setting, sort_keys=True)))
        outcome_rows = [
            sealed("outcomes", (key, cell.n, cell.d, cell.k, seed, record, seconds))
            for seed, record, seconds in map(row, outcomes)
        ]
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", setting_row)
            self._db.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", outcome_rows)
            self._add_rounds(rounds)

    def append_rounds(self, rounds: Iterable[LedgerEntry]) -> None:
        """Write rounds of searches, in one transaction.

        Raises:
            WriteError: If a round of that number is there already, or the file cannot be written.
        """
        with self._writing():
            self._add_rounds(rounds)

    def forget_rounds(self, searches: Iterable[LedgerKey]) -> None:
        """Delete the rounds of searches, in one transaction.

        Raises:
            WriteError: If the file cannot be written.
        """
        if listed := list(searches):
            where = " AND ".join(f"{column} = ?" for column in LedgerKey._fields)
            with self._writing():
                self._db.executemany(f"DELETE FROM rounds WHERE {where}", listed)

    def _add_rounds(self, rounds: Iterable[LedgerEntry]) -> None:
        if rows := [sealed("rounds", row_of(entry)) for entry in rounds]:
            self._db.executemany("INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def ledgers(self, wanted: Mapping[LedgerKey, int]) -> dict[LedgerKey, list[Round]]:
        """Return the rounds of searches in order. They are empty for files without a ledger.

        Args:
            wanted: Number of trials that each search may ask for.

        Raises:
            StoreError: If they are no rounds of such searches, or any row of the ledger is damaged.
        """
        found: dict[LedgerKey, list[tuple[int, str]]] = {search: [] for search in wanted}
        with self._reading():
            for *search, number, asked in verified("rounds", self._db.execute("SELECT * FROM rounds ORDER BY round")):
                if (key := LedgerKey(*search)) in found:
                    found[key].append((number, asked))
            return {search: rounds_of(rows, wanted[search]) for search, rows in found.items()}

    def ledgers_of(self, search: str, version: int, most: int) -> dict[LedgerKey, list[Round]]:
        """Return the rounds of all searches of a name and version, in order.

        Args:
            search: Name of the searches.
            version: Version of the searches.
            most: Number of trials that a search may ask for.

        Raises:
            StoreError: If they are no rounds of such searches, or any row of the ledger is damaged.
        """
        found: dict[LedgerKey, list[tuple[int, str]]] = {}
        with self._reading():
            for *key, number, asked in verified("rounds", self._db.execute("SELECT * FROM rounds ORDER BY round")):
                if (ledger := LedgerKey(*key))[4:6] == (search, version):
                    found.setdefault(ledger, []).append((number, asked))
            return {ledger: rounds_of(rows, most) for ledger, rows in found.items()}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run a transaction.

        Raises:
            WriteError: If it fails. It is then undone.
        """
        self._limit.start()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except DAMAGE as error:
            with contextlib.suppress(*DAMAGE):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            self._limit.check(error)
            if is_lock(error):
                raise LockedError(locked(self.path)) from error
            if getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DBMOVED" or not self.path.exists():
                raise GoneError(f"{self.path} was deleted or moved during the run, and its trials with it") from error
            raise WriteError(f"{self.path}: {printable(str(error))}; what was saved before is intact") from error

    def began(self, suite: str, provenance: Mapping[str, Any], resolved: Mapping[str, Any] | None = None) -> None:
        """Write that a run of a suite began.

        Runs are kept in the order in which they began, even if the clock was set back between them.

        Args:
            suite: The suite's text.
            provenance: Versions, plugins, device and solvers.
            resolved: The suite with every default spelled out. None if it is not known.

        Raises:
            WriteError: If the file cannot be written.
        """
        resolved_text = json.dumps(resolved, sort_keys=True) if resolved else ""
        with self._writing():
            (last,) = self._db.execute("SELECT max(started) FROM runs").fetchone()
            started = stamp(time.time_ns())
            if last is not None and started <= str(last):
                started = f"{last}+"  # sorts after it
            self._db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?)",
                sealed("runs", (started, suite, json.dumps(provenance, sort_keys=True), resolved_text)),
            )

    def last_run(self) -> RunRecord | None:
        """Return when the last run began, its suite and its provenance. None if there was no run.

        Raises:
            StoreError: If they are not what they should be.
        """
        runs = self._runs("ORDER BY started DESC LIMIT 1")
        return runs[0] if runs else None

    def origins(self) -> list[dict[str, Any]]:
        """Return the provenance of every run, in the order in which they began.

        Raises:
            StoreError: If one is not what it should be.
        """
        return [run.provenance for run in self._runs("ORDER BY started")]

    def _runs(self, which: str) -> list[RunRecord]:
        with self._reading():
            rows = self._db.execute(f"SELECT started, suite, provenance, resolved, checksum FROM runs {which}")
            return [
                RunRecord(str(started), str(suite), provenance_of(provenance), resolved_of(resolved))
                for started, suite, provenance, resolved in verified("runs", rows)
            ]

    def copy(self, target: Path) -> None:
        """Write what was committed at one moment into a new file, without free pages and with tables of this version.

        Raises:
            StoreError: If it cannot be written.
        """
        self._limit.start()
        try:
            self._db.execute("VACUUM INTO ?", (str(target),))
            with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as made:
                made.execute("PRAGMA schema_version = 1")  # counts on from that of the original otherwise
        except sqlite3.Error as error:
            self._limit.check(error)
            raise StoreError(f"{self.path} cannot be copied to {target.parent}: {error}") from error


def stamp(nanoseconds: int) -> str:
    """Write a time since 1970 so that later ones sort after earlier ones.

    >>> stamp(1_800_000_000_000_000_001)
    '2027-01-15T08:00:00.000000001Z'
    """
    seconds, rest = divmod(nanoseconds, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


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


def _place(n: Any, d: Any, k: Any, seed: Any) -> Place:
    if not all(isinstance(number, int) for number in (n, d, k, seed)):
        raise ValueError("a trial's place is no whole number")
    return n, d, k, seed
