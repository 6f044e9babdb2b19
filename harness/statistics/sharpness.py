"""The window of widths in which P(fit) rises from 10 to 90 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.statistics.brackets import LEVEL, Counts

ENDS = (0.1, 0.9)
"""Shares of fits at the ends of the window."""

DRAWS = 1000
"""Number of curves drawn for an interval."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """The ratio of the widths at which 90 and 10 % of the trials fit.

    Attributes:
        ratio: The ratio k₉₀/k₁₀ of the monotone fit, at least 1.
        low: Lower end of its interval.
        high: Upper end of its interval, or ∞ if the shares at the tried widths do not reach both 10 and 90 %.
        draws: Drawn ratios, for statements about several windows, (DRAWS,).
    """

    ratio: float
    low: float
    high: float
    draws: tuple[float, ...]


def window(counts: Counts, *, level: float = LEVEL, seed: int = 0) -> Window | None:
    """Return the window of a transition, or None if there are fewer than two tried widths.

    P(fit) is the monotone fit, interpolated in log k. For the interval the shares are drawn from Beta(m + ½, M − m + ½)
    (Jeffreys 1946), made monotone, and interpolated. Widths outside of those that were tried are not extrapolated: the
    ratio is then that of the outermost widths, and its upper end is ∞.

    Args:
        counts: Fits and trials by width.
        level: Share of the draws outside of the interval.
        seed: Seed of the draws.

    >>> found = window({8: (0, 400), 9: (40, 400), 16: (360, 400), 20: (400, 400)})
    >>> round(found.ratio, 6) == round(16 / 9, 6), found.low < 16 / 9 < found.high
    (True, True)
    """
    tried = sorted(k for k, (_, trials) in counts.items() if trials)
    if len(tried) < 2:
        return None
    fits, trials = (np.array([counts[k][i] for k in tried], dtype=np.float64) for i in (0, 1))
    logs = np.log(tried)
    point = _monotone((fits / trials)[:, None], trials)
    generator = np.random.Generator(np.random.Philox(seed))
    shares = generator.beta(fits[:, None] + 0.5, (trials - fits)[:, None] + 0.5, (len(tried), DRAWS))
    drawn = _width(_monotone(shares, trials), logs)
    low, high = np.quantile(drawn, [level / 2, 1 - level / 2])
    # A share of 0/M draws values above 10 % too, so the ends are asked of the counts.
    closed = point[0, 0] <= ENDS[0] and point[-1, 0] >= ENDS[1]
    ratio = float(np.exp(_width(point, logs)[0]))
    ends = (min(float(np.exp(low)), ratio), max(float(np.exp(high)), ratio) if closed else math.inf)
    return Window(ratio, *ends, tuple(np.exp(drawn).tolist()))


def window_exponent(
    windows: Sequence[tuple[int, int, Window]], *, level: float = LEVEL
) -> tuple[float, float, float] | None:
    """Return s of log(k₉₀/k₁₀) ~ n^s with its interval over the draws, or None.

    Least squares on log n with a constant for each d. Negative values are transitions that become sharper. It takes
    three values of n among the windows that are closed and wider than one width.

    Args:
        windows: (n, d, window) of each size.
        level: Share of the draws outside of the interval.
    """
    used = [(n, d, one) for n, d, one in windows if math.isfinite(one.high) and one.ratio > 1]
    if len({n for n, _, _ in used}) < 3:
        return None
    x = np.log([n for n, _, _ in used])
    for d in {d for _, d, _ in used}:
        same = np.array([d == other for _, other, _ in used])
        x[same] -= x[same].mean()
    if not x.any():
        return None
    x /= (x**2).sum()
    point = float(x @ np.log([math.log(one.ratio) for _, _, one in used]))
    drawn = x @ np.log(np.maximum(np.log(np.array([one.draws for _, _, one in used])), 1e-6))
    low, high = np.quantile(drawn, [level / 2, 1 - level / 2])
    return point, min(float(low), point), max(float(high), point)


def _monotone(shares: _Floats, weights: _Floats) -> _Floats:
    """Return the weighted least-squares fit of each column that does not decrease, (widths, columns).

    The fit at i is the largest over a ≤ i of the smallest over b ≥ i of the mean from a to b (Ayer et al. 1955).
    """
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    total = np.concatenate([np.zeros((1, shares.shape[1])), np.cumsum(shares * weights[:, None], axis=0)])
    found = np.empty_like(shares)
    for i in range(len(shares)):
        best = np.full(shares.shape[1], -np.inf)
        for a in range(i + 1):
            means = [(total[b + 1] - total[a]) / (mass[b + 1] - mass[a]) for b in range(i, len(shares))]
            best = np.maximum(best, np.min(means, axis=0))
        found[i] = best
    return found


def _width(fitted: _Floats, logs: _Floats) -> _Floats:
    """Return log k₉₀ − log k₁₀ of each column."""
    ends = [_crossing(fitted, logs, share) for share in ENDS]
    return np.asarray(ends[1] - ends[0], dtype=np.float64)


def _crossing(fitted: _Floats, logs: _Floats, share: float) -> _Floats:
    """Return log k at which each column reaches a share, within the tried widths."""
    above = fitted >= share
    first = np.where(above.any(axis=0), above.argmax(axis=0), len(logs) - 1)
    before = np.maximum(first - 1, 0)
    columns = np.arange(fitted.shape[1])
    low, high = fitted[before, columns], fitted[first, columns]
    part = np.clip((share - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    return np.asarray(logs[before] + part * (logs[first] - logs[before]), dtype=np.float64)
