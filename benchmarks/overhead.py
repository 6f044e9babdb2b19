"""What an executor adds to the training itself: the same batches of about a second on one worker of each."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

from benchmarks.uniform_suite import suite_of
from harness.components.executor import Batch, Executor
from harness.driver.batching import batches
from harness.driver.threshold_searches import threshold_searches
from harness.executors.dask import Dask
from harness.executors.local import Local
from harness.plugin_host.loading import load_plugins

SIZE = (200, 20, 10)
EXECUTORS: dict[str, type[Executor]] = {"local": Local, "dask": Dask}


@dataclass(frozen=True)
class Overhead:
    """The same batches through each executor, in turn.

    Attributes:
        seconds: Of one batch through the local executor, median.
        batches: In each measurement.
        dask: Times the local executor's time, median of the ratios within each repetition.
        ratios: Of every repetition.
    """

    seconds: float
    batches: int
    dask: float
    ratios: tuple[float, ...]


def measure(seconds: float = 1.0, count: int = 8, repetitions: int = 5) -> Overhead:
    """Measure with batches that take about so many seconds.

    A worker of each stands ready and has trained once before its time counts, as in any long run.
    """
    steps = 1000
    with Local(1) as local, Dask(1) as dask:
        executors: list[Executor] = [local, dask]
        for executor in executors:
            _time(executor, _batches(steps, 1))
        while (took := _time(local, _batches(steps, 1))) < seconds / 2:
            steps *= 2
        steps = round(steps * seconds / took)
        work = _batches(steps, count)
        times = [[_time(executor, work) for executor in executors] for _ in range(repetitions)]
    ratios = tuple(of_dask / of_local for of_local, of_dask in times)
    return Overhead(
        seconds=statistics.median(of_local for of_local, _ in times) / count,
        batches=count,
        dask=statistics.median(ratios),
        ratios=ratios,
    )


def _batches(steps: int, count: int) -> list[Batch]:
    registry = load_plugins()
    suite = suite_of(SIZE, cells=count, trials=20, steps=steps, dtype="float32")
    return [
        batch
        for search in threshold_searches(suite, registry, "cpu")
        for batch in batches(search, search.advance(lambda _cell, _seed: None), idle=1)
    ]


def _time(executor: Executor, work: list[Batch]) -> float:
    start = time.perf_counter()
    for batch in work:
        executor.submit(batch)
    for _ in work:
        executor.next_done()
    return time.perf_counter() - start
