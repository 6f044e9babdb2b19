"""Data files of plugins count like their code: those in a package, and those that a single file names."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.components.executor import LostWorkers
from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.data_files import in_package, named_in
from harness.plugin_host.digests import data_files, plugin_digest
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Plugin
from harness.store import Store
from harness.suite import parse_suite
from tests.plugin_host.edited_plugin import CODE, SUITE

READS = CODE.replace("0.5 * value", "FACTOR() * value") + (
    "\nfrom pathlib import Path\n"
    "def FACTOR():\n"
    '    return float((Path(__file__).parent / "data" / "factor.txt").read_text(encoding="utf-8"))\n'
)
NAMES = """
'''a docstring about beside.csv'''
TABLE = "table.csv"
PARTS = ("parts", "*.npz")
ROWS = "parts/rows.txt"
"""


def plugin_in(folder: Path, code: str = READS, factor: str = "0.5") -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "factor.txt").write_text(factor, encoding="utf-8")
    (folder / "mine.py").write_text(code, encoding="utf-8")
    return folder / "mine.py"


def run_in(folder: Path) -> Run:
    file = folder / "mine.py"
    registry = load_plugins([file])
    with Store(folder / "out") as store:
        run = Run(parse_suite(SUITE, registry), registry, store, "cpu")
        run.begin()
        run.go(InProcess(plugin_files=(str(file),)))
    return run


def measures(run: Run) -> list[float]:
    return [outcome.measure for found in run.plan.searches[1].known().values() for outcome in found]


def test_an_edited_data_file_trains_its_plugins_trials_again_as_a_new_run_does(tmp_path: Path) -> None:
    plugin_in(tmp_path / "a")
    first = run_in(tmp_path / "a")
    assert run_in(tmp_path / "a").trained == 0
    plugin_in(tmp_path / "a", factor="4.0")
    again = run_in(tmp_path / "a")
    assert [search.reused for search in again.plan.searches] == [2, 0]
    assert again.plan.searches[1].outdated == {"mine": 2}
    plugin_in(tmp_path / "new", factor="4.0")
    assert measures(again) == measures(run_in(tmp_path / "new")) != measures(first)


def test_a_data_file_that_is_edited_in_mid_run_ends_the_run(tmp_path: Path) -> None:
    file = plugin_in(tmp_path)
    registry = load_plugins([file])
    with Store(tmp_path / "out") as store:
        run = Run(parse_suite(SUITE, registry), registry, store, "cpu")
        run.begin()
        plugin_in(tmp_path, factor="4.0")
        with pytest.raises(
            LostWorkers, match=r"mine\.py or a data file of it \(data/factor.txt\) was changed since the"
        ):
            run.go(InProcess(plugin_files=(str(file),)))
        assert not store.outcomes(run.plan.searches[1].key, errors=True)


def test_a_data_file_that_is_edited_while_a_batch_reads_it_costs_the_batch(tmp_path: Path) -> None:
    edits = READS.replace(
        "return float", 'Path(__file__).with_name("data").joinpath("factor.txt").write_text("4")\n    return float'
    )
    file = plugin_in(tmp_path, edits)
    registry = load_plugins([file])
    with Store(tmp_path / "out") as store:
        run = Run(parse_suite(SUITE, registry), registry, store, "cpu")
        with pytest.raises(LostWorkers, match="was changed since the run began"):
            run.go(InProcess(plugin_files=(str(file),)))
        assert not store.outcomes(run.plan.searches[1].key, errors=True)


def test_a_file_has_the_data_that_its_code_names(tmp_path: Path) -> None:
    (tmp_path / "parts" / "deeper").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for name in ("table.csv", "beside.csv", "parts/a.npz", "parts/b.npz", "parts/b.txt", "parts/rows.txt"):
        (tmp_path / name).touch()
    for name in ("other/table.csv", "parts/deeper/c.npz"):
        (tmp_path / name).touch()
    expected = ["parts/a.npz", "parts/b.npz", "parts/rows.txt", "table.csv"]
    assert named_in([ast.parse(NAMES)], tmp_path) == expected
    outside = tmp_path / "other" / "table.csv"
    more = ast.parse(f"A = {str(outside)!r}; B = '..', '.', '/', '', {'é' * 200!r}, {str(tmp_path / 'gone')!r}")
    assert named_in([ast.parse(NAMES), more], tmp_path) == sorted([*expected, str(outside)])


def test_output_of_runs_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("table.csv", "out/table.csv", "out/results.sqlite"):
        (tmp_path / name).touch()
    assert named_in([ast.parse("A = 'out', 'table.csv'")], tmp_path) == ["table.csv"]
    assert in_package(tmp_path) == ["table.csv"]


def test_a_package_has_all_files_in_it_but_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "own_package"
    plugin_in(package)
    shutil.move(package / "mine.py", package / "__init__.py")
    for name in ("kernel.so", "py.typed", ".hidden", "types.pyi", "__pycache__/x.pyc", "__pycache__/x.txt"):
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_bytes(b"\xff")
    monkeypatch.syspath_prepend(str(tmp_path))
    (plugin,) = load_plugins(entry_points=[EntryPoint("own", "own_package", "harness")])
    try:
        assert data_files(plugin) == (package, ["data/factor.txt", "kernel.so"])
        before = plugin_digest(plugin)
        (package / "kernel.so").write_bytes(b"\xfe")  # a file of the same size
        assert plugin_digest(plugin) != before
    finally:
        sys.modules.pop("own_package", None)


def test_data_count_by_their_content_and_not_by_their_times(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        file = plugin_in(tmp_path / name)
        os.utime(tmp_path / name / "data" / "factor.txt", ns=(0, 0) if name == "a" else (10**18, 10**18))
        digests.append(plugin_digest(Plugin("mine", "mine", "", str(file), is_file=True, source=READS.encode())))
    assert digests[0] == digests[1]
    (tmp_path / "b" / "data" / "factor.txt").unlink()
    without = plugin_digest(Plugin("mine", "mine", "", str(file), is_file=True, source=READS.encode()))
    assert without != digests[0]
