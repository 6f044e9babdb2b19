"""The width at which a monotone fit of counts reaches ½, the point estimate of k½."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.statistics.brackets import Counts


def isotonic(counts: Counts) -> dict[int, float]:
    """Fit the fractions by a sequence that does not decrease with the width, weighted by trials.

    Pools adjacent violators (Ayer et al. 1955): the least-squares, and the maximum-likelihood, monotone fit.

    >>> isotonic({4: (1, 10), 8: (6, 10), 16: (4, 10), 32: (10, 10)})
    {4: 0.1, 8: 0.5, 16: 0.5, 32: 1.0}
    """
    blocks: list[tuple[int, int, list[int]]] = []
    for k in sorted(k for k, (_, trials) in counts.items() if trials):
        fits, trials, members = *counts[k], [k]
        while blocks and blocks[-1][0] * trials > fits * blocks[-1][1]:
            m, t, before = blocks.pop()
            fits, trials, members = m + fits, t + trials, before + members
        blocks.append((fits, trials, members))
    return {k: fits / trials for fits, trials, members in blocks for k in members}


def half_width(counts: Counts) -> float | None:
    """Return the width at which the monotone fit first reaches ½, or None if it lies on one side of ½.

    The fit is interpolated in log k.

    >>> half_width({8: (1, 4), 16: (3, 4)}) == 8 * 2**0.5
    True
    """
    for (k0, p0), (k1, p1) in pairwise(isotonic(counts).items()):
        if p0 < 0.5 <= p1:
            return float(k0 * (k1 / k0) ** ((0.5 - p0) / (p1 - p0)))
    return None


def point_in(counts: Counts, low: int, high: int, *, step: int = 1) -> int:
    """Return the admissible width in (low, high] that lies nearest to where the monotone fit reaches ½.

    :func:`half_width` lies between two widths, but k½ is a width. The fit is thus rounded up to the next admissible
    one, and clamped into the bracket: contradictory or few counts can put it outside.

    Args:
        counts: Fits and trials by width.
        low: Lower end of the bracket.
        high: Upper end of the bracket, an admissible width.
        step: Distance of admissible widths, which are its multiples.

    >>> point_in({5: (0, 20), 6: (20, 20)}, 5, 6), point_in({8: (0, 20), 16: (20, 20)}, 8, 16, step=2)
    (6, 12)
    """
    point = half_width(counts)
    if point is None:
        fitted = isotonic(counts)
        point = low if fitted and min(fitted.values()) >= 0.5 else high
    # The float of a point that lies at a width may exceed it.
    rounded = math.ceil(point / step - 1e-9) * step
    return min(max(rounded, next_width(low, step)), high)


def next_width(k: int, step: int) -> int:
    """Return the smallest multiple of a step above k."""
    return (k // step + 1) * step
