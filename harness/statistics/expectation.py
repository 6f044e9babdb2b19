"""The trials and brackets to expect of an adaptive search, by a few simulated searches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.betting_search import BettingSearch
from harness.statistics.brackets import LEVEL
from harness.statistics.evidence import Evidence
from harness.statistics.rounds import Tally
from harness.statistics.working_model import Belief, WorkingModel, log_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.statistics.adaptive import Adaptive

RISES = {"sharp": 30.0, "medium": 8.0, "slow": 3.0}
"""Exponents s of the odds (k/c)^s of the curves that brackets are expected for, by how fast they rise."""

LAPSE = 0.03
"""Share of trials that fail at every width of these curves."""

LEAST_SLOPE, MOST_LAPSE = 6.0, 0.1
"""Least exponent of the curves that trials are expected for, and largest share of trials that fail at every width. The
working model has others too, so that a search finds its bracket there as well, but nets with 50 samples rise faster."""

UNDECIDED = 0.5
"""Chance that no trial is decided at any width, before any is tried. It counts only where no pilot is decided."""

CURVES = 3
"""Number of curves, at equal steps of the belief after the pilots, that searches are simulated on."""

MOST_TRIALS = 300
"""Largest number of trials of a simulated search, so that the simulation takes little time."""

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
    """The trials to expect of a search.

    Attributes:
        trials: Their mean number.
        visited: Their widths, in groups.
    """

    trials: int
    visited: tuple[Visited, ...]


@dataclass(frozen=True)
class Tried:
    """Trials of one width that were trained for an estimate.

    Attributes:
        width: The width, in starting widths.
        sure: Number of them that are known to fit.
        possible: Number of them that fit or may fit.
        trials: Their number.
    """

    width: float
    sure: int
    possible: int
    trials: int


Chance = Callable[[int], float]
"""P(fit | k) of a simulated search, by the width in steps of the admissible widths."""


@lru_cache(maxsize=64)
def expectation(
    search: Adaptive,
    start: float,
    sizes: int,
    floor: int = 0,
    tried: tuple[Tried, ...] = (),
    at_once: bool = False,
) -> Expectation:
    """Simulate searches on the curves P(fit | k) that some trials make likely.

    The curves are those of the search's own working model, and one by which every trial is open at every width. The
    outcomes are drawn from a fixed stream, so that equal searches have equal expectations.

    Args:
        search: The search.
        start: Starting width, in steps of the admissible widths.
        sizes: Number of sizes (n, d) that the suite searches for a regime.
        floor: Width that k½ exceeds by a theorem, in steps of the admissible widths, or 0.
        tried: The trials. Without any, the curves are those that the search begins with.
        at_once: Whether every trial fits from the first width above the floor on, whatever was tried.

    >>> from harness.statistics.adaptive import Adaptive
    >>> few, many = ((Tried(1.0, 0, 0, 4), Tried(1.2, fits, fits, 8), Tried(2.0, 8, 8, 8)) for fits in (8, 4))
    >>> expectation(Adaptive(), 10.0, 1, tried=few).trials < expectation(Adaptive(), 10.0, 1, tried=many).trials
    True
    """
    rng = np.random.Generator(np.random.Philox(0))
    if at_once:
        sure = _simulated(search, Evidence(start, search.max_width, floor=floor), sizes, lambda _: 1.0, rng)
        return Expectation(sum(more for _, more, _ in sure), _grouped(sure, start))
    belief = Belief(Evidence(start, search.max_width).sure.model)
    never = round(CURVES * _undecided(belief, start, tried))
    for one in tried:
        belief.learn(max(one.width * start, 1.0), one.sure, one.trials - one.sure)
    unfit = sum(one.trials - one.sure for one in tried)
    undecided = sum(one.possible - one.sure for one in tried) / unfit if unfit else 0.0
    model = belief.model
    weight = belief.weight * (model.slope >= LEAST_SLOPE) * (model.lapse <= MOST_LAPSE)
    weight = weight * (model.crossing > floor) if (model.crossing > floor).any() else weight
    rank = np.cumsum(weight)
    curves = np.searchsorted(rank, rank[-1] * (np.arange(CURVES - never) + 0.5) / max(CURVES - never, 1))
    chances: list[Chance] = [partial(_chance, model, int(curve)) for curve in curves] + [lambda _: 0.0] * never
    asked: list[Asked] = []
    for chance in chances:
        evidence = Evidence(start, search.max_width, floor=floor)
        asked += _simulated(search, evidence, sizes, chance, rng, undecided)
    return Expectation(round(sum(more for _, more, _ in asked) / CURVES), _grouped(asked, start))


def _undecided(belief: Belief, start: float, tried: tuple[Tried, ...]) -> float:
    """Return the chance that no trial is decided at any width, which is 0 after a trial that is."""
    if not tried or any(one.sure or one.possible < one.trials for one in tried):
        return 0.0
    failures = sum(one.trials * np.log1p(-belief.model.chance(max(one.width * start, 1.0))) for one in tried)
    return UNDECIDED / (UNDECIDED + (1 - UNDECIDED) * math.exp(log_sum(belief.log_weight + failures)))


def _chance(model: WorkingModel, curve: int, k: int) -> float:
    return float(model.chance(k)[curve])


@lru_cache(maxsize=64)
def ratios(search: Adaptive, start: float, sizes: int, floor: int = 0) -> dict[str, float]:
    """Return high/low to expect of a search whose threshold is near the start, by how fast P(fit) rises.

    It is infinity where an end is likely to stay open.

    Args:
        search: The search.
        start: Starting width, in steps of the admissible widths.
        sizes: Number of sizes (n, d) that the suite searches for a regime.
        floor: Width that k½ exceeds by a theorem, in steps of the admissible widths, or 0.

    >>> from harness.statistics.adaptive import Adaptive
    >>> found = ratios(Adaptive(), 10.0, 1)
    >>> found["sharp"] < found["medium"] < found["slow"]
    True
    """
    start = min(start, max(search.max_width / 4, 1.0))
    center = 1.25 * max(start, floor)
    rng = np.random.Generator(np.random.Philox(0))
    found = {}
    for name, slope in RISES.items():
        evidence = Evidence(start, search.max_width, floor=floor)

        def chance(k: int, slope: float = slope) -> float:
            return float((1 - LAPSE) / (1 + (center / k) ** slope))

        _simulated(search, evidence, sizes, chance, rng)
        low, high = evidence.bracket(LEVEL)
        found[name] = math.inf if low is None or high is None else high / low
    return found


Asked = tuple[int, int, int]
"""Width, trials and fits of a round."""


def _simulated(
    search: Adaptive, evidence: Evidence, sizes: int, chance: Chance, rng: np.random.Generator, undecided: float = 0.0
) -> list[Asked]:
    """Return what the rounds of a simulated search ask for, of whose unfit trials a share is undecided."""
    blocks: list[Asked] = []
    most = min(search.trials, MOST_TRIALS)
    while asked := BettingSearch(evidence, most, search.precision, search.level(sizes)).ask():
        told = {}
        for k, more in asked.items():
            fits = int(rng.binomial(more, 0.0 if k <= evidence.floor else chance(k)))
            told[k] = Tally(fits, fits + int(rng.binomial(more - fits, undecided)), more)
            blocks.append((k, more, fits))
        evidence.tell(told)
    return blocks


def _grouped(blocks: Sequence[Asked], start: float) -> tuple[Visited, ...]:
    """Return width, trials and fits of blocks by groups of similar widths."""
    groups: dict[int, list[Asked]] = defaultdict(list)
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
