"""The workers of a Dask cluster: of this machine, or of many.

Batches travel as plain data, and outcomes come back as plain data: nothing of a user's is pickled. Each worker builds
the plugins anew from what is installed there, and refuses batches if names, versions or plugin files differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import math
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from harness.components import Cell, Outcome
from harness.executors.base import Attempt, Batch, BatchFailed, Executor, LostWorkers, NotInstalled
from harness.faults import Fault, fault_of, said

if TYPE_CHECKING:
    from harness.registry import Registry

LATE = "harness-late"
"""Where workers say that they end themselves."""

ATTEMPTS = 3
"""Workers that the scheduler may lose over one batch before it hands the batch back."""

CONNECT = 10.0
"""Seconds that a scheduler has for its first answer."""

RENEW = 20.0
"""Seconds that Dask has to bring a worker back before another is started."""

PATIENCE = 60.0
"""Seconds to wait for the first worker, and for a scheduler that no longer answers."""

Plain = dict[str, Any]
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
        self._late: set[str] = set()
        self._short_since = math.inf
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
        dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1})
        try:
            if self.scheduler:
                address = _address(self.scheduler)
                _greet(address)
                self._client = Client(address, timeout=CONNECT, set_as_default=False)
                self._client.wait_for_workers(1, timeout=PATIENCE)
                self.workers = sum(self._client.nthreads().values())
            else:
                self._cluster = LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",  # any free port: several runs may share the machine
                    memory_limit=0,
                    silence_logs=50,
                )
                self._client = Client(self._cluster, set_as_default=False)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            if not isinstance(error, OSError | TimeoutError | ValueError):
                raise
            where_to = self.scheduler or "this machine"
            mend = f"; start some: dask worker {address}" if self.scheduler else ""
            raise LostWorkers(f"no Dask workers at {where_to}: {error or type(error).__name__}{mend}") from error
        self._client.subscribe_topic(LATE, self._heard)
        return self

    def _heard(self, event: tuple[float, str]) -> None:
        """Note that a worker ends itself, as its batch takes too long."""
        _, key = event
        self._late.add(key)
        if key in self._in_hand:
            self._done.put(self._in_hand[key][1])

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
            assert self._client is not None
            if future.key in self._late:
                self._client.cancel([future], force=True)
                raise BatchFailed(batch, Fault("late", f"not done after {batch.seconds:g} s"))
            if future.status == "finished":
                return self.taken(batch, attempt_of(future.result(timeout=PATIENCE)))
            self._judge(batch, future)

    def _wait(self) -> Future:
        """Return the next future that is no longer pending, as long as the scheduler is there."""
        assert self._client is not None
        while True:
            try:
                return self._done.get(timeout=1.0)
            except queue.Empty:
                self._await_scheduler()
                self._renew_workers()

    def _renew_workers(self) -> None:
        """Start other workers in a cluster of our own for those that Dask did not bring back.

        It gives up on a worker that ends while it starts, and the batches would wait for ever.
        """
        if self._cluster is None:
            return
        alive = {worker.name for worker in list(self._cluster.scheduler.workers.values())}
        if len(alive) >= self.workers:
            self._short_since = math.inf
            return
        self._short_since = min(self._short_since, time.monotonic())
        if time.monotonic() - self._short_since > RENEW:
            self._short_since = math.inf
            for name in set(self._cluster.worker_spec) - alive:
                self._cluster.worker_spec.pop(name, None)
            self._cluster.scale(self.workers)

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
        """Hand back a batch that has no outcomes; send it again if it was the scheduler that went away and came back.

        Raises:
            BatchFailed: If workers were lost over it.
            LostWorkers: If the workers are not those to train it, or the scheduler is gone.
        """
        from distributed.scheduler import KilledWorker

        self._await_scheduler()
        if future.status != "error":
            self.submit(batch)
            return
        error = future.exception(timeout=PATIENCE)
        if isinstance(error, KilledWorker):
            raise BatchFailed(batch, Fault("lost", f"{ATTEMPTS} workers were lost over it; too little memory?"))
        if isinstance(error, Mismatch):
            raise LostWorkers(str(error)) from error
        raise BatchFailed(batch, fault_of(error)) from error

    def _message(self, batch: Batch) -> Plain:
        return {
            "cell": asdict(batch.cell),
            "seeds": list(batch.seeds),
            "setting": batch.setting,
            "key": batch.key,
            "trial_seconds": batch.trial_seconds,
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


def _address(scheduler: str) -> str:
    """Return the address of a scheduler that is given by it, or by its scheduler file.

    Raises:
        LostWorkers: If the file is not there, or is none.
    """
    path = Path(scheduler)
    if not path.is_file():
        if "://" not in scheduler and path.suffix == ".json":
            raise LostWorkers(f"there is no scheduler file {scheduler}; a scheduler that is started with it writes it")
        return scheduler
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LostWorkers(f"{scheduler} is no scheduler file: {said(error)}") from error


def _greet(address: str) -> None:
    """Ask a scheduler who it is.

    A client of Dask that was made where nobody answers waits for two minutes when it is closed, an interrupt or not.

    Raises:
        LostWorkers: If there is no scheduler.
    """
    try:
        _knock(address)
        with _silence():
            asyncio.run(asyncio.wait_for(_identity(address), CONNECT + 2))  # so that its own error comes first
    except Exception as error:  # whatever listens there may answer with anything
        raise LostWorkers(
            f"no Dask scheduler answers at {address} ({_why(error)}); start one (dask scheduler), or mend --scheduler"
        ) from error


def _why(error: BaseException) -> str:
    """Return what the system said, which Dask wraps into errors of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, OSError):  # as those of Dask, and of time that is over, are
        return f"nothing in {CONNECT:g} s"
    return str(error) if isinstance(error, ValueError) else "something else does"


def _knock(address: str) -> None:
    """Connect, and wait for somebody who listens: whether nobody does, the system knows better than Dask.

    Raises:
        OSError: If nobody listens in time.
        ValueError: If it is no address.
    """
    from distributed.comm.addressing import parse_address, parse_host_port

    protocol, where = parse_address(address)
    if protocol not in ("tcp", "tls"):
        return
    host_and_port = parse_host_port(where)
    until = time.monotonic() + CONNECT
    while True:
        try:
            socket.create_connection(host_and_port, timeout=max(until - time.monotonic(), 0.1)).close()
        except OSError:  # it may be about to start
            if time.monotonic() + 0.2 >= until:
                raise
            time.sleep(0.2)
        else:
            return


async def _identity(address: str) -> None:
    from distributed.core import rpc
    from distributed.security import Security

    async with rpc(address, connection_args=Security().get_connection_args("client"), timeout=CONNECT) as scheduler:
        found = await scheduler.identity()
    if not isinstance(found, dict) or found.get("type") != "Scheduler":
        raise ValueError("it is none")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what Dask logs of connections that fail, tracebacks and all, from the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


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


def train_message(message: Plain) -> Plain:
    """Train a batch that came as plain data, in a worker; return what became of it as plain data.

    Raises:
        Mismatch: If this worker's plugins are not those of the driver.
    """
    _pin_gpu(message["setting"]["device"])
    from harness.executors.attempt import attempt  # brings torch

    registry = _registry(tuple(message["files"]), message["plugins"])
    _check_solver(message["setting"])
    seeds, limit = tuple(message["seeds"]), message["trial_seconds"]
    batch = Batch(Cell(**message["cell"]), seeds, message["setting"], message["key"], limit)
    with _time_limit(batch.seconds):
        return asdict(attempt(batch, registry))


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End this worker if it takes longer, since a plugin that hangs cannot be stopped; say so first."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def end() -> None:
        worker.log_event(LATE, key)
        time.sleep(1.0)  # until it is said
        os._exit(1)

    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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


def attempt_of(record: Plain) -> Attempt:
    """Return what became of a batch from its plain data."""
    fault = record["fault"]
    outcomes = tuple(outcome_of(outcome) for outcome in record["outcomes"])
    return Attempt(outcomes, Fault(**fault) if fault else None, tuple(record["warnings"]))


def outcome_of(record: Plain) -> Outcome:
    """Return an outcome from its plain data.

    Raises:
        TypeError: If it has fields that this version does not know.
    """
    return Outcome(**{**record, "hits": tuple(record["hits"]), "curve": tuple(record["curve"])})
