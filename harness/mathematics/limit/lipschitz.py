"""Lipschitz constants of the Jacobian and of the Hessian of a shallow net on a ball.

Let B(R) be the ball of radius R around θ, and c_ij = min(sup |φ''|, |φ''(z_ij)| + sup |φ'''| R ‖x_i‖), so that |φ''|
is at most c_ij on the ball. For one neuron and unit vectors a, b, u, Σ_i a_i c_ij (x_i·u)(x_i·b) is at most
‖Σ_i a_i c_ij x_i ⊗ x_i‖, hence at most α_j = λ_max[(c_ij c_lj (x_i·x_l)²)_il]^{1/2}. By the inequality of Cauchy and
Schwarz over the neurons, L = max_j |v_j| α_j for the hidden layer. With both layers the neuron's form is
A‖u‖‖b‖ + B(|δ|‖b‖ + ‖u‖|β|), A = (|v_j| + R) α_j and B = ‖X‖ sup |φ'|, whose norm is (A + (A² + 4B²)^{1/2})/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.components import Array
    from harness.mathematics.limit.net import Point

ITERATIONS = 12
"""Power iterations before the bound of Collatz and Wielandt is taken. Any number gives a valid bound."""

ROUNDED_UP = 1.0 + 1e-9


def perron_bounds(squares: Array, factors: Array) -> Array:
    """Return upper bounds of λ_max(diag(c_j) S diag(c_j)) for each column c_j.

    For a matrix A without negative entries and any positive vector u, λ_max(A) ≤ max_i (Au)_i/u_i [Collatz 1942,
    Wielandt 1950]. Power iterations make u nearly the eigenvector.

    Args:
        squares: S, (n, n), symmetric, no entry negative.
        factors: c, (n, k), no entry negative.

    Returns:
        Bounds, (k,).

    >>> perron_bounds(np.array([[2.0, 1.0], [1.0, 2.0]]), np.ones((2, 1))).round(6).tolist()
    [3.0]
    """
    u = np.ones_like(factors)
    bounds = np.full(factors.shape[1], np.inf)
    for _ in range(ITERATIONS):
        image = factors * (squares @ (factors * u))
        bounds = np.minimum(bounds, (image / u).max(axis=0))
        peak = image.max(axis=0)
        # A floor keeps u positive where the matrix falls into blocks.
        u = np.maximum(np.divide(image, peak, out=np.ones_like(image), where=peak > 0), 1e-6)
    return bounds * ROUNDED_UP


def of_jacobian(point: Point, radius: float) -> float:
    """Return L with ‖J(a) − J(b)‖ ≤ L‖a − b‖ on the ball of a radius around a point."""
    net = point.net
    reach = point.rounding.curvature + net.b3 * radius * net.row_norms[:, None]
    factors = np.minimum(net.b2, np.abs(point.curvature) + reach)
    norms = net.row_norms
    squares = (np.abs(net.gram) + 1e-14 * norms[:, None] * norms) ** 2
    alpha = np.sqrt(perron_bounds(squares, factors))
    if not net.both:
        return float((np.abs(point.v) * alpha).max()) * ROUNDED_UP
    a = (np.abs(point.v) + radius) * alpha
    slopes = np.abs(point.slope) + point.rounding.slope + net.b2 * radius * norms[:, None]
    b = net.norm * np.minimum(net.b1, slopes.max(axis=0))
    return float((0.5 * a + np.sqrt(0.25 * a * a + b * b)).max()) * ROUNDED_UP


def of_curvature(point: Point, radius: float) -> float:
    """Return a bound of ‖Σ_i a_i D³f_i‖ for unit a on the ball of a radius around a point."""
    net = point.net
    longest = float(net.row_norms.max())
    largest = float(np.abs(point.v).max()) + (radius if net.both else 0.0)
    bound = largest * net.b3 * net.norm * longest**2
    return (bound + (3.0 * net.b2 * net.norm * longest if net.both else 0.0)) * ROUNDED_UP


def of_hessian(jacobian: float, residual: float, lipschitz: float, curvature: float) -> float:
    """Return M = 3βL + ‖r‖L₃, a Lipschitz constant of the Hessian JᵀJ + Σ r_i ∇²f_i.

    The derivative along a unit vector is (∂J)ᵀJ + Jᵀ∂J + Σ (Ju)_i ∇²f_i + Σ r_i ∂∇²f_i.

    Args:
        jacobian: β, a bound of ‖J‖ on the set.
        residual: Bound of ‖r‖ there.
        lipschitz: L of :func:`of_jacobian`.
        curvature: L₃ of :func:`of_curvature`.
    """
    return (3.0 * jacobian * lipschitz + residual * curvature) * ROUNDED_UP
