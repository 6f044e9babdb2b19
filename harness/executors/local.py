"""The executor that trains in processes of this machine, one thread each."""

from __future__ import annotations

import math
import time
from collections import deque
from multiprocessing.connection import wait
from types import TracebackType
from typing import ClassVar, Self

from harness.components import Outcome
from harness.components.executor import Attempt, Batch, BatchFailed, Executor, LostWorkers
from harness.components.fault import Fault
from harness.executors.worker import Worker

MOST_STARTS = 3
"""Number of workers in a row that may end before they are ready. The run then ends."""

MOST_LOST = 20
"""Number of workers in a row that other programs may end without one batch done. The run then ends."""

LONGEST_WAIT = 1e6
"""Longest wait for workers at a time, in seconds. The system takes no more than 2³¹ milliseconds."""

GRACE = 5.0
"""Time for idle workers to end by themselves, in seconds."""


class Local(Executor):
    """An executor that trains batches in processes of this machine, each of which can be ended and replaced."""

    name: ClassVar[str] = "local"

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(workers, plugin_files, scheduler)
        self._processes = workers
        self._queue: deque[Batch] = deque()
        self._pool: list[Worker] = []
        self._stillborn = 0
        self._lost = 0

    def __enter__(self) -> Self:
        """Start the workers.

        Raises:
            LostWorkers: If there are more than the system has processes or open files for.
        """
        try:
            for _ in range(self._processes):
                self._pool.append(Worker(self.plugin_files))
        except BaseException as error:
            self.__exit__(type(error), error, None)
            if isinstance(error, OSError):
                what = f"{self._processes} workers cannot be started: {error.strerror or error}"
                raise LostWorkers(f"{what}; try fewer --workers") from error
            raise
        return self

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.append(batch)
        self._feed()

    def _feed(self) -> None:
        """Give batches to idle workers at once, without waiting for the driver."""
        self._hand_out()

    def _idle(self) -> bool:
        """Return whether no batch is in hand."""
        return not self._queue and not any(worker.in_hand for worker in self._pool)

    def _hand_out(self) -> None:
        for worker in self._pool:
            if self._queue and worker.ready and not worker.in_hand:
                worker.give(self._next())

    def _next(self) -> list[Batch]:
        """Take the batches from the queue that a worker gets together."""
        return [self._queue.popleft()]

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the next finished batch. Workers that are gone or too late are replaced.

        Raises:
            BatchFailed: If the batch has no outcomes.
            LostWorkers: If workers do not start, or are ended again and again.
        """
        while True:
            if self._idle():
                raise RuntimeError("no batch is in hand")
            if not self._pool:
                raise RuntimeError("the workers have not been started")
            self._hand_out()
            now = time.monotonic()
            first = min((w.deadline for w in self._pool if w.in_hand or not w.ready), default=math.inf)
            talking = {w.pipe: w for w in self._pool} | {w.ended: w for w in self._pool}
            heard = wait(list(talking), min(max(first - now, 0.0), LONGEST_WAIT))
            for worker in dict.fromkeys(talking[end] for end in heard):  # type: ignore[index]  # wait returns members of its argument
                found = worker.read()
                if found is None:
                    self._stillborn = 0
                    self._hand_out()
                elif done := self._finish(worker, found):
                    return done
            for worker in list(self._pool):
                busy = worker.in_hand or not worker.ready
                if busy and time.monotonic() >= worker.deadline and (done := self._finish(worker, worker.late())):
                    return done

    def _finish(self, worker: Worker, found: tuple[Batch, Attempt] | Fault) -> tuple[Batch, list[Outcome]] | None:
        """Take the attempt of a worker, or replace the worker.

        Returns:
            The batch and its outcomes, or None if no batch is known to be at fault.

        Raises:
            BatchFailed: If the batch of the worker has no outcomes.
            LostWorkers: If workers do not start, or are ended again and again.
        """
        if isinstance(found, Fault):
            at_fault, others = worker.dropped()
            self._put_back(others, alone=at_fault is None)
            self._replace(worker, found)
            if at_fault is None:
                return None
            raise BatchFailed(at_fault, found)
        if found[1].fault is None:
            self._lost = 0
        self._feed()
        return self.taken(*found)

    def _put_back(self, batches: list[Batch], *, alone: bool) -> None:
        """Queue the other batches of a worker that is gone.

        Args:
            batches: Its batches, without the one at fault if that is known.
            alone: Whether the batch at fault may be among them, so that they must be trained one by one.
        """
        self._queue.extendleft(reversed(batches))

    def _replace(self, worker: Worker, fault: Fault) -> None:
        self._lost += fault.kind == "lost"
        self._stillborn += not worker.ready
        if self._stillborn >= MOST_STARTS:
            raise LostWorkers(f"{MOST_STARTS} workers in a row did not start: {fault.message}")
        if self._lost >= MOST_LOST:
            raise LostWorkers(f"{MOST_LOST} workers in a row were lost: {fault.message}; try fewer --workers")
        self._pool[self._pool.index(worker)] = Worker(self.plugin_files)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers. Those that train are ended at once."""
        for worker in self._pool:
            worker.stop()
        end = time.monotonic() + GRACE
        for worker in self._pool:
            if kind is None and worker.ready and not worker.in_hand:
                wait([worker.ended], timeout=max(end - time.monotonic(), 0.0))
            worker.end()
        self._pool = []
        self._queue.clear()
