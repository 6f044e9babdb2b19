"""Set-up of batches in one thread, in a thread a core, and in a process a core as the pooled executor does it."""

from __future__ import annotations

import os
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path

from benchmarks.case import Case
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Cell
from harness.components.executor import Batch
from harness.engine.solvers.fused_gpu import FusedGpu
from harness.engine.stages import set_up
from harness.executors.pooled import AT_A_TIME
from harness.executors.staged import Staged
from harness.executors.worker import Worker
from harness.plugin_host.loading import load_plugins

SIZE = (200, 20, 10)


@dataclass(frozen=True)
class SetUps:
    """The set-up of many batches in one way.

    Attributes:
        way: Threads and processes.
        rate: Trials a second of wall time, the median over repetitions.
        milliseconds: Processor time of a trial, likewise.
    """

    way: str
    rate: float
    milliseconds: float


def made(count: int, trials: int) -> list[Staged]:
    """Return batches of the GPU solver.

    Args:
        count: Batches.
        trials: Trials in each.
    """
    registry = load_plugins(third_party=False)
    setting = Case(SIZE, "softplus").setting(ShallowNet(), 1)
    setting = replace(setting, regime=replace(setting.regime, optimizer=GradientDescent()), spectrum=True)
    data = replace(setting, solver=FusedGpu(), device="cuda").data(registry)
    cell = Cell("softplus", *SIZE)
    return [Staged.of(Batch(cell, tuple(range(i * trials, (i + 1) * trials)), data, "key")) for i in range(count)]


def measure(count: int, trials: int, cores: int, repetitions: int) -> list[SetUps]:
    """Set batches up in all ways in turn.

    Args:
        count: Batches.
        trials: Trials in each.
        cores: Threads, and processes.
        repetitions: Rounds in which all ways take turns.
    """
    batches, registry = made(count, trials), load_plugins(third_party=False)
    workers = [Worker(()) for _ in range(cores)]
    for worker in workers:
        while not worker.ready:
            worker.read()

    def threads(number: int) -> None:
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(lambda batch: set_up(batch, registry), batches))

    ways: dict[str, Callable[[], None]] = {
        "one thread": lambda: threads(1),
        f"{cores} threads": lambda: threads(cores),
        f"{cores} processes": lambda: _handed_out(batches, workers),
    }
    _handed_out(batches[:cores], workers)
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(repetitions):
        for way, work in ways.items():
            start, used = time.perf_counter(), _processor_time(workers)
            work()
            found[way].append((time.perf_counter() - start, _processor_time(workers) - used))
    for worker in workers:
        worker.end()
    total = count * trials
    return [
        SetUps(
            way,
            rate=total / statistics.median(wall for wall, _ in times),
            milliseconds=1e3 * statistics.median(used for _, used in times) / total,
        )
        for way, times in found.items()
    ]


def _handed_out(batches: Sequence[Staged], workers: Sequence[Worker]) -> None:
    waiting, done = deque(batches), 0
    while done < len(batches):
        for worker in workers:
            if waiting and not worker.in_hand:
                share = range(min(len(waiting), max(1, AT_A_TIME // len(waiting[0].seeds))))
                worker.give([waiting.popleft() for _ in share])
        pipes = {worker.pipe: worker for worker in workers}
        for pipe in wait(list(pipes)):
            done += pipes[pipe].read() is not None  # type: ignore[index]  # wait returns members of its argument


def _processor_time(workers: Sequence[Worker]) -> float:
    """Return the processor time of this process and of workers, in seconds."""
    tick = os.sysconf("SC_CLK_TCK")
    used = time.process_time()
    for worker in workers:
        fields = Path(f"/proc/{worker.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        used += (int(fields[11]) + int(fields[12])) / tick
    return used
