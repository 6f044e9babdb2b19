"""The mean ratio of two thresholds over sizes, by resampled trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.statistics.brackets import LEVEL
from harness.statistics.paired import Ratio

Fits = Mapping[int, Sequence[bool | None]]
"""Width → whether the trial of each seed 0, 1, 2, … fit, or None if that is not known."""

_Floats = NDArray[np.float64]


def mean_ratio(
    first: Mapping[tuple[int, int], Fits],
    second: Mapping[tuple[int, int], Fits],
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


def _places(seed: int, size: tuple[int, int], resamples: int) -> _Floats:
    """Draw the position of each resampled threshold in its gap, in [0, 1)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *size]))).random(resamples)


def _resample(widths: Fits, weights: _Floats, places: _Floats) -> _Floats:
    """Return log k½ under each column of seed weights, (resamples,)."""
    tried = sorted(k for k, fits in widths.items() if any(fit is not None for fit in fits))
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
