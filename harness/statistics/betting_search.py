"""The choice of the next trials: those that are expected to shrink the bracket most for their work."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.statistics.brackets import LEVEL
from harness.statistics.pairs import Curves, Pairs
from harness.statistics.working_model import Floats, log_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        return self._top > 0 and self._size(self._low, self._top) <= math.log(self.precision)

    def _size(self, low: int, top: int) -> float:
        """Return log(high/low) of a bracket, at least that of the precision."""
        finest = math.log(self.precision)
        if top - low <= 1:
            return finest
        beyond = math.log(2) if top > self.evidence.places else 0.0
        return max(math.log(top / max(low, 0.5)) + beyond, finest)

    def _may_shrink(self) -> bool:
        """Return whether the trials left could exclude an end of the bracket. Each doubles a capital at most."""
        ends = self.evidence.capital[[self._low + 1, self._top]]
        return bool(self._hurdle - ends.max() <= self.left * math.log(2))

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Return some 24 places inside the bracket at most: many near the likely crossing, fewer further off."""
        low, top = self._low, self._top
        evidence = self.evidence
        beliefs = (evidence.possible, evidence.sure) if evidence.has_open else (evidence.sure,)
        quantiles = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
        near = np.concatenate([belief.model.crossing[self._ranked(belief, quantiles)] for belief in beliefs])
        even = np.geomspace(max(low, 0.5), top, 10)[1:-1].round().astype(np.int64)
        edges = [low + 1, top - 1]
        places = np.unique(np.concatenate([near, near - 1, even, edges]))
        places = places[(places > low) & (places < top)]
        tried = evidence.tried
        failing = [place for place in places if _only_errors(*tried.get(int(place) * evidence.step, (0, 0)))]
        return np.setdiff1d(places, failing) if len(failing) < len(places) else places

    def _ranked(self, belief: Belief, quantiles: Sequence[float] | Floats) -> NDArray[np.int64]:
        """Return the curves at quantiles of a belief, in the order in which they cross ½, above the floor."""
        weight = belief.weight
        above = weight * (belief.model.crossing > self.evidence.floor // self.evidence.step)
        rank = np.cumsum(above if above.sum() > 0 else weight)
        found = np.searchsorted(rank, np.asarray(quantiles, dtype=np.float64) * rank[-1])
        return np.asarray(np.minimum(found, len(rank) - 1), dtype=np.int64)

    @cached_property
    def _curves(self) -> Curves:
        """Curves at equal steps of the two beliefs."""
        evidence, places = self.evidence, self._places
        steps = (np.arange(CURVES) + 0.5) / CURVES
        ranked = [self._ranked(belief, steps) for belief in (evidence.possible, evidence.sure)]
        (possible, sure), times = np.unique(ranked, axis=1, return_counts=True)
        p = np.stack([evidence.sure.model.chance(int(place)) for place in places])
        return Curves(times / CURVES, p[:, possible], p[:, sure])

    @cached_property
    def _pairs(self) -> Pairs:
        """The pairs of ends that would shrink the bracket."""
        evidence, low, top, places = self.evidence, self._low, self._top, self._places
        curves = self._curves
        weight, possible, sure = curves.weight, curves.possible, curves.sure
        lacking = np.where(evidence.peak < self._hurdle, self._hurdle - evidence.capital, -np.inf)
        typical = math.exp(float((np.log(evidence.sure.model.crossing) * evidence.sure.weight).sum()))
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
        lows, tops = [*places.tolist(), low], [*places.tolist(), top]
        size = np.array([[self._size(a, b) if a < b else math.inf for b in tops] for a in lows])
        value = (size + OFFSET) ** -POWER - (self._size(low, top) + OFFSET) ** -POWER
        i, j = np.nonzero(value > 1e-9)
        return Pairs(i, j, value[i, j], trials[0][i] + trials[1][j], cost[0][i] + cost[1][j])

    @cached_property
    def _rates(self) -> Floats:
        """Gain of each pair for its work, by each curve, or 0 where the trials left do not suffice, (pairs, curves)."""
        pairs = self._pairs
        return np.asarray(pairs.value[:, None] * (pairs.trials <= self.left) / pairs.cost)

    def _may_certify(self) -> bool:
        """Return whether the beliefs leave hope that the trials left shrink the bracket by a pair."""
        chance = (self._rates > 0) @ self._curves.weight
        return bool(chance.max(initial=0.0) >= HOPE)

    def _best_pair(self) -> tuple[int, int]:
        """Return the indices of the pair to ask for, or the number of places for the present end of the bracket."""
        pairs, weight = self._pairs, self._curves.weight
        rate = self._rates @ weight
        if rate.max() <= 0:
            rate = pairs.value * (1 / (pairs.cost * pairs.trials**2) * weight).sum(axis=1)
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


def _only_errors(trials: int, errors: int) -> bool:
    return trials >= PROBE and errors == trials
