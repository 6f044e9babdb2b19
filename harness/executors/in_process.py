"""The executor that trains in the calling process, for debuggers and tests."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import ClassVar

from harness.components import Outcome
from harness.components.executor import Batch, Executor
from harness.plugin_host.registry import Registry


class InProcess(Executor):
    """An executor that trains one batch after the other in the calling process.

    A debugger can stop in the code of plugins. A plugin that hangs or crashes ends the run. Forks that plugins leave
    are ended with it.
    """

    name: ClassVar[str] = "in-process"

    def __init__(self, workers: int = 1, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(1, plugin_files, scheduler)
        self._queue: deque[Batch] = deque()
        self._registry: Registry | None = None
        self._forks: set[int] = set()

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.append(batch)

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Train the next batch and return its outcomes."""
        if not self._queue:
            raise RuntimeError("no batch is in hand")
        from harness.executors.attempt import attempt  # brings torch

        if self._registry is None:
            from harness.plugin_host.loading import load_plugins

            self._registry = load_plugins(files=self.plugin_files)
        batch = self._queue.popleft()
        return self.taken(batch, attempt(batch, self._registry, self._forks))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the forks that plugins left."""
        from harness.executors.leftovers import end_forks

        end_forks(self._forks)
        self._forks.clear()
