"""``harness run`` as a user meets it: in a process of its own, interrupted, killed, misused."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.driver.tiny_suite import ONE_REGIME, SUITE

LONGER = SUITE.replace("n = [12, 16, 20]", "n = [20, 30]").replace("steps = 600", "steps = 3000")


ROOT = Path(__file__).parents[2]


def harness(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def thresholds(directory: Path) -> dict[str, Any]:
    """Return everything in thresholds.json that may not depend on how the run went."""
    record: dict[str, Any] = json.loads((directory / "thresholds.json").read_text(encoding="utf-8"))
    del record["provenance"]
    return record


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite that has run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "tiny.toml").write_text(LONGER, encoding="utf-8")
    done = harness("run", "tiny.toml", "--workers", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "k½" in done.stdout
    return folder


def test_it_prints_the_tables_and_says_what_it_did(whole: Path) -> None:
    again = harness("run", "tiny.toml", cwd=whole)
    assert again.returncode == 0
    assert "0 trials trained" in again.stdout
    assert "\x1b[" not in again.stdout, "no colour into a pipe"
    assert max(len(line) for line in again.stdout.splitlines() if "trials trained" not in line) <= 80
    shown = harness("report", "reports/tiny", cwd=whole)
    assert shown.returncode == 0
    assert shown.stdout.strip() in again.stdout


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_and_run_again_it_finds_the_same_digits(how: signal.Signals, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(LONGER, encoding="utf-8")
    interrupt(tmp_path, how, after_outcomes=30)
    again = harness("run", "tiny.toml", "--workers", "1", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert " 0 reused" not in again.stdout
    assert thresholds(tmp_path / "reports/tiny") == thresholds(whole / "reports/tiny")


@pytest.mark.slow
def test_killed_many_times_at_random_moments(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(LONGER, encoding="utf-8")
    moments = random.Random(0)
    for _ in range(12):
        interrupt(tmp_path, signal.SIGKILL, after_seconds=moments.uniform(1.5, 6.0))
    again = harness("run", "tiny.toml", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert thresholds(tmp_path / "reports/tiny") == thresholds(whole / "reports/tiny")


def interrupt(folder: Path, how: signal.Signals, after_outcomes: int = 0, after_seconds: float = 60.0) -> None:
    """Start a run with two workers and send it a signal, once it has saved some trials or after some time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", "tiny.toml", "--workers", "2"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    file = folder / "reports/tiny/results.sqlite"
    end = time.monotonic() + after_seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
        if after_outcomes and file.exists():
            try:
                with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
                    (saved,) = db.execute("SELECT count(*) FROM outcomes").fetchone()
            except sqlite3.Error:  # not made yet, or locked by the run
                continue
            if saved >= after_outcomes:
                break
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "To go on: harness run tiny.toml" in said
        assert "Traceback" not in said


def test_fresh_keeps_what_was_there(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE.replace("n = [12, 16, 20]", "n = 12"), encoding="utf-8")
    assert harness("run", "tiny.toml", "--out", "here", cwd=tmp_path).returncode == 0
    before = (tmp_path / "here/results.sqlite").read_bytes()
    fresh = harness("run", "tiny.toml", "--out", "here", "--fresh", cwd=tmp_path)
    assert fresh.returncode == 0
    assert " 0 reused" in fresh.stdout
    aside = list((tmp_path / "here").glob("results-*.sqlite"))
    assert [path.read_bytes() for path in aside] == [before]
    assert str(aside[0].name) in fresh.stderr


def test_reports_of_another_suite_are_not_replaced(tmp_path: Path) -> None:
    mine = SUITE.replace("n = [12, 16, 20]", "n = 12")
    (tmp_path / "tiny.toml").write_text(mine, encoding="utf-8")
    (tmp_path / "other.toml").write_text(mine.replace('name = "tiny"', 'name = "other"'), encoding="utf-8")
    assert harness("run", "tiny.toml", "--out", "here", cwd=tmp_path).returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir() if path.name != ".lock"}
    refused = harness("run", "other.toml", "--out", "here", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    said = " ".join(refused.stderr.split())
    assert "here holds results of suite 'tiny', not of 'other'" in said
    assert "--out" in said
    assert "--fresh" in said
    assert {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir() if path.name != ".lock"} == before
    assert harness("run", "tiny.toml", "--out", "here", cwd=tmp_path).returncode == 0
    assert harness("run", "other.toml", "--out", "here", "--fresh", cwd=tmp_path).returncode == 0
    (aside,) = (tmp_path / "here").glob("results-*.sqlite")
    assert json.loads((tmp_path / "here/thresholds.json").read_text())["suite"] == "other"
    with sqlite3.connect(aside) as db:
        assert {json.loads(text)["suite"] for (text,) in db.execute("SELECT provenance FROM runs")} == {"tiny"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nowhere.toml"], "nowhere.toml"),
        (["run", "."], "expected a TOML file"),
        (["rnu", "quickstart"], "did you mean 'run'"),
        (["run", "quickstart", "--executor", "lcal"], "there is no executor 'lcal'; did you mean 'local'"),
        (["run", "quickstart", "--executor", "slurm"], "there is no executor 'slurm' (there are dask, in-process,"),
        (["run", "quickstart", "--device", "cuda:99"], "CUDA"),
        (["run", "quickstart", "--workers", "0"], "--workers"),
        (["run", "quickstart", "--out", "/proc/nowhere"], "/proc/nowhere"),
        (["run", "quickstart", "--plugin", "nowhere.py"], "nowhere.py"),
        (["run", "quickstart", "--plugin", str(ROOT / "LICENSE")], "a plugin is a Python file, whose name ends in .py"),
        (["run", str(ROOT / "suites/narow.toml")], "did you mean '" + str(ROOT / "suites/narrow.toml")),
        (["plan", "quickstart", "--out", __file__], "is a file, expected a folder; choose another directory with"),
        (["run", "quickstart", "--out", __file__], "is a file, expected a folder; choose another directory with"),
        (["report", "."], "results.sqlite"),
        (["plan"], "SUITE"),
    ],
)
def test_wrong_input_is_one_message_and_status_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = harness(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_regimes_that_are_alike_are_reported_once(tmp_path: Path) -> None:
    (tmp_path / "alike.toml").write_text(SUITE + "\n[[regimes]]\nuse = 'output-only'" * 2, encoding="utf-8")
    done = harness("plan", "alike.toml", cwd=tmp_path)
    assert done.returncode == 0
    assert (
        done.stderr
        == "regimes ['features', 'output-only', 'output-only (2)'] differ in nothing but their names: keep one\n"
    )


def test_names_that_pdflatex_cannot_print_are_reported(tmp_path: Path) -> None:
    text = ONE_REGIME.replace('"softplus"', '"日本"').replace(
        "trials = 60", 'method = "grid"\nwidths = [9]\ntrials = 1'
    )
    (tmp_path / "letters.toml").write_text(text, encoding="utf-8")
    done = harness("run", "letters.toml", "--workers", "1", "--quiet", cwd=tmp_path)
    assert done.returncode == 0
    assert "table.tex: pdflatex has no '日本'" in done.stderr
    shown = harness("report", "tiny", "--format", "latex", cwd=tmp_path)
    assert "pdflatex has no '日本'" in shown.stderr
    assert r"\harnessletter{65E5}{?}" in shown.stdout
    assert "日本" not in harness("report", "tiny", "--format", "markdown", cwd=tmp_path).stderr


def test_a_broken_plugin_costs_a_line(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('out of order')\n", encoding="utf-8")
    done = harness("run", "tiny.toml", "--plugin", str(tmp_path / "broken.py"), cwd=whole)
    assert done.returncode == 0
    assert sum("out of order" in line for line in done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_trials_that_fail_end_in_status_1(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        '''
"""A dataset that refuses some draws."""
from dataclasses import dataclass
from typing import ClassVar
from harness import Dataset, hookimpl

@dataclass(frozen=True)
class Odd(Dataset):
    """Gaussian inputs, when it feels like it."""
    name: ClassVar[str] = "odd"
    def draw(self, n, d, rng):
        if rng.random() < 0.3:
            raise ArithmeticError("no inputs today")
        return rng.standard_normal((n, d)), rng.standard_normal(n)

@hookimpl
def harness_datasets():
    """Provide it."""
    return [Odd]
''',
        encoding="utf-8",
    )
    text = SUITE.replace('dataset = "sphere"', 'dataset = "odd"').replace("n = [12, 16, 20]", "n = 12")
    (tmp_path / "tiny.toml").write_text('plugins = ["odd.py"]\n' + text, encoding="utf-8")
    done = harness("run", "tiny.toml", "--workers", "2", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "ArithmeticError: no inputs today" in done.stdout
    assert "Traceback" not in done.stderr
    record = json.loads((tmp_path / "reports/tiny/thresholds.json").read_text(encoding="utf-8"))
    assert record["thresholds"][0]["trials"] > 0
