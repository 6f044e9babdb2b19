"""Exponents: least squares of log time on log size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fit:
    """y = C x^a.

    Attributes:
        exponent: a.
        error: Its standard error; NaN from two points.
    """

    exponent: float
    error: float


def fit(x: Sequence[float], y: Sequence[float]) -> Fit:
    """Fit a power law.

    Raises:
        ValueError: If there are fewer than two sizes.

    >>> fit([1, 10, 100], [3.0, 300.0, 30000.0])
    Fit(exponent=2.0, error=0.0)
    """
    if len(set(x)) < 2:
        raise ValueError("an exponent needs two sizes at least")
    a, b = np.log(np.asarray(x, dtype=float)), np.log(np.asarray(y, dtype=float))
    a = a - a.mean()
    slope = float(a @ b / (a @ a))
    rest = b - b.mean() - slope * a
    freedom = len(a) - 2
    error = math.sqrt(float(rest @ rest) / freedom / float(a @ a)) if freedom else math.nan
    return Fit(round(slope, 12), round(error, 12))
