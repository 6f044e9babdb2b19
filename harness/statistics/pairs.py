"""Curves that the next trials are chosen by, and pairs of ends that they could make of the bracket."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.working_model import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = slice(None)


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

    @cached_property
    def chance_below(self) -> Floats:
        """Chance that fits and possible fits are below ½ at each place, (places,)."""
        return np.asarray((self.weight * (self.possible < 0.5)).sum(axis=1))

    @cached_property
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
        ends_trials: Number of trials until each lower and each upper end is certified by each curve, twice
            (places + 1, curves).
        ends_cost: Work of these trials, twice (places + 1, curves).
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    value: Floats
    ends_trials: tuple[Floats, Floats]
    ends_cost: tuple[Floats, Floats]

    def trials(self, some: slice = ALL) -> Floats:
        """Return the number of trials until both ends of some pairs are certified by each curve, (pairs, curves)."""
        return self._of_both(self.ends_trials, some)

    def cost(self, some: slice = ALL) -> Floats:
        """Return the work of these trials, (pairs, curves)."""
        return self._of_both(self.ends_cost, some)

    def _of_both(self, ends: tuple[Floats, Floats], some: slice) -> Floats:
        both = ends[0].take(self.low[some], axis=0)
        both += ends[1].take(self.high[some], axis=0)
        return both
