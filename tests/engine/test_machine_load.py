"""The load of other programs, and what they change, by clocks and loads that are given."""

from __future__ import annotations

import pytest

from harness.engine.machine_load import MachineLoad, Stopwatch, others_of


@pytest.mark.parametrize(
    ("others", "workers", "slowdown"),
    [
        (0.4, 2, 1.0),  # 0.4 of 2 cores are taken as quiet
        (2.0, 2, 2.0),  # four threads on two cores
        (2.0, 1, 1.5),
        (2.0, 8, 1.25),  # eight workers take four times as long as two of them anyway
    ],
)
def test_other_programs_take_their_share_of_the_cores(others: float, workers: int, slowdown: float) -> None:
    assert MachineLoad(others, 2).slowdown(workers) == pytest.approx(slowdown)


def test_cores_to_spare_cost_nothing() -> None:
    load = MachineLoad(30.0, 64)
    assert (load.busy, load.slowdown(8)) == (True, 1.0)
    assert load.slowdown(64) == pytest.approx(94 / 64)


def test_the_own_work_of_a_process_is_no_load_of_others() -> None:
    assert others_of(1.0, processor=600.0, alive=600.0) < 1e-3
    assert others_of(3.0, processor=0.4, alive=0.5) == pytest.approx(3.0, abs=0.01)


def test_a_load_that_the_system_does_not_know_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.getloadavg")
    assert MachineLoad.now().others == 0.0


def test_a_stopwatch_counts_processor_time_and_notices_what_waits_for_a_core() -> None:
    processor, clock = iter([10.0, 12.0, 20.0, 21.0]), iter([0.0, 2.0, 5.0, 7.5])
    watch = Stopwatch(processor_time=lambda: next(processor), clock_time=lambda: next(clock))
    assert watch.time(lambda: None) == 2.0
    assert watch.waiting == 0.0
    assert watch.time(lambda: None) == 1.0
    assert watch.waiting == pytest.approx(0.5)
    gpu = Stopwatch(True, iter([0.0, 0.1]).__next__, iter([0.0, 3.0]).__next__)
    assert (gpu.time(lambda: None), gpu.waiting) == (3.0, 0.0)
