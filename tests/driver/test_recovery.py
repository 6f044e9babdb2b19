"""Batches that fail: retried once, split until the trial at fault stands alone; smaller where memory is short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import harness.engine.work
from harness.components import Cell, Outcome
from harness.components.executor import Batch
from harness.components.fault import Fault, FaultKind
from harness.driver.recovery import Recovery
from harness.driver.results import Results
from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.driver.tiny_suite import ONE_REGIME as SUITE
from tests.driver.tiny_suite import digits

CELL = Cell("r", 10, 4, 3)


def attempts(count: int, bad: set[int], kind: FaultKind) -> tuple[list[tuple[int, ...]], list[int]]:
    """Submit one batch whose bad trials always fail; return what was tried in order, and whom that left at fault."""
    recovery = Recovery()
    todo, tried, alone = [Batch(CELL, tuple(range(count)), {}, "key")], [], []
    while todo:
        batch = todo.pop(0)
        tried.append(batch.seeds)
        if bad.intersection(batch.seeds):
            again = recovery.after(batch, Fault(kind, "no"))
            todo += again
            alone += [] if again else [batch.seeds[0]]
    return tried, alone


def test_it_is_retried_once_then_split() -> None:
    tried, alone = attempts(8, {5}, "error")
    assert tried[:2] == [tuple(range(8))] * 2
    assert tried[2:4] == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert tried[-2:] == [(5,), (5,)]
    assert alone == [5]


@pytest.mark.parametrize("kind", ["error", "late", "lost", "memory"])
@pytest.mark.parametrize("bad", [set(), {0}, {6}, {2, 3, 11}, set(range(12))])
def test_those_at_fault_are_found_and_no_others(bad: set[int], kind: FaultKind) -> None:
    tried, alone = attempts(12, bad, kind)
    assert sorted(alone) == sorted(bad)
    assert {seed for seeds in tried for seed in seeds} == set(range(12))
    once = kind == "late"  # which takes long
    assert all(tried.count((seed,)) == 1 if once else tried.count((seed,)) >= 2 for seed in bad)
    assert len(tried) <= 4 * (1 + 5 * len(bad)), "splitting costs a logarithm"


def test_a_single_trial_that_hangs_costs_little_more_than_the_time_of_its_batch() -> None:
    """64 (1 + 1/8 + 1/64) = 73 times that of a trial. Halves would take 64 (1 + 1/2 + … + 1/64) = 127."""
    tried, alone = attempts(64, {41}, "late")
    assert alone == [41]
    assert sum(len(seeds) for seeds in tried if 41 in seeds) == 64 + 8 + 1


def test_one_failure_of_a_company_is_forgiven() -> None:
    recovery = Recovery()
    batch = Batch(CELL, (0, 1, 2), {}, "key")
    assert recovery.after(batch, Fault("error", "once")) == [batch]


def test_a_lost_batch_is_redone_twice_before_it_is_suspected() -> None:
    recovery = Recovery()
    batch = Batch(CELL, (0, 1), {}, "key")
    assert [recovery.after(batch, Fault("lost", "killed")) for _ in range(2)] == [[batch], [batch]]
    assert [b.seeds for b in recovery.after(batch, Fault("lost", "killed"))] == [(0,), (1,)]


@pytest.mark.parametrize(("kind", "again"), [("late", [(0, 1, 3)]), ("error", [(0, 1, 3), (2,)])])
def test_a_trial_that_is_known_to_be_at_fault_costs_no_other(kind: FaultKind, again: list[tuple[int, ...]]) -> None:
    recovery, batch = Recovery(), Batch(CELL, (0, 1, 2, 3), {}, "key")
    after = recovery.after(batch, Fault(kind, "no", seed=2))
    assert [one.seeds for one in after] == again
    for alone in after[1:]:
        assert recovery.after(alone, Fault(kind, "no", seed=2)) == [], "it has failed twice"


def test_what_fits_is_remembered_for_the_shape() -> None:
    recovery = Recovery()
    (left, right) = recovery.after(Batch(CELL, tuple(range(9)), {}, "key"), Fault("memory", "full"))
    assert (len(left.seeds), len(right.seeds)) == (5, 4)
    recovery.after(left, Fault("memory", "full"))
    assert recovery.most("key", 10, 4, 3, 64) == 3
    assert recovery.most("key", 10, 4, 4, 64) == 64
    assert recovery.most("key", 10, 4, 3, 2) == 2


def run(registry: Registry, folder: Path, text: str = SUITE) -> tuple[Results, Run]:
    suite = parse_suite(text, registry)
    with Store(folder) as store:
        going = Run(suite, registry, store, "cpu")
        return going.go(InProcess()), going


STACKED = SUITE.replace('use = "moderate"', 'use = "moderate-sgd"').replace("n = [12, 16, 20]", "n = 12")
"""Minibatches are trained by the stacked solver."""


@pytest.mark.parametrize("text", [SUITE.replace("n = [12, 16, 20]", "n = 12"), STACKED], ids=["fused", "stacked"])
def test_memory_that_runs_out_changes_no_digit(
    text: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for three trials of any shape, and no more; every second failure comes out of the blue."""
    whole, _ = run(registry, tmp_path / "whole", text)
    train, calls = harness.engine.work._train, [0]

    def short_of_memory(setting: object, cell: Cell, seeds: tuple[int, ...], **more: Any) -> list[Outcome]:
        calls[0] += 1
        if len(seeds) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return train(setting, cell, seeds, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(harness.engine.work, "_train", short_of_memory)
    short, going = run(registry, tmp_path / "short", text)
    assert digits(short) == digits(whole)
    assert not short.errors()
    assert set(going._recovery.limits.values()) <= {2, 3}
    assert going._recovery.limits


@pytest.mark.parametrize("every", [3, 5])
def test_batches_that_fail_now_and_then_change_no_digit(
    every: int, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.replace("n = [12, 16, 20]", "n = 12")
    whole, _ = run(registry, tmp_path / "whole", text)
    train, calls = harness.engine.work._train, [0]

    def moody(setting: object, cell: Cell, seeds: tuple[int, ...], **more: Any) -> list[Outcome]:
        calls[0] += 1
        if calls[0] % every == 0:
            raise OSError("a stale file handle")
        return train(setting, cell, seeds, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(harness.engine.work, "_train", moody)
    moodily, _ = run(registry, tmp_path / "moody", text)
    assert digits(moodily) == digits(whole)
