"""Paired differences over seeds: their mean with an interval, a sign-flip test, and a correction for many pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.bounded_mean import bounded_mean
from harness.statistics.brackets import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

EXACT_PAIRS = 14
"""Largest number of differences of which all sign patterns are tried."""

ROUNDING = 1e-12
"""Share of the largest difference below which a mean is rounding, as differences of shares are inexact."""

FLIPS = 20_000
"""Number of sign patterns that are drawn for more differences."""


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        mean: Mean.
        low: Lower end of the interval, or −∞ with fewer than two differences.
        high: Upper end of the interval, or ∞ with fewer than two differences.
        pairs: Number of differences.
        p_value: p-value of the two-sided sign-flip test that each difference is as likely as its negative.
    """

    mean: float
    low: float
    high: float
    pairs: int
    p_value: float


def difference(
    values: Sequence[float], *, level: float = LEVEL, within: tuple[float, float] | None = None
) -> Difference:
    """Return the mean of paired differences with Student's interval, and a sign-flip test.

    The interval mean ± t s/√m is exact for normal differences. Shares of fits are far from normal; where the least and
    the largest possible difference are given, the interval is that of
    :func:`harness.statistics.bounded_mean.bounded_mean`. The test asks how often a random sign for each
    difference gives a mean at least as large (Fisher 1935). It tries all 2^m patterns up to m = 14, and 20 000
    drawn ones and the observed one beyond.

    Args:
        values: One difference a seed.
        level: Chance that the interval misses.
        within: The least and the largest value that a difference can have, or None.

    Raises:
        ValueError: If there are no differences.

    >>> found = difference([0.02, 0.01, 0.03, 0.02, 0.02])
    >>> round(found.mean, 3), round(found.low, 4), round(found.high, 4), found.p_value
    (0.02, 0.0112, 0.0288, 0.0625)
    >>> difference([0.3 - 0.1, 0.2 - 0.4]).mean  # their sum is −3e−17
    0.0
    """
    if not len(values):
        raise ValueError("there are no differences")
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    if abs(mean) <= ROUNDING * float(np.abs(data).max()):
        mean = 0.0
    if within is not None:
        return Difference(mean, *bounded_mean(values, *within, level=level), len(data), _sign_flip(data))
    spread = math.inf
    if len(data) > 1:
        from scipy.special import stdtrit  # takes longer to import than all of the harness without it

        spread = float(stdtrit(len(data) - 1, 1 - level / 2)) * float(data.std(ddof=1)) / math.sqrt(len(data))
    return Difference(mean, mean - spread, mean + spread, len(data), _sign_flip(data))


def _sign_flip(data: np.ndarray) -> float:
    observed = abs(data.sum()) * (1 - 1e-12)
    if len(data) <= EXACT_PAIRS:
        patterns = 1 - 2 * ((np.arange(2 ** len(data))[:, None] >> np.arange(len(data))) & 1)
        return float((abs(patterns @ data) >= observed).mean())
    signs = np.random.Generator(np.random.Philox(key=len(data))).choice((-1.0, 1.0), size=(FLIPS, len(data)))
    return float(((abs(signs @ data) >= observed).sum() + 1) / (FLIPS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm (1979): the smallest of m times m, the next times m − 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def noise_floor(first: float, second: float, samples: int) -> float:
    """Return the largest standard error of a difference of two error rates that finite held-out samples can cause.

    Of m samples of one set, at most a share min(a + b, 2 − a − b) is classified wrongly by exactly one of two networks
    with errors a and b, so the variance of the difference is at most (min(a + b, 2 − a − b) − (a − b)²)/m.

    Args:
        first: Error of the first.
        second: Error of the second.
        samples: Number of different held-out samples, over all seeds.

    >>> round(noise_floor(0.1, 0.1, 2000), 4)
    0.01
    """
    apart = min(first + second, 2 - first - second)
    return math.sqrt(max(apart - (first - second) ** 2, 0.0) / samples)
