"""The sizes at which trials of one kind are timed: near those that a suite has, and no others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engine.setting import Setting

Size = tuple[int, int, int]
"""(n, d, k)."""

MOST_TIMED = 4
"""Number of sizes of a suite that trials are timed for, from the smallest to the largest."""

PREPARED = 400
"""Most samples at which preparation is timed, which takes a large part of a second beyond."""

MOST_SAMPLES, MOST_PRODUCTS = 1600, 2_000_000
"""Most samples, and largest n d k, at which steps are timed. The time of larger ones is extrapolated."""

NEAR_N, NEAR = 1.5, 2.0
"""Quotients of n, and of d and k, up to which the times of one size hold for another."""


@dataclass(frozen=True)
class Timed:
    """The times of trials of one size.

    Attributes:
        size: The size.
        seconds: Seconds by what was timed. It is empty if no such trial can be trained.
    """

    size: Size
    seconds: dict[str, float]


def spread(sizes: Iterable[Size], most: int = MOST_TIMED) -> list[Size]:
    """Return a few of some sizes, from the smallest to the largest.

    Args:
        sizes: The sizes.
        most: Largest number of them, at least 2.

    >>> spread([(400, 4, 9), (20, 4, 9), (60, 4, 9)], 2)
    [(20, 4, 9), (400, 4, 9)]
    """
    ordered = sorted(set(sizes), key=lambda size: (math.prod(max(one, 1) for one in size), size))
    last = len(ordered) - 1
    return list(dict.fromkeys(ordered[round(i * last / (most - 1))] for i in range(most))) if ordered else []


def lacking(setting: Setting, sizes: Iterable[Size], timed: Sequence[Timed]) -> list[Size]:
    """Return the sizes at which trials of a suite are still to be timed, the smaller ones first.

    They are a few of its sizes, reduced to what can be timed in little time, and one with half of the samples: pilots
    are trained there, and it parts what grows with n from what does not.

    Args:
        setting: What is trained.
        sizes: All sizes that the suite trains at.
        timed: What was timed before.
    """
    asked: list[Size] = []
    few = spread(sizes)
    few = [*few[-1:], *few[:-1]]  # the ends are timed, and not sizes near them
    for n, d, k in few:
        asked += [_reduced(setting, (min(n, PREPARED), d, k)), _reduced(setting, (min(n, MOST_SAMPLES), d, k))]
    if few:
        n, d, k = few[0]
        asked.append(_reduced(setting, (max(min(n, PREPARED) // 2, 1), d, k)))
    found: list[Size] = []
    for size in asked:
        if not any(_near(size, other) for other in (*(one.size for one in timed), *found)):
            found.append(size)
    return sorted(found, key=math.prod)


def covered(setting: Setting, sizes: Iterable[Size], timed: Sequence[Timed]) -> bool:
    """Return whether no size is still to be timed.

    Args:
        setting: What is trained.
        sizes: All sizes that the suite trains at.
        timed: What was timed before.
    """
    return not lacking(setting, sizes, timed)


def _reduced(setting: Setting, size: Size) -> Size:
    """Return a size with fewer admissible neurons, and then fewer samples, if steps of it take long."""
    n, d, k = size
    step = setting.regime.initializer.width_step if k else 1
    k = max(min(k, MOST_PRODUCTS // (n * d)) // step * step, step) if k else 0
    return max(min(n, MOST_PRODUCTS // (d * max(k, 1))), 1), d, k


def _near(size: Size, other: Size) -> bool:
    """Return whether the times of one size hold for another."""
    quotients = [max(one, 1) / max(two, 1) for one, two in zip(size, other, strict=True)]
    return all(1 / near <= q <= near for q, near in zip(quotients, (NEAR_N, NEAR, NEAR), strict=True))
