"""Suites of brackets around a known formula, each of which misses k½ with a chance of exactly 5 %/m."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from harness.statistics.brackets import LEVEL
from harness.statistics.size_bracket import SizeBracket

SIZES = tuple(itertools.product((50, 100, 200, 400), (10, 20, 40)))
"""The sizes of suites/review.toml."""

SHAPES = {"narrow": 1.1, "medium": 1.44, "wide": 2.25}
"""Typical high/low of a bracket: at a sharp transition, a medium one, and the long tail of the ReLU."""


def suites(
    number: int, formula: Callable[[int, int], float], ratio: float, *, level: float = LEVEL / len(SIZES), seed: int = 0
) -> Iterator[list[SizeBracket]]:
    """Yield so many suites with a bracket around ⌈formula(n, d)⌉ at every size.

    The place of k½ in its bracket is uniform in the logarithm. A bracket that misses lies next to k½, on either side
    with equal chance.

    Args:
        number: Number of suites.
        formula: k½ before it is rounded up.
        ratio: Typical high/low. Each bracket draws its own, between its root and its square.
        level: Chance that a bracket misses.
        seed: Seed of all draws.
    """
    rng = np.random.default_rng(seed)
    for _ in range(number):
        found = []
        for n, d in SIZES:
            width = math.ceil(formula(n, d) - 1e-9)
            length = ratio ** rng.uniform(0.5, 2.0)
            place = rng.random()
            low = min(math.floor(width * length**-place), width - 1)
            high = max(math.ceil(width * length ** (1 - place)), width)
            if rng.random() < level:
                if rng.random() < 0.5 and width > 1:
                    low, high = min(low, width - 2), width - 1
                else:
                    low, high = width, max(high, width + 1)
            found.append(SizeBracket(n, d, low, high))
        yield found
