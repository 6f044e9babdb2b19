"""A run whose plugins end, hang, fork or disturb their process; the table in docs/durability.md."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

import harness
from harness.components import Outcome
from harness.driver.results import Results
from harness.plugin_host.plugin_process import PluginProcess
from harness.session.reading import load
from tests.faults.rude import HOW, LONG

PLUGIN = Path(__file__).parent / "rude.py"
SUITE = f"""
[suite]
name = "rude"
[problems]
dataset = "rude"
n = {list(HOW)}
d = 3
[budget]
steps = 20
trial_seconds = 3
spectrum = false
[search]
method = "grid"
widths = [2]
trials = 1
[[regimes]]
name = "own"
use = "moderate"
"""
ENDED = {
    "exit": ("the worker process ended itself with status 0", "ended the process (status 0)"),
    "hang": ("not done after 3 s", "did not return within 3 s"),
    "abort": ("the worker process crashed (SIGABRT)", "ended the process (SIGABRT)"),
    "segv": ("the worker process crashed (SIGSEGV)", "ended the process (SIGSEGV)"),
}
"""Reason of the trial, and of the theories' rows."""


Found = tuple[subprocess.CompletedProcess[str], Results, dict[tuple[str, int], str]]
"""The finished command, its results, and the reason of each theory's row at each n."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("rude")
    (folder / "rude.toml").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "rude.toml", "--out", "out"]
    done = subprocess.run(
        [*command, "--plugin", str(PLUGIN), "--workers", "2", "--quiet"],
        cwd=folder,
        capture_output=True,  # which also waits for every process that holds the pipes
        text=True,
        timeout=LONG / 2,
        check=False,
    )
    rows = json.loads((folder / "out" / "thresholds.json").read_text(encoding="utf-8"))["predictions"]
    reasons = {(row["theory"], row["n"]): row["reason"] for row in rows}
    return done, load(folder / "out", plugin_files=[PLUGIN]), reasons


@pytest.fixture(scope="module")
def polite(tmp_path_factory: pytest.TempPathFactory) -> Results:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLITE", "1")
        return harness.run(
            harness.load_suite(SUITE, plugin_files=[PLUGIN]),
            out=tmp_path_factory.mktemp("polite"),
            executor="in-process",
        )


def run_mode(how: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one misbehaviour alone, or several."""
    chosen = [n for n, word in HOW.items() if word in how.split()]
    (folder / "rude.toml").write_text(SUITE.replace(f"n = {list(HOW)}", f"n = {chosen}"), encoding="utf-8")
    command = [sys.executable, "-c", "from harness.cli import main; main()", "run", "rude.toml", "--out", "out"]
    return subprocess.run(
        [*command, "--plugin", str(PLUGIN), "--quiet", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONG / 4,
        check=False,
    )


def outcome(results: Results, n: int) -> Outcome:
    (found,) = (found for cell, outcomes in results.outcomes.items() for found in outcomes if cell.n == n)
    return found


@pytest.mark.parametrize(("n", "how"), HOW.items(), ids=HOW.values())
def test_a_rude_dataset_costs_its_own_trials_and_the_run_ends(n: int, how: str, ended: Found, polite: Results) -> None:
    done, results, reasons = ended
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    if how in ENDED:
        of_trial, of_rows = ENDED[how]
        assert of_trial in outcome(results, n).message
        assert reasons["cert-d1", n] == reasons["crash", n] == f"dataset 'rude' {of_rows}"
    else:
        assert outcome(results, n) == outcome(polite, n)
        assert "rude" not in reasons["cert-d1", n]


def test_the_remedy_is_given_once(ended: Found) -> None:
    done, _, _ = ended
    words = "dataset 'rude' ended the process (status 0) at n = 4, d = 3: mend its draw(), or raise trial_seconds = 3"
    assert done.stderr.count("mend its draw()") == done.stderr.count(words) == 1


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("fork", "plugin rude left a process running: end it before the call returns"),
        ("thread", "plugin rude left a thread running: end it before the call returns"),
        ("calm", "theory crash has no answer for own, n = 12, d = 3: theory 'crash' ended the process (SIGABRT)"),
    ],
)
def test_faults_that_cost_no_trial_are_said_once_with_status_1(how: str, words: str, tmp_path: Path) -> None:
    """Trained in this process, whose threads Python would wait for, and whose forks nothing else would end."""
    done = run_mode(how, tmp_path, "--executor", "in-process")  # which waits for all that hold its pipes
    assert done.returncode == 1
    assert done.stderr.count(words) == 1
    assert done.stderr.count(" left a ") + done.stderr.count("no answer") == 1
    results = load(tmp_path / "out", plugin_files=[PLUGIN])
    assert (results.errors(), results.missing) == ([], 0)


def test_training_does_not_wait_for_a_draw_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draw that hangs costs its trial, and the problem of the theories, the time of one trial: at the same time."""
    monkeypatch.setattr("harness.session.training.PATIENCE", 0.1)
    asked: list[bytes] = []
    ask = PluginProcess._ask

    def counted(self: PluginProcess, request: bytes, seconds: float) -> bytes | None:
        asked.append(request)
        return ask(self, request, seconds)

    monkeypatch.setattr(PluginProcess, "_ask", counted)
    (n,) = (n for n, word in HOW.items() if word == "hang")
    text = SUITE.replace(f"n = {list(HOW)}", f"n = {n}").replace("trial_seconds = 3", "trial_seconds = 15")
    suite = harness.load_suite(text, plugin_files=[PLUGIN])
    began: list[float] = []
    said: list[str] = []
    start = time.monotonic()
    results = harness.run(
        suite, out=tmp_path, workers=1, notice=said.append, begin=lambda _: began.append(time.monotonic() - start)
    )
    assert began[0] < 15
    assert said[0] == "dataset 'rude' has not drawn a problem of each n and d after 0.1 s"
    assert outcome(results, n).message == "not done after 15 s (15 s a trial)"
    (found,) = results.predictions.values()
    reasons = {one.width.reason for one in found if one.theory.name in ("cert-d1", "crash")}
    assert reasons == {"dataset 'rude' did not return within 15 s"}
    assert len(asked) == 1


@pytest.mark.parametrize("how", ["silent", "limit deep"])
def test_what_a_plugin_changes_in_this_process_is_restored(how: str, tmp_path: Path) -> None:
    """Without stdout no table could be printed, and a later draw needs more calls than the lower limit allows."""
    done = run_mode(how, tmp_path, "--executor", "in-process")
    said = [line for line in done.stderr.splitlines() if "[search] trials = 1" not in line]
    assert (done.returncode, said) == (0, [])
    assert f"{len(how.split())} trials trained, 0 reused" in done.stdout


def test_a_theory_that_crashes_costs_its_own_row(ended: Found) -> None:
    _, _, reasons = ended
    at_fault = {n: reasons["crash", n] for n, how in HOW.items() if how not in ENDED}
    calm = max(HOW)
    assert at_fault.pop(calm) == "theory 'crash' ended the process (SIGABRT)"
    assert set(at_fault.values()) == {""}


def test_a_plan_counts_a_trial_that_crashes_with_its_longest_time(tmp_path: Path) -> None:
    text = SUITE.replace(f"n = {list(HOW)}", "n = 6")
    suite = harness.load_suite(text, plugin_files=[PLUGIN])
    (row,) = harness.plan(suite, out=tmp_path, device="cpu").thresholds
    assert row.seconds == suite.budget.trial_seconds * row.missing == 3
