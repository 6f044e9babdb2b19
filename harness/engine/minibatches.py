"""Samples that the steps of a stack see: all of them, or minibatches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.engine.draws import stream

if TYPE_CHECKING:
    from harness.engine.workspace import Workspace

AHEAD = 8
"""Epochs whose samples are drawn at a time, as a few numbers take as long as many."""


class Samples(ABC):
    """Samples of each step.

    Attributes:
        batch: Samples of a step.
        epoch: Steps from one measure to the next.
    """

    batch: int
    epoch: int

    @abstractmethod
    def run(self, work: Workspace, i: int, steps: int) -> None:
        """Evaluate the networks on all samples into row i, and take the steps up to the next measure."""

    def keep(self, lanes: Sequence[int]) -> None:  # noqa: B027  # a full batch is the same for every lane
        """Go on with these lanes only; a lane that is named twice becomes two."""


class FullBatch(Samples):
    """All samples in each step, which needs no second evaluation."""

    def __init__(self, n: int) -> None:
        self.batch, self.epoch = n, 1

    def run(self, work: Workspace, i: int, steps: int) -> None:
        """Take one step."""
        work.advance(i)


class Minibatches(Samples):
    """One endless sequence of sample indices per trial: one random permutation of the n samples after another.

    Steps take consecutive runs of b indices; where b does not divide n a run may cross into the next permutation.
    Each trial draws from its own stream, so its batches do not depend on the other trials of a stack.
    """

    purpose: ClassVar[str] = "minibatches"

    def __init__(self, seeds: Sequence[int], n: int, batch: int, base: int) -> None:
        """Open one stream per trial seed."""
        self.n, self.batch, self.epoch = n, batch, -(-n // batch)
        named = {"for": self.purpose, "n": n, "batch": batch}
        self.streams = [stream({**named, "seed": [base, s]}) for s in seeds]
        self.left: NDArray[np.int64] = np.empty((len(self.streams), 0), dtype=np.int64)

    def keep(self, lanes: Sequence[int]) -> None:
        """Go on with these lanes only; a lane named twice goes on as two that see the same samples."""
        self.streams = [deepcopy(self.streams[lane]) for lane in lanes]
        self.left = self.left[list(lanes)]

    def run(self, work: Workspace, i: int, steps: int) -> None:
        """Measure, and take the steps of an epoch."""
        work.epoch(i, self.take(steps))

    def take(self, steps: int) -> NDArray[np.int64]:
        """Return the indices of the next steps, (steps, lanes, b)."""
        need = steps * self.batch
        epochs = -(-(need - self.left.shape[1]) // self.n)
        if epochs > 0:
            epochs = max(epochs, AHEAD)
            drawn = [np.concatenate([self.pass_over(rng) for _ in range(epochs)]) for rng in self.streams]
            self.left = np.concatenate([self.left, np.stack(drawn)], axis=1)
        taken, self.left = self.left[:, :need], self.left[:, need:]
        return taken.reshape(len(self.streams), steps, self.batch).swapaxes(0, 1)

    def pass_over(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return n further indices."""
        return rng.permutation(self.n)


class Independent(Minibatches):
    """One endless sequence of sample indices per trial, each index drawn independently of all others."""

    purpose: ClassVar[str] = "minibatches with replacement"

    def pass_over(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return n further indices."""
        return rng.integers(self.n, size=self.n)
