"""Fates are the same to the last bit wherever and in whatever company trials are trained."""

from __future__ import annotations

import os
import signal

from harness.components import Cell, Outcome
from harness.components.executor import Batch, BatchFailed, Executor
from harness.driver.batching import batches
from harness.driver.threshold_searches import threshold_searches
from harness.executors.in_process import InProcess
from harness.executors.local import Local
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite

SUITE = """
[suite]
name = "fates"
seed = 3
[problems]
dataset = "sphere"
n = 16
d = 5
[budget]
steps = 300
[search]
method = "grid"
widths = [2, 4, 8]
trials = 4
[[regimes]]
name = "softplus"
use = "moderate"
[[regimes]]
name = "relu"
use = "moderate"
activation = "relu"
[[regimes]]
name = "both"
use = "train-all"
[[regimes]]
name = "features"
use = "output-only"
"""


class Harassed(Local):
    """Has a worker killed before the third batch is waited for."""

    waits = 0

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        self.waits += 1
        if self.waits == 3:
            pid = self._pool[0].process.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        return super().next_done()


def todo(registry: Registry, idle: int) -> list[Batch]:
    found = threshold_searches(parse_suite(SUITE, registry), registry, "cpu")
    return [b for search in found for b in batches(search, search.advance(lambda _cell, _seed: None), idle=idle)]


def trained(executor: Executor, work: list[Batch]) -> dict[tuple[Cell, int], Outcome]:
    outcomes: dict[tuple[Cell, int], Outcome] = {}
    with executor:
        for batch in work:
            executor.submit(batch)
        for _ in work:
            try:
                batch, found = executor.next_done()
            except BatchFailed as failed:  # with the worker that was killed
                executor.submit(failed.batch)
                batch, found = executor.next_done()
            outcomes |= {(batch.cell, outcome.seed): outcome for outcome in found}
    return outcomes


def test_fates_are_equal_in_workers_that_are_killed_and_in_batches_of_other_sizes(registry: Registry) -> None:
    whole = trained(InProcess(), todo(registry, idle=0))
    assert {cell.regime for (cell, _), outcome in whole.items() if outcome.fate} == {
        "softplus",
        "relu",
        "both",
        "features",
    }
    kinds = {outcome.fate.kind for outcome in whole.values() if outcome.fate}
    assert {"fit proved", "stuck proved"} <= kinds
    assert not [outcome.fate.message for outcome in whole.values() if outcome.fate and outcome.fate.message]
    parts = trained(Harassed(2), todo(registry, idle=4))
    assert len(parts) == len(whole) == 4 * 3 * 4
    assert parts == whole
