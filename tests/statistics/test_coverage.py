"""Simulated coverage of brackets by counts, whatever the curve, the design, and the sharing of problems by widths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom

from harness.statistics import rounds
from harness.statistics.brackets import LEVEL, bracket
from harness.statistics.galloping import Galloping
from harness.statistics.search import Grid
from harness.statistics.thresholds import Threshold, threshold
from tests.statistics.curves import logistic, plateau

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def dip(k: float) -> float:
    """Cross ½ at 15, lose up to 0.55 around 24, and rise again: not monotone."""
    return logistic(k, 15, 0.12) - 0.55 * math.exp(-((math.log(k / 24) / 0.12) ** 2))


CURVES: dict[str, Callable[[float], float]] = {
    "sharp": lambda k: logistic(k, 19.3, 0.03),
    "sharp, at a width": lambda k: logistic(k, 20, 0.03),
    "sharp, narrow": lambda k: logistic(k, 3.4, 0.03),
    "sharp, far": lambda k: logistic(k, 311, 0.03),
    "medium": lambda k: logistic(k, 20, 0.15),
    "broad": lambda k: logistic(k, 20, 0.6),
    "lapse": lambda k: 0.92 * logistic(k, 20, 0.15),
    "Gumbel": lambda k: math.exp(-((18 / k) ** (1 / 0.3))),
    "long tail": lambda k: 0.5 + math.atan(math.log(k / 20) / 0.2) / math.pi,
    "plateau": plateau,
    "dip": dip,
    "flat at a half": lambda _: 0.4999,  # every width tested may go wrong: what the union bound pays for
    "never": lambda k: 0.45 * logistic(k, 20, 0.15),
    "always": lambda _: 0.9,
}

SHARING = {"independent": 0.0, "half": 0.5, "comonotone": 1.0}
"""Correlation of the latent difficulty between the trials of one seed at different widths."""

DESIGNS: dict[str, Galloping | Grid] = {
    "grid of 20": Grid((1, 2, 3, 4, 6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 60, 80, 160, 320), trials=20),
    "grid of 60": Grid((3, 4, 8, 12, 14, 16, 18, 19, 20, 21, 22, 24, 26, 30, 48, 310, 311, 312), trials=60),
    "galloping": Galloping(),
    "galloping, tight": Galloping(trials=60, precision=2.0, widths=8, max_width=512),
}

MOST_TRIALS = 200


@cache
def k_half(name: str) -> float:
    """Return the smallest width with P ≥ ½."""
    return next((k for k in range(1, 4097) if CURVES[name](k) >= 0.5), math.inf)


@cache
def quantile(name: str, k: int) -> float:
    """Return the latent difficulty below which a trial fits."""
    return float(ndtri(CURVES[name](k)))


@cache
def request(search: Galloping | Grid, counts: tuple[tuple[int, tuple[int, int]], ...], start: int) -> dict[int, int]:
    """Remember what a search asks for: the first rounds are alike in most runs."""
    return search.next([{k: rounds.Tally(m, m, trials) for k, (m, trials) in counts}], start=start)


def simulate(
    name: str, correlation: float, search: Galloping | Grid, rng: np.random.Generator, start: int
) -> Threshold:
    """Run one search on trials whose seeds share a latent difficulty across widths."""
    shared = rng.standard_normal(MOST_TRIALS)
    fits: dict[int, NDArray[np.int64]] = {}
    counts: dict[int, tuple[int, int]] = {}
    while asked := request(search, tuple(sorted(counts.items())), start):
        for k, more in asked.items():
            if k not in fits:
                own = rng.standard_normal(MOST_TRIALS)
                latent = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
                fits[k] = np.cumsum(latent <= quantile(name, k))
            trials = counts.get(k, (0, 0))[1] + more
            counts[k] = (int(fits[k][trials - 1]), trials)
    return threshold(counts, most_widths=search.most_widths)


def holds(name: str, low: int | None, high: int | None) -> bool:
    """Say whether a bracket is true. Where P is not monotone it still says P(low) < ½ < P(high)."""
    if name == "dip":
        return (low is None or dip(low) < 0.5) and (high is None or dip(high) > 0.5)
    return (low is None or low < k_half(name)) and (high is None or k_half(name) <= high)


@dataclass
class Tally:
    """What many simulated searches on one curve came to."""

    runs: int = 0
    misses: int = 0
    trials: int = 0
    bounded: int = 0
    log_ratio: float = 0.0

    def add(self, result: Threshold, *, miss: bool) -> None:
        self.runs += 1
        self.misses += miss
        self.trials += result.trials
        if result.low and result.high:
            self.bounded += 1
            self.log_ratio += math.log(result.high / result.low)

    @property
    def too_many(self) -> bool:
        """Whether so many misses have a chance below 10⁻⁴ at the nominal level."""
        return bool(binom.sf(self.misses - 1, self.runs, LEVEL) < 1e-4)

    def __str__(self) -> str:
        width = f"{math.exp(self.log_ratio / self.bounded):6.2f}" if self.bounded else "     –"
        return (
            f"{1 - self.misses / self.runs:8.4f} {self.trials / self.runs:7.1f} {width} {self.bounded / self.runs:8.2f}"
        )


def tally(name: str, correlation: float, search: Galloping | Grid, runs: int) -> Tally:
    rng = np.random.Generator(np.random.Philox(runs))
    result = Tally()
    for run in range(runs):
        found = simulate(name, correlation, search, rng, start=(10, 3, 40)[run % 3])
        result.add(found, miss=not holds(name, found.low, found.high))
    return result


@pytest.mark.parametrize("design", DESIGNS)
def test_coverage(design: str) -> None:
    everything = Tally()
    for name in CURVES:
        for correlation in SHARING.values():
            some = tally(name, correlation, DESIGNS[design], runs=60)
            everything.runs += some.runs
            everything.misses += some.misses
            assert not some.too_many, (design, name, correlation, some.misses)
    assert not everything.too_many, (design, everything.misses)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("design", DESIGNS)
def test_coverage_in_full(design: str, sharing: str) -> None:
    print(f"\n{design}, {sharing}\n{'curve':18} coverage  trials  ratio  bounded")
    bad = []
    for name in CURVES:
        result = tally(name, SHARING[sharing], DESIGNS[design], runs=500)
        print(f"{name:18} {result}")
        if result.too_many:
            bad.append(name)
    request.cache_clear()
    assert not bad


def test_the_simulation_would_notice_a_bracket_that_is_too_narrow() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    careless = Tally()
    for _ in range(100):
        found = simulate("flat at a half", 0.5, DESIGNS["galloping"], rng, start=10)
        low, high = bracket(found.counts, level=1e3)  # any majority is taken for certain
        careless.add(found, miss=not holds("flat at a half", low, high))
    assert careless.too_many


@pytest.mark.parametrize(
    ("name", "most", "ratio"), [("sharp", 75, 1.27), ("sharp, far", 95, 1.27), ("medium", 160, 1.8)]
)
def test_effort(name: str, most: float, ratio: float) -> None:
    result = tally(name, 0.5, Galloping(), runs=40)
    assert result.trials / result.runs < most
    assert result.bounded == result.runs
    assert math.exp(result.log_ratio / result.runs) < ratio
