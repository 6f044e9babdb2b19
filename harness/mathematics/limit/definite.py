"""Proved bounds of the extreme eigenvalues of a symmetric matrix, each by a Cholesky decomposition near a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.rounding import at_least, below, gamma

if TYPE_CHECKING:
    from harness.components import Array

BACK = (1e-9, 1e-6, 1e-3, 0.1, 0.5)
"""Relative distances from the computed eigenvalue at which the proof is tried, in turn."""


def smallest(matrix: Array, guess: float, error: float) -> float:
    """Return a proved lower bound of λ_min(A) for every A with ‖A − matrix‖ ≤ error, or 0 if none is positive.

    Args:
        matrix: Symmetric, (n, n).
        guess: λ_min as an eigenvalue solver computes it.
        error: Bound of the error of the matrix in the spectral norm.

    >>> 0.999 < smallest(np.diag([1.0, 3.0]), 1.0, 0.0) <= 1.0
    True
    """
    # The factorization may fail at a shift above the exact λ_min less its own rounding.
    slack = 2.0 * gamma(len(matrix) + 4) * float(np.abs(np.diagonal(matrix)).sum())
    for back in BACK:
        shift = guess * (1.0 - back) - slack
        bound = at_least(matrix, shift, error) if shift > 0.0 else None
        if bound is not None:
            return max(bound, 0.0)
    return 0.0


def largest(matrix: Array, guess: float, error: float) -> float:
    """Return a proved upper bound of λ_max(A) for every A with ‖A − matrix‖ ≤ error.

    Args:
        matrix: Symmetric, (n, n).
        guess: λ_max as an eigenvalue solver computes it, positive.
        error: Bound of the error of the matrix in the spectral norm.

    >>> 3.0 <= largest(np.diag([1.0, 3.0]), 3.0, 0.0) < 3.001
    True
    """
    for back in BACK:
        limit = guess * (1.0 + back) + 4.0 * error
        if limit > 0.0 and below(matrix, limit, error):
            return limit
    return float(np.linalg.norm(matrix)) * (1.0 + 1e-9) + error  # the Frobenius norm bounds every eigenvalue
