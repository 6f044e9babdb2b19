"""A run with a limit of time: it ends with what is known, and goes on where it stopped."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import harness
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


def test_the_timer_interrupts_what_runs() -> None:
    begun = time.monotonic()
    limit = TimeLimit(0.05)
    with pytest.raises(KeyboardInterrupt), limit:
        time.sleep(20)
    assert limit.up
    assert time.monotonic() - begun < 10


def test_another_interrupt_is_no_limit_of_time() -> None:
    limit = TimeLimit(60)
    with pytest.raises(KeyboardInterrupt), limit:
        raise KeyboardInterrupt
    assert not limit.up
    assert not any(isinstance(thread, threading.Timer) and thread.is_alive() for thread in threading.enumerate())
