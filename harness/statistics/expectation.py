"""The brackets and trials to expect of an adaptive search, by a few simulated searches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.betting_search import BettingSearch
from harness.statistics.brackets import LEVEL
from harness.statistics.evidence import Evidence
from harness.statistics.rounds import Tally

if TYPE_CHECKING:
    from harness.statistics.adaptive import Adaptive

RISES = {"sharp": 30.0, "medium": 8.0, "slow": 3.0}
"""Exponents s of the odds (k/c)^s of the simulated curves, by how fast they rise."""

CENTERS = (0.8, 1.25, 2.0)
"""Centres c of the simulated curves, in starting widths."""

LAPSE = 0.03
"""Share of trials that fail at every width of the simulated curves."""

MOST_TRIALS = 300
"""Largest number of trials of a simulated search, so that the simulation takes little time."""


@dataclass(frozen=True)
class Expectation:
    """The brackets and trials to expect of a search.

    Attributes:
        ratios: Median of high/low by how fast P(fit) rises, or infinity where an end is likely to stay open.
        trials: Mean number of trials.
    """

    ratios: dict[str, float]
    trials: int


@lru_cache(maxsize=32)
def expectation(search: Adaptive, start: float, sizes: int) -> Expectation:
    """Simulate searches on sharp, medium and slowly rising curves near the starting width.

    The outcomes are drawn from a fixed stream, so that equal searches have equal expectations.

    Args:
        search: The search.
        start: Starting width, in steps of the admissible widths.
        sizes: Number of sizes (n, d) that the suite searches for a regime.

    >>> from harness.statistics.adaptive import Adaptive
    >>> found = expectation(Adaptive(), 10.0, 1)
    >>> found.ratios["sharp"] < found.ratios["medium"] < found.ratios["slow"], found.trials <= 80
    (True, True)
    """
    start = min(start, max(search.max_width / 4, 1.0))  # so that the curves cross ½ at widths that may be tried
    rng = np.random.Generator(np.random.Philox(0))
    ratios, trials = {}, []
    for name, slope in RISES.items():
        found = [_simulated(search, start, sizes, center * start, slope, rng) for center in CENTERS]
        ratios[name] = median(ratio for ratio, _ in found)
        trials += [spent for _, spent in found]
    return Expectation(ratios, round(sum(trials) / len(trials)))


def _simulated(
    search: Adaptive, start: float, sizes: int, center: float, slope: float, rng: np.random.Generator
) -> tuple[float, int]:
    """Return high/low and the number of trials of one simulated search."""
    evidence = Evidence(start, search.max_width)
    while asked := BettingSearch(
        evidence, min(search.trials, MOST_TRIALS), search.precision, search.level(sizes)
    ).ask():
        told = {}
        for k, more in asked.items():
            chance = (1 - LAPSE) / (1 + math.pow(center / k, slope))
            fits = int(rng.binomial(more, chance))
            told[k] = Tally(fits, fits, more)
        evidence.tell(told)
    low, high = evidence.bracket(LEVEL)
    return (math.inf if low is None or high is None else high / low), evidence.trials
