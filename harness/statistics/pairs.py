"""Curves that the next trials are chosen by, and pairs of ends that they could make of the bracket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.working_model import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Curves:
    """Curves that a choice is averaged over.

    A curve of the belief in possible fits and one of the belief in known fits belong together: those at equal ranks.

    Attributes:
        weight: Weights, which add up to 1, (curves,).
        possible: Chance that a trial fits or may fit at each place, (places, curves).
        sure: Chance that a trial is known to fit at each place, (places, curves).
    """

    weight: Floats
    possible: Floats
    sure: Floats

    @property
    def chance_below(self) -> Floats:
        """Chance that fits and possible fits are below ½ at each place, (places,)."""
        return np.asarray((self.weight * (self.possible < 0.5)).sum(axis=1))

    @property
    def chance_above(self) -> Floats:
        """Chance that known fits are at least ½ at each place, (places,)."""
        return np.asarray((self.weight * (self.sure >= 0.5)).sum(axis=1))


@dataclass(frozen=True)
class Pairs:
    """Pairs of ends that would shrink the bracket.

    Attributes:
        low: Index of the lower place, or the number of places for the present end, (pairs,).
        high: Index of the upper place, or the number of places for the present end, (pairs,).
        value: Gain of the bracket, (pairs,).
        trials: Number of trials until both ends are certified by each curve, (pairs, curves).
        cost: Work of these trials, (pairs, curves).
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    value: Floats
    trials: Floats
    cost: Floats
