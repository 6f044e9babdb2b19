"""Temporary folders of archives, and names and links that export and report are given."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from harness.exchange.scratch import OLD_SECONDS, scratch

KILLED = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from harness.exchange.scratch import scratch
with scratch() as folder:
    (folder / "results").write_text("x")
    os.kill(os.getpid(), 9)
"""


def age(folder: Path) -> None:
    long_ago = time.time() - 2 * OLD_SECONDS
    os.utime(folder, (long_ago, long_ago))


def test_the_folder_of_a_killed_process_is_removed_and_one_in_use_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    with scratch() as used:
        assert left.exists(), "it is too young to tell whether a process is about to hold it"
        age(left)
        age(used.parent)
        with scratch() as other:
            assert not left.exists()
            assert used.exists()
            assert list(other.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "n" * 300],
        ["export", "n" * 300, "--archive", "a.zip"],
        ["export", "x", "--archive", "n" * 300],
        ["plan", "quickstart", "--plugin", "n" * 300],
        ["plan", "quickstart", "--out", "n" * 300],
    ],
    ids=["report", "export", "archive", "plugin", "out"],
)
def test_names_that_are_too_long_are_wrong_input(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "loop.zip").symlink_to("loop.zip")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "export", "x", "--archive", "loop.zip"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "is there already" in done.stderr
