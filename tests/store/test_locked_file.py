"""Results files that other programs lock, delete, or prepared: the table in docs/durability.md."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from harness.components import Cell, Outcome
from harness.store import FILE, GoneError, LockedError, Store, StoreError, connection, query_limit
from harness.store.schema import TABLES

CELL = Cell("r", 10, 4, 3)
OUTCOME = Outcome(0, (12, None), 100, 0.02)


@contextmanager
def held(path: Path, *statements: str) -> Iterator[None]:
    """Let another process run statements in a transaction that stays open."""
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "[db.execute(one).fetchall() for one in sys.argv[2:]]; print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path), "PRAGMA cache_size = 1", "BEGIN EXCLUSIVE", *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield
        process.stdin.close()


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(connection, "OPEN_SECONDS", 0.1)
    with Store(tmp_path) as made:
        made.put("key", {}, CELL, [OUTCOME])
    return tmp_path


def test_a_file_that_another_program_locks_is_read_from_a_copy(directory: Path) -> None:
    before = (directory / FILE).read_bytes()
    with held(directory / FILE):
        with Store(directory, create=False) as reader:
            assert list(reader.outcomes("key").values()) == [OUTCOME]
        with pytest.raises(LockedError, match=r"is locked by another program, .*; close it and run again$"):
            Store(directory, exclusive=True)
    assert (directory / FILE).read_bytes() == before


def test_a_file_that_another_program_writes_is_not_read(directory: Path) -> None:
    with (
        held(directory / FILE, "DELETE FROM outcomes"),
        pytest.raises(LockedError, match="locked by another program"),
    ):
        Store(directory, create=False)


def test_the_command_line_calls_a_lock_no_wrong_input(directory: Path) -> None:
    code = "import harness.store.connection as s; s.OPEN_SECONDS = 0.1; from harness.cli import main; main()"
    with held(directory / FILE, "DELETE FROM outcomes"):
        command = [sys.executable, "-c", code, "report", str(directory)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False
        )
    assert done.returncode == 3
    assert "locked by another program" in " ".join(done.stderr.split())


def test_a_file_that_is_deleted_while_it_is_open_is_called_gone(directory: Path) -> None:
    with Store(directory, exclusive=True) as writer:
        (directory / FILE).unlink()
        with pytest.raises(GoneError, match="deleted or moved during the run, and its trials with it"):
            writer.put("key", {}, CELL, [OUTCOME])


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("runs", "suite TEXT NOT NULL", "suite TEXT NOT NULL AS (replace(hex(zeroblob(9)), '0', 'a'))"),
        ("outcomes", "seconds REAL NOT NULL", "seconds REAL NOT NULL CHECK (seconds > 1)"),
        ("settings", "data TEXT NOT NULL", "data TEXT NOT NULL DEFAULT (randomblob(9))"),
    ],
)
def test_tables_with_other_sql_are_refused(table: str, old: str, new: str, directory: Path) -> None:
    assert old in TABLES[table]
    with closing(sqlite3.connect(directory / FILE)) as db:
        db.execute(f"DROP TABLE {table}")
        db.execute(TABLES[table].replace(old, new))
        db.commit()
    before = (directory / FILE).read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match="has other tables than ours"):
            Store(directory, create=create)
    assert (directory / FILE).read_bytes() == before


def test_a_query_without_end_is_ended(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    with Store(directory, create=False) as reader:
        monkeypatch.setattr(query_limit, "SECONDS", 0.1)
        with pytest.raises(StoreError, match="interrupted"), reader._file.reading():
            reader._file.db.execute(endless).fetchone()
