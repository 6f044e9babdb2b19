"""Killed at random moments, a run loses nothing that it reported as saved, and ends with the same digits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def crash(folder: Path, kills: int, sizes: str) -> dict[str, int]:
    """Run the crash test in a process of its own, since it forks."""
    command = [sys.executable, "-m", "tests.crash", str(folder), str(kills), "1", sizes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counts


def test_a_few_kills(tmp_path: Path) -> None:
    counts = crash(tmp_path, 8, "[12]")
    assert counts["kills"] >= 8
    assert counts["finished"] >= 1


@pytest.mark.slow
def test_hundreds_of_kills(tmp_path: Path) -> None:
    counts = crash(tmp_path, 200, "[12, 16, 20, 24]")
    assert counts["kills"] >= 200
    assert counts["journals"] > 0, "no kill fell into a transaction"
