"""What runs batches: the contract between the driver and wherever the training happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from harness.components import Cell, Outcome


@dataclass(frozen=True)
class Batch:
    """Trials of equal shape that are trained together: the unit of scheduling and of durability.

    Attributes:
        cell: Regime, samples, input dimension and width, shared by all trials of the batch.
        seeds: One trial each.
        setting: Everything else that fixes the numbers, as plain data (see :mod:`harness.engine.setting`).
        key: Semantic key of the setting; stored outcomes are found by it.
    """

    cell: Cell
    seeds: tuple[int, ...]
    setting: dict[str, Any]
    key: str


class LostWorkers(RuntimeError):
    """The place where batches were trained is gone; what was finished is saved."""


class Executor(ABC):
    """A place where batches are trained.

    Executors are context managers; they get batches as plain data, train them with
    :func:`harness.engine.work.train_batch`, and hand back outcomes in any order. They never open the store.
    """

    name: ClassVar[str] = ""

    def __init__(self, workers: int, plugin_files: tuple[str, ...] = ()) -> None:
        """Prepare, without starting anything, for so many workers that load these plugin files."""
        self.workers = workers
        self.plugin_files = plugin_files

    @abstractmethod
    def submit(self, batch: Batch) -> None:
        """Take a batch in hand; returns at once."""

    @abstractmethod
    def next_done(self) -> tuple[Batch, list[Outcome]]:
        """Wait for a batch in hand and return it with the outcomes of its trials; batches finish in any order.

        Raises:
            RuntimeError: If nothing is in hand.
            LostWorkers: If the place where the batch was trained is gone and cannot be had again.
        """

    def __enter__(self) -> Self:
        """Start the workers."""
        return self

    def __exit__(  # noqa: B027  # an executor without workers has nothing to stop
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the workers, dropping what they have in hand."""
