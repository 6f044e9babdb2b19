"""The first adaptive search, for reading the results that it made.

Its trials share problems between widths, so its brackets follow from counts with a union bound over widths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from annotated_types import Ge, Gt

from harness.components import PositiveInt  # suites validate the fields by their annotations
from harness.statistics.brackets import LEVEL, Counts, certified, log_e_value, log_evidence_threshold
from harness.statistics.half_width import isotonic
from harness.statistics.search import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Regime
    from harness.statistics.rounds import Rounds

PROBE = 5
"""Trials that show on which side of ½ a width probably lies."""

BLOCK = 12
"""Most trials asked for at a width in one round: enough to certify a width at which all trials agree."""

PLANNED_LEVEL = LEVEL / 2
"""Level at which the search certifies. Half of what a threshold needs, so that the quotient of two is bounded too."""

ODDS_GROWTH = 1.5
"""Power of k by which the odds of a fit are taken to grow beyond the widths tried; sharp transitions have more."""


@dataclass(frozen=True)
class Galloping(Search):
    """A search for the threshold: gallop, bisect, certify. Suites cannot ask for it, but stored runs have it.

    The search first doubles or halves the starting width, with a few probes each, until most trials fit at one width
    and not at another. It then bisects geometrically between them. Last, it asks for trials at the pair of widths
    that is expected to give a bracket of the wanted precision at least cost, or, if no such pair can be afforded,
    the tightest bracket that can. A width with P(fit) close to ½ cannot be certified with any number of trials. The
    search then tests a pair of widths further apart.

    Attributes:
        trials: Largest number of trials to spend on a threshold.
        precision: Ratio high/low of the bracket (low, high] at which the search stops. It also stops at a bracket of
            one admissible width.
        max_width: Largest width to try.
        widths: Largest number of distinct widths to try. The union bound of the bracket pays for each.
    """

    name: ClassVar[str] = "adaptive"

    trials: PositiveInt = 200
    precision: Annotated[float, Gt(1)] = 1.25
    max_width: PositiveInt = 4096
    widths: Annotated[int, Ge(2)] = 12

    @property
    def most_widths(self) -> int:
        """Number of widths that may be tested, for the union bound of the bracket."""
        return self.widths

    def next(
        self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the number of further trials by width, or an empty dict when the search is over.

        An error counts as a trial that did not fit. Otherwise the search would ask for more and more trials at a width
        where all fail.

        Args:
            rounds: The outcomes of each round by width.
            start: Width to begin with, such as n/d. It is rounded to an admissible width.
            step: Distance of admissible widths, which are its multiples.
            sizes: Number of sizes, which this search does not use.
            floor: Width that k½ exceeds by a theorem, which it does not use either.

        Raises:
            ValueError: If no multiple of ``step`` is as small as ``max_width``.

        >>> from harness.statistics.rounds import Tally
        >>> Galloping().next([], start=10), Galloping().next([{10: Tally(0, 0, 5)}], start=10)
        ({10: 5}, {20: 5})
        """
        if self.max_width < step:
            raise ValueError(f"search.max_width = {self.max_width}, but widths must be multiples of {step}: raise it")
        tried: dict[int, tuple[int, int]] = {}
        for tallies in rounds:
            for k, found in tallies.items():
                m, trials = tried.get(k, (0, 0))
                tried[k] = m + found.sure, trials + found.trials + found.errors
        tried = {k: tried[k] for k in sorted(tried) if tried[k][1]}
        left = self.trials - sum(trials for _, trials in tried.values())
        if left <= 0:
            return {}
        probe = self._probe(tried, start, step)
        return {probe: min(PROBE, left)} if probe is not None else self._certify(tried, left, step)

    def inadmissible(self, step: int) -> tuple[str, Any] | None:
        """Return ``max_width`` and its value if no multiple of ``step`` is as small."""
        return ("max_width", self.max_width) if self.max_width < step else None

    def may_try(self, regime: Regime, n: int, d: int, k: int) -> bool:
        """Say whether a width is at most ``max_width``, at any size."""
        return k <= self.max_width

    def _snap(self, width: float, step: int) -> int:
        """Return the admissible width nearest to ``width``."""
        return step * min(max(round(width / step), 1), self.max_width // step)

    def _probe(self, tried: Counts, start: float, step: int) -> int | None:
        """Return a new width that narrows the crossing of ½, or None if there is none left to try."""
        if not tried:
            return self._snap(start, step)
        if len(tried) >= self.widths:
            return None
        fitted = isotonic(tried)
        below = max((k for k, p in fitted.items() if p < 0.5), default=None)
        above = min((k for k, p in fitted.items() if p >= 0.5), default=None)
        if below is None or above is None:
            # After three doublings the start was far off. Quadrupling keeps a long gallop from using up the widths.
            factor = 2 if len(tried) <= 3 else 4
            width = self._snap(min(tried) / factor if below is None else max(tried) * factor, step)
        elif above - below > step and above > self.precision * below:
            width = self._snap(math.sqrt(below * above), step)
        else:
            return None
        return None if width in tried else width

    def _certify(self, tried: Counts, left: int, step: int) -> dict[int, int]:
        """Return trials at the pair of widths that is to become the bracket."""
        lower, upper = self._candidates(tried, step)
        secured = any(c.cost == 0 and c.tried for c in lower) and any(c.cost == 0 and c.tried for c in upper)
        purse = left if secured else left / 2  # enough is kept for a wider bracket until there is one
        largest = self._snap(self.max_width, step)
        pairs = [(a, b) for a in lower for b in upper if a.cost + b.cost <= left]
        bounded = [(a, b) for a, b in pairs if (a.width or b.width == step) and (b.width or a.width == largest)]
        pairs = [(a, b) for a, b in bounded if a.cost + b.cost <= purse] or bounded or pairs

        def order(pair: tuple[_Candidate, _Candidate]) -> tuple[float, float, float]:
            low, high = pair
            ratio, cost = high.place / low.place, low.cost + high.cost
            fine = ratio <= self.precision or high.place - low.place <= step
            return (0.0, cost, ratio) if fine else (1.0, ratio, cost)

        asked: dict[int, int] = {}
        unused = self.widths - len(tried)
        best = min(pairs, key=order)
        for c in sorted(best, key=lambda c: c.cost):
            if c.cost == 0 or (not c.tried and unused == 0):
                continue
            unused -= not c.tried
            asked[c.width] = min(c.block, left - sum(asked.values()))
        return {k: more for k, more in sorted(asked.items()) if more > 0}

    def _candidates(self, tried: Counts, step: int) -> tuple[list[_Candidate], list[_Candidate]]:
        """Return the widths that may become the lower and the upper end of the bracket, with their cost.

        The ends of the admissible widths cost nothing, because nothing is claimed beyond them.
        """
        needed = log_evidence_threshold(self.widths, PLANNED_LEVEL)
        largest = self._snap(self.max_width, step)
        lower = [_Candidate(0, step / 2, 0.0, 0, False)]
        upper = [_Candidate(0, largest + step / 2, 0.0, 0, False)]
        for width, p in self._chances(tried, step):
            m, trials = tried.get(width, (0, 0))
            cost = _cost(m, trials, p, needed, self.trials)
            if math.isinf(cost):
                continue
            block = _block(m, trials, p >= 0.5, needed, cost) if trials else PROBE
            (upper if p >= 0.5 else lower).append(_Candidate(width, width, cost, block, trials > 0))
        return lower, upper

    def _chances(self, tried: Counts, step: int) -> Iterator[tuple[int, float]]:
        """Yield tried and some untried widths with a cautious guess of P(fit)."""
        fitted = isotonic(tried)
        guess = {k: (p * tried[k][1] + 0.5) / (tried[k][1] + 1.0) for k, p in fitted.items()}
        yield from guess.items()
        if len(tried) >= self.widths:
            return
        for a, b in pairwise(guess):
            middle = self._snap(math.sqrt(a * b), step)
            if a < middle < b:
                yield middle, (guess[a] + guess[b]) / 2
        for edge, factors in ((min(guess), (0.7, 0.5, 0.25)), (max(guess), (1.4, 2.0, 4.0))):
            for factor in factors:
                width = self._snap(edge * factor, step)
                odds = guess[edge] / (1 - guess[edge]) * (width / edge) ** ODDS_GROWTH
                if width not in guess:
                    yield width, odds / (1 + odds)


class _Candidate(NamedTuple):
    """A width that may become an end of the bracket.

    Attributes:
        width: The width.
        place: Width by which ratios are computed.
        cost: Expected number of further trials until it is certified.
        block: Number of trials to ask for next.
        tried: Whether there are trials at it.
    """

    width: int
    place: float
    cost: float
    block: int
    tried: bool


def _cost(m: int, trials: int, p: float, needed: float, most: int) -> float:
    """Return the expected number of further trials that certify a width at which a share p fits, or ∞ over ``most``."""
    if trials and certified(m, trials, needed) == (1 if p >= 0.5 else -1):
        return 0.0

    def enough(more: float) -> bool:
        share = (m + p * more) / (trials + more)
        return (share > 0.5) == (p >= 0.5) and log_e_value(m + p * more, trials + more) >= needed

    if not enough(most):
        return math.inf
    few, many = 0.0, float(most)
    while many - few > 0.5:
        middle = (few + many) / 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def _block(m: int, trials: int, above: bool, needed: float, cost: float) -> int:
    """Return the number of trials to ask for: as many as certify the width if all agree, or half of the expected."""
    agree = next((t for t in range(1, BLOCK) if log_e_value(m + t if above else m, trials + t) >= needed), BLOCK)
    return min(max(agree, math.ceil(cost / 2)), BLOCK)
