"""The brackets and trials to expect of an adaptive search, by a few simulated searches."""

from __future__ import annotations

import math
from collections import defaultdict
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
    from collections.abc import Sequence

    from harness.statistics.adaptive import Adaptive

RISES = {"sharp": 30.0, "medium": 8.0, "slow": 3.0}
"""Exponents s of the odds (k/c)^s of the simulated curves, by how fast they rise."""

USUAL = (8.0, 30.0, 100.0)
"""Exponents of the curves from which trials and widths are taken, as those of nets with 50 samples and more rise."""

CENTERS = (0.8, 1.25, 2.0)
"""Centres c of the simulated curves, in starting widths."""

LAPSE = 0.03
"""Share of trials that fail at every width of the simulated curves."""

ABOVE_FLOOR = (1.0, 1.2, 1.5)
"""Centres of the simulated curves where a theorem bounds k½ from below, in the first widths above the bound."""

MOST_TRIALS = 300
"""Largest number of trials of a simulated search, so that the simulation takes little time."""

SOON = (0.3, 0.5, 0.7)
"""Centres of the simulated curves where most trials fit from the first width on, in widths above the last before it."""

NEAR = (0.8, 1.0, 1.25)
"""Centres of the simulated curves where the width from which trials fit is known, in that width."""

PER_OCTAVE = 2
"""Number of groups of the widths of an octave, so that few widths are timed."""


@dataclass(frozen=True)
class Visited:
    """A group of similar widths that simulated searches try.

    Attributes:
        width: Mean width, in starting widths.
        share: Share of all trials that have these widths.
        fits: Share of these trials that fit.
        together: Mean number of trials that a round asks for at one of these widths.
    """

    width: float
    share: float
    fits: float
    together: float


@dataclass(frozen=True)
class Expectation:
    """The brackets and trials to expect of a search.

    Attributes:
        ratios: Median of high/low by how fast P(fit) rises, or infinity where an end is likely to stay open. Slow
            curves are left out where the width from which trials fit is known.
        trials: Mean number of trials where P(fit) rises as it usually does.
        visited: The widths of these trials, in groups.
    """

    ratios: dict[str, float]
    trials: int
    visited: tuple[Visited, ...]


@dataclass(frozen=True)
class Curve:
    """P(fit | k) of a simulated search.

    Attributes:
        center: Centre c, in steps of the admissible widths.
        slope: Exponent s of the odds (k/c)^s. If it is infinite, every trial fits from width c on, and none before.
        open: Whether the trials that would fit stay open.
    """

    center: float
    slope: float
    open: bool = False

    def chance(self, k: int) -> float:
        """Return P(fit | k)."""
        if math.isinf(self.slope):
            return float(k >= self.center)
        return (1 - LAPSE) / (1 + math.exp(min(self.slope * math.log(self.center / k), 99.0)))


@lru_cache(maxsize=32)
def expectation(
    search: Adaptive, start: float, sizes: int, floor: int = 0, *, reach: float = 0.0, outlook: str = ""
) -> Expectation:
    """Simulate searches on sharp, medium and slowly rising curves near the starting width.

    The outcomes are drawn from a fixed stream, so that equal searches have equal expectations.

    Args:
        search: The search.
        start: Starting width, in steps of the admissible widths.
        sizes: Number of sizes (n, d) that the suite searches for a regime.
        floor: Width that k½ exceeds by a theorem, in steps of the admissible widths, or 0.
        reach: Width from which trials fit, likewise, or 0 if it is not known. None fits if it is not tried.
        outlook: ``at once`` if every trial fits from the first width above the floor on, or from the starting width on
            without a floor, as those of linear models do. ``soon`` if most trials do. ``open`` if it is not known
            whether they fit.

    >>> from harness.statistics.adaptive import Adaptive
    >>> found = expectation(Adaptive(), 10.0, 1)
    >>> found.ratios["sharp"] < found.ratios["medium"] < found.ratios["slow"], found.trials <= 80
    (True, True)
    >>> expectation(Adaptive(), 10.0, 1, floor=9).trials < found.trials
    True
    >>> expectation(Adaptive(), 10.0, 1, floor=9, outlook="at once").trials
    20
    >>> expectation(Adaptive(), 10.0, 1, reach=1e9).trials
    38
    """
    if not reach:  # the curves cross ½ at widths that may be tried
        start = min(start, max(search.max_width / 4, 1.0))
    usual: tuple[float, ...] = USUAL
    if outlook in ("at once", "open"):
        centers, rises, usual = [floor + 1.0 if floor else start], dict.fromkeys(RISES, math.inf), (math.inf,)
    else:
        near = [(floor + 1) * center for center in ABOVE_FLOOR] if floor else [start * center for center in CENTERS]
        if outlook == "soon":
            near = [max(floor or start - 1.0, 0.0) + part for part in SOON]
        centers = [reach * center for center in NEAR] if reach else near
        # Slow curves take most time. They are of no use where it is known that trials fit soon or late.
        rises = {name: slope for name, slope in RISES.items() if slope in USUAL} if reach or outlook else RISES
    rng = np.random.Generator(np.random.Philox(0))
    found: dict[float, list[float]] = {}
    asked: list[tuple[int, int, int]] = []
    for slope in sorted({*rises.values(), *usual}):
        found[slope] = []
        for center in centers:
            evidence = Evidence(start, search.max_width, floor=floor)
            ratio, blocks = _simulated(search, evidence, sizes, Curve(center, slope, outlook == "open"), rng)
            found[slope].append(ratio)
            asked += blocks if slope in usual else []
    ratios = {name: median(found[slope]) for name, slope in rises.items()}
    trials = sum(more for _, more, _ in asked)
    return Expectation(ratios, round(trials / (len(usual) * len(centers))), _grouped(asked, start))


def _simulated(
    search: Adaptive, evidence: Evidence, sizes: int, curve: Curve, rng: np.random.Generator
) -> tuple[float, list[tuple[int, int, int]]]:
    """Return high/low of one simulated search, and width, trials and fits of what each round asked for."""
    blocks: list[tuple[int, int, int]] = []
    while asked := BettingSearch(
        evidence, min(search.trials, MOST_TRIALS), search.precision, search.level(sizes)
    ).ask():
        told = {}
        for k, more in asked.items():
            fits = int(rng.binomial(more, 0.0 if k <= evidence.floor else curve.chance(k)))
            sure = 0 if curve.open else fits
            told[k] = Tally(sure, fits, more)
            blocks.append((k, more, sure))
        evidence.tell(told)
    low, high = evidence.bracket(LEVEL)
    return (math.inf if low is None or high is None else high / low), blocks


def _grouped(blocks: Sequence[tuple[int, int, int]], start: float) -> tuple[Visited, ...]:
    """Return width, trials and fits of blocks by groups of similar widths."""
    groups: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for k, more, fits in blocks:
        groups[round(PER_OCTAVE * math.log2(k / start))].append((k, more, fits))
    total = sum(more for _, more, _ in blocks)
    found = []
    for _, group in sorted(groups.items()):
        trials = sum(more for _, more, _ in group)
        mean = sum(k * more for k, more, _ in group) / trials
        fits = sum(fits for _, _, fits in group)
        found.append(Visited(mean / start, trials / total, fits / trials, trials / len(group)))
    return tuple(found)
