"""The smallest width at which a test on one initialization succeeds, found in a few evaluations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PRECISION = 1.1
"""A width that succeeds is reported when one fails within this factor below it."""

EVALUATIONS = 24
"""Most evaluations; a test that is far from monotone in the width ends there."""

LEAP = 100.0
"""Largest factor between two widths in succession while all have failed or all have succeeded."""


def smallest_width(ratio: Callable[[int], float], power: float, first: int, most: int) -> int | None:
    """Return a width at which the test succeeds while it fails at most 10 % below.

    The test succeeds where ``ratio`` reaches 1. It grows like k^p in the end, later than that near the width at
    which a matrix of features has full rank. As the smallest singular value of such a matrix is close to
    a√k − b, so is ratio^{1/2p}, and a line through two points of it finds the width in a few evaluations.

    Args:
        ratio: Ratio of the measured to the required value at a width, or 0 if there is nothing to compare.
        power: p.
        first: First width to evaluate, 1 ≤ first ≤ most.
        most: Largest width to evaluate.

    Returns:
        The width, or None if the test fails at all widths tried, up to ``most``.

    >>> smallest_width(lambda k: (k / 1000) ** 1.5, power=1.5, first=8, most=10_000) in range(1000, 1101)
    True
    >>> smallest_width(lambda k: k / 1000, power=1, first=8, most=500) is None
    True
    """
    failed, held = 0, most + 1  # strictly between them lies what is not known
    points: dict[int, float] = {}
    k = first
    for _ in range(EVALUATIONS):
        value = ratio(k)
        if 0 < value < math.inf:
            points[k] = value ** (0.5 / power)
        failed, held = (failed, k) if value >= 1 else (k, held)
        if held <= failed + 1 or held <= min(PRECISION * failed, most):
            break
        k = _next(points, failed, held, most)
    return held if held <= most else None


def _next(points: dict[int, float], failed: int, held: int, most: int) -> int:
    """Choose the next width, strictly between the failed and the held one."""
    bracketed = failed > 0 and held <= most
    low = float(failed) if failed else held / LEAP
    high = float(held) if held <= most else LEAP * failed
    crossing = _crossing(points, [failed, held] if bracketed else sorted(points)[-2:] if failed else sorted(points)[:2])
    margin = 1.0 + 0.4 * (PRECISION - 1.0)
    if crossing is None:
        aim = math.sqrt(low * high) if bracketed else 2.0 * failed or held / 2.0
    elif held <= crossing * margin**2:  # what succeeds is next to the crossing: look for what fails
        aim = crossing / margin
    else:
        aim = crossing * margin
    if bracketed and not low * 1.01 < aim < high / 1.01:
        aim = math.sqrt(low * high)
    return min(max(round(min(max(aim, low), high)), failed + 1), held - 1)


def _crossing(points: dict[int, float], widths: Sequence[int]) -> float | None:
    """Return where the line in √k through the points at two widths meets 1."""
    if len(widths) < 2 or any(width not in points for width in widths):
        return None
    (one, y_one), (two, y_two) = ((math.sqrt(width), points[width]) for width in widths)
    slope = (y_one - y_two) / (one - two)
    root = one + (1.0 - y_one) / slope if slope > 0 else 0.0
    return root**2 if root > 0 else None
