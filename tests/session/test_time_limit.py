"""A run with a limit of time: it ends with what is known, and goes on where it stopped."""

from __future__ import annotations

import re
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from click.testing import CliRunner

import harness
from harness.cli import run as verb
from harness.executors.in_process import InProcess
from harness.report.predicted import LATE
from harness.session import planning, time_limit, training, width
from harness.session.time_limit import TimeLimit

SUITE = """
[suite]
name = "long"
seed = 1
[problems]
dataset = "sphere"
n = [20, 30, 40]
d = 5
[budget]
steps = 3000
limit = false
spectrum = false
[search]
method = "grid"
widths = [2, 4, 8, 16]
trials = 10
[[regimes]]
use = "moderate"
"""


def test_a_run_ends_when_its_time_is_up_and_goes_on(tmp_path: Path) -> None:
    stopped = harness.run(SUITE, out=tmp_path, executor="in-process", max_time=1e-6)
    assert 0 <= stopped.trained < 120
    assert stopped.missing == 120 - stopped.trial_count
    assert (tmp_path / "thresholds.json").exists()
    again = harness.run(SUITE, out=tmp_path, executor="in-process", max_time=600)
    assert (again.reused, again.trained + again.reused, again.missing) == (stopped.trial_count, 120, 0)


class Clock:
    """A clock that goes on only where a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def slow(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, seconds: float) -> None:
        """Let a function of a module take some seconds."""
        quick = getattr(module, name)

        def slowly(*args: Any, **options: Any) -> Any:
            self.now += seconds
            return quick(*args, **options)

        monkeypatch.setattr(module, name, slowly)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time_limit, "time", made)
    return made


def test_time_in_which_problems_are_drawn_counts(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.slow(monkeypatch, training, "check_problems", 10)
    stopped = harness.run(SUITE, out=tmp_path, executor="in-process", max_time=9)
    assert (stopped.trained, stopped.missing) == (0, 120)
    assert (tmp_path / "thresholds.json").exists()


def test_time_in_which_the_command_loads_counts(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.slow(monkeypatch, verb, "load", 10)
    (tmp_path / "long.toml").write_text(SUITE, encoding="utf-8")
    call = [str(tmp_path / "long.toml"), "--out", str(tmp_path / "run"), "--executor", "in-process", "--max-time", "9s"]
    done = CliRunner().invoke(verb.command, call, standalone_mode=False)
    assert (done.return_value, "Time is up: 120 trials are missing" in done.stderr) == (3, True)


def test_a_part_of_a_grid_is_done_only_if_its_time_was_enough(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trials of the other part are missing either way, and are not of this run."""
    (tmp_path / "long.toml").write_text(SUITE.replace("steps = 3000", "steps = 10"), encoding="utf-8")
    call = [str(tmp_path / "long.toml"), "--out", str(tmp_path / "run"), "--executor", "in-process", "--shard", "1/2"]
    call += ["--max-time", "9s"]
    with monkeypatch.context() as slowly:
        clock.slow(slowly, training, "check_problems", 10)
        stopped = CliRunner().invoke(verb.command, call, standalone_mode=False)
    own = int(re.findall(r"Time is up: (\d+) trials of shard 1/2 are missing\.", stopped.stderr)[0])
    assert (stopped.return_value, "is done" in stopped.stderr) == (3, False)
    done = CliRunner().invoke(verb.command, call, standalone_mode=False)
    assert (done.return_value, "Time is up" in done.stderr) == (0, False)
    assert "Shard 1/2 is done" in done.stderr
    assert f"{own} trials trained, 0 reused" in done.stdout
    assert 0 < own < 120


class SlowStart(InProcess):
    """An executor with workers that take a minute to start."""

    def __enter__(self) -> Self:
        time.sleep(60)
        return self


def test_time_in_which_workers_start_counts(tmp_path: Path) -> None:
    begun = time.monotonic()
    stopped = harness.run(SUITE, out=tmp_path, executor=SlowStart(), max_time=2)
    assert (stopped.trained, stopped.missing) == (0, 120)
    assert time.monotonic() - begun < 40


@pytest.mark.parametrize(("limit", "left"), [(1, 0), (5, 3), (61, 59), (100, 68), (None, None)])
def test_an_estimate_is_made_only_if_there_is_time(
    limit: float | None, left: float | None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data take 2 s to read and the estimate takes 30 s. It is left out if less than 60 s are left."""
    asked = []

    def run(*_: Any, max_time: float | None, **_options: Any) -> None:
        asked.append(max_time)
        raise InterruptedError

    monkeypatch.setattr(planning, "plan", lambda *_, **__: SimpleNamespace(training_seconds=0))
    monkeypatch.setattr(training, "run", run)
    clock.slow(monkeypatch, planning, "plan", 30)
    clock.slow(monkeypatch, width, "own_data", 2)
    with pytest.raises(InterruptedError):
        width.needed_width(n=6, d=3, regimes={"moderate": {"use": "moderate"}}, max_time=limit, progress=True)
    assert asked == [left]


def test_theories_are_left_to_the_next_report_if_time_is_long_up(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 3 000 inputs the theories of one regime take minutes. The scalings that they claim take no time."""
    monkeypatch.setattr(training, "THEORIES", -1e-9)
    clock.slow(monkeypatch, training, "check_problems", 10)
    stopped = harness.run(SUITE, out=tmp_path, executor="in-process", max_time=9)
    late = stopped.predictions["moderate", 40, 5]
    assert {p.width.reason for p in late if not p.theory.measured} == {LATE}
    assert {p.theory.name: p.scaling for p in late}["os-smooth"] == 40**2 / 5
    assert not stopped.faults
    whole = harness.session.results.Results.of(stopped).predictions["moderate", 40, 5]
    assert not any(p.width.reason == LATE for p in whole)


def test_the_timer_interrupts_what_runs() -> None:
    begun = time.monotonic()
    limit = TimeLimit(0.05)
    with pytest.raises(KeyboardInterrupt), limit:
        time.sleep(20)
    assert limit.up
    assert time.monotonic() - begun < 10


def test_a_limit_may_be_longer_than_a_timer() -> None:
    with TimeLimit(1e300) as limit:
        assert limit._timer is not None
        limit._timer.join(0.05)
        assert limit._timer.is_alive()


def test_another_interrupt_is_no_limit_of_time() -> None:
    limit = TimeLimit(60)
    with pytest.raises(KeyboardInterrupt), limit:
        raise KeyboardInterrupt
    assert not limit.up
    assert not any(isinstance(thread, threading.Timer) and thread.is_alive() for thread in threading.enumerate())


def test_the_limit_holds_where_a_shell_lets_jobs_ignore_interrupts() -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, stop)
        with pytest.raises(KeyboardInterrupt), TimeLimit(0.01) as limit:
            time.sleep(10)
        assert limit.up
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
