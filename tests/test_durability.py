"""What the disk, the clock, other programs and other runs may do to a store; the table in docs/durability.md."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import harness.store.schema
from harness.components import Cell, Outcome
from harness.driver.run import Run
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store, WriteError, set_aside
from harness.store.lock import LOCK, OWNER, Held, Lock
from harness.store.schema import StoreError
from harness.suite import parse_suite
from tests.driver.tiny_suite import ONE_REGIME as SUITE
from tests.driver.tiny_suite import Counting, digits

CELL = Cell("r", 10, 4, 3)
OUTCOME = Outcome(0, (12, None), 100, 0.02)


def test_the_journal_is_rolled_back_and_every_write_synced(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        (mode,) = store._file.db.execute("PRAGMA journal_mode").fetchone()
        (level,) = store._file.db.execute("PRAGMA synchronous").fetchone()
        assert (mode, level) == ("delete", 2)


def test_a_batch_is_one_transaction(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        said: list[str] = []
        store._file.db.set_trace_callback(said.append)
        store.put("key", {}, CELL, [OUTCOME, Outcome(1, (None, None), 5, 1.0)])
    assert [line.split()[0] for line in said] == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]


def test_a_full_disk_stops_the_run_and_what_is_saved_goes_on(registry: Registry, tmp_path: Path) -> None:
    suite = parse_suite(SUITE, registry)
    with Store(tmp_path / "whole") as store:
        whole = digits(Run(suite, registry, store, "cpu").go(Counting()))
    first = Counting()
    with Store(tmp_path / "full", exclusive=True) as store:
        run = Run(suite, registry, store, "cpu")
        (pages,) = store._file.db.execute("PRAGMA page_count").fetchone()
        store._file.db.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(WriteError, match="full; what was saved before is intact"):
            run.go(first)
        saved = run.plan.done
        assert 0 < saved < first.trained
    with Store(tmp_path / "full", exclusive=True) as store:
        run = Run(suite, registry, store, "cpu")
        assert run.plan.reused == saved
        assert digits(run.go(Counting())) == whole


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
from harness.cli import main
sys.argv = ["harness", *sys.argv[1:]]
main()
"""


def harness_in(folder: Path, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    command = ["-c", script] if script else ["-m", "harness"]
    return subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_run_that_cannot_write_ends_with_status_3_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE, encoding="utf-8")
    full = harness_in(tmp_path, "run", "tiny.toml", "--executor", "in-process", script=FULL)
    assert full.returncode == 3, full.stderr
    assert "trials are saved. To go on: harness run tiny.toml --executor in-process" in full.stderr
    assert "Traceback" not in full.stderr
    with sqlite3.connect(tmp_path / "reports/tiny" / FILE) as db:
        (saved,) = db.execute("SELECT count(*) FROM outcomes").fetchone()
    db.close()
    again = harness_in(tmp_path, "run", "tiny.toml", "--executor", "in-process")
    assert again.returncode == 0, again.stderr
    assert f" {saved} reused" in again.stdout


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="mounts a file system of its own")
def test_a_file_system_without_room_or_read_only(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with Store(small) as store, pytest.raises(WriteError, match="full"):  # noqa: PT012  # at some of them
            for seed in range(10_000):
                store.put("key", {}, CELL, [Outcome(seed, (1, 2), 3, 0.5)])
        with Store(small, create=False) as store:
            saved = store.outcomes("key")
        assert len(saved) > 100
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        with Store(small, create=False) as store:  # a report can be had still
            assert store.outcomes("key") == saved
        with pytest.raises(StoreError, match=r"Read-only.*choose another directory with --out"):
            Store(small, exclusive=True)
        with pytest.raises(StoreError, match="Read-only"):
            Store(small / "below")
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_report_on_a_full_disk_leaves_the_one_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.draft import replace_text

    file = tmp_path / "table.md"
    replace_text(file, "before")

    def full(self: Path, text: str, encoding: str) -> int:
        with self.open("w", encoding=encoding) as draft:
            draft.write(text[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        replace_text(file, "after")
    assert file.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_clock_that_is_set_back_does_not_hide_the_last_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:
        for now, suite in ((2_000_000_000, "first"), (1_000_000_000, "second"), (1_000_000_000, "third")):
            monkeypatch.setattr(time, "time_ns", lambda now=now: now * 10**9)
            store.began(suite, {})
            last = store.last_run()
            assert last is not None
            assert last.suite == suite
        monkeypatch.setattr(time, "time_ns", lambda: 3_000_000_000 * 10**9)
        store.began("fourth", {})
        last = store.last_run()
        assert last is not None
        assert last.started.startswith("2065-01-24")


def test_a_second_run_is_told_who_has_the_directory_and_readers_are_let_in(tmp_path: Path) -> None:
    with Store(tmp_path, exclusive=True) as store:
        with pytest.raises(StoreError, match=rf"process {os.getpid()} on {platform.node()}.*wait for it, or choose"):
            Store(tmp_path, exclusive=True)
        with pytest.raises(StoreError, match="another run"):
            set_aside(tmp_path)
        store.put("key", {}, CELL, [OUTCOME])
        with Store(tmp_path, create=False) as reader:
            assert len(reader.outcomes("key")) == 1
    Store(tmp_path, exclusive=True).__exit__(None, None, None)


def test_a_lock_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    code = (
        "import os, pathlib; from harness.store.lock import Lock;"
        f"Lock(pathlib.Path({str(tmp_path)!r})); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert "process" not in (tmp_path / LOCK).read_text()
    Lock(tmp_path).close()


def test_without_locks_of_the_system_the_owner_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(handle: object, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    lock = Lock(tmp_path)
    with pytest.raises(Held, match=f"process {os.getpid()}"):
        Lock(tmp_path)
    lock.close()
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    (tmp_path / OWNER).write_text(f"{int(dead.stdout)} on {platform.node()}")
    Lock(tmp_path).close()
    (tmp_path / OWNER).write_text("17 on elsewhere\x1b[31m")
    with pytest.raises(Held, match=r"process 17 on elsewhere�\[31m.*delete"):
        Lock(tmp_path)


def version_of(directory: Path) -> int:
    with sqlite3.connect(directory / FILE) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return int(version)


def test_older_tables_are_brought_up_to_date_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        store.put("key", {"a": 1}, CELL, [OUTCOME])
    before = (tmp_path / FILE).read_bytes()
    now = harness.store.schema.SCHEMA

    def next_one(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE runs ADD COLUMN note TEXT")

    def broken(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE runs ADD COLUMN other TEXT")
        db.execute("no SQL")

    monkeypatch.setattr(harness.store.schema, "SCHEMA", now + 2)
    monkeypatch.setattr(harness.store.schema, "MIGRATIONS", {now: next_one, now + 1: broken})
    with pytest.raises(StoreError, match="syntax error"):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before, "a migration that fails half way changes nothing"
    monkeypatch.setattr(harness.store.schema, "MIGRATIONS", {now: next_one, now + 1: lambda _: None})
    for create in (False, True):
        with Store(tmp_path, create=create) as store:
            assert set(store.outcomes("key")) == {(10, 4, 3, 0)}
            assert "note" in [row[1] for row in store._file.db.execute("PRAGMA table_info(runs)")]
        assert version_of(tmp_path) == (now + 2 if create else now), "reading migrates a copy"
    monkeypatch.setattr(harness.store.schema, "SCHEMA", now + 3)
    with pytest.raises(StoreError, match=rf"schema {now + 2}.*cannot bring up to {now + 3}"):
        Store(tmp_path)


def test_every_older_schema_has_a_migration() -> None:
    assert set(harness.store.schema.MIGRATIONS) == set(range(1, harness.store.schema.SCHEMA))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA user_version = 99", "newer"),
        ("PRAGMA application_id = 1", "another program"),
        ("CREATE TABLE more (x)", "other tables"),
        ("DROP TABLE runs", "other tables"),
        ("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM outcomes; END", "other tables"),
    ],
)
def test_what_is_not_ours_is_refused_and_left_alone(statement: str, words: str, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", {}, CELL, [OUTCOME])
    db = sqlite3.connect(tmp_path / FILE)
    db.execute(statement)
    db.commit()
    db.close()
    before = (tmp_path / FILE).read_bytes()
    for exclusive in (False, True):
        with pytest.raises(StoreError, match=f"{words}.*(--out|--fresh)"):
            Store(tmp_path, exclusive=exclusive)
    with pytest.raises(StoreError, match=f"{words}.*name another run directory, or an archive") as caught:
        Store(tmp_path, create=False)
    assert "--out" not in str(caught.value)  # which verbs that only read do not have
    assert (tmp_path / FILE).read_bytes() == before


def test_pages_that_are_damaged_are_found_before_anything_is_written(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.put("key", {}, CELL, [Outcome(seed, (1, 2), 3, 0.5) for seed in range(400)])
    content = bytearray((tmp_path / FILE).read_bytes())
    for page in range(6, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError, match=r"(damaged|malformed).*--fresh"):
        Store(tmp_path, exclusive=True)
    assert (tmp_path / FILE).read_bytes() == content
    aside = set_aside(tmp_path)
    assert aside is not None
    assert aside.read_bytes() == content


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(StoreError, match="is no file"):
        Store(tmp_path)
