"""Least squares whose fitted values are kept within intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def nearest_within(design: Floats, ends: Floats) -> Floats:
    """Return the coefficients x with design x in every interval and nearest to their middles.

    Minimises Σ ((design x − middle)/length)² subject to low ≤ design x ≤ high, by reduction to a least-distance problem
    and non-negative least squares (Lawson & Hanson 1974, chapter 23). Without active constraints it is the regression
    on the middles weighted by 1/length².

    Args:
        design: Matrix of full column rank, (m, p).
        ends: Low and high end of each interval, low < high, (m, 2).

    Returns:
        The coefficients, (p,).

    Raises:
        ValueError: If no coefficients meet all intervals.

    >>> design = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> nearest_within(design, np.array([[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]])).round(3)
    array([1., 1.])
    >>> nearest_within(design, np.array([[-1.0, 1.0], [1.5, 8.5], [1.0, 3.0]])).round(3)
    array([0.5, 1. ])
    """
    length = ends[:, 1] - ends[:, 0]
    q, r = np.linalg.qr(design / length[:, None])
    middle = q.T @ (ends.mean(axis=1) / length)
    # With z = R x − middle the problem is: the smallest z with G z ≥ h.
    rows = np.linalg.solve(r.T, np.vstack([design, -design]).T).T
    right = np.concatenate([ends[:, 0], -ends[:, 1]]) - rows @ middle
    scale = np.abs(rows).max(axis=1)
    rows, right = rows / scale[:, None], right / scale
    if (right <= 1e-12).all():
        return np.asarray(np.linalg.solve(r, middle), dtype=np.float64)
    from scipy.optimize import nnls  # takes longer to import than all of the harness without it

    system = np.vstack([rows.T, right])
    target = np.zeros(len(system))
    target[-1] = 1.0
    weights, distance = nnls(system, target)
    residual = system @ weights - target
    if distance < 1e-9:
        raise ValueError("no coefficients meet all intervals")
    return np.asarray(np.linalg.solve(r, middle - residual[:-1] / residual[-1]), dtype=np.float64)
