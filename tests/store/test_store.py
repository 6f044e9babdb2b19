"""The results file: what is put in comes out, whole batches or nothing, and never somebody else's file."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import pytest

from harness.components import Cell, Outcome
from harness.store import FILE, Store, StoreError, set_aside

CELL = Cell("r", 10, 4, 3)
OUTCOMES = [
    Outcome(
        0, (12, None), 100, 0.02, movement=0.5, step_size=0.1, lambda_min=0.0, lambda_max=3.0, rate=0.99, seconds=1
    ),
    Outcome(1, (None, None), 7, math.nan, diverged=True, curve=(1.0, math.inf), solver="stacked", device="cpu"),
    Outcome(2, (None, None), 0, math.nan, message="ValueError: no"),
]


def test_outcomes_come_back_equal(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", {"a": 1}, CELL, OUTCOMES)
    with Store(tmp_path, create=False) as store:
        found = store.outcomes("key", errors=True)
        assert found[10, 4, 3, 0] == OUTCOMES[0]
        assert repr(found[10, 4, 3, 1]) == repr(OUTCOMES[1])  # NaN equals nothing, not even itself
        assert found[10, 4, 3, 2].message == "ValueError: no"
        assert set(store.outcomes("key")) == {(10, 4, 3, 0), (10, 4, 3, 1)}, "errors are tried again"
        assert store.outcomes("other") == {}


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", {}, CELL, OUTCOMES[:1])
        broken = [OUTCOMES[1], Outcome("x", (), 0, 0.0)]  # type: ignore[arg-type]  # a seed that is no number
        with pytest.raises(StoreError, match="what was saved before is intact"):
            store.put("key", {}, CELL, [*broken, Outcome(None, (), 0, 0.0)])  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
        assert set(store.outcomes("key")) == {(10, 4, 3, 0)}


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", {}, CELL, OUTCOMES[:1])
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("UPDATE outcomes SET record = '[1, 2'")
    db.commit()
    db.close()
    with Store(tmp_path) as store, pytest.raises(StoreError, match="--fresh"):
        store.outcomes("key")


def test_runs_are_remembered(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.last_run() is None
        store.began("first", {"seed": 1})
        store.began("second", {"seed": 2})
        last = store.last_run()
    assert last is not None
    assert last[1:] == ("second", {"seed": 2})


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look at" * 10, b"SQLite format 3\0" + b"\xff" * 200]
)
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError, match="choose another directory"):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("CREATE TABLE mine (x)")
    db.commit()
    db.close()
    with pytest.raises(StoreError, match="of another program"):
        Store(tmp_path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    Store(tmp_path).__exit__(None, None, None)
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="schema 99"):
        Store(tmp_path)


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no"):
        Store(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


def test_set_aside_deletes_nothing(tmp_path: Path) -> None:
    assert set_aside(tmp_path) is None
    names = set()
    for _ in range(3):
        with Store(tmp_path) as store:
            store.put("key", {}, CELL, OUTCOMES[:1])
        aside = set_aside(tmp_path)
        assert aside is not None
        names.add(aside)
        assert not (tmp_path / FILE).exists()
    assert len(names) == 3
    assert all(name.exists() for name in names)
