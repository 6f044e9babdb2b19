"""Bounds of the rounding errors at a point of a smooth net, for any order of summation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.rounding import TINY, UNIT, gamma

if TYPE_CHECKING:
    from harness.components import Array
    from harness.mathematics.limit.net import Point

EVALUATION = 32.0 * UNIT
"""Assumed largest error of a computed φ, φ' or φ'', absolute for values up to 1.

NumPy and SciPy state no proven bound of their functions. Measured errors are below a tenth of it.
"""


@dataclass(frozen=True)
class Rounding:
    """Bounds of the errors of what a :class:`Point` computes, against exact arithmetic at the same weights.

    Attributes:
        point: The point.
    """

    point: Point

    @cached_property
    def z(self) -> Array:
        """Bound γ_d |X||W|ᵀ of the error of each argument z, (n, k)."""
        net = self.point.net
        d = net.x.shape[1]
        bound: Array = gamma(d + 1) * (1.0 + 1e-9) * (np.abs(net.x) @ np.abs(self.point.w).T) + TINY
        return bound

    @cached_property
    def phi(self) -> Array:
        """Bound of the error of each φ(z), (n, k)."""
        bound: Array = self.point.net.b1 * self.z + EVALUATION * (1.0 + np.abs(self.point.z))
        return bound

    @cached_property
    def slope(self) -> Array:
        """Bound of the error of each φ'(z), (n, k)."""
        net = self.point.net
        return net.b2 * self.z + EVALUATION * max(1.0, net.b1)

    @cached_property
    def curvature(self) -> Array:
        """Bound of the error of each φ''(z), (n, k)."""
        net = self.point.net
        return net.b3 * self.z + EVALUATION * max(1.0, net.b2)

    @cached_property
    def residual(self) -> Array:
        """Bound of the error of each residual, (n,)."""
        point = self.point
        size = np.abs(point.phi) @ np.abs(point.v) + np.abs(point.net.y) + abs(point.c)
        bound: Array = self.phi @ np.abs(point.v) * (1.0 + 1e-9) + gamma(point.net.k + 4) * size
        return bound + point.net.label_error

    @cached_property
    def residual_norm(self) -> float:
        """Bound of ‖r‖ in exact arithmetic."""
        point = self.point
        return (point.norm + float(np.linalg.norm(self.residual))) * (1.0 + gamma(point.net.n + 8))

    @cached_property
    def jacobian(self) -> float:
        """Bound of the Frobenius norm of the error of J, as the factors (v φ') and X and the columns φ give it."""
        point, net = self.point, self.point.net
        weighted = np.abs(point.v) * (self.slope + 2.0 * UNIT * np.abs(point.slope)) * net.row_norms[:, None]
        square = float(np.sum(weighted**2))
        if net.both:
            square += float(np.sum(self.phi**2))
        return float(np.sqrt(square)) * (1.0 + 1e-9)

    @cached_property
    def kernel(self) -> float:
        """Bound of the spectral norm of the error of K as the product of the computed factors of J.

        |K̂ − K| ≤ γ |J||J|ᵀ in each entry. The Frobenius norm of |J||J|ᵀ is at most its trace, which is that of K.
        """
        net = self.point.net
        return gamma(net.k + net.x.shape[1] + 8) * float(np.trace(self.point.kernel)) * (1.0 + 1e-9) + TINY

    @cached_property
    def pulled(self) -> float:
        """Bound of the norm of the error of Jᵀr, but for that of r: the product's, and that of J times r."""
        point = self.point
        size = float(np.linalg.norm(np.abs(point.jacobian).T @ np.abs(point.residual)))
        return (gamma(point.net.n + 8) * size + self.jacobian * self.residual_norm) * (1.0 + 1e-9)

    @cached_property
    def hessian(self) -> float:
        """Bound of the spectral norm of the error of the Hessian of ‖r‖²/2."""
        point, net = self.point, self.point.net
        trace, r, dr = float(np.trace(point.kernel)), np.abs(point.residual), self.residual
        products = gamma(net.n + 8) * trace + self.jacobian * (2.0 * point.jacobian_norm + self.jacobian)
        rounding = gamma(net.n + 8)
        curved = np.abs(point.curvature)
        each = dr[:, None] * (curved + self.curvature) + r[:, None] * (self.curvature + rounding * curved)
        blocks = float((np.abs(point.v) * ((net.row_norms**2) @ each)).max())
        if net.both:
            sloped = np.abs(point.slope)
            each = dr[:, None] * (sloped + self.slope) + r[:, None] * (self.slope + rounding * sloped)
            blocks += float((net.row_norms @ each).max())
        return float(products + blocks) * (1.0 + 1e-9)
