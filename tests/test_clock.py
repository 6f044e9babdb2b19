"""A wall clock that jumps during a run: outcomes, limits of time and the times that are printed."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_grid import SUITE

JUMPING = """
import time

count, whole, parts = 0, time.time, time.time_ns

def shift():
    global count
    count += 1
    return -86400 * 4000 * (count % 2)

time.time = lambda: whole() + shift()
time.time_ns = lambda: parts() + shift() * 10**9
"""
"""Each look at the clock of any process of a run finds it days off, or right again."""

NEGATIVE = re.compile(r"[-−]\s?\d[\d.]*\s?(?:ms|s|min|h|d|seconds?|minutes?|hours?|days?)\b")


def _harness(folder: Path, *arguments: str, clock: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "clock").mkdir(exist_ok=True)
    (folder / "clock" / "sitecustomize.py").write_text(clock)
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "clock")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _without_seconds(table: str) -> tuple[list[dict[str, str]], list[float]]:
    """Return the trials of a table without the times that they took, and these."""
    rows = list(csv.DictReader(table.splitlines()))
    return rows, [float(row.pop("seconds")) for row in rows]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The trials of a run whose clock is right."""
    folder = tmp_path_factory.mktemp("right")
    (folder / "small.toml").write_text(SUITE)
    assert _harness(folder, "run", "small.toml").returncode == 0
    return _harness(folder, "report", "small", "--view", "trials").stdout


def test_a_jump_of_the_clock_changes_nothing(trials: str, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SUITE)
    text = JUMPING + "\nprint(int(time.time() - whole()))\n"
    jumped = _harness(tmp_path, "version", clock=text).stdout.split("\n")[0]
    assert abs(int(jumped)) > 86400, "the clock jumps"
    done = _harness(tmp_path, "run", "small.toml", "--max-time", "1h", "--workers", "1", clock=JUMPING)
    assert done.returncode == 0, f"status 3 would be a limit of time: {done.stderr}"
    said = done.stdout + done.stderr
    assert not NEGATIVE.search(said), NEGATIVE.findall(said)
    right, _ = _without_seconds(trials)
    assert len(right) == 108
    found, seconds = _without_seconds(_harness(tmp_path, "report", "small", "--view", "trials").stdout)
    assert found == right
    assert all(0 <= one < 300 for one in seconds)
    again = _harness(tmp_path, "run", "small.toml", "--max-time", "1h", clock=JUMPING)
    assert again.returncode == 0, again.stderr
    assert not NEGATIVE.search(again.stdout + again.stderr)
