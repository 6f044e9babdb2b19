"""A plugin developed outside the package tree: built, installed apart, checked, run; and what it claims."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.components import Cell, Certificate, Theory
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.setting import Setting
from harness.engine.work import train
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.testing import cases

SOURCE = Path(__file__).parent / "harness_gradient_flow"
POINTS = (
    EntryPoint("builtin", "harness.builtin", "harness"),
    EntryPoint("gradient-flow", "harness_gradient_flow", "harness"),
)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.syspath_prepend(str(SOURCE / "src"))
    found = load_plugins(entry_points=POINTS)
    assert not found.broken
    return found


@pytest.mark.usefixtures("quick_imports")
def test_it_passes_the_conformance_kit(registry: Registry) -> None:
    findings = [case.find() for case in cases(registry, "gradient-flow")]
    assert [str(finding) for finding in findings if finding.status == "failed"] == []
    assert {finding.subject for finding in findings} >= {
        "theory dana",
        "dataset weakly-interacting",
        "regime gradient-flow",
    }


def test_the_claim_is_printed_as_unverified(registry: Registry) -> None:
    claim: Theory = registry.find("theory", "dana")()
    assert not claim.claim.verified
    assert "abstract" in claim.claim.certainty_note
    assert claim.scaling(128, 128) == pytest.approx(np.log(128))


@pytest.mark.parametrize(("n", "k"), [(6, 6), (16, 10)])
def test_orthogonal_inputs_are_fitted_exactly_where_the_net_covers_them(n: int, k: int, registry: Registry) -> None:
    """Not a rate but each single verdict: 40 networks, of which the theorem says which fit."""
    regime = registry.regime("gradient-flow")
    dataset = registry.find("dataset", "weakly-interacting")(interaction=0.0)
    theory: Theory = registry.find("theory", "orthogonal-cover")()
    assert isinstance(theory, Certificate)
    setting = Setting(
        regime, None, dataset, True, 3, steps=4000, tolerances=(1e-2,), dtype="float64", device="cpu", spectrum=False
    )
    outcomes = train(setting, Cell(regime.name, n, n, k), range(40))
    expected, chance = [], 0.0
    for seed in range(40):
        problem = draw_problem(dataset, n, n, seed=seed, base=3)
        weights = draw_weights(regime.initializer, regime.model, problem, k, seed=seed, base=3)
        expected.append(theory.certifies(problem, regime, weights))
        assert all(assumption.holds is not False for assumption in theory.assumptions(problem, regime))
        chance += cover_probability(problem.y, k)
    assert [outcome.verdict(0) == "fit" for outcome in outcomes] == expected
    assert 0 < sum(map(bool, expected)) < 40, "both verdicts occur"
    assert abs(sum(map(bool, expected)) - chance) < 4 * np.sqrt(40 / 4)


def cover_probability(y: Any, k: int) -> float:
    cover = importlib.import_module("harness_gradient_flow.cover")  # not installed where types are checked
    return float(cover.cover_probability(k, *cover.signs(y)))


@pytest.mark.slow  # builds a wheel, and starts the command line four times
def test_built_installed_apart_checked_and_run(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", "77")
    shutil.copytree(SOURCE, tmp_path / "source", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", "wheels", "./source"]
    subprocess.run(build, cwd=tmp_path, check=True, timeout=120)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    install = [*pip, "install", "--no-deps", "--no-index", "--target", "site", str(wheel)]
    subprocess.run(install, cwd=tmp_path, check=True, timeout=120)

    def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]))
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    checked = harness("plugins", "check", "gradient-flow", "--strict-plugins")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert " 0 failed" in checked.stdout
    text = (SOURCE / "orthogonal.toml").read_text(encoding="utf-8")
    small = text.replace("n = [8, 32, 128]\nd = 128", "n = 8\nd = 8").replace("trials = 100", "trials = 4")
    small = small.replace("widths = [4, 8, 12, 16, 20, 24, 32]", "widths = [2, 32]").replace("10_000", "2_000")
    (tmp_path / "small.toml").write_text(small, encoding="utf-8")
    ran = harness("run", "small.toml", "--quiet", "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    assert "cover of orthogonal inputs" in ran.stdout
    found = json.loads((tmp_path / "reports/orthogonal/thresholds.json").read_text(encoding="utf-8"))
    assert found["provenance"]["plugins"]["gradient-flow"] == "harness-gradient-flow 0.2.0"
    (tmp_path / "small.toml").write_text(small.replace("flow>=0.2", "flow>=0.3"), encoding="utf-8")
    refused = harness("run", "small.toml")
    assert refused.returncode == 2
    assert "pip install -U 'harness-gradient-flow>=0.3'" in refused.stderr
