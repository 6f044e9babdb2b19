"""Exponents of the measured threshold, k½ = ⌈C n^a d^b⌉."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.statistics.exponent_region import ExponentRegion, Interval, exponent_region
from harness.statistics.least_squares import nearest_within
from harness.statistics.size_bracket import SizeBracket


@dataclass(frozen=True)
class ExponentFit:
    """The exponents of k½ = ⌈C n^a d^b⌉.

    Attributes:
        a: Exponent of n, or None if it is not estimated.
        a_interval: The smallest and largest exponent of n in the region, ∞ where it is free. None if n has one value,
            or no exponents are left.
        b: Exponent of d, or None if it is not estimated.
        b_interval: The same for d.
        sizes: The (n, d) with a bound, all of which were used.
        note: What was left out and the reason, or an empty string.
        region: All exponents that the brackets allow together.
    """

    a: float | None
    a_interval: Interval | None
    b: float | None
    b_interval: Interval | None
    sizes: tuple[tuple[int, int], ...]
    note: str
    region: ExponentRegion

    @property
    def informative(self) -> bool:
        """Whether the brackets say anything about an exponent."""
        ends = [end for interval in (self.a_interval, self.b_interval) for end in interval or ()]
        return self.region.refuted or any(map(math.isfinite, ends))


def fit_exponents(brackets: Sequence[SizeBracket]) -> ExponentFit:
    """Return the exponents of k½ = ⌈C n^a d^b⌉ from brackets and bounds at several sizes.

    The intervals are those of :func:`harness.statistics.exponent_region.exponent_region`, which needs no model of the
    noise. The point is least squares on the middles of the brackets, log k½ = log C + a log n + b log d weighted by
    1/log²(high/low), among the formulas that meet all brackets. There is one only if every bound is part of a closed
    bracket, because a regression on the rest would leave out what the bounds say. An exponent needs at least three
    values of its variable. If one of n and d takes two values only, it has no point of its own, but its effect is
    still removed from the exponent of the other.

    Args:
        brackets: Brackets of k½ at all sizes, each at α/m for m sizes if the region is to hold at 1 − α.

    >>> fit = fit_exponents([SizeBracket(n, 20, n // 20 - 1, n // 20) for n in (100, 200, 400)])
    >>> round(fit.a, 2), fit.b, fit.note
    (1.05, None, '')
    >>> fit.a_interval[0] < 1 <= fit.a_interval[1]
    True
    """
    ordered = sorted(brackets, key=lambda bracket: (bracket.n, bracket.d))
    region = exponent_region(ordered)
    bounded = [bracket for bracket in ordered if bracket.bounded]
    missing = [f"n = {bracket.n}, d = {bracket.d}" for bracket in ordered if not bracket.bounded]
    notes = [f"without {'; '.join(missing)}: no bound"] if missing else []
    (a, b), reason = _point(bounded, region)
    notes += [reason] if reason else []
    sizes = tuple((bracket.n, bracket.d) for bracket in bounded)
    return ExponentFit(a, region.a, b, region.b, sizes, "; ".join(notes), region)


def _point(brackets: Sequence[SizeBracket], region: ExponentRegion) -> tuple[tuple[float | None, float | None], str]:
    """Return a and b, each of them None if it is not estimated, and the reason if both are."""
    none = (None, None)
    if region.refuted:
        return none, ""
    if one_sided := [f"n = {bracket.n}, d = {bracket.d}" for bracket in brackets if not bracket.closed]:
        return none, f"no point: there is only a bound at {'; '.join(one_sided)}"
    values = [len({getattr(bracket, axis) for bracket in brackets}) for axis in ("n", "d")]
    if max(values) < 3:
        return none, f"no point: {len(brackets)} sizes have a bracket, and an exponent needs three values of n or d"
    used = [i for i in (0, 1) if values[i] > 1]
    design = np.array([[1.0, *(math.log((bracket.n, bracket.d)[i]) for i in used)] for bracket in brackets])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return none, "no point: n and d vary together, so their exponents cannot be told apart"
    ends = np.array([bracket.logs for bracket in brackets])
    found = nearest_within(design, ends)
    exponents = dict(zip(used, map(float, found[1:]), strict=True))
    return (exponents[0] if values[0] >= 3 else None, exponents[1] if values[1] >= 3 else None), ""
