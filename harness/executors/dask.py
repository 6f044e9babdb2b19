"""The workers of a Dask cluster: of this machine, or of many.

Batches travel as plain data, and outcomes come back as plain data: nothing of a user's is pickled. Each worker builds
the plugins anew from what is installed there, and refuses batches if names, versions or plugin files differ.
"""

from __future__ import annotations

import hashlib
import os
import queue
import time
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from harness.components import Cell, Outcome
from harness.executors.base import Batch, BatchFailed, Executor, LostWorkers, NotInstalled
from harness.faults import fault_of

if TYPE_CHECKING:
    from harness.registry import Registry

ATTEMPTS = 5
"""Times that a batch is tried whose workers are lost, before the run is given up."""

PATIENCE = 60.0
"""Seconds to wait for a scheduler that does not answer."""

Plain = dict[str, Any]
Trials = tuple[str, Cell, tuple[int, ...]]
Future = Any
"""Of Dask, whose own types are incomplete; so are those of its client and cluster."""


class Mismatch(RuntimeError):
    """A worker has not the plugins that the driver has."""


class Dask(Executor):
    """Trains batches on a Dask cluster: its own, one single-threaded worker a core or GPU, or one that is running.

    Futures are kept by the driver, so that a worker that is lost costs what it had in hand, which is trained
    elsewhere; a scheduler that is lost ends the run, which can be gone on with.
    """

    name: ClassVar[str] = "dask"

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(workers, plugin_files, scheduler)
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise NotInstalled("the dask executor needs Dask: pip install 'convergence-harness[dask]'") from error
        self._cluster: Any = None
        self._client: Any = None
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._in_hand: dict[str, tuple[Batch, Future]] = {}
        self._failures: dict[Trials, int] = {}
        self._plugins = plugin_set(plugin_files)

    @staticmethod
    def joins() -> bool:
        """Say that a running cluster can be joined."""
        return True

    def __enter__(self) -> Self:
        """Start a cluster of this machine, or join the one that is running."""
        import dask
        from distributed import Client, LocalCluster

        # Whether a batch is at fault is for the driver to judge; the scheduler's own patience counts lost workers.
        dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS})
        try:
            if self.scheduler:
                path = Path(self.scheduler)
                where = {"scheduler_file": str(path)} if path.is_file() else {"address": self.scheduler}
                self._client = Client(**where, timeout=PATIENCE, set_as_default=False)
                self._client.wait_for_workers(1, timeout=PATIENCE)
                self.workers = sum(self._client.nthreads().values())
            else:
                self._cluster = LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=50,
                )
                self._client = Client(self._cluster, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.__exit__(type(error), error, None)
            where_to = self.scheduler or "this machine"
            raise LostWorkers(f"no Dask workers at {where_to}: {error or type(error).__name__}") from error
        return self

    def submit(self, batch: Batch) -> None:
        """Send a batch to the cluster."""
        if self._client is None:
            raise RuntimeError("the executor has not been started")
        future = self._client.submit(train_message, self._message(batch), pure=False, retries=0)
        self._in_hand[future.key] = (batch, future)
        future.add_done_callback(self._done.put)

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the next batch that is finished; those whose workers were lost are sent again."""
        if not self._in_hand:
            raise RuntimeError("no batch is in hand")
        while True:
            future = self._wait()
            if future.key not in self._in_hand:  # sent again since
                continue
            batch, _ = self._in_hand.pop(future.key)
            if future.status == "finished":
                outcomes = [outcome_of(record) for record in future.result(timeout=PATIENCE)]
                return batch, outcomes
            self._judge(batch, future)

    def _wait(self) -> Future:
        """Return the next future that is no longer pending, as long as the scheduler is there."""
        assert self._client is not None
        while True:
            try:
                return self._done.get(timeout=1.0)
            except queue.Empty:
                self._await_scheduler()

    def _await_scheduler(self) -> None:
        """Wait until the scheduler answers again, if it does not.

        Raises:
            LostWorkers: If it has not come back in time.
        """
        assert self._client is not None
        patient_until = time.monotonic() + PATIENCE
        while self._client.status != "running":
            if self._client.status == "closed" or time.monotonic() > patient_until:
                raise LostWorkers("the Dask scheduler is gone")
            time.sleep(0.2)

    def _judge(self, batch: Batch, future: Future) -> None:
        """Send a batch again whose worker was lost; give up where that does not help, or workers cannot train it."""
        from distributed.scheduler import KilledWorker

        self._await_scheduler()
        error = future.exception(timeout=PATIENCE) if future.status == "error" else None
        if isinstance(error, Mismatch):
            raise LostWorkers(str(error)) from error
        if error is not None and not isinstance(error, KilledWorker):
            raise BatchFailed(batch, fault_of(error)) from error
        key = (batch.key, batch.cell, batch.seeds)
        self._failures[key] = self._failures.get(key, 0) + 1
        if self._failures[key] >= ATTEMPTS:
            raise LostWorkers(f"workers were lost {ATTEMPTS} times over one batch ({batch.cell}); too little memory?")
        self.submit(batch)

    def _message(self, batch: Batch) -> Plain:
        return {
            "cell": asdict(batch.cell),
            "seeds": list(batch.seeds),
            "setting": batch.setting,
            "key": batch.key,
            "files": list(self.plugin_files),
            "plugins": self._plugins,
        }

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the cluster, dropping what is in hand; stop it if it is our own."""
        futures = [future for _, future in self._in_hand.values()]
        self._in_hand.clear()
        if self._client is not None:
            if self._client.status == "running" and futures:
                self._client.cancel(futures, force=True)
            self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close(timeout=10)
        self._client = self._cluster = None


def plugin_set(files: tuple[str, ...]) -> dict[str, str]:
    """Return names and versions of everything that decides what a batch computes, and digests of plugin files."""
    from harness.plugins import load_plugins

    return _versions(load_plugins(files=files), files)


def _versions(registry: Registry, files: tuple[str, ...]) -> dict[str, str]:
    import torch

    import harness

    versions = {"convergence-harness": harness.__version__, "torch": torch.__version__.split("+")[0]}
    versions |= {p.name: f"{p.package} {p.version}" for p in registry if p.status == "ok" and not p.is_file}
    for file in files:
        path = Path(file)
        versions[file] = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "missing"
    return versions


_known: dict[tuple[str, ...], tuple[Registry, dict[str, str]]] = {}
"""The plugins of this worker, by the files that they were loaded with."""


def train_message(message: Plain) -> list[Plain]:
    """Train a batch that came as plain data, in a worker.

    Raises:
        Mismatch: If this worker's plugins are not those of the driver.
    """
    from harness.engine.work import train_batch

    _pin_gpu(message["setting"]["device"])
    registry = _registry(tuple(message["files"]), message["plugins"])
    _check_solver(message["setting"])
    batch = Batch(Cell(**message["cell"]), tuple(message["seeds"]), message["setting"], message["key"])
    return [asdict(outcome) for outcome in train_batch(batch, registry)]


def _registry(files: tuple[str, ...], wanted: dict[str, str]) -> Registry:
    from harness.plugins import load_plugins

    if files not in _known:
        missing = [file for file in files if not Path(file).is_file()]
        if missing:
            raise Mismatch(f"{_here()} has no plugin file {missing[0]}")
        registry = load_plugins(files=files)
        _known[files] = registry, _versions(registry, files)
    registry, found = _known[files]
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise Mismatch(
                f"{_here()} has {name} {found.get(name, 'not at all')}, the driver has it "
                f"{wanted.get(name, 'not at all')}: install the same on both"
            )
    return registry


def _check_solver(setting: Plain) -> None:
    from harness.engine.solvers import unavailable

    if setting["solver"] == "fused" and (reason := unavailable(setting["dtype"])):
        raise Mismatch(f"{_here()} lacks the compiled solver that the driver has ({reason})")


def _here() -> str:
    from distributed import get_worker

    return f"worker {get_worker().address}"


def _pin_gpu(device: str) -> None:
    """Give each worker of one machine a GPU of its own, before CUDA is first touched."""
    import torch
    from distributed import get_worker

    name = get_worker().name
    if device != "cuda" or "CUDA_VISIBLE_DEVICES" in os.environ or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return
    if isinstance(name, int):  # as a cluster of this machine numbers them
        os.environ["CUDA_VISIBLE_DEVICES"] = str(name)


def outcome_of(record: Plain) -> Outcome:
    """Return an outcome from its plain data.

    Raises:
        TypeError: If it has fields that this version does not know.
    """
    return Outcome(**{**record, "hits": tuple(record["hits"]), "curve": tuple(record["curve"])})
