"""Exponents of the measured threshold, k½ ≈ C n^a d^b, with intervals from resampled trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.paired import Ratio
from harness.statistics.thresholds import LEVEL, half_width

Verdicts = Mapping[int, Sequence[bool | None]]
"""Width → whether the trial of each seed 0, 1, 2, … fit, or None if that is not known."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExponentFit:
    """The exponents of k½ ≈ C n^a d^b.

    Attributes:
        a: Exponent of n, or None if fewer than three values of n have a threshold.
        a_interval: (low, high) of ``a``.
        b: Exponent of d, or None if fewer than three values of d have a threshold.
        b_interval: (low, high) of ``b``.
        sizes: The (n, d) that were used.
        note: Sizes that were left out and the reason, or an empty string if none were.
    """

    a: float | None
    a_interval: tuple[float, float] | None
    b: float | None
    b_interval: tuple[float, float] | None
    sizes: tuple[tuple[int, int], ...]
    note: str = ""


def fit_exponents(
    verdicts: Mapping[tuple[int, int], Verdicts], *, level: float = LEVEL, resamples: int = 2000, seed: int = 0
) -> ExponentFit:
    """Fit log k½ = log C + a log n + b log d by weighted least squares over the sizes that have a threshold.

    The interval is a percentile bootstrap over seeds: each seed gets a weight drawn from Exp(1) (the Bayesian
    bootstrap of Rubin 1981), the same at all widths and sizes, and, for equal ``seed``, in all regimes, because
    these share the problem of that seed. Between the two tried widths that enclose ½ the curve is unknown, so a
    resampled threshold is placed uniformly in log k between them. Sizes are weighted by the inverse variance of
    their resampled log k½.

    A size counts when its tried widths lie on both sides of ½. An exponent is fitted from at least three distinct
    values of its variable. If one of n and d takes two values only, it has no exponent of its own, but its effect is
    still removed from the exponent of the other.

    Args:
        verdicts: For each (n, d), for each width, whether the trial of each seed fit.
        level: Chance that an interval misses.
        resamples: Number of resamples.
        seed: Seed of the resampling alone.

    Returns:
        The exponents, or a note that says why there are none.

    >>> step = {k: [k > 10] * 12 for k in range(9, 13)}
    >>> double = {2 * k: fit for k, fit in step.items()}
    >>> fourfold = {4 * k: fit for k, fit in step.items()}
    >>> fit = fit_exponents({(50, 20): step, (100, 20): double, (200, 20): fourfold})
    >>> round(fit.a, 6), fit.b
    (1.0, None)
    """
    halves = {size: half_width(_counts(widths)) for size, widths in sorted(verdicts.items())}
    points = {size: half for size, half in halves.items() if half is not None}
    sizes = tuple(points)
    values = [len(set(axis)) for axis in zip(*sizes, strict=True)]
    if len(sizes) < 3 or max(values) < 3:
        note = f"{len(sizes)} of {len(halves)} sizes have a threshold; an exponent needs three values of n or d"
        return ExponentFit(None, None, None, None, sizes, note)

    used = [i for i in (0, 1) if values[i] > 1]
    design = np.array([[1.0, *(np.log(size[i]) for i in used)] for size in sizes])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        note = "n and d vary together: their exponents cannot be told apart"
        return ExponentFit(None, None, None, None, sizes, note)

    trials = max(len(fits) for size in sizes for fits in verdicts[size].values())
    # One row per seed, so that the weights of a seed do not depend on how many seeds there are.
    weights = np.random.Generator(np.random.Philox(seed)).standard_exponential((trials, resamples))
    resampled = np.stack([_resample(verdicts[size], weights, _places(seed, size, resamples)) for size in sizes])
    solve = _least_squares(design, resampled.var(axis=1))
    estimate = solve @ np.log(list(points.values()))
    ends = np.quantile(solve @ resampled, [level / 2, 1 - level / 2], axis=1).T

    exponent: list[float | None] = [None, None]
    interval: list[tuple[float, float] | None] = [None, None]
    for column, i in enumerate(used, start=1):
        if values[i] >= 3:
            exponent[i] = float(estimate[column])
            interval[i] = (float(ends[column, 0]), float(ends[column, 1]))
    missing = [f"n = {n}, d = {d}" for n, d in halves if (n, d) not in points]
    note = f"without {'; '.join(missing)}: no threshold" if missing else ""
    return ExponentFit(exponent[0], interval[0], exponent[1], interval[1], sizes, note)


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


def _least_squares(design: _Floats, variances: _Floats) -> _Floats:
    """Return the matrix that takes log k½ to the coefficients, sizes weighted by inverse variance."""
    weighted = design.T / variances
    return np.asarray(np.linalg.solve(weighted @ design, weighted), dtype=np.float64)
