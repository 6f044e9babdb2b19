"""A bound of ‖J‖² for a hidden layer with kinks, over all slopes that chosen neurons may have on chosen samples.

J has the rows J_i = (v_j s_ij x_i)_j, and JJᵀ = (S V² Sᵀ) ∘ XXᵀ with V = diag(v). A gate is a pair (i, j) whose slope
s_ij is not fixed. ‖J‖ is convex in the slopes, so it is largest where each gate is at one of its two ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.rounding import TINY, below, gamma

if TYPE_CHECKING:
    from harness.components import Array

FLOORS = (0.1, 0.4, 1.5)
"""Least entries of the scaling of the majorants that are tried, in units of the root mean square."""

POWERS = 40
"""Steps of the power iteration that the scaling is made from."""


def curvature_below(
    gram: Array, low: Array, high: Array, limit: float, dimension: int, most: int = 64, further: Array | None = None
) -> float | None:
    """Return a bound below ``limit`` of ‖J‖² over all slopes between two ends, or None if none was found.

    Each entry of JJᵀ lies between its values at the two ends, as slopes and v² are not negative. With C their mean and
    D half their difference, JJᵀ = C + E with |E| ≤ D entry by entry. For every positive vector u, E ≼ T with the
    diagonal matrix T_ii = (Du)_i/u_i, by 2|E_il| |a_i a_l| ≤ D_il (a_i² u_l/u_i + a_l² u_i/u_l). The best u is close to
    the moduli of the first eigenvector. If C + T is not below the limit, a gate is fixed at one end, then at the other.

    Args:
        gram: XXᵀ, (n, n).
        low: Products |v_j| s_ij with each gate at its lower end, (n, k), not negative.
        high: The same at their upper ends.
        limit: Limit, 2/η for gradient descent of step η.
        dimension: Input dimension d, for the rounding of XXᵀ.
        most: Number of factorizations that may be spent.
        further: Part of JJᵀ that no gate changes, (n, n), rounded like the rest.

    Returns:
        A bound of ‖J‖² for every choice of slopes, below the limit, or None.

    >>> one = np.array([[1.0, 1.0]])
    >>> curvature_below(np.eye(1), 0 * one, one, 2.1, 1) < 2.1, curvature_below(np.eye(1), 0 * one, one, 1.9, 1)
    (True, None)
    """
    search = _Search(gram, limit, dimension, most, further)
    return search.largest if search.holds(low, high) else None


class _Search:
    """A search over the ends of gates.

    Attributes:
        largest: Largest of the bounds found.
        left: Number of factorizations that may still be spent.
    """

    def __init__(self, gram: Array, limit: float, dimension: int, most: int, further: Array | None) -> None:
        self.gram, self.limit, self.dimension, self.left = gram, limit, dimension, most
        self.further = further
        self.largest = 0.0

    def holds(self, low: Array, high: Array) -> bool:
        """Return whether the limit holds for all slopes between two ends."""
        if not len(low):
            return True
        at_low, at_high = (low @ low.T) * self.gram, (high @ high.T) * self.gram
        if self.further is not None:
            at_low, at_high = at_low + self.further, at_high + self.further
        # The diagonal of JJᵀ bounds |JJᵀ| entry by entry, so the errors of its entries are below its trace.
        error = gamma(low.shape[1] + self.dimension + 8) * float(np.trace(at_high)) * 1.1
        centre, radius = 0.5 * (at_low + at_high), 0.5 * np.abs(at_high - at_low)
        for diagonal in _majorants(centre, radius):
            if self.left <= 0:
                return False
            self.left -= 1
            majorant = centre + np.diag(diagonal)
            if below(majorant, self.limit, error):
                self._keep(majorant, error)
                return True
        if (low == high).all():
            return False
        i, j = np.unravel_index(np.argmax((high - low) * high), low.shape)
        off, on = high.copy(), low.copy()
        off[i, j], on[i, j] = low[i, j], high[i, j]
        return self.holds(on, high) and self.holds(low, off)

    def _keep(self, majorant: Array, error: float) -> None:
        top = float(np.linalg.eigvalsh(majorant)[-1])
        top += 8.0 * gamma(len(majorant)) * float(np.abs(np.trace(majorant))) + error
        self.largest = max(self.largest, min(top, self.limit))


def _majorants(centre: Array, radius: Array) -> Iterator[Array]:
    """Return diagonals T with E ≼ T for every symmetric E whose entries are at most those of ``radius``."""
    if not radius.any():
        yield np.zeros(len(radius))
        return
    vector = np.ones(len(radius))
    for _ in range(POWERS):
        vector = centre @ vector
        vector /= max(float(np.linalg.norm(vector)), TINY)
    size = np.abs(vector)
    for floor in FLOORS:
        scaling = np.maximum(size, floor / np.sqrt(len(size)))
        yield radius @ scaling / scaling * (1.0 + 1e-12)
