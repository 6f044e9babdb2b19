"""Exponents of the measured threshold, k½ = ⌈C n^a d^b⌉, and mean ratios of thresholds over sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.brackets import LEVEL
from harness.statistics.exponent_region import ExponentRegion, Interval, exponent_region
from harness.statistics.least_squares import nearest_within
from harness.statistics.paired import Ratio
from harness.statistics.size_bracket import SizeBracket

Verdicts = Mapping[int, Sequence[bool | None]]
"""Width → whether the trial of each seed 0, 1, 2, … fit, or None if that is not known."""

_Floats = NDArray[np.float64]


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


def mean_ratio(
    first: Mapping[tuple[int, int], Verdicts],
    second: Mapping[tuple[int, int], Verdicts],
    *,
    points: tuple[Mapping[tuple[int, int], int], Mapping[tuple[int, int], int]],
    steps: tuple[int, int] = (1, 1),
    level: float = LEVEL,
    resamples: int = 2000,
    seed: int = 0,
) -> Ratio:
    """Return the geometric mean over sizes of first over second k½, with an interval from resampled trials.

    The trials of both are resampled together, because trials of one seed have the same problem. The position of each
    threshold in its gap is drawn independently, and rounded up to a width as k½ is.

    Args:
        first: Whether the trial of each seed fit, for each (n, d) and width of the numerator.
        second: The same for the denominator.
        points: k½ of the numerator and of the denominator at each size.
        steps: Distances of the admissible widths of the two.
        level: Chance that the interval misses.
        resamples: Number of resamples.
        seed: Seed of the resampling alone.

    Returns:
        The ratio, all of whose values are known.

    Raises:
        ValueError: If there is no size.

    >>> step = {k: [k > 10] * 12 for k in range(9, 13)}
    >>> double = {2 * k: fit for k, fit in step.items()}
    >>> round(mean_ratio({(50, 20): double}, {(50, 20): step}, points=({(50, 20): 22}, {(50, 20): 11})).value, 6)
    2.0
    """
    sizes = sorted(first)
    if not sizes:
        raise ValueError("a ratio needs a threshold of both at one size or more")
    logs = np.log(np.array([[side[size] for size in sizes] for side in points], dtype=np.float64))
    trials = max(len(fits) for side in (first, second) for size in sizes for fits in side[size].values())
    weights = np.random.Generator(np.random.Philox(seed)).standard_exponential((trials, resamples))
    resampled = [
        _rounded_up(
            np.stack([_resample(side[size], weights, _places(seed + number, size, resamples)) for size in sizes]), step
        )
        for number, (side, step) in enumerate(zip((first, second), steps, strict=True))
    ]
    low, high = np.quantile((resampled[0] - resampled[1]).mean(axis=0), [level / 2, 1 - level / 2])
    return Ratio(float(np.exp((logs[0] - logs[1]).mean())), float(np.exp(low)), float(np.exp(high)))


def _counts(widths: Verdicts) -> dict[int, tuple[int, int]]:
    return {k: (sum(map(bool, fits)), sum(fit is not None for fit in fits)) for k, fits in widths.items()}


def _places(seed: int, size: tuple[int, int], resamples: int) -> _Floats:
    """Draw the position of each resampled threshold in its gap, in [0, 1)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *size]))).random(resamples)


def _resample(widths: Verdicts, weights: _Floats, places: _Floats) -> _Floats:
    """Return log k½ under each column of seed weights, (resamples,)."""
    tried = sorted(k for k, (_, trials) in _counts(widths).items() if trials)
    halves = {True: 0.5, False: -0.5, None: 0.0}
    surplus = np.stack([np.array([halves[fit] for fit in widths[k]]) @ weights[: len(widths[k])] for k in tried])
    # The monotone fit is below ½ up to the first minimum of the cumulated surplus of fits over half the weight.
    path = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(surplus, axis=0)])
    below = path.argmin(axis=0)
    log_k = np.log([tried[0], *tried, tried[-1]])
    return np.asarray((1 - places) * log_k[below] + places * log_k[below + 1], dtype=np.float64)


def _rounded_up(log_k: _Floats, step: int) -> _Floats:
    """Return the logarithms of the next multiples of a step."""
    return np.asarray(np.log(np.ceil(np.exp(log_k) / step - 1e-9) * step), dtype=np.float64)
