"""Residuals of a net with one kink in about twice the precision of float64, without a wider type.

Sums and products of two floats are kept with their exact errors [Dekker 1971, Knuth 1969], and dot products as in
[Ogita, Rump and Oishi 2005, SIAM J. Sci. Comput. 26, algorithm Dot2]. So results do not depend on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.rounding import TINY, UNIT, gamma

if TYPE_CHECKING:
    from harness.components import Array

SPLIT = 2.0**27 + 1.0
"""Factor that splits a float64 into two of 26 bits, whose products are exact."""


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return fl(a + b) and its exact error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Return fl(ab) and its exact error, but for underflow."""
    product = a * b
    a_high, b_high = SPLIT * a - (SPLIT * a - a), SPLIT * b - (SPLIT * b - b)
    a_low, b_low = a - a_high, b - b_high
    return product, a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)


def preactivations(x: Array, w: Array) -> tuple[Array, Array]:
    """Return XWᵀ, (n, k), as a sum of two arrays.

    Args:
        x: Inputs, (n, d).
        w: Hidden weights, (k, d).
    """
    high, low = np.zeros((len(x), len(w))), np.zeros((len(x), len(w)))
    for column, weights in zip(x.T, w.T, strict=True):
        product, error = two_product(column[:, None], weights[None, :])
        high, left = two_sum(high, product)
        low += left + error
    return high, low


def residual(x: Array, w: Array, v: Array, y: Array, slope: float) -> tuple[Array, Array, Array]:
    """Return Σ_j v_j φ(w_j·x_i) − y_i for φ(z) = z or az, bounds of its errors, and bounds of all |w_j·x_i|.

    Args:
        x: Inputs, (n, d).
        w: Hidden weights, (k, d).
        v: Output weights, (k,).
        y: Labels, (n,).
        slope: a, the slope of φ for z < 0.

    Returns:
        Residuals and bounds of their errors, (n,), and bounds, (n, k).

    >>> x, w = np.array([[1.0, 2.0**-60]]), np.array([[1.0, 1.0]])
    >>> residual(x, w, np.ones(1), np.ones(1), 0.0)[0].item() == 2.0**-60
    True
    """
    high, low = preactivations(x, w)
    z, size = high + low, np.abs(x) @ np.abs(w).T
    factor, factor_error = two_product(np.where(z > 0.0, 1.0, slope), np.broadcast_to(v, z.shape))
    total, left = -y, np.zeros(len(y))
    for j in range(len(v)):
        product, error = two_product(factor[:, j], high[:, j])
        total, missed = two_sum(total, product)
        left += missed + (error + (factor[:, j] * low[:, j] + factor_error[:, j] * high[:, j]))
    found, relative = total + left, 16.0 * gamma(x.shape[1] + len(v) + 16) ** 2
    missing = relative * (size @ np.abs(v) + np.abs(y)) + 2.0 * UNIT * np.abs(found) + TINY * (1.0 + np.abs(v).sum())
    return found, missing, np.abs(z) * (1.0 + 4.0 * UNIT) + relative * size + TINY
