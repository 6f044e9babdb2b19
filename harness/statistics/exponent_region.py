"""The exponents (a, b) for which some C puts ⌈C n^a d^b⌉ into every bracket."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.refutation import TIE, conflict, fewest_to_drop
from harness.statistics.size_bracket import SizeBracket

Interval = tuple[float, float]
Polygon = tuple[tuple[float, float], ...]

BOX = 30.0
"""Largest size of an exponent that is looked for. An end of an interval that reaches it is free, which is ±∞."""


@dataclass(frozen=True)
class ExponentRegion:
    """The exponents that the brackets of several sizes allow together.

    Attributes:
        a: Smallest and largest exponent of n, ∞ where it is free, or None if n has one value or no power formula is
            left.
        b: The same for d.
        polygon: Vertices (a, b) of the region, counter-clockwise and within ±``BOX``, or () if one of n and d has one
            value, or no power formula is left.
        conflict: At most four sizes whose brackets no power formula meets together, or () if one meets all.
        drop: A smallest set of sizes without which a power formula meets the rest, or () if none is needed or more
            than four are.
    """

    a: Interval | None
    b: Interval | None
    polygon: Polygon = ()
    conflict: tuple[SizeBracket, ...] = ()
    drop: tuple[SizeBracket, ...] = ()

    @property
    def refuted(self) -> bool:
        """Whether no power formula meets all brackets."""
        return bool(self.conflict)


def exponent_region(brackets: Sequence[SizeBracket]) -> ExponentRegion:
    """Return the exact region of (a, b) that the brackets allow.

    In logarithms a bracket says log low < c + a log n + b log d ≤ log high, with c = log C. These are half-spaces,
    and a bound is one of them: nothing is interpolated, weighted or left out. A c exists exactly if each lower end,
    less a log n + b log d, lies below each upper end (Fourier 1826, Motzkin 1936), so the region is the intersection
    of a half-plane for each pair of ends. If each bracket misses k½ with a chance of at most α/m at m sizes, the
    region misses (a, b) of a true formula with a chance of at most α.

    Args:
        brackets: Brackets of k½.

    >>> sizes = [SizeBracket(n, d, -(-n // d) - 1, -(-n // d)) for n in (50, 100, 200) for d in (10, 20, 40)]
    >>> region = exponent_region(sizes)
    >>> region.a[0] < 1 <= region.a[1], region.b[0] <= -1 < region.b[1]
    (True, True)
    >>> bad = exponent_region([SizeBracket(50, 10, 4, 5), SizeBracket(100, 10, 9, 10), SizeBracket(200, 10, 9, 10)])
    >>> bad.a, len(bad.conflict), len(bad.drop)
    (None, 3, 1)
    """
    bounded = [bracket for bracket in brackets if bracket.bounded]
    polygon = _clipped(bounded)
    # The linear programme costs more, and its library more to import than all of the harness without it.
    if not _meets_at_centre(polygon, bounded) and (refuting := conflict(bounded)):
        return ExponentRegion(None, None, conflict=refuting, drop=fewest_to_drop(bounded))
    directions = _clipped(bounded, directions=True)
    varies = [len({getattr(bracket, axis) for bracket in brackets}) > 1 for axis in ("n", "d")]
    ends = [_interval(polygon[:, i], directions[:, i]) if several else None for i, several in enumerate(varies)]
    vertices = tuple((float(a), float(b)) for a, b in _apart(polygon)) if all(varies) else ()
    return ExponentRegion(ends[0], ends[1], vertices)


def _meets_at_centre(polygon: NDArray[np.float64], brackets: Sequence[SizeBracket]) -> bool:
    """Return whether the exponents in the middle of a polygon meet all brackets by more than rounding, for some C.

    Args:
        polygon: Vertices of the region, or none if it is empty.
        brackets: The brackets.
    """
    if not len(polygon):
        return False
    a, b = polygon.mean(axis=0)
    slopes = [a * math.log(bracket.n) + b * math.log(bracket.d) for bracket in brackets]
    lower = max((one.logs[0] - slope for one, slope in zip(brackets, slopes, strict=True)), default=-math.inf)
    upper = min((one.logs[1] - slope for one, slope in zip(brackets, slopes, strict=True)), default=math.inf)
    return lower < upper - 2 * TIE


def _interval(values: NDArray[np.float64], directions: NDArray[np.float64]) -> Interval:
    """Return the ends of one exponent. An end is free if the region has a direction that leads there without end."""
    low, high = float(values.min()), float(values.max())
    free = directions.min() < -1e-6, directions.max() > 1e-6
    return (-math.inf if free[0] or low <= -BOX else low, math.inf if free[1] or high >= BOX else high)


def _clipped(brackets: Sequence[SizeBracket], *, directions: bool = False) -> NDArray[np.float64]:
    """Return the box [−BOX, BOX]² clipped by the half-plane of each pair of ends, (vertices, 2).

    Args:
        brackets: The brackets.
        directions: Whether to return the directions in which the region is unbounded instead: those half-planes moved
            to the origin.
    """
    polygon = np.array([[-BOX, -BOX], [BOX, -BOX], [BOX, BOX], [-BOX, BOX]])
    for lower in brackets:
        for upper in brackets:
            gap = lower.logs[0] - upper.logs[1]
            if lower != upper and math.isfinite(gap):
                normal = np.log([lower.n / upper.n, lower.d / upper.d])
                polygon = _cut(polygon, normal, 0.0 if directions else gap)
    return polygon


def _cut(polygon: NDArray[np.float64], normal: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Return the part of a convex polygon with normal · (a, b) ≥ gap (Sutherland & Hodgman 1974).

    The line is moved out by ``2 TIE``, so that a region of one point does not vanish by rounding.
    """
    height = polygon @ normal - gap + 2 * TIE
    if (height >= 0).all():
        return polygon
    found: list[NDArray[np.float64]] = []
    for i, (here, h) in enumerate(zip(polygon, height, strict=True)):
        there, g = polygon[(i + 1) % len(polygon)], height[(i + 1) % len(polygon)]
        if h >= 0:
            found.append(here)
        if min(h, g) < 0 < max(h, g):
            found.append(here + (there - here) * h / (h - g))
    return np.array(found).reshape(-1, 2)


def _apart(polygon: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the vertices without those that rounding alone keeps apart from the one before."""
    near = 100 * TIE
    return [one for i, one in enumerate(polygon) if np.abs(one - polygon[i - 1]).max() > near] or list(polygon[:1])
