"""The contract between the driver and the executors, which run batches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Self

from harness.components import Cell, Outcome
from harness.components.fault import Fault


@dataclass(frozen=True)
class Batch:
    """Trials of equal shape that are trained together: the unit of scheduling and of durability.

    Attributes:
        cell: Regime, samples, input dimension and width, shared by all trials of the batch.
        seeds: Seeds of the trials.
        setting: Everything else that fixes the numbers, as plain data (see :mod:`harness.engine.setting`).
        key: Semantic key of the setting, by which stored outcomes are found.
        trial_seconds: Longest time of a trial in seconds.
        plugins: Digest of the code of each third-party plugin that the driver loaded for it, by the plugin's name.
    """

    cell: Cell
    seeds: tuple[int, ...]
    setting: dict[str, Any]
    key: str
    trial_seconds: float = math.inf
    plugins: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Longest time of the batch in seconds."""
        return self.trial_seconds * len(self.seeds)

    def longest(self, turn: int | None) -> float:
        """Return the longest time of a trial that is prepared or trained by itself, or of the batch, in seconds.

        Args:
            turn: Seed of the trial, or None for the batch.
        """
        return self.seconds if turn is None else self.trial_seconds

    def late(self, turn: int | None = None) -> Fault:
        """Return the fault if that time is up.

        Args:
            turn: Seed of the trial, or None for the batch.
        """
        return Fault("late", f"not done after {self.longest(turn):g} s ({self.trial_seconds:g} s a trial)", turn)


@dataclass(frozen=True)
class Attempt:
    """The result of training a batch once.

    Attributes:
        outcomes: One outcome per trial, in the order of the batch, or none if there is a fault.
        fault: Reason why there are no outcomes.
        warnings: Warnings of Python, one line each.
        left: What plugins left running, one line each.
        carried: What a later stage of the batch needs, pickled, in place of outcomes.
    """

    outcomes: tuple[Outcome, ...] = ()
    fault: Fault | None = None
    warnings: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    carried: tuple[bytes, ...] = field(default=(), repr=False)


class BatchFailed(Exception):
    """A batch without outcomes. The driver decides what happens to its trials.

    Attributes:
        batch: The batch as it was submitted.
        fault: The fault.
    """

    def __init__(self, batch: Batch, fault: Fault) -> None:
        self.batch, self.fault = batch, fault
        super().__init__(fault.message)


class LostWorkers(RuntimeError):
    """Loss of all workers, or of their plugins' code. Finished batches are stored."""


class UnguardedScript(LostWorkers):
    """A script starts workers where the workers themselves run it, since they import it."""


UNGUARDED = 76
"""Exit status of a worker that stops because the user's script would start workers in it."""


DEVICE_LOST = 77
"""Exit status of a worker whose CUDA device failed, after which no call of the process to it succeeds."""


class NotInstalled(RuntimeError):
    """An executor that needs a package that is not installed. The message names it."""


class Executor(ABC):
    """A place where batches are trained.

    Executors are context managers. They get batches as plain data, train each with
    :func:`harness.executors.attempt.attempt` in a worker that has loaded the same plugins, and return outcomes in any
    order. They do not open the store and do not decide about retries: a batch without outcomes is returned as
    :class:`BatchFailed`, and the driver retries it, splits it, or records the error. Executors must:

    1. stop a batch after ``batch.seconds``, with its worker if necessary, and return it with :meth:`Batch.late`. The
       argument ``turn`` of ``attempt`` is called for each trial that third-party plugins prepare or train by itself,
       which has ``batch.trial_seconds``,
    2. replace a worker that ends during a batch, and return the batch as ``lost`` if the worker was ended from outside,
       or as ``error`` if it ended itself,
    3. return each batch exactly once.

    Attributes:
        warned: Warnings from batches, one line each, with the number of batches.
        left_running: What plugins left running, one line each, with the number of batches.
    """

    name: ClassVar[str] = ""

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        """Prepare the executor without starting workers.

        Args:
            workers: Number of batches to train at a time. Executors that join a running cluster use the number of its
                workers.
            plugin_files: Plugin files that workers load.
            scheduler: Address or scheduler file of the cluster to join, or an empty string for workers of its own.

        Raises:
            NotInstalled: If a package that it needs is missing.
        """
        self.workers = workers
        self.plugin_files = plugin_files
        self.scheduler = scheduler
        self.warned: dict[str, int] = {}
        self.left_running: dict[str, int] = {}

    def taken(self, batch: Batch, found: Attempt) -> tuple[Batch, list[Outcome]]:
        """Record the warnings of an attempt and what it left, and return the result of :meth:`next_done`.

        Raises:
            BatchFailed: If the attempt has no outcomes.
        """
        for line in found.warnings:
            self.warned[line] = self.warned.get(line, 0) + 1
        for line in found.left:
            self.left_running[line] = self.left_running.get(line, 0) + 1
        if found.fault is not None:
            raise BatchFailed(batch, found.fault)
        return batch, list(found.outcomes)

    @staticmethod
    def joins() -> bool:
        """Return whether a running cluster can be joined."""
        return False

    @staticmethod
    def warning(scheduler: str) -> str:  # noqa: ARG004  # for those that join clusters
        """Return what is unsafe about joining a cluster at this address, or an empty string."""
        return ""

    @abstractmethod
    def submit(self, batch: Batch) -> None:
        """Accept a batch, and return at once."""

    @abstractmethod
    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Wait for a submitted batch, and return it with the outcomes of its trials. Batches finish in any order.

        Raises:
            RuntimeError: If there is no submitted batch.
            BatchFailed: If a batch has no outcomes. It then counts as returned.
            LostWorkers: If the workers are lost and cannot be replaced.
        """

    def __enter__(self) -> Self:
        """Start the workers."""
        return self

    def __exit__(  # noqa: B027  # an executor without workers has nothing to stop
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers. Batches that have not finished are dropped."""
