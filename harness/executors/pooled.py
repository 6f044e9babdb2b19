"""This very process, for a GPU: batches in hand are trained in the same launches."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import ClassVar

from harness.components import Outcome
from harness.executors.base import Attempt, Batch, Executor, attempt
from harness.registry import Registry

TOGETHER = 512
"""Batches that are trained together; what an interruption may cost."""


class Pooled(Executor):
    """Trains batches of the GPU solver together, whatever their cells and regimes, and others one after the other.

    A cell has few networks, and a GPU is idle with few. Outcomes are the same as those of any executor.
    """

    name: ClassVar[str] = "pooled"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(1, plugin_files, scheduler)
        self._queue: deque[Batch] = deque()
        self._done: deque[tuple[Batch, Attempt]] = deque()
        self._registry: Registry | None = None

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.append(batch)

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the outcomes of a batch; train those at the head of the queue if none is done."""
        if not self._done:
            if not self._queue:
                raise RuntimeError("no batch is in hand")
            if self._registry is None:
                from harness.plugins import load_plugins

                self._registry = load_plugins(files=self.plugin_files)
            self._train(self._registry)
        return self.taken(*self._done.popleft())

    def _train(self, registry: Registry) -> None:
        from harness.engine.work import train_together

        first = self._queue.popleft()
        group = [first]
        while self._queue and len(group) < TOGETHER and _shares(first) and _shares(self._queue[0]):
            group.append(self._queue.popleft())
        if len(group) > 1:
            with contextlib.suppress(Exception):  # one by one they say which trial it was
                found = train_together(group, registry)
                self._done.extend((batch, Attempt(tuple(of))) for batch, of in zip(group, found, strict=True))
                return
        self._done.extend((batch, attempt(batch, registry)) for batch in group)


def _shares(batch: Batch) -> bool:
    """Return whether a batch can share its launches."""
    return bool(batch.setting["solver"] == "fused-gpu")
