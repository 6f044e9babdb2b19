"""The names that harness merge takes for runs, and what it advises about its target."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.driver.sharding import Shard
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store
from tests.command_line import called
from tests.small_grid import SUITE, trained


@pytest.fixture(scope="module")
def shards(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two shards of a run."""
    folder = tmp_path_factory.mktemp("shards")
    for number in (1, 2):
        trained(folder / f"part-{number}", registry, Shard(number, 2))
    return folder


@pytest.fixture
def here(shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the first shard in reports/ under the name of the suite, and the second beside it."""
    shutil.copytree(shards / "part-1", tmp_path / "reports" / "small")
    shutil.copytree(shards / "part-2", tmp_path / "part-2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["small", "reports/small", "small.toml"])
def test_a_run_has_the_names_that_other_verbs_take(name: str, here: Path) -> None:
    (here / "small.toml").write_text(SUITE)
    status, out, said = called("merge", "all", name, "part-2")
    assert (status, "108 trials of 2 runs, 108 of them new, 0 in several" in out) == (0, True), said
    (first, second) = (called("report", source, "--view", "trials")[1].splitlines() for source in (name, "part-2"))
    union = called("report", "all", "--view", "trials")[1].splitlines()
    assert sorted(union) == sorted({*first, *second}), "the union has the trials that report shows under these names"


def test_the_target_and_a_run_of_another_name_are_one_directory(here: Path) -> None:
    status, out, said = called("merge", "reports/small", "small", "part-2")
    assert (status, out) == (2, "")
    assert "small and reports/small are the same" in said


@pytest.mark.parametrize("verb", [("merge", "all"), ("compare", "part-2"), ("report",)])
def test_a_name_of_nothing_is_answered_alike_by_all(verb: tuple[str, ...], here: Path) -> None:
    status, out, said = called(*verb, "smal")
    assert (status, out) == (2, "")
    assert "there is no such file, and no suite of this name" in said
    assert "runs in reports/ are small" in said
    assert not (here / "all").exists()


def _a_file(target: Path) -> None:
    target.write_text("mine")


def _damaged(target: Path) -> None:
    target.mkdir()
    (target / FILE).write_text("mine")


def _newer(target: Path) -> None:
    with Store(target):
        pass
    with sqlite3.connect(target / FILE) as db:
        db.execute("PRAGMA user_version = 1000")
    db.close()


def _foreign(target: Path) -> None:
    target.mkdir()
    with sqlite3.connect(target / FILE) as db:
        db.execute("CREATE TABLE mine (one)")
    db.close()


def _a_folder(target: Path) -> None:
    (target / FILE).mkdir(parents=True)


@pytest.mark.parametrize("make", [_a_file, _damaged, _newer, _foreign, _a_folder])
def test_advice_about_the_target_is_what_the_verb_can_do(make: Callable[[Path], None], here: Path) -> None:
    make(here / "all")
    status, out, said = called("merge", "all", "small", "part-2")
    assert (status, out) == (2, "")
    assert "merge into another directory" in said
    assert "--out" not in said, "merge has no such option"
    assert "--fresh" not in said, "nor this one"


def test_advice_about_a_run_is_about_that_run(here: Path) -> None:
    _damaged(here / "bad")
    status, _, said = called("merge", "all", "bad", "part-2")
    assert status == 2
    assert "name another run directory, or an archive of one" in said


def test_a_target_that_cannot_be_looked_into_is_said(here: Path) -> None:
    status, out, said = called("merge", "a" * 300, "small", "part-2")
    assert (status, out) == (2, "")
    assert "File name too long; merge into another directory" in said
    status, out, said = called("run", "quickstart", "--fresh", "--out", "a" * 300)
    assert (status, out) == (2, "")
    assert "File name too long; choose another directory with --out" in said


def test_an_empty_target_is_not_the_current_directory(here: Path) -> None:
    status, out, said = called("merge", "", "small", "part-2")
    assert (status, out) == (2, "")
    assert "OUT is empty, expected a run directory" in said
    assert not (here / FILE).exists()
