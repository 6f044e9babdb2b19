"""The executor that trains on a Dask cluster, of this machine or of many.

Batches and outcomes travel as plain data, so no object of a user is pickled. Each worker loads the plugins that are
installed there, and refuses batches if names, versions or plugin files differ from those of the driver.
"""

from __future__ import annotations

import math
import queue
import time
from dataclasses import asdict
from types import TracebackType
from typing import Any, ClassVar, Self

from harness.components import Outcome
from harness.components.executor import Batch, BatchFailed, Executor, LostWorkers, NotInstalled
from harness.components.fault import Fault, fault_of
from harness.executors import dask_scheduler
from harness.executors.dask_worker import LATE, Mismatch, Plain, attempt_of, plugin_set, train_message

ATTEMPTS = 3
"""Number of workers that may be lost over one batch before the scheduler returns the batch."""

STARTS = 3
"""Number of times that a cluster of our own is started, if workers end while they start."""

RENEW = 20.0
"""Seconds that Dask has to bring a worker back before another is started."""

PATIENCE = 60.0
"""Seconds to wait for the first worker, and for a scheduler that no longer answers."""

Future = Any
"""A future of Dask. Its types are incomplete, as are those of its client and cluster."""


class Dask(Executor):
    """An executor that trains batches on a Dask cluster.

    The cluster is one of its own, with one single-threaded worker per core or GPU, or one that is already running.
    The driver keeps the futures, so the batch of a lost worker is trained elsewhere. A lost scheduler ends the run,
    which can be continued.
    """

    name: ClassVar[str] = "dask"

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        super().__init__(workers, plugin_files, scheduler)
        try:
            import cryptography  # noqa: F401  # only whether they are there
            import distributed  # noqa: F401  # asked whether it is installed
        except ImportError as error:
            raise NotInstalled("the dask executor needs Dask: pip install 'convergence-harness[dask]'") from error
        self._cluster: Any = None
        self._client: Any = None
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._in_hand: dict[str, tuple[Batch, Future]] = {}
        self._late: dict[str, int | None] = {}
        self._short_since = math.inf
        self._plugins = plugin_set(plugin_files)

    @staticmethod
    def joins() -> bool:
        """Return True, because a running cluster can be joined."""
        return True

    @staticmethod
    def warning(scheduler: str) -> str:
        """Return what is unsafe about joining a scheduler, or an empty string."""
        return dask_scheduler.unprotected(dask_scheduler.address_of(scheduler)) if scheduler else ""

    def __enter__(self) -> Self:
        """Start a cluster of this machine, or join the running one.

        Raises:
            LostWorkers: If there are no workers.
        """
        import dask
        from distributed import Client

        # The driver decides whether a batch is at fault, so the scheduler only counts lost workers.
        dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS - 1})
        if not self.scheduler:
            dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []})
        try:
            if self.scheduler:
                address = dask_scheduler.address_of(self.scheduler)
                dask_scheduler.greet(address)
                self._client = Client(address, timeout=dask_scheduler.CONNECT, set_as_default=False)
                self._client.wait_for_workers(1, timeout=PATIENCE)
                self.workers = sum(self._client.nthreads().values())
            else:
                self._start()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            if isinstance(error, LostWorkers) or not isinstance(error, OSError | ValueError | RuntimeError):
                raise
            where_to = self.scheduler or "this machine"
            mend = f"; start some: dask worker {address}" if self.scheduler else ""
            raise LostWorkers(f"no Dask workers at {where_to}: {error or type(error).__name__}{mend}") from error
        self._client.subscribe_topic(LATE, self._heard)
        return self

    def _start(self) -> None:
        """Start a cluster of this machine, again if a worker ends while it starts.

        Raises:
            RuntimeError: If workers end again and again.
        """
        from distributed import Client, LocalCluster, Security

        # Whoever reaches a scheduler may run code in its clients and workers, and a port of the loopback
        # device is open to all users of the machine, so only holders of this run's certificate get in.
        security = Security.temporary()
        for start in range(STARTS):
            try:
                self._cluster = LocalCluster(
                    host="127.0.0.1",
                    protocol="tls",
                    security=security,
                    n_workers=self.workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,  # it would answer anybody
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # of the server that is left, at a free port
                    memory_limit=0,
                    silence_logs=50,
                )
                break
            except RuntimeError:  # of a nanny, a worker of which was killed
                if start == STARTS - 1:
                    raise
        self._client = Client(self._cluster, security=security, set_as_default=False)

    def _heard(self, event: tuple[float, tuple[str, int | None]]) -> None:
        """Note that a worker ends itself because a batch, or a trial of it, takes too long.

        Dask calls this in a thread of its own.
        """
        _, (key, turn) = event
        self._late[key] = turn
        held = self._in_hand.get(key)  # one look-up, since the driver may take the batch at any moment
        if held is not None:
            self._done.put(held[1])

    def submit(self, batch: Batch) -> None:
        """Send a batch to the cluster."""
        if self._client is None:
            raise RuntimeError("the executor has not been started")
        future = self._client.submit(train_message, self._message(batch), pure=False, retries=0)
        self._in_hand[future.key] = (batch, future)
        future.add_done_callback(self._done.put)

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Return the next finished batch. Batches are sent again if the scheduler lost them.

        Raises:
            BatchFailed: If the batch has no outcomes.
            LostWorkers: If the workers cannot train it, or the scheduler is gone.
        """
        if not self._in_hand:
            raise RuntimeError("no batch is in hand")
        while True:
            future = self._wait()
            held = self._in_hand.pop(future.key, None)
            if held is None:  # sent again since
                continue
            batch, _ = held
            assert self._client is not None
            if future.key in self._late:
                self._client.cancel([future], force=True)
                raise BatchFailed(batch, batch.late(self._late[future.key]))
            if future.status == "finished":
                return self.taken(batch, attempt_of(future.result(timeout=PATIENCE)))
            self._hand_back(batch, future)

    def _wait(self) -> Future:
        """Return the next future that is no longer pending.

        Raises:
            LostWorkers: If the scheduler is gone.
        """
        assert self._client is not None
        while True:
            try:
                return self._done.get(timeout=1.0)
            except queue.Empty:
                self._await_scheduler()
                self._renew_workers()

    def _renew_workers(self) -> None:
        """Start new workers in a cluster of our own for those that Dask did not restart.

        Dask gives up on a worker that ends while it starts, and the batches would wait for ever.
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
        """Wait until the scheduler answers.

        Raises:
            LostWorkers: If it does not answer in time.
        """
        assert self._client is not None
        patient_until = time.monotonic() + PATIENCE
        while self._client.status != "running":
            if self._client.status == "closed" or time.monotonic() > patient_until:
                raise LostWorkers("the Dask scheduler is gone")
            time.sleep(0.2)

    def _hand_back(self, batch: Batch, future: Future) -> None:
        """Hand back a batch that has no outcomes, or send it again if the scheduler was away and came back.

        Raises:
            BatchFailed: If workers were lost over the batch.
            LostWorkers: If the workers cannot train it, or the scheduler is gone.
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
            "code": dict(batch.plugins),
        }

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cancel the batches in hand and leave the cluster. A cluster of our own is stopped."""
        futures = [future for _, future in self._in_hand.values()]
        self._in_hand.clear()
        if self._client is not None:
            if self._client.status == "running" and futures:
                self._client.cancel(futures, force=True)
            self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close(timeout=10)
        self._client = self._cluster = None
