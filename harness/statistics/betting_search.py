"""The choice of the next trials: those that are expected to shrink the bracket most for their work."""

from __future__ import annotations

import math
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.statistics.brackets import LEVEL
from harness.statistics.pairs import Curves, Pairs
from harness.statistics.working_model import Floats, log_sum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.statistics.evidence import Evidence
    from harness.statistics.working_model import Belief

Ending = Literal[
    "", "fine enough", "beyond", "trials spent", "nothing to certify", "open trials", "contradiction", "errors"
]
"""Why a search is over. It is empty while it is not."""

BLOCK = 8
"""Most trials at a width in a round, where the belief is sure on which side of ½ the width lies."""

PROBE = 2
"""Most trials at a width in a round where it is not."""

SURE = 0.8
"""Chance of a side of ½ from which the belief is sure of it."""

FIT, UNFIT, OPEN, PRICE = 0.3, 1.0, 4.0, 1.0
"""Work of a trial at width 1 that fits, of one that does not and of an open one, in budgets, and the price of any trial
beside its work, in trials at the likely threshold: the number of trials is limited too."""

POWER, OFFSET = 1.2, 0.1
"""A bracket with log(high/low) = s is worth (s + 0.1)^(−1.2)."""

CURVES = 300
"""Number of curves that a choice is averaged over."""

STEPS = (np.arange(CURVES) + 0.5) / CURVES
"""Their quantiles in a belief."""

QUANTILES = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98])
"""Quantiles of a belief in the crossing of ½ that are places."""

TOGETHER = 32
"""Number of pairs whose rates are computed together, so that what they follow from stays in the cache."""

HOPE = 0.02
"""Chance that the trials left shrink the bracket, below which a search with open trials is over."""

MOST_ERRORS = 8
"""Number of errors from which a search ends if they are half of its trials."""


class BettingSearch:
    """The search for one threshold as far as it is known.

    Attributes:
        evidence: What was found so far.
        trials: Largest number of trials.
        precision: Ratio high/low that is fine enough. A bracket of one admissible width always is.
        fine: Whether the bracket is as fine as asked for. The search then goes on with what trials are left, until it
            is as fine at half the level, for the quotient of two thresholds.
    """

    def __init__(self, evidence: Evidence, trials: int, precision: float, level: float = LEVEL) -> None:
        """Continue from what is known.

        Args:
            evidence: What was found so far.
            trials: Largest number of trials.
            precision: Ratio high/low that is fine enough.
            level: Level at which ends of the bracket are certified.
        """
        self.evidence, self.trials, self.precision = evidence, trials, precision
        self._take(level)
        self.fine = self._is_fine()
        if self.fine and level > LEVEL / 2:
            self._take(LEVEL / 2)

    def _take(self, level: float) -> None:
        self._hurdle = -math.log(level)
        left = self.evidence.remaining(level)
        self._low, self._top = (0, 0) if left is None else (left[0] - 1, left[1])

    @property
    def left(self) -> int:
        """Number of trials that are left."""
        return self.trials - self.evidence.trials

    @property
    def ending(self) -> Ending:
        """Why the search is over, or an empty string while it is not."""
        evidence = self.evidence
        errors = sum(failed for _, failed in evidence.tried.values())
        ending: Ending = ""
        if self._top == 0:
            ending = "contradiction"
        elif self._low >= evidence.places:
            ending = "beyond"
        elif self._is_fine():
            ending = "fine enough"
        elif self.left <= 0:
            ending = "trials spent"
        elif errors >= MOST_ERRORS and 2 * errors >= evidence.trials:
            ending = "errors"
        elif evidence.trials and not self._may_shrink():
            ending = "nothing to certify"
        elif evidence.has_open and not self._may_certify():
            ending = "open trials"
        return "fine enough" if ending not in ("", "contradiction", "beyond") and self.fine else ending

    def ask(self) -> dict[int, int]:
        """Return the number of trials by width of the next round, or an empty dict when the search is over.

        Each pair of places a < b may become the bracket. Its cost by a curve is that of the trials until both ends are
        certified, (log 1/α − log capital)/growth at each, times the work of a trial there. The pair with the largest
        gain per cost, averaged over the beliefs, is asked for. Pairs that the trials left cannot pay for do not count,
        unless there are no others. The chance that a trial fits or may fit decides the cost of a lower end, and the
        chance that it is known to fit that of an upper end, so open trials are asked for only where they help.
        """
        if self.ending:
            return {}
        places, curves = self._places, self._curves
        low, high = self._best_pair()
        asked = {}
        for at, up in ((low, False), (high, True)):
            if at < len(places):
                chance = curves.chance_above[at] if up else curves.chance_below[at]
                asked[int(places[at])] = self._block(at, BLOCK if chance > SURE else PROBE, up=up)
        while sum(asked.values()) > self.left:
            asked[max(asked, key=lambda place: asked[place])] -= 1
        return {place * self.evidence.step: more for place, more in sorted(asked.items()) if more}

    def _is_fine(self) -> bool:
        """Return whether the bracket at the present level is as fine as asked for."""
        return self._top > 0 and bool(self._size(self._low, self._top) <= math.log(self.precision))

    def _size(self, low: NDArray[np.int64] | int, top: NDArray[np.int64] | int) -> Floats:
        """Return log(high/low) of brackets, at least that of the precision, or infinity where low ≥ top."""
        finest = math.log(self.precision)
        beyond = np.where(np.greater(top, self.evidence.places), math.log(2), 0.0)
        size = np.maximum(np.asarray(_log(top / np.maximum(low, 0.5)), dtype=np.float64) + beyond, finest)
        return np.where(np.less(low, top), np.where(np.subtract(top, low) <= 1, finest, size), math.inf)

    def _may_shrink(self) -> bool:
        """Return whether the trials left could exclude an end of the bracket. Each doubles a capital at most."""
        ends = self.evidence.capital[[self._low + 1, self._top]]
        return bool(self._hurdle - ends.max() <= self.left * math.log(2))

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Return some 24 places inside the bracket at most: many near the likely crossing, fewer further off."""
        low, top, evidence = self._low, self._top, self.evidence
        ranks = self._ranks if evidence.has_open else self._ranks[1:]
        near = {k for rank in ranks for k in evidence.sure.model.crossing[_at(rank, QUANTILES)].tolist()}
        inside = {k for k in near | {k - 1 for k in near} | _even(low, top) if low < k < top}
        failing = {k // evidence.step for k, (trials, errors) in evidence.tried.items() if trials == errors >= PROBE}
        return np.array(sorted(inside - failing or inside), dtype=np.int64)

    @cached_property
    def _ranks(self) -> tuple[Floats, Floats]:
        """Sums of the weights of the first curves above the floor, as they cross ½, by either belief, (curves,)."""
        sure = self._rank(self.evidence.sure)
        return self._rank(self.evidence.possible) if self.evidence.has_open else sure, sure

    def _rank(self, belief: Belief) -> Floats:
        weight = belief.weight
        above = weight * (belief.model.crossing > self.evidence.floor // self.evidence.step)
        return np.asarray(np.cumsum(above if above.sum() > 0 else weight))

    @cached_property
    def _curves(self) -> Curves:
        """Curves at equal steps of the two beliefs."""
        model = self.evidence.sure.model
        count = len(model.crossing)
        possible, sure = (_at(rank, STEPS) for rank in self._ranks)
        both, times = np.unique(possible * count + sure, return_counts=True)
        chances = [model.chance(int(place)) for place in self._places]
        by_sure = np.stack([chance[both % count] for chance in chances], axis=1).T
        by_possible = by_sure
        if self.evidence.has_open:
            by_possible = np.stack([chance[both // count] for chance in chances], axis=1).T
        return Curves(times / CURVES, by_possible, by_sure)

    @cached_property
    def _pairs(self) -> Pairs:
        """The pairs of ends that would shrink the bracket."""
        evidence, low, top, places = self.evidence, self._low, self._top, self._places
        curves = self._curves
        weight, possible, sure = curves.weight, curves.possible, curves.sure
        lacking = np.where(evidence.peak < self._hurdle, self._hurdle - evidence.capital, -np.inf)
        typical = math.exp(float((evidence.sure.model.log_crossing * evidence.sure.weight).sum()))
        work = PRICE * typical + places[:, None] * (FIT * sure + OPEN * (possible - sure) + UNFIT * (1 - possible))
        trials, cost = [], []
        sides = (
            (possible, possible < 0.5, curves.chance_below, np.maximum.accumulate(lacking)[places]),
            (sure, sure >= 0.5, curves.chance_above, np.maximum.accumulate(lacking[::-1])[::-1][places + 1]),
        )
        for p, side, mass, lack in sides:
            # The first bets are spread over the curves on both sides of ½, which costs the logarithm of the mass.
            owed = np.maximum(lack, 0.1) - np.log(np.maximum(mass, 1e-9))
            growth = np.maximum(math.log(2) + p * np.log(p) + (1 - p) * np.log1p(-p), 1e-4)
            needed = np.where(side, np.maximum(owed[:, None] / growth, 1.0), np.inf)
            trials.append(np.vstack([needed, np.zeros_like(weight)]))
            cost.append(np.vstack([needed * work, np.zeros_like(weight)]))
        size = self._size(np.append(places, low)[:, None], np.append(places, top))
        value = (size + OFFSET) ** -POWER - (size[-1, -1] + OFFSET) ** -POWER
        i, j = np.nonzero(value > 1e-9)
        return Pairs(i, j, value[i, j], (trials[0], trials[1]), (cost[0], cost[1]))

    @cached_property
    def _rates(self) -> Floats:
        """Gain of each pair for its work, by each curve, or 0 where the trials left do not suffice, (pairs, curves)."""
        pairs = self._pairs
        rates = np.empty((len(pairs.value), len(self._curves.weight)))
        for first in range(0, len(rates), TOGETHER):
            some = slice(first, first + TOGETHER)
            np.divide(pairs.value[some, None], pairs.cost(some), out=rates[some])
            rates[some] *= pairs.trials(some) <= self.left
        return rates

    def _may_certify(self) -> bool:
        """Return whether the beliefs leave hope that the trials left shrink the bracket by a pair."""
        chance = (self._rates > 0) @ self._curves.weight
        return bool(chance.max(initial=0.0) >= HOPE)

    def _best_pair(self) -> tuple[int, int]:
        """Return the indices of the pair to ask for, or the number of places for the present end of the bracket."""
        pairs, weight = self._pairs, self._curves.weight
        rate = self._rates @ weight
        if rate.max() <= 0:
            rate = pairs.value * (1 / (pairs.cost() * pairs.trials() ** 2) * weight).sum(axis=1)
        best = int(np.argmax(rate > rate.max() * (1 - 1e-9)))  # digits that depend on the processor decide nothing
        return int(pairs.low[best]), int(pairs.high[best])

    def _block(self, at: int, most: int, *, up: bool) -> int:
        """Return as many trials as certify a place if all agree, at most ``most``."""
        evidence, place, weight = self.evidence, int(self._places[at]), self._curves.weight
        p = self._curves.sure[at] if up else self._curves.possible[at]
        bets = np.log(2 * np.maximum(p, 0.5)) if up else np.log(2 - 2 * np.minimum(p, 0.5))
        against = slice(place + 1, None) if up else slice(None, place + 1)
        standing = evidence.peak[against] < self._hurdle
        lack = self._hurdle - evidence.capital[against][standing].min()
        return next((m for m in range(1, most) if log_sum(np.log(weight) + m * bets) >= lack), most)


_log = np.frompyfunc(math.log, 1, 1)
"""The logarithm of the C library, each of whose digits may decide a choice: NumPy's may differ in the last one."""


def _at(rank: Floats, quantiles: Floats) -> NDArray[np.int64]:
    """Return the curves at quantiles of a belief, by the sums of its weights."""
    found = np.searchsorted(rank, quantiles * rank[-1])
    return np.asarray(np.minimum(found, len(rank) - 1), dtype=np.int64)


@lru_cache(maxsize=256)
def _even(low: int, top: int) -> frozenset[int]:
    """Return places at equal ratios inside a bracket, and those beside its ends."""
    even = np.geomspace(max(low, 0.5), top, 10)[1:-1].round().astype(np.int64)
    return frozenset([*even.tolist(), low + 1, top - 1])
