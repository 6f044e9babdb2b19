"""Noise on activations that each step draws anew."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.components import ActivationNoise
from harness.engine.draws import noise_stream
from harness.engine.minibatches import Samples

if TYPE_CHECKING:
    from harness.engine.workspace import Workspace


class FreshNoise(Samples):
    """All samples in each step, with factors of the activations that the step draws anew.

    Networks are measured without noise. Each trial draws from its own stream, one array (k, n) a step, so its factors
    do not depend on the other trials of a stack.
    """

    def __init__(self, noise: ActivationNoise, seeds: Sequence[int], n: int, k: int, base: int) -> None:
        """Open one stream per trial seed."""
        self.batch, self.epoch = n, 1
        self.noise, self.shape = noise, (k, n)
        self.streams = [noise_stream(noise, n, k, seed=seed, base=base) for seed in seeds]

    def keep(self, lanes: Sequence[int]) -> None:
        """Go on with these lanes only; a lane named twice goes on as two that see the same factors."""
        self.streams = [deepcopy(self.streams[lane]) for lane in lanes]

    def run(self, work: Workspace, i: int, counts: Sequence[int]) -> None:
        """Measure and take one step at each check point."""
        for at in range(i, i + len(counts)):
            work.step_with(at, self.take())

    def take(self) -> NDArray[np.float64]:
        """Return the factors of the next step, (lanes, k, n)."""
        return np.stack([self.noise.draw(stream, self.shape) for stream in self.streams])
