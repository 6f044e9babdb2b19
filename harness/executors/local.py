"""The processes of this machine, one thread each."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from harness.components import Outcome
from harness.executors.base import Batch, Executor, LostWorkers

if TYPE_CHECKING:
    from harness.registry import Registry

_registry: Registry | None = None
"""The plugins of this worker process, loaded once when it starts."""

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


MOST_RESTARTS = 3
"""Times that workers are replaced before the run is given up."""


class Local(Executor):
    """Trains batches in processes of this machine; in this very process if there is one worker."""

    name: ClassVar[str] = "local"

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = ()) -> None:
        super().__init__(workers, plugin_files)
        self._queue: deque[Batch] = deque()
        self._futures: dict[Future[list[Outcome]], Batch] = {}
        self._pool: ProcessPoolExecutor | None = None
        self._restarts = 0

    def __enter__(self) -> Self:
        """Start the workers."""
        if self.workers > 1:
            self._pool = self._workers()
        return self

    def _workers(self) -> ProcessPoolExecutor:
        with _environment(dict.fromkeys(_ONE_THREAD, "1")):
            # Spawned, not forked: a fork of a process whose libraries have started threads may hang.
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(self.workers, context, _start, (self.plugin_files,))
            for _ in range(self.workers):  # processes start at the first submissions; start them all now
                pool.submit(_ready)
        return pool

    def submit(self, batch: Batch) -> None:
        """Queue a batch."""
        if self._pool is None:
            self._queue.append(batch)
        else:
            self._futures[self._pool.submit(_train, batch)] = batch

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the next finished batch; train one if there is no other worker to do it."""
        if self._pool is None:
            batch = self._queue.popleft()
            return batch, _train_here(batch, self.plugin_files)
        while True:
            if not self._futures:
                raise RuntimeError("no batch is in hand")
            done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
            future = done.pop()
            batch = self._futures.pop(future)
            try:
                return batch, future.result()
            except BrokenProcessPool:
                self._start_again([batch, *self._futures.values()])

    def _start_again(self, lost: list[Batch]) -> None:
        """Start new workers in place of those that were lost, and give them what was in hand."""
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise LostWorkers(
                f"workers were lost {self._restarts} times (killed, perhaps for want of memory); try fewer --workers"
            )
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._futures.clear()
        self._pool = self._workers()
        for batch in lost:
            self.submit(batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers; on an error without waiting for what they have in hand."""
        if self._pool is not None:
            processes = list(self._pool._processes.values())  # no public way to stop a running task
            self._pool.shutdown(wait=kind is None, cancel_futures=True)
            if kind is not None:
                for process in processes:
                    process.terminate()
        self._queue.clear()
        self._futures.clear()


@contextlib.contextmanager
def _environment(values: dict[str, str]):  # type: ignore[no-untyped-def]  # generator of None
    """Set environment variables that children inherit while they start."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start(plugin_files: tuple[str, ...]) -> None:
    """Prepare a worker: leave interrupts to the driver, end with it, load the plugins."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _load(plugin_files)


def _end_with(sentinel: int) -> None:
    """End this process when the driver is gone, killed even: a worker must not outlive it."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _load(plugin_files: tuple[str, ...]) -> Registry:
    global _registry  # noqa: PLW0603  # one per worker process, set once
    from harness.plugins import load_plugins

    _registry = load_plugins(files=plugin_files)
    return _registry


def _ready() -> None:
    """Do nothing: a task that makes the pool start a process."""


def _train(batch: Batch) -> list[Outcome]:
    """Train a batch in a worker."""
    from harness.engine.work import train_batch

    if _registry is None:
        raise RuntimeError("the worker has not loaded its plugins")
    return train_batch(batch, _registry)


def _train_here(batch: Batch, plugin_files: tuple[str, ...]) -> list[Outcome]:
    """Train a batch in the driver's process."""
    from harness.engine.work import train_batch
    from harness.plugins import load_plugins

    return train_batch(batch, load_plugins(files=plugin_files))
