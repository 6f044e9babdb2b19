"""The contract between the driver and the executors, which run batches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from harness.components import Cell, Outcome
from harness.components.fault import Fault


@dataclass(frozen=True)
class Batch:
    """Trials of equal shape that are trained together: the unit of scheduling and of durability.

    Attributes:
        cell: Regime, samples, input dimension and width, shared by all trials of the batch.
        seeds: One trial each.
        setting: Everything else that fixes the numbers, as plain data (see :mod:`harness.engine.setting`).
        key: Semantic key of the setting; stored outcomes are found by it.
        trial_seconds: Most time that a trial may take.
    """

    cell: Cell
    seeds: tuple[int, ...]
    setting: dict[str, Any]
    key: str
    trial_seconds: float = math.inf

    @property
    def seconds(self) -> float:
        """Most time that the batch may take."""
        return self.trial_seconds * len(self.seeds)


@dataclass(frozen=True)
class Attempt:
    """What became of a batch where it was trained.

    Attributes:
        outcomes: One for each trial, in the order of the batch; empty if there is a fault.
        fault: Why there are none.
        warnings: What Python warned of, one line each.
    """

    outcomes: tuple[Outcome, ...] = ()
    fault: Fault | None = None
    warnings: tuple[str, ...] = ()


class BatchFailed(Exception):
    """A batch has no outcomes; the driver decides what becomes of its trials.

    Attributes:
        batch: As it was submitted.
        fault: What happened.
    """

    def __init__(self, batch: Batch, fault: Fault) -> None:
        self.batch, self.fault = batch, fault
        super().__init__(fault.message)


class LostWorkers(RuntimeError):
    """The place where batches were trained is gone; what was finished is saved."""


class UnguardedScript(LostWorkers):
    """A script starts workers where the workers themselves run it, since they import it."""


UNGUARDED = 76
"""Exit status of a worker that stops because the user's script would start workers in it."""


class NotInstalled(RuntimeError):
    """The executor needs a package that is not installed; the message says which."""


class Executor(ABC):
    """A place where batches are trained.

    Executors are context managers; they get batches as plain data, train each with
    :func:`harness.executors.attempt.attempt` in a place that has loaded the same plugins, and hand back outcomes in any
    order. They never open the store, and never judge: a batch that has no outcomes is handed back as
    :class:`BatchFailed`, and the driver retries it, splits it, or records the error. Three things are theirs alone. A
    batch that runs for longer than ``batch.seconds`` is ended, with its place if need be, and handed back as ``late``.
    A place that ends under a batch is replaced, and the batch handed back, as ``lost`` if it was ended from outside, as
    ``error`` if it ended itself. Each batch comes back once.

    Attributes:
        warned: What was warned of where batches were trained, one line each, with the number of batches.
    """

    name: ClassVar[str] = ""

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = (), scheduler: str = "") -> None:
        """Prepare, without starting anything.

        Args:
            workers: Batches to train at a time; whoever joins a running cluster takes the number of its workers.
            plugin_files: Plugin files that workers load.
            scheduler: Address, or scheduler file, of the cluster to join; none for workers of its own.

        Raises:
            NotInstalled: If a package is missing that it needs.
        """
        self.workers = workers
        self.plugin_files = plugin_files
        self.scheduler = scheduler
        self.warned: dict[str, int] = {}

    def taken(self, batch: Batch, found: Attempt) -> tuple[Batch, list[Outcome]]:
        """Note what was warned of, and return what :meth:`next_done` returns.

        Raises:
            BatchFailed: If the attempt has no outcomes.
        """
        for line in found.warnings:
            self.warned[line] = self.warned.get(line, 0) + 1
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
        """Take a batch in hand; returns at once."""

    @abstractmethod
    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Wait for a batch in hand and return it with the outcomes of its trials; batches finish in any order.

        Raises:
            RuntimeError: If nothing is in hand.
            BatchFailed: If a batch has no outcomes; it is then no longer in hand.
            LostWorkers: If the place where the batch was trained is gone and cannot be had again.
        """

    def __enter__(self) -> Self:
        """Start the workers."""
        return self

    def __exit__(  # noqa: B027  # an executor without workers has nothing to stop
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers, dropping what they have in hand."""
