"""Proved bounds at the weights of a shallow net f(x) = vᵀφ(Wx + b) + c: singular values and the residual.

They hold for the exact numbers that float64 weights, inputs and labels are, whatever the width and φ. Let Â be a
computed matrix with ‖Â − A‖_F ≤ e. By Weyl σ_min(A) ≥ σ_min(Â) − e, and σ_min(Â) has two lower bounds.

Gram. One Cholesky factorization bounds λ_min(ÂÂᵀ) [Rump 2006, BIT 46], less the error of the computed product, whose
entries are at most γ_m |Â||Â|ᵀ, of a Frobenius norm of at most γ_m tr ÂÂᵀ. It sees no σ_min below 10⁻⁷ ‖Â‖.

Right inverse. For any matrix Y with ‖I − ÂY‖ ≤ δ < 1, σ_min(Â) ≥ (1 − δ)/‖Y‖: for a unit vector u, 1 − δ ≤ ‖uᵀÂY‖ ≤
‖uᵀÂ‖‖Y‖. It sees σ_min down to about 10⁻¹² ‖Â‖.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit import definite
from harness.mathematics.limit.point_rounding import EVALUATION
from harness.mathematics.limit.rounding import TINY, gamma

if TYPE_CHECKING:
    from harness.components import Activation, Array

UP = 1.0 + 1e-9
"""Factor for upper bounds that are themselves computed."""

DOWN = 1.0 - 1e-9


@dataclass(frozen=True)
class Errors:
    """Bounds of the Frobenius norms of the errors of computed arrays (n, k), and of their sizes.

    Errors of φ and φ' themselves are assumed to be at most
    :data:`harness.mathematics.limit.point_rounding.EVALUATION`.

    Attributes:
        arguments: Of Z = XWᵀ + b: γ_{d+2} ‖X‖_F ‖W‖_F, with b a column of W and ones a column of X.
        values: Of φ(Z): sup|φ'| times this, plus that of evaluation.
        slopes: Of φ'(Z): sup|φ''| times that of Z. For φ with a kink: the jump for each pair that may lie on it.
    """

    arguments: float
    values: float
    slopes: float

    @classmethod
    def of(cls, activation: Activation, x: Array, w: Array, z: Array | None = None) -> Errors:
        """Return the errors of one layer.

        Args:
            activation: φ.
            x: Inputs (n, d), with a column of ones for biases.
            w: Weights (k, d), with a column of biases where there are any.
            z: Arguments as they were computed, (n, k), or None where the error of φ' is not needed for φ with a kink.
        """
        rows, columns = np.linalg.norm(x, axis=1), np.linalg.norm(w, axis=1)
        relative = gamma(x.shape[1] + 2) * UP
        root, size = math.sqrt(len(x) * len(w)), float(np.linalg.norm(rows) * np.linalg.norm(columns))
        arguments = relative * size + TINY * root
        values = activation.b1 * UP * arguments + EVALUATION * UP * (root + size)
        evaluation = EVALUATION * UP * max(1.0, activation.b1) * root
        if math.isfinite(activation.b2):
            return cls(arguments, values, activation.b2 * UP * arguments + evaluation)
        if z is None:
            return cls(arguments, values, math.inf)
        on_kink = np.count_nonzero(np.abs(z) <= relative * np.multiply.outer(rows, columns) + TINY)
        return cls(arguments, values, 2.0 * activation.b1 * math.sqrt(float(on_kink)) + evaluation)


def residual_norm(residual: Array, sizes: float, output: Array, values: float, more: Array | float = 0.0) -> float:
    """Return an upper bound of ‖r‖ for r = φ(Z)v + c − y.

    Args:
        residual: r as it was computed, (n,).
        sizes: ‖φ(Z)‖_F.
        output: v, (k,).
        values: Error of φ(Z) in the Frobenius norm.
        more: |y| + |c|, (n,).
    """
    v = float(np.linalg.norm(output))
    rounding = gamma(len(output) + 6) * (sizes * v + float(np.linalg.norm(more)))
    return (float(np.linalg.norm(residual)) + values * v + rounding) * UP


def least_by_gram(gram: Array, terms: int, error: float = 0.0) -> float:
    """Return a lower bound of the n-th singular value of A from ÂÂᵀ, or 0 if none is proved.

    Args:
        gram: ÂÂᵀ as it was computed, (n, n).
        terms: Number of operations behind an entry.
        error: Bound of ‖Â − A‖_F.

    >>> 1.99 < least_by_gram(np.diag([4.0, 9.0]), 2) <= 2.0, least_by_gram(np.ones((2, 2)), 2)
    (True, 0.0)
    """
    if not np.isfinite(gram).all() or not math.isfinite(error):
        return 0.0
    rounding = gamma(terms + 8) * float(np.trace(gram)) * UP + TINY
    bound = definite.smallest(gram, float(np.linalg.eigvalsh(gram)[0]), rounding)
    return max(math.sqrt(bound) * DOWN - error * UP, 0.0)


def largest_by_gram(gram: Array, terms: int, error: float = 0.0) -> float:
    """Return an upper bound of ‖A‖ from ÂÂᵀ. Arguments are those of :func:`least_by_gram`.

    >>> 3.0 <= largest_by_gram(np.diag([4.0, 9.0]), 2) < 3.01
    True
    """
    rounding = gamma(terms + 8) * float(np.trace(gram)) * UP + TINY
    bound = definite.largest(gram, float(np.linalg.eigvalsh(gram)[-1]), rounding)
    return math.sqrt(max(bound, 0.0)) * UP + error * UP


def least_by_inverse(matrix: Array, error: float = 0.0) -> float:
    """Return a lower bound of the n-th singular value of A from a right inverse of Â, or 0 if none is proved.

    Args:
        matrix: Â, (n, p).
        error: Bound of ‖Â − A‖_F.

    >>> 0.99e-10 < least_by_inverse(np.diag([1e-10, 1.0])) <= 1e-10, least_by_inverse(np.ones((2, 3)))
    (True, 0.0)
    """
    n, p = matrix.shape
    if p < n or not np.isfinite(matrix).all() or not math.isfinite(error):
        return 0.0
    try:
        inverse = np.linalg.pinv(matrix, rcond=0.0)
    except np.linalg.LinAlgError:
        return 0.0
    size = float(np.linalg.norm(inverse)) * UP
    if not math.isfinite(size):
        return 0.0
    off = matrix @ inverse
    off.flat[:: n + 1] -= 1.0
    delta = float(np.linalg.norm(off)) * UP + gamma(p + 4) * float(np.linalg.norm(matrix)) * size * UP + TINY
    return max((1.0 - delta) / size * DOWN - error * UP, 0.0) if delta < 1.0 else 0.0


def least_singular(matrix: Array, error: float = 0.0) -> float:
    """Return a lower bound of the n-th singular value of A, or 0 if none is proved.

    The right inverse is tried where the Gram matrix proves nothing.

    Args:
        matrix: Â, (n, p).
        error: Bound of ‖Â − A‖_F.
    """
    if matrix.shape[1] < matrix.shape[0]:
        return 0.0
    found = least_by_gram(matrix @ matrix.T, matrix.shape[1], error)
    return found or least_by_inverse(matrix, error)
