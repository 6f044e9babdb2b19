"""Verbs beside a run: what they leave when they are killed, on file systems that are read-only, and with odd clocks."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

import harness
from harness.cli import command as main
from harness.components.outcome_record import digits
from tests.small_grid import SUITE

HARNESS = [sys.executable, "-c", "from harness.cli import main; main()"]
CLOCK = """
import random, time
from harness import hookimpl

@hookimpl
def harness_initializers():
    return []

def jumping(now, unit):
    return lambda: now() + moments.randint(-10 * YEAR, 10 * YEAR) * unit

YEAR, moments = 365 * 86400, random.Random(1)
time.time = jumping(time.time, 1)
time.time_ns = jumping(time.time_ns, 10**9)
"""
"""A plugin that sets the clock of each process that loads it to another year each time it is read."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "small.toml").write_text(SUITE, encoding="utf-8")
    harness.run(folder / "small.toml", out=folder / "out", executor="in-process")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def kill_after(seconds: float, arguments: list[str], cwd: Path) -> None:
    """Kill a verb after some time, and wait until all that it started is gone."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*HARNESS, *arguments], cwd=cwd, **quiet)  # type: ignore[call-overload]  # the same for both
    time.sleep(seconds)
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(below, timeout=20)
    assert not alive, "a worker outlived the verb"


@pytest.mark.parametrize("kills", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("verb", ["verify", "plan"])
def test_verbs_that_are_killed_leave_the_run_as_it_was(verb: str, kills: int, whole: Path) -> None:
    before, moments = contents(whole), random.Random(kills)
    arguments = ["verify", "out", "--trials", "100000"] if verb == "verify" else ["plan", "small.toml", "--out", "out"]
    for _ in range(kills):
        kill_after(moments.uniform(0.5, 5.0), arguments, whole)
        assert contents(whole).items() >= before.items()
        assert contents(whole).keys() - before.keys() <= {"out/.lock"}
    results = harness.load(whole / "out")
    assert harness.run(whole / "small.toml", out=whole / "out", executor="in-process").trained == 0
    assert results.missing == 0


@pytest.fixture
def read_only(whole: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of the run, mounted read-only."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("mounts a file system of its own")
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", "--bind", str(whole), str(place)], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_verbs_that_read_work_on_a_read_only_file_system(
    read_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(read_only)
    archive = str(tmp_path / "a.zip")
    for arguments in (
        ["report", "out"],
        ["report", "out", "--format", "json"],
        ["plan", "small.toml", "--out", "out"],
        ["export", "out", "--archive", archive],
        ["compare", "out", archive],
        ["report", "out", "--html", str(tmp_path / "page.html")],
    ):
        done = CliRunner().invoke(main, arguments, standalone_mode=False)
        assert done.return_value in (None, 0), (arguments, done.output)
        assert done.exception is None, (arguments, done.exception)
    for arguments in (
        ["run", "small.toml", "--out", "out"],
        ["run", "small.toml"],
        ["report", "out", "--html"],
        ["export", "out", "--archive", "a.zip"],
        ["merge", "merged", "out"],
        ["new", "suite", "own"],
    ):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code in (2, 3), (arguments, done.output, done.exception)
        assert "Traceback" not in done.output
        assert "Read-only file system" in " ".join(done.stderr.replace("│", " ").split()), (arguments, done.stderr)


def test_clocks_that_jump_change_no_digit(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "clock.py").write_text(CLOCK, encoding="utf-8")
    out = str(tmp_path / "out")
    command = [*HARNESS, "run", str(whole / "small.toml"), "--plugin", "clock.py", "--out", out, "--workers", "2"]
    for status in (0, 0):  # the second run finds all of the first
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert "0 trials trained, 108 reused" in done.stdout
    found = harness.load(out, plugin_files=[tmp_path / "clock.py"])
    expected = harness.load(whole / "out")
    assert {cell: list(map(digits, all_)) for cell, all_ in found.outcomes.items()} == {
        cell: list(map(digits, all_)) for cell, all_ in expected.outcomes.items()
    }
