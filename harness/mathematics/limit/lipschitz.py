"""Lipschitz constants of the Jacobian and of the Hessian of a shallow net on a ball.

Let B(R) be the ball of radius R around θ, and c_ij = min(sup |φ''|, |φ''(z_ij)| + sup |φ'''| R ‖x_i‖), so that |φ''|
is at most c_ij on the ball. For one neuron and unit vectors a, b, u, Σ_i a_i c_ij (x_i·u)(x_i·b) is at most
‖Σ_i a_i c_ij x_i ⊗ x_i‖, hence at most α_j = λ_max[(c_ij c_lj (x_i·x_l)²)_il]^{1/2}. By the inequality of Cauchy and
Schwarz over the neurons, L = max_j |v_j| α_j for the hidden layer. With both layers the neuron's form is
A‖u‖‖b‖ + B(|δ|‖b‖ + ‖u‖|β|), A = (|v_j| + R) α_j and B = ‖X‖ sup |φ'|, whose norm is (A + (A² + 4B²)^{1/2})/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.components import Array
    from harness.mathematics.limit.net import Point

ITERATIONS = 8
"""Power iterations before the bound of Collatz and Wielandt is taken. Any number gives a valid bound."""

FLOOR = 1e-6
"""Smallest entry of a power iterate, which keeps it positive where the matrix falls into blocks."""

ROUNDED_UP = 1.0 + 1e-9


def perron_bounds(squares: Array, factors: Array, start: Array, iterations: int) -> tuple[Array, Array]:
    """Return upper bounds of λ_max(diag(c_j) S diag(c_j)) for each column c_j, and vectors that nearly attain them.

    For a matrix A without negative entries and any positive vector u, λ_max(A) ≤ max_i (Au)_i/u_i [Collatz 1942,
    Wielandt 1950]. Power iterations make u nearly the eigenvector.

    Args:
        squares: S, (n, n), symmetric, no entry negative.
        factors: c, (n, k), no entry negative.
        start: First u, (n, k), positive.
        iterations: Number of iterations, at least one.

    Returns:
        Bounds, (k,), and the last u.

    >>> perron_bounds(np.array([[2.0, 1.0], [1.0, 2.0]]), np.ones((2, 1)), np.ones((2, 1)), 1)[0].round(6).tolist()
    [3.0]
    """
    u, bounds = start, np.full(factors.shape[1], np.inf)
    for _ in range(iterations):
        image = factors * (squares @ (factors * u))
        bounds = np.minimum(bounds, (image / u).max(axis=0))
        peak = image.max(axis=0)
        u = np.maximum(np.divide(image, peak, out=np.ones_like(image), where=peak > 0), FLOOR)
    return bounds * ROUNDED_UP, u


@dataclass(frozen=True)
class Bends:
    """Lipschitz constants on balls around a point.

    Attributes:
        point: The point.
    """

    point: Point

    @cached_property
    def _squares(self) -> Array:
        """Upper bounds of (x_i·x_l)², (n, n)."""
        net = self.point.net
        squares: Array = (np.abs(net.gram) + 1e-14 * net.row_norms[:, None] * net.row_norms) ** 2
        return squares

    def _factors(self, radius: float) -> Array:
        """Return upper bounds c of |φ''| on the ball, (n, k)."""
        net, point = self.point.net, self.point
        reach = point.rounding.curvature + net.b3 * radius * net.row_norms[:, None]
        return np.minimum(net.b2, np.abs(point.curvature) + reach)

    @cached_property
    def _start(self) -> Array:
        """Vectors that nearly attain the bounds at radius 0, (n, k)."""
        factors = self._factors(0.0)
        return perron_bounds(self._squares, factors, np.ones_like(factors), ITERATIONS)[1]

    def of_jacobian(self, radius: float) -> float:
        """Return L with ‖J(a) − J(b)‖ ≤ L‖a − b‖ on the ball of a radius."""
        point, net = self.point, self.point.net
        bounds, _ = perron_bounds(self._squares, self._factors(radius), self._start, 2)
        alpha = np.sqrt(bounds)
        if not net.both:
            return float((np.abs(point.v) * alpha).max()) * ROUNDED_UP
        a = (np.abs(point.v) + radius) * alpha
        slopes = np.abs(point.slope) + point.rounding.slope + net.b2 * radius * net.row_norms[:, None]
        b = net.norm * np.minimum(net.b1, slopes.max(axis=0))
        return float((0.5 * a + np.sqrt(0.25 * a * a + b * b)).max()) * ROUNDED_UP

    def of_curvature(self, radius: float) -> float:
        """Return L₃ with ‖Σ_i a_i D³f_i‖ ≤ L₃ for unit a on the ball of a radius."""
        net = self.point.net
        longest = float(net.row_norms.max())
        largest = float(np.abs(self.point.v).max()) + (radius if net.both else 0.0)
        bound = largest * net.b3 * net.norm * longest**2
        return (bound + (3.0 * net.b2 * net.norm * longest if net.both else 0.0)) * ROUNDED_UP

    def of_hessian(self, radius: float, jacobian: float, residual: float) -> float:
        """Return M = 3βL + ‖r‖L₃, a Lipschitz constant of the Hessian JᵀJ + Σ r_i ∇²f_i on the ball of a radius.

        The derivative along a unit vector u is (∂J)ᵀJ + Jᵀ∂J + Σ (Ju)_i ∇²f_i + Σ r_i ∂∇²f_i.

        Args:
            radius: Radius of the ball.
            jacobian: β, a bound of ‖J‖ on it.
            residual: Bound of ‖r‖ on it.
        """
        return (3.0 * jacobian * self.of_jacobian(radius) + residual * self.of_curvature(radius)) * ROUNDED_UP
