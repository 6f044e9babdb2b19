"""The executor for a GPU: one process launches the batches in hand together, others set them up and decide fates."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import ClassVar

from harness.components import Outcome
from harness.components.executor import Attempt, Batch, BatchFailed
from harness.components.fault import Fault
from harness.engine.solvers import shipped_solver
from harness.executors.local import Local
from harness.executors.staged import Staged
from harness.executors.worker import Worker

TOGETHER = 512
"""Largest number of batches that were begun and are not done, which is what an interruption may cost."""

ENOUGH = 1024
"""Networks that fill a device. A launch with fewer waits for batches that are being set up."""

AT_A_TIME = 32
"""Trials that a process is given to set up at a time, so that it seldom waits for the driver, which stores outcomes."""

MOST_BYTES = 2 << 30
"""Bytes of the batches begun beyond which no other is set up."""


class Pooled(Local):
    """An executor that trains batches of any cell and regime together if their solver pools, and others one by one.

    A cell has few networks, and a GPU is idle with few. Set-up and fates take longer on one core than the training of
    a small network on the device, so ``workers`` processes do these, batch by batch, while one process trains.
    The outcomes are those of any other executor. A batch whose set-up or fates hang or end the process costs itself. If
    the launching process ends or hangs, it is replaced, and its batches are launched one by one.
    """

    name: ClassVar[str] = "pooled"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(workers, plugin_files, scheduler)
        self._processes = workers + 1  # the first launches
        self._whole: deque[Batch] = deque()
        self._new: deque[Staged] = deque()
        self._set_up: deque[Staged] = deque()
        self._alone: deque[Staged] = deque()
        self._launched: deque[Staged] = deque()

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        if _pools(batch):
            self._new.append(Staged.of(batch))
        else:
            self._whole.append(batch)
        self._feed()

    def _idle(self) -> bool:
        return super()._idle() and not any(self._waiting())

    def _waiting(self) -> tuple[deque[Batch], deque[Staged], deque[Staged], deque[Staged], deque[Staged]]:
        return self._whole, self._new, self._set_up, self._alone, self._launched

    def _hand_out(self) -> None:
        if not self._pool:
            return
        launcher, *others = self._pool
        for worker in others:
            if _free(worker) and (some := self._next_for_a_core()):
                worker.give(some)
        if _free(launcher) and (group := self._next()):
            launcher.give(group)

    def _next_for_a_core(self) -> list[Batch]:
        """Take batches to set up, or one whose fates are decided. Enough networks for a launch come first."""
        some: list[Batch] = []
        if not (self._launched and self._enough()):
            share = -(-len(self._new) // (self._processes - 1))
            while self._may_set_up(len(some)) and len(some) < share and sum(len(b.seeds) for b in some) < AT_A_TIME:
                some.append(self._new.popleft())
        return some or ([self._launched.popleft()] if self._launched else [])

    def _next(self) -> list[Batch]:
        """Take the batches that are launched together, or one that is trained by itself."""
        if self._alone:
            return [self._alone.popleft()]
        coming = self._may_set_up() or any(batch.stage == "set-up" for batch in self._in_hand())
        if self._set_up and (self._enough() or not coming):
            group: list[Batch] = list(self._set_up)
            self._set_up.clear()
            return group
        return [self._whole.popleft()] if self._whole else []

    def _enough(self) -> bool:
        """Return whether enough networks wait for a launch, or half of the batches that may be begun at a time.

        The other half is set up while they are launched.
        """
        return len(self._set_up) >= TOGETHER // 2 or sum(len(batch.seeds) for batch in self._set_up) >= ENOUGH

    def _may_set_up(self, more: int = 0) -> bool:
        """Return whether a batch is queued and not too many were begun, with so many more."""
        begun = [*self._in_hand(), *self._set_up, *self._alone, *self._launched]
        return bool(self._new) and len(begun) + more < TOGETHER and sum(batch.size for batch in begun) < MOST_BYTES

    def _in_hand(self) -> list[Staged]:
        """Return the batches that processes work on, but those that are trained whole."""
        return [batch for worker in self._pool for batch in worker.in_hand.values() if isinstance(batch, Staged)]

    def _finish(self, worker: Worker, found: tuple[Batch, Attempt] | Fault) -> tuple[Batch, list[Outcome]] | None:
        if not isinstance(found, Fault):
            batch, attempt = found
            if isinstance(batch, Staged) and attempt.carried:
                further = batch.after(attempt)
                (self._set_up if further.stage == "launches" else self._launched).append(further)
                self._feed()
                return None
            if isinstance(batch, Staged):
                found = batch, batch.noted(attempt)
        try:
            done = super()._finish(worker, found)
        except BatchFailed as failed:
            raise BatchFailed(_plain(failed.batch), failed.fault) from None
        return done and (_plain(done[0]), done[1])

    def _put_back(self, batches: list[Batch], *, alone: bool) -> None:
        """Queue the other batches of a process that is gone, those of a launch one by one if none is known at fault."""
        for batch in reversed(batches):
            if isinstance(batch, Staged):
                launches = self._alone if alone else self._set_up
                (self._new if batch.stage == "set-up" else launches).appendleft(batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the processes. Those that work are ended at once."""
        super().__exit__(kind, error, trace)
        for waiting in self._waiting():
            waiting.clear()


def _free(worker: Worker) -> bool:
    return worker.ready and not worker.in_hand


def _plain(batch: Batch) -> Batch:
    return batch.plain if isinstance(batch, Staged) else batch


def _pools(batch: Batch) -> bool:
    """Return whether a batch can share launches with others."""
    solver = shipped_solver(batch.setting["solver"])
    return solver is not None and solver.pools
