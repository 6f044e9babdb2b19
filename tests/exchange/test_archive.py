"""Writing archives: equal contents give equal bytes, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

from harness.components import Cell, Outcome
from harness.driver.loading import load_results
from harness.exchange.archive import FORMAT, MOST_MEMBERS, ArchiveError, is_member, write_archive
from harness.exchange.archive_reader import unpacked
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store, StoreError

CELL = Cell("r", 10, 4, 3)
TRIAL = Outcome(0, (12, None), 100, 0.02)


def folder_of(path: Path, names: tuple[str, ...] = ("table.md", "results.sqlite", "figures/a.svg")) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"this is {name}\n" * 50, encoding="utf-8")
    return path


def test_equal_contents_give_equal_bytes(tmp_path: Path) -> None:
    names = ("table.md", "results.sqlite", "figures/a.svg")
    one, two = folder_of(tmp_path / "one", names), folder_of(tmp_path / "two", names[::-1])
    for path in two.rglob("*.*"):
        os.utime(path, (1, 10**9))
        path.chmod(0o600)
    write_archive(tmp_path / "1.zip", one, {"suite": "s"})
    write_archive(tmp_path / "2.zip", two, {"suite": "s"})
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_the_manifest_vouches_for_every_member(tmp_path: Path) -> None:
    write_archive(tmp_path / "a.zip", folder_of(tmp_path / "in"), {"suite": "s"})
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["format"], manifest["suite"]) == (FORMAT, "s")
        assert set(manifest["members"]) == set(archive.namelist()) - {"manifest.json"}
        for name, member in manifest["members"].items():
            data = archive.read(name)
            assert member == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


@pytest.mark.parametrize(
    "name",
    [
        "run.py",
        "results.sqlite-journal",
        "results.sqlite-wal",
        ".lock",
        "a b.md",
        "figures/../a.svg",
        "/a.svg",
        "C:a.svg",
        "a\\b.svg",
        "a.svg/",
        "",
        "nul.svg",
        "figures/CON",
        "x.svg.",
        "plugins/a.svg",
        "a/b/c/d/e.svg",
        "é.svg",
        "a\0.svg",
        "a\n.svg",
        "x" * 200 + ".svg",
    ],
)
def test_names_that_mean_harm_or_nothing(name: str) -> None:
    assert not is_member(name)


def test_what_has_no_place_in_an_archive_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    (folder / "run.py").write_text("print()")
    with pytest.raises(ArchiveError, match=r"'run\.py' is no name of a file"):
        write_archive(tmp_path / "a.zip", folder, {})
    many = folder_of(tmp_path / "many", tuple(f"{i}.csv" for i in range(MOST_MEMBERS + 1)))
    with pytest.raises(ArchiveError, match="more than an archive holds"):
        write_archive(tmp_path / "a.zip", many, {})
    assert not list(tmp_path.glob("*.zip*"))


def test_where_writing_fails_the_archive_that_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(b"earlier")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(ArchiveError, match="No space left on device"):
        write_archive(tmp_path / "a.zip", folder_of(tmp_path / "in"), {})
    assert (tmp_path / "a.zip").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.zip"], "something is left behind"


def snapshot(directory: Path, copy: Path) -> Path:
    with Store(directory, create=False) as store:
        store.copy(copy / FILE)
    return copy / FILE


def test_a_snapshot_is_what_was_committed_while_a_run_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path, exclusive=True) as store:
        store.put("key", {}, CELL, [TRIAL])
        with sqlite3.connect(tmp_path / FILE, isolation_level=None) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM outcomes")
            (tmp_path / "copy").mkdir()
            snapshot(tmp_path, tmp_path / "copy")
            db.execute("ROLLBACK")
        db.close()
        with Store(tmp_path / "copy", create=False) as copy:
            assert copy.outcomes("key") == store.outcomes("key") == {(10, 4, 3, 0): TRIAL}


def test_equal_results_give_equal_snapshots(tmp_path: Path) -> None:
    for name, extra in (("one", 0), ("two", 300)):
        with Store(tmp_path / name) as store:
            store.put("key", {}, CELL, [TRIAL])
            store.put("gone", {}, CELL, [Outcome(seed, (12, None), 100, 0.02) for seed in range(extra)])
        with sqlite3.connect(tmp_path / name / FILE) as db:  # leaves free pages in the second
            db.execute("DELETE FROM outcomes WHERE key = 'gone'")
            db.execute("DELETE FROM settings WHERE key = 'gone'")
        db.close()
        (tmp_path / f"{name} copy").mkdir()
    copies = [snapshot(tmp_path / name, tmp_path / f"{name} copy") for name in ("one", "two")]
    assert copies[0].read_bytes() == copies[1].read_bytes()
    assert (tmp_path / "two" / FILE).stat().st_size > copies[1].stat().st_size


OLD: dict[str, dict[tuple[str, int], tuple[float | None, int | None, int | None, int]]] = {
    "adaptive.zip": {
        ("softplus", 40): (4, 3, 4, 39),
        ("softplus", 80): (6, 4, 6, 51),
        ("softplus", 120): (7, 6, 8, 34),
        ("relu", 40): (8, 7, 11, 153),
        ("relu", 80): (8, 6, 11, 87),
        ("relu", 120): (8, 7, 10, 49),
    },
    "grid.zip": {
        ("moderate, softplus", 16): (5, 2, 8, 60),
        ("moderate, softplus", 24): (None, 3, None, 60),
        ("output-only", 16): (None, 64, None, 60),
        ("output-only", 24): (None, 96, None, 60),
        ("kernel", 16): (None, None, None, 12),
        ("kernel", 24): (None, None, None, 12),
    },
}
"""Per archive, regime and n: k½, the bracket's ends and the number of trials. Version 0.1 printed the same ends."""


@pytest.mark.parametrize("name", OLD)
def test_an_archive_of_the_first_schema_prints_its_old_brackets(name: str, registry: Registry) -> None:
    with unpacked(Path(__file__).parent / "fixtures" / name) as archive:
        results = load_results(archive.directory, registry=registry)
    assert results.missing == 0
    ((d,), expected) = results.suite.d, OLD[name]
    found = {}
    for regime, n in expected:
        threshold = results.threshold(regime, n, d)
        trials = sum(len(results.outcomes[Cell(regime, n, d, k)]) for k in results.widths(regime, n, d))
        found[regime, n] = threshold.k_half, threshold.low, threshold.high, trials
    assert found == expected


def test_a_snapshot_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no"):
        snapshot(tmp_path / "nowhere", tmp_path)
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        snapshot(tmp_path, tmp_path / "copy")
