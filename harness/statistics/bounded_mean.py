"""An interval for the mean of values that lie between two numbers, which holds at any number of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.brackets import LEVEL

if TYPE_CHECKING:
    from collections.abc import Sequence

BETS = (np.arange(256) + 0.5) / 256
"""Shares of the capital that are bet, in equal parts."""

HALVINGS = 60
"""Steps of the bisections; the ends are then exact to the last digits that are shown."""


def bounded_mean(values: Sequence[float], least: float, most: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Return an interval that contains the mean of independent values with a chance of at least 1 − level.

    Who holds that the mean of values in [0, 1] is at most m offers a fair bet: of a share u of the capital, x/m is
    paid back. The capital after all values, averaged over u, is Mᵐ = ∫ Π(1 − u + u x_i/m) du. Its mean is at most 1,
    so by Markov's inequality it reaches 2/level with a chance of at most level/2. It decreases in m, so the lower end
    is where it has just that height. The upper end is that of 1 − x (Waudby-Smith & Ramdas 2024 bet one by one).
    Student's interval has no width where all values are equal, as the fits of a few nets often are.

    Args:
        values: The values, one a seed.
        least: A number that no value can be below.
        most: A number that no value can be above.
        level: Chance that the interval misses.

    >>> [round(end, 3) for end in bounded_mean([1.0] * 40, 0.0, 1.0)]
    [0.875, 1.0]
    """
    scaled = (np.asarray(values, dtype=np.float64) - least) / (most - least)
    low, high = _low(scaled, level / 2), 1.0 - _low(1.0 - scaled, level / 2)
    return least + low * (most - least), least + high * (most - least)


def _low(values: np.ndarray, level: float) -> float:
    below, above = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        logs = np.log1p(BETS[:, None] * (values / middle - 1.0)).sum(axis=1)
        capital = math.log(np.exp(logs - logs.max()).mean()) + float(logs.max())
        below, above = (middle, above) if capital >= -math.log(level) else (below, middle)
    return below
