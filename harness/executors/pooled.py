"""The executor for a GPU: one process, in which the batches in hand are trained in the same launches."""

from __future__ import annotations

from typing import ClassVar

from harness.components.executor import Batch
from harness.engine.solvers import shipped_solver
from harness.executors.local import Local

TOGETHER = 512
"""Largest number of batches that are trained together, and that an interruption may cost."""


class Pooled(Local):
    """An executor that trains batches of any cell and regime together if their solver pools, and others one by one.

    A cell has few networks, and a GPU is idle with few. The outcomes are those of any other executor. The code of
    plugins runs batch by batch before the launches, each batch within its own time limit. A process that ends or hangs
    in the launches is replaced, and its batches are then trained one by one.
    """

    name: ClassVar[str] = "pooled"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(1, plugin_files, scheduler)
        self._alone = 0

    def _feed(self) -> None:
        """Do nothing, so that the queue grows until the driver waits. Its batches are then trained together."""

    def _next(self) -> list[Batch]:
        group = [self._queue.popleft()]
        if self._alone:
            self._alone -= 1
            return group
        while self._queue and len(group) < TOGETHER and _shares(group[0]) and _shares(self._queue[0]):
            group.append(self._queue.popleft())
        return group

    def _put_back(self, batches: list[Batch], *, alone: bool) -> None:
        super()._put_back(batches, alone=alone)
        if alone:
            self._alone = len(batches)


def _shares(batch: Batch) -> bool:
    """Return whether a batch can share launches with others."""
    solver = shipped_solver(batch.setting["solver"])
    return solver is not None and solver.pools
