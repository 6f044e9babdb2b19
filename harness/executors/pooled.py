"""One process of this machine, for a GPU: batches in hand are trained in the same launches."""

from __future__ import annotations

from typing import ClassVar

from harness.components.executor import Batch
from harness.executors.local import Local

TOGETHER = 512
"""Batches that are trained together; what an interruption may cost."""


class Pooled(Local):
    """Trains batches of the GPU solver together, whatever their cells and regimes, and others one after the other.

    A cell has few networks, and a GPU is idle with few. Outcomes are the same as those of any executor. What plugins
    do for a trial is done batch by batch before the launches, each within its own time; a process that ends or hangs
    in the launches themselves is replaced, and what it had in hand is then trained batch by batch.
    """

    name: ClassVar[str] = "pooled"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(1, plugin_files, scheduler)
        self._alone = 0

    def _feed(self) -> None:
        """Let the queue grow until the driver waits: what it has by then is trained together."""

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
    """Return whether a batch can share its launches."""
    return bool(batch.setting["solver"] == "fused-gpu")
