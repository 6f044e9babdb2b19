"""The registry of solvers: a file each, found by themselves, and none that the others need."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.components import Cell, Solver
from harness.engine import solvers
from harness.engine.solvers import NoSolver, choose, shipped, shipped_solver
from harness.engine.work import train
from tests.engine.cases import CASES, setting

ROOT = Path(harness.__file__).parent.parent
VERSIONS = {
    "spectral": 4,
    "fused": 6,
    "fused-gpu": 5,
    "fused-stack": 4,
    "stacked": 2,
    "torch-compiled": 1,
    "functional": 2,
}
"""Of the numbers that stored trials were trained with, in the order in which solvers are asked."""


def test_solvers_are_found_in_their_order_with_the_versions_of_stored_trials() -> None:
    assert {solver.name: solver.version for solver in shipped()} == VERSIONS
    assert list(VERSIONS) == [solver.name for solver in shipped()]
    assert shipped_solver("compiled") is shipped_solver("torch-compiled")  # as files have it


def test_no_other_file_names_a_solver() -> None:
    word = re.compile(rf"[\"']({'|'.join([*VERSIONS, 'compiled'])})[\"']")
    for folder in ("harness", "benchmarks", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent != ROOT / "harness" / "engine" / "solvers":
                assert not word.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("gone", [solver for solver in shipped() if solver.name not in ("functional", "fused-gpu")])
def test_without_a_solver_another_trains(gone: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = tuple(solver for solver in shipped() if solver != gone)
    monkeypatch.setattr(solvers, "shipped", lambda: rest)
    for name in ("softplus", "erf output", "silu sgd", "deep"):
        (outcome,) = train(setting(CASES[name], steps=20), Cell("", 12, 4, 4), [0])
        assert outcome.solver in {solver.name for solver in rest}
        assert not outcome.message


def test_where_none_can_train_each_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = tuple(solver for solver in shipped() if solver.name in ("spectral", "stacked"))
    monkeypatch.setattr(solvers, "shipped", lambda: rest)
    with pytest.raises(NoSolver, match=r"spectral: model deep is not linear.*; stacked: model deep provides no stack"):
        choose(CASES["deep"], "float32", "cpu")


def test_a_solvers_file_may_be_deleted(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "harness" / "engine" / "solvers" / "fused.py").unlink()
    code = (
        "import harness; from harness.engine.solvers import shipped, choose; "
        "from harness.plugin_host.loading import load_plugins; registry = load_plugins(); "
        "regime = registry.regime('moderate'); "
        "print(harness.__file__, choose(regime, 'float32', 'cpu').name, len(shipped()), registry.names('solver'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=tmp_path,
    )
    file, chosen, count, *names = done.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert (chosen, count) == ("fused-stack", "6")
    assert "'fused'," not in names
