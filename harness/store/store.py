"""Every outcome, durable: one SQLite file per run directory, written by the driver alone.

Outcomes are found by what fixes their numbers (the semantic key of the setting, and n, d, k, seed), so a suite
that was edited finds what is still valid, and nothing is trained twice.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.components import Cell, Outcome
from harness.components.outcome_record import decode, row
from harness.store.checksum import sealed, verified
from harness.store.ledger import LedgerEntry, LedgerKey, Round, rounds_of, row_of
from harness.store.results_file import FILE, ResultsFile
from harness.store.run_record import RunRecord, provenance_of, resolved_of
from harness.store.schema import Remedy, StoreError

Place = tuple[int, int, int, int]
"""(n, d, k, seed)."""


class Store:
    """The results of one run directory. Use as a context manager."""

    def __init__(
        self, directory: Path, *, create: bool = True, exclusive: bool = False, remedy: Remedy | None = None
    ) -> None:
        """Open, or create, the results file in a directory.

        Args:
            directory: The run directory.
            create: Whether to make the file if there is none.
            exclusive: Whether to keep other runs out until this store is closed; readers are always let in.
            remedy: Advice in errors. If not given, that of ``harness run`` where the file may be made, or of readers.

        Raises:
            StoreError: If there is none and ``create`` is false, or it is not one of ours, or damaged, or of a newer
                version, or another run holds it.
            LockedError: If another program keeps it locked. A file that is only read is then read from a copy in
                memory, unless that program is writing to it.
        """
        self.path = directory / FILE
        self._file = ResultsFile(self.path, create=create, exclusive=exclusive, remedy=remedy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def outcomes(self, key: str, *, errors: bool = False, tolerances: int | None = None) -> dict[Place, Outcome]:
        """Return the outcomes stored under a setting's key.

        Args:
            key: The semantic key.
            errors: Whether trials that ended in an error are among them; they are left out to be tried again.
            tolerances: Number of hits that each outcome must have.

        Raises:
            StoreError: If one of them is not what it should be.
        """
        with self._file.reading() as db:
            rows = db.execute(
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
        with self._file.reading() as db:
            rows = db.execute("SELECT key, data, checksum FROM settings").fetchall()
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
        with self._file.writing() as db:
            db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?, ?)", setting_row)
            db.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", outcome_rows)
            _add_rounds(db, rounds)

    def append_rounds(self, rounds: Iterable[LedgerEntry]) -> None:
        """Write rounds of searches, in one transaction.

        Raises:
            WriteError: If a round of that number is there already, or the file cannot be written.
        """
        with self._file.writing() as db:
            _add_rounds(db, rounds)

    def forget_rounds(self, searches: Iterable[LedgerKey]) -> None:
        """Delete the rounds of searches, in one transaction.

        Raises:
            WriteError: If the file cannot be written.
        """
        if listed := list(searches):
            where = " AND ".join(f"{column} = ?" for column in LedgerKey._fields)
            with self._file.writing() as db:
                db.executemany(f"DELETE FROM rounds WHERE {where}", listed)

    def ledgers(self, wanted: Mapping[LedgerKey, int]) -> dict[LedgerKey, list[Round]]:
        """Return the rounds of searches in order. They are empty for files without a ledger.

        Args:
            wanted: Number of trials that each search may ask for.

        Raises:
            StoreError: If they are no rounds of such searches, or any row of the ledger is damaged.
        """
        found: dict[LedgerKey, list[tuple[int, str]]] = {search: [] for search in wanted}
        with self._file.reading() as db:
            for *search, number, asked in verified("rounds", db.execute("SELECT * FROM rounds ORDER BY round")):
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
        with self._file.reading() as db:
            for *key, number, asked in verified("rounds", db.execute("SELECT * FROM rounds ORDER BY round")):
                if (ledger := LedgerKey(*key))[4:6] == (search, version):
                    found.setdefault(ledger, []).append((number, asked))
            return {ledger: rounds_of(rows, most) for ledger, rows in found.items()}

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
        with self._file.writing() as db:
            (last,) = db.execute("SELECT max(started) FROM runs").fetchone()
            started = stamp(time.time_ns())
            if last is not None and started <= str(last):
                started = f"{last}+"  # sorts after it
            db.execute(
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
        with self._file.reading() as db:
            rows = db.execute(f"SELECT started, suite, provenance, resolved, checksum FROM runs {which}")
            return [
                RunRecord(str(started), str(suite), provenance_of(provenance), resolved_of(resolved))
                for started, suite, provenance, resolved in verified("runs", rows)
            ]

    def copy(self, target: Path) -> None:
        """Write what was committed at one moment into a new file, without free pages and with tables of this version.

        Raises:
            StoreError: If it cannot be written.
        """
        self._file.limit.start()
        try:
            self._file.db.execute("VACUUM INTO ?", (str(target),))
            with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as made:
                made.execute("PRAGMA schema_version = 1")  # counts on from that of the original otherwise
        except sqlite3.Error as error:
            self._file.limit.check(error)
            raise StoreError(f"{self.path} cannot be copied to {target.parent}: {error}") from error


def stamp(nanoseconds: int) -> str:
    """Write a time since 1970 so that later ones sort after earlier ones.

    >>> stamp(1_800_000_000_000_000_001)
    '2027-01-15T08:00:00.000000001Z'
    """
    seconds, rest = divmod(nanoseconds, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"


def _place(n: Any, d: Any, k: Any, seed: Any) -> Place:
    if not all(isinstance(number, int) for number in (n, d, k, seed)):
        raise ValueError("a trial's place is no whole number")
    return n, d, k, seed


def _add_rounds(db: sqlite3.Connection, rounds: Iterable[LedgerEntry]) -> None:
    if rows := [sealed("rounds", row_of(entry)) for entry in rounds]:
        db.executemany("INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
