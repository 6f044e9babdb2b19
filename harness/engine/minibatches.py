"""Which samples each step of minibatch SGD sees."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from harness.engine.draws import stream


class Minibatches:
    """One endless sequence of sample indices per trial: one random permutation of the n samples after another.

    Steps take consecutive runs of b indices; where b does not divide n a run may cross into the next permutation.
    Each trial draws from its own stream, so its batches are the same in whatever company it trains.
    """

    def __init__(self, seeds: Sequence[int], n: int, batch: int, base: int) -> None:
        """Open one stream per trial seed."""
        self.n, self.batch = n, batch
        self.streams = [stream({"for": "minibatches", "n": n, "batch": batch, "seed": [base, s]}) for s in seeds]
        self.left: NDArray[np.int64] = np.empty((len(self.streams), 0), dtype=np.int64)

    def keep(self, lanes: Sequence[int]) -> None:
        """Go on with these lanes only; a lane named twice goes on as two that see the same samples."""
        self.streams = [deepcopy(self.streams[lane]) for lane in lanes]
        self.left = self.left[list(lanes)]

    def take(self, steps: int) -> NDArray[np.int64]:
        """Return the indices of the next steps, (steps, lanes, b)."""
        need = steps * self.batch
        epochs = -(-(need - self.left.shape[1]) // self.n)
        if epochs > 0:
            drawn = [np.concatenate([rng.permutation(self.n) for _ in range(epochs)]) for rng in self.streams]
            self.left = np.concatenate([self.left, np.stack(drawn)], axis=1)
        taken, self.left = self.left[:, :need], self.left[:, need:]
        return taken.reshape(len(self.streams), steps, self.batch).swapaxes(0, 1)
