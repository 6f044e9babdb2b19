"""Curves P(fit | k) and simulated searches on them, with trials that are independent at all widths."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.statistics.adaptive import Adaptive
from harness.statistics.betting_search import BettingSearch
from harness.statistics.evidence import Evidence
from harness.statistics.galloping import Galloping
from harness.statistics.rounds import Tally
from harness.statistics.thresholds import threshold

LARGEST = 128
START = 10
FIT, UNFIT = 0.3, 1.0
"""Work of a trial at width 1 in budgets."""

Curve = Callable[[float], float]


def logistic(k: float, center: float, spread: float) -> float:
    """Return the logistic curve in log k."""
    return 1 / (1 + math.pow(center / k, 1 / spread))


def plateau(k: float) -> float:
    """Rise from 0.4 to 0.6 between k = 12 and 48, steeply outside."""
    octaves = math.log2(k / 24)
    if abs(octaves) <= 1:
        return 0.5 + 0.1 * octaves
    edge = 1.5**0.1
    return logistic(k, 48 / edge, 0.1) if octaves > 0 else logistic(k, 12 * edge, 0.1)


CURVES: dict[str, Curve] = {
    "medium": lambda k: logistic(k, 12, 0.1),
    "lapse": lambda k: 0.92 * logistic(k, 12, 0.1),
    "broad": lambda k: logistic(k, 12, 0.3),
    "ReLU tail": lambda k: 0.5 + math.atan(math.log(k / 12) / 0.2) / math.pi,
    "Gumbel": lambda k: math.exp(-((11 / k) ** (1 / 0.3))),
    "plateau": plateau,
    "sharp": lambda k: logistic(k, 19.3, 0.03),
    "step": lambda k: float(k >= 13),
    "step far away": lambda k: float(k >= 90),
    "half everywhere": lambda _: 0.5,
    "half from 20": lambda k: 0.4999 if k < 20 else 0.5,
    "never": lambda _: 0.4999,
}
"""The last three are the worst: no trial tells a hypothesis from the next, and every bet is fair."""


def k_half(curve: Curve) -> int:
    """Return the smallest width with P ≥ ½, or one beyond the largest."""
    return next((k for k in range(1, LARGEST + 1) if curve(k) >= 0.5), LARGEST + 1)


@dataclass(frozen=True)
class Simulated:
    """The end of a simulated search.

    Attributes:
        low: Lower end of the bracket, or 0.
        high: Upper end of the bracket, or twice the largest width.
        trials: Number of trials.
        work: Work in budgets at width 1.
        holds: Whether the bracket holds k½.
    """

    low: int
    high: int
    trials: int
    work: float
    holds: bool

    @property
    def ratio(self) -> float:
        """Quotient high/low, with ½ in place of 0."""
        return self.high / max(self.low, 0.5)


History = tuple[tuple[tuple[int, Tally], ...], ...]

known: dict[tuple[Adaptive | Galloping, History], dict[int, int]] = {}
"""What searches ask for after some rounds: the first rounds are alike in most runs."""


def request(search: Adaptive | Galloping, rounds: History, evidence: Evidence | None) -> dict[int, int]:
    """Return what a search asks for, by the evidence of the rounds where it is known: to replay it takes longer."""
    if (search, rounds) not in known:
        if isinstance(search, Adaptive) and evidence is not None:
            asked = BettingSearch(evidence, search.trials, search.precision, search.level(1)).ask()
        else:
            asked = search.next([dict(tallies) for tallies in rounds], start=START)
        if len(known) < 20_000:
            known[search, rounds] = asked
        return asked
    return known[search, rounds]


def simulate(curve: Curve, search: Adaptive | Galloping, rng: np.random.Generator) -> Simulated:
    """Run one search."""
    rounds: History = ()
    evidence = search.evidence([], START, 1)
    counts: dict[int, tuple[int, int]] = {}
    work = 0.0
    while asked := request(search, rounds, evidence):
        told = {}
        for k, more in asked.items():
            fits = int(rng.binomial(more, curve(k)))
            told[k] = Tally(fits, fits, more)
            work += k * (FIT * fits + UNFIT * (more - fits))
            m, trials = counts.get(k, (0, 0))
            counts[k] = m + fits, trials + more
        if evidence is not None:
            evidence.tell(told)
        rounds += (tuple(told.items()),)
    end = threshold(counts, most_widths=search.most_widths, evidence=evidence)
    holds = (end.low or 0) < k_half(curve) <= (end.high or math.inf)
    return Simulated(end.low or 0, end.high or 2 * LARGEST, end.trials, work, holds)


@dataclass(frozen=True)
class Summary:
    """What many simulated searches came to.

    Attributes:
        misses: Number of brackets that miss k½.
        median: Median of high/low.
        mean: Geometric mean of high/low.
        trials: Mean number of trials.
        work: Mean work in budgets at width 1.
    """

    misses: int
    median: float
    mean: float
    trials: float
    work: float

    def __str__(self) -> str:
        return f"{self.misses:6d} {self.median:7.2f} {self.mean:7.2f} {self.trials:7.1f} {self.work:8.0f}"


def summary(curve: Curve, search: Adaptive | Galloping, runs: int) -> Summary:
    """Return what so many simulated searches came to."""
    rng = np.random.Generator(np.random.Philox(runs))
    found = [simulate(curve, search, rng) for _ in range(runs)]
    ratios = [one.ratio for one in found]
    return Summary(
        misses=sum(not one.holds for one in found),
        median=float(np.median(ratios)),
        mean=float(np.exp(np.mean(np.log(ratios)))),
        trials=float(np.mean([one.trials for one in found])),
        work=float(np.mean([one.work for one in found])),
    )
