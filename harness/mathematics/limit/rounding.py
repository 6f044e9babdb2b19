"""Bounds of rounding errors, and eigenvalue bounds that hold in exact arithmetic.

Sources: Higham, Accuracy and Stability of Numerical Algorithms (2002), 3.1 and 10.1; Rump, Verification of positive
definiteness, BIT 46 (2006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.components import Array

UNIT = 2.0**-53
"""Largest relative error of one operation in float64."""

TINY = 1e-290
"""Added to bounds against underflow."""


def gamma(operations: int) -> float:
    """Return γ_m = mu/(1 − mu), the relative error of m operations in a row, rounded up.

    >>> gamma(1) >= UNIT, f"{gamma(100):.2g}"
    (True, '1.1e-14')
    """
    error = operations * UNIT
    return error / (1.0 - error) * (1.0 + 4.0 * UNIT)


def at_least(matrix: Array, shift: float, entry_error: float = 0.0) -> float | None:
    """Return a lower bound of the smallest eigenvalue if one Cholesky factorization proves it, and None otherwise.

    If the factorization of fl(A − cI) in float64 succeeds, then λ_min(A) ≥ c − 2γ_{m+4} tr A. The bound that is
    returned also subtracts the given error of the entries.

    Args:
        matrix: A, (m, m), symmetric, diagonal not negative.
        shift: c.
        entry_error: Bound of the norm of the error of the given matrix.

    Returns:
        The bound, or None if the factorization fails.

    >>> at_least(np.diag([2.0, 3.0]), 1.9) >= 1.899, at_least(np.diag([2.0, 3.0]), 2.1)
    (True, None)
    """
    size = len(matrix)
    trace = float(np.trace(matrix))
    shifted = matrix.copy()
    shifted.flat[:: size + 1] -= shift
    try:
        factor = np.linalg.cholesky(shifted)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(factor).all():
        return None
    return shift - 2.0 * gamma(size + 4) * (trace + abs(shift)) - entry_error - TINY


def below(matrix: Array, limit: float, entry_error: float = 0.0) -> bool:
    """Return whether one Cholesky factorization proves that the largest eigenvalue is below a limit.

    Args:
        matrix: (m, m), symmetric.
        limit: Upper limit of the eigenvalues, positive.
        entry_error: Bound of the norm of the error of the given matrix.

    >>> below(np.diag([2.0, 3.0]), 3.001), below(np.diag([2.0, 3.0]), 3.0)
    (True, False)
    """
    rest = -matrix
    rest.flat[:: len(matrix) + 1] += limit
    if np.diagonal(rest).min() <= 0.0:
        return False
    error = entry_error + 2.0 * UNIT * limit
    bound = at_least(rest, 3.0 * gamma(len(matrix) + 4) * len(matrix) * limit + 2.0 * error, error)
    return bound is not None and bound > 0.0
