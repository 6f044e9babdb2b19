"""The results file: what is put in comes out, whole batches or nothing, and never somebody else's file."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from harness.components import Cell, Fate, Outcome
from harness.store import FILE, LedgerKey, Round, Store, StoreError, set_aside
from harness.store.checksum import SEALED
from harness.store.schema import SCHEMA, TABLES
from tests.store.old_schema import downgrade, execute

CELL = Cell("r", 10, 4, 3)
OUTCOMES = [
    Outcome(
        0, (12, None), 100, 0.02, movement=0.5, step_size=0.1, lambda_min=0.0, lambda_max=3.0, rate=0.99, seconds=1
    ),
    Outcome(1, (None, None), 7, math.nan, diverged=True, curve=(1.0, math.inf), solver="stacked", device="cpu"),
    Outcome(2, (None, None), 0, math.nan, message="ValueError: no"),
]
LEDGER = LedgerKey("key", 10, 4, 0, "adaptive", 1, '{"start": 2.5}')
ROUNDS = [((3, 0, 2), (5, 0, 1)), ((3, 2, 4),)]


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


def filled(directory: Path) -> None:
    """Write a row into each table, with a value in every column."""
    fate = Fate("fit proved", "D1g", 2.5, 1e-9, 1.4, 300, {"radius": 0.5})
    trial = replace(OUTCOMES[0], fate=fate, further_hits={"wrong": (7, None)}, outputs=3, plugins={"mine": "0f"})
    with Store(directory) as store:
        store.put("key", {"a": 1}, CELL, [replace(OUTCOMES[1], seed=1000, measure=2e6), trial])
        store.began("suite", {"seed": 1}, {"budget": {"steps": 5}})
        store.append_rounds([(LEDGER, 0, ((3, 0, 2), (5, 0, 1))), (LEDGER, 1, ((3, 2, 4),))])
        assert store.outcomes("key")[10, 4, 3, 0] == trial


def read_all(directory: Path, *, write: bool) -> None:
    """Read every table, as a reader or a writer does."""
    with Store(directory, create=False, exclusive=write) as store:
        for key in store.settings():
            store.outcomes(key, errors=True)
        store.last_run()
        store.ledgers({LEDGER: 7})


@pytest.mark.parametrize("table", ["outcomes", "settings", "runs", "rounds"])
def test_one_changed_bit_is_refused_by_reader_and_writer(table: str, tmp_path: Path) -> None:
    filled(tmp_path)
    read_all(tmp_path, write=True)
    sound = (tmp_path / FILE).read_bytes()
    flips = 0
    for column in [str(row[1]) for row in execute(tmp_path, f"PRAGMA table_info({table})")]:
        ((value,),) = execute(tmp_path, f"SELECT {column} FROM {table} LIMIT 1")
        for changed in flipped(value):
            (tmp_path / FILE).write_bytes(sound)
            try:
                execute(tmp_path, f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (changed, value))
            except sqlite3.IntegrityError:  # another row is there
                continue
            flips += 1
            for write in (False, True):
                with pytest.raises(StoreError, match=r"name another run directory"):
                    read_all(tmp_path, write=write)
    assert flips > 20


def flipped(value: object) -> Iterator[object]:
    """Yield a stored value with the lowest bit of each of its bytes changed, and with its type."""
    if isinstance(value, str):
        data = value.encode()
        for place in range(len(data)):
            yield (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]).decode()
        yield data
    elif isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(8))
    elif isinstance(value, float):
        yield from (value * (1 + 2**-52), -value, value * 2)


def test_a_file_with_any_byte_changed_is_refused_or_gives_the_same_trials(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for seed in range(3):
            store.put("key", {}, CELL, [replace(OUTCOMES[0], seed=seed)])
        trials = store.outcomes("key")
    sound = (tmp_path / FILE).read_bytes()
    start = sound.index(b'{"hits"') - 60
    refused = 0
    for place in range(start, start + 300):
        (tmp_path / FILE).write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        try:
            with Store(tmp_path, create=False, exclusive=True) as store:
                assert store.outcomes("key") == trials, f"byte {place} was changed, and the trials with it"
        except StoreError:
            refused += 1
    assert refused > 250


def test_a_file_of_the_first_schema_is_read_as_it_is_and_written_after_a_migration(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store(tmp_path, create=False) as store:
        trials, settings, run = store.outcomes("key"), store.settings(), store.last_run()
    downgrade(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    assert run is not None
    with Store(tmp_path, create=False) as store:
        assert (store.outcomes("key"), store.settings(), store.last_run()) == (
            trials,
            settings,
            run._replace(resolved={}),
        )
        store.copy(tmp_path / "copy.sqlite")
    assert (tmp_path / FILE).read_bytes() == before, "a reader changes nothing"
    with Store(tmp_path, exclusive=True) as store:
        assert store.outcomes("key") == trials
    assert execute(tmp_path, "PRAGMA user_version") == [(SCHEMA,)]
    read_all(tmp_path, write=True)
    execute(tmp_path, "UPDATE outcomes SET k = 4 WHERE seed = 0")
    with pytest.raises(StoreError, match="damaged file, refused"):
        read_all(tmp_path, write=False)


@pytest.mark.parametrize(
    "rounds",
    [
        [((3, 1, 2),)],
        [((3, 0, 0),)],
        [((-1, 0, 2),)],
        [((3, 0, 2),), ((3, 0, 2),)],
        [((3, 0, 10**15),)],
        [((3, 0, 4),), ((3, 4, 4),)],
        [()],
        [((3, 0),)],
        [((3, 0, True),)],
        [((3, 0, 1.0),)],
        ["all"],
    ],
    ids=str,
)
def test_rounds_that_no_search_asks_for_are_refused(rounds: list[Round], tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append_rounds([(LEDGER, number, asked) for number, asked in enumerate(rounds)])
        with pytest.raises(StoreError, match="round"):
            store.ledgers({LEDGER: 7})


def test_a_round_is_written_once(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.append_rounds([(LEDGER, 0, ROUNDS[0])])
        with pytest.raises(StoreError, match="UNIQUE"):
            store.put("key", {}, CELL, OUTCOMES[:1], [(LEDGER, 0, ROUNDS[1])])
        later = LEDGER._replace(version=2)
        assert store.ledgers({LEDGER: 7, later: 7}) == {LEDGER: ROUNDS[:1], later: []}
        assert store.outcomes("key") == {}, "the batch is in the same transaction"


def test_runs_are_remembered(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.last_run() is None
        store.began("first", {"seed": 1})
        store.began("second", {"seed": 2})
        last = store.last_run()
    assert last is not None
    assert (last.suite, last.provenance, last.resolved) == ("second", {"seed": 2}, {})


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


def test_the_docs_name_every_column_and_every_key_of_a_record() -> None:
    page = (Path(__file__).parents[2] / "docs/files.md").read_text(encoding="utf-8").partition("## results.sqlite")[2]
    tables = [block.partition("\n\n")[0].splitlines() for block in page.split("content |\n|---|---|\n")[1:]]
    named = [{word for row in rows for word in re.findall(r"`(\w+)`", row.split("|")[1])} for rows in tables]
    columns = [set(SEALED[table]) for table in ("settings", "outcomes", "runs", "rounds")]
    keys = [{f.name for f in fields(kind)} - {"seed", "seconds"} for kind in (Outcome, Fate)]
    assert named == columns + keys


def test_checksums_cover_every_column(tmp_path: Path) -> None:
    with Store(tmp_path):
        pass
    for table in TABLES:
        columns = [str(row[1]) for row in execute(tmp_path, f"PRAGMA table_info({table})")]
        assert [*SEALED[table], "checksum"] == columns
