"""The conformance kit as a pytest plugin: where it is asked for, and only there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.plugin_host.registry import Registry
from harness.testing import synthetic_results

PLUGIN = '''"""Inputs that are all alike."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness import Dataset, hookimpl


@dataclass(frozen=True)
class Flat(Dataset):
    """The same point n times."""

    name: ClassVar[str] = "flat"

    def draw(self, n, d, rng):
        return np.ones((n, d)), np.ones(n)


@hookimpl
def harness_datasets():
    return [Flat]
'''
TEST = """
pytest_plugins = ["harness.testing.pytest_plugin"]
harness_plugin = "flat.py"


def test_conformance(conformance):
    conformance.demand()


def test_fixtures(harness_registry, tiny_suite, run_suite, synthetic):
    registry = harness_registry("flat.py")
    assert registry.find("dataset", "flat")
    found = run_suite(tiny_suite)
    assert found["complete"] and len(found["thresholds"]) == 2
    assert synthetic(registry, threshold=4.0).trial_count == 280
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_failures_say_what_to_change_and_the_fixtures_work(tmp_path: Path) -> None:
    (tmp_path / "flat.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "test_flat.py").write_text(TEST, encoding="utf-8")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "test_conformance[dataset-flat-seeds]" in done.stdout
    assert "take every random number from the rng that is given" in done.stdout
    assert "1 failed, 10 passed" in done.stdout


def test_it_is_loaded_only_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_nothing():\n    assert not any(m.startswith('harness') for m in sys.modules)\n",
        encoding="utf-8",
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("threshold", [3.0, 5.0, 9.0])
def test_synthetic_results_have_the_threshold_they_were_made_with(threshold: float, registry: Registry) -> None:
    results = synthetic_results(registry, threshold=threshold, trials=400, widths=range(1, 25))
    (cell, *_) = results.outcomes
    found = results.threshold(cell.regime, cell.n, cell.d)
    assert found.low is not None
    assert found.high is not None
    assert found.low < threshold <= found.high
    assert found.k_half == pytest.approx(threshold, rel=0.1)
