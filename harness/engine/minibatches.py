"""Samples that the steps of a stack see: all of them, or minibatches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.engine.draws import stream

if TYPE_CHECKING:
    from harness.engine.workspace import Workspace

MOST_DRAWN = 1 << 20
"""Indices of a stack that are drawn at a time, unless one epoch has more: a few take as long as many."""

Permute = Callable[[np.random.Generator, int, int], NDArray[np.int64]]
"""Returns permutations of so many samples, the second number of them, one after another."""


def permutations(rng: np.random.Generator, n: int, count: int) -> NDArray[np.int64]:
    """Return permutations of n samples one after another, (count · n,)."""
    return np.concatenate([rng.permutation(n) for _ in range(count)])


class Samples(ABC):
    """Samples of each step.

    Attributes:
        batch: Samples of a step.
        epoch: Steps from one measure to the next.
    """

    batch: int
    epoch: int

    @abstractmethod
    def run(self, work: Workspace, i: int, counts: Sequence[int]) -> None:
        """Evaluate the networks on all samples and take steps, at one check point after another.

        Args:
            work: The networks.
            i: The first check point.
            counts: Steps after each.
        """

    def keep(self, lanes: Sequence[int]) -> None:  # noqa: B027  # a full batch is the same for every lane
        """Go on with these lanes only; a lane that is named twice becomes two."""


class FullBatch(Samples):
    """All samples in each step, which needs no second evaluation."""

    def __init__(self, n: int) -> None:
        self.batch, self.epoch = n, 1

    def run(self, work: Workspace, i: int, counts: Sequence[int]) -> None:
        """Take one step at each check point."""
        work.full_batches(i, len(counts))


class Minibatches(Samples):
    """One endless sequence of sample indices per trial: one random permutation of the n samples after another.

    Steps take consecutive runs of b indices; where b does not divide n a run may cross into the next permutation.
    Each trial draws from its own stream, so its batches do not depend on the other trials of a stack.
    """

    purpose: ClassVar[str] = "minibatches"

    def __init__(self, seeds: Sequence[int], n: int, batch: int, base: int, permute: Permute = permutations) -> None:
        """Open one stream per trial seed.

        Args:
            seeds: Of the trials.
            n: Samples.
            batch: b.
            base: The suite's seed.
            permute: Draws permutations.
        """
        self.n, self.batch, self.epoch, self.permute = n, batch, -(-n // batch), permute
        named = {"for": self.purpose, "n": n, "batch": batch}
        self.streams = [stream({**named, "seed": [base, s]}) for s in seeds]
        self.left: NDArray[np.int64] = np.empty((len(self.streams), 0), dtype=np.int64)

    def keep(self, lanes: Sequence[int]) -> None:
        """Go on with these lanes only; a lane named twice goes on as two that see the same samples."""
        self.streams = [deepcopy(self.streams[lane]) for lane in lanes]
        self.left = self.left[list(lanes)]

    def run(self, work: Workspace, i: int, counts: Sequence[int]) -> None:
        """Measure, and take the steps of an epoch, at each check point."""
        epochs = max(MOST_DRAWN // (len(self.streams) * self.n), 1)
        for first in range(0, len(counts), epochs):
            some = counts[first : first + epochs]
            work.minibatches(i + first, some, self.take(sum(some)))

    def take(self, steps: int) -> NDArray[np.int64]:
        """Return the indices of the next steps, (steps, lanes, b)."""
        need = steps * self.batch
        passes = -(-(need - self.left.shape[1]) // self.n)
        if passes > 0:
            drawn = np.stack([self.passes(rng, passes) for rng in self.streams])
            self.left = np.concatenate([self.left, drawn], axis=1)
        taken, self.left = self.left[:, :need], self.left[:, need:]
        return taken.reshape(len(self.streams), steps, self.batch).swapaxes(0, 1)

    def passes(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return the indices of so many passes over the samples, (count · n,)."""
        return self.permute(rng, self.n, count)


class Independent(Minibatches):
    """One endless sequence of sample indices per trial, each index drawn independently of all others."""

    purpose: ClassVar[str] = "minibatches with replacement"

    def passes(self, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Return the indices of so many passes over the samples, (count · n,)."""
        return rng.integers(self.n, size=count * self.n)
