"""Kernels of the infinitely wide shallow net with W ~ N(0, I), and Gaussian moments of activations.

ReLU, leaky ReLU, erf and sin have closed forms. The others are Hermite series
E[f(r₁g₁) f(r₂g₂)] = Σ_l h_l(r₁) h_l(r₂) ρ^l for standard Gaussians of correlation ρ, with
h_l(r) = E[f(rg) He_l(g)]/√l!. Gaussian moments are taken by a Gauss–Legendre rule on panels that halve towards 0,
where f(rg) turns on the scale 1/r: it is as exact for large r as for small. Inputs may have any norms.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.legendre import leggauss

from harness.mathematics.activations import Activation, Erf, Sin
from harness.mathematics.spectra import per_inputs, refuse_too_many, smallest_eigenvalue

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.components import Array

TERMS = 100
_NODES = 16
"""Number of nodes of each panel."""
_FURTHEST = 13.0
"""End of the last panel: beyond it e^{−g²/2} He_l(g)/√l! is below 1e-18 for l < TERMS."""
_LENGTH = 0.5
"""Width of the panels away from 0, in which He_99 turns through 5 rad."""
_HALVINGS = 20
"""Halvings of the panel next to 0, where f(rg) may turn on scales down to 1e-6."""
_LOST = 1e-3
"""Largest share of a variance that the series may leave to its last two powers before it is refused."""
_TINY = 1e-300
_NEAR = 1e-6
"""Below it 1 − |cosine| is too inexact for arccos, which turns an error of 1e-16 near 1 into 1e-8."""


@lru_cache(maxsize=1)
def _quadrature() -> tuple[Array, Array, Array]:
    """Return nodes (q,), probability weights (q,) and normalised Hermite polynomials at the nodes (TERMS, q)."""
    halves = _LENGTH * 0.5 ** np.arange(_HALVINGS, 0, -1)
    ends = np.concatenate([[0.0], halves, np.arange(_LENGTH, _FURTHEST + _LENGTH, _LENGTH)])
    points, shares = leggauss(_NODES)
    lengths = np.diff(ends)[:, None]
    above = (ends[:-1, None] + 0.5 * lengths * (points + 1.0)).ravel()
    weights = (0.5 * lengths * shares).ravel() * np.exp(-0.5 * above**2) / sqrt(2.0 * np.pi)
    nodes, weights = np.concatenate([-above[::-1], above]), np.concatenate([weights[::-1], weights])
    table = np.empty((TERMS, len(nodes)))
    table[0], table[1] = 1.0, nodes
    for degree in range(1, TERMS - 1):
        table[degree + 1] = (nodes * table[degree] - sqrt(degree) * table[degree - 1]) / sqrt(degree + 1)
    return nodes, weights, table


def gaussian_mean(function: Callable[[Array], Array]) -> float:
    """Return E[f(g)], g ~ N(0, 1); f must be smooth, but for a kink or a jump at 0.

    >>> round(gaussian_mean(lambda z: z**4), 9)
    3.0
    """
    nodes, weights, _ = _quadrature()
    return float(weights @ function(nodes))


def hermite_coefficients(function: Callable[[Array], Array], scales: Array | float = 1.0) -> Array:
    """Return h_l = E[f(scale · g) He_l(g)]/√l! for l < 100: (100,), or (m, 100) for m scales.

    >>> hermite_coefficients(lambda z: z**2)[:3].round(9).tolist()[::2]  # z² = 1 + √2 (z² − 1)/√2
    [1.0, 1.414213562]
    """
    nodes, weights, table = _quadrature()
    coefficients: Array = (function(np.multiply.outer(scales, nodes)) * weights) @ table.T
    return coefficients


def mu(activation: Activation) -> float:
    """Return μ_φ = E[g φ'(g)], by Stein's identity E[φ''(g)]; 0 for odd φ and the sigmoid.

    >>> from harness.mathematics.activations import ACTIVATIONS
    >>> round(mu(ACTIVATIONS["softplus"]), 5), mu(ACTIVATIONS["tanh"])
    (0.20662, 0.0)
    """
    if activation.homogeneous:  # φ' jumps at 0 by φ'(1) − φ'(−1)
        left, right = activation.dphi(np.array([-1.0, 1.0]))
        return float(right - left) / sqrt(2.0 * np.pi)
    value = float(hermite_coefficients(activation.dphi)[1])
    return value if abs(value) > 1e-13 else 0.0


def output_variance(x: Array, activation: Activation) -> float:
    """Return the mean over the rows x of Var φ(w·x), w ~ N(0, I)."""
    norms = np.linalg.norm(x, axis=1)
    nodes, weights, _ = _quadrature()
    values = activation.phi(np.multiply.outer(norms, nodes))
    means = values @ weights
    return float((((values - means[:, None]) ** 2) @ weights).mean())


def output_kernel(x: Array, activation: Activation) -> Array:
    """Return Σ̃(X) = E[φ(Xw) φ(Xw)ᵀ], (n, n), w ~ N(0, I): the output layer's part of the tangent kernel.

    ReLU: |x||x'| (sin θ + (π − θ) cos θ)/2π. erf: (2/π) arcsin(2G/√((1 + 2|x|²)(1 + 2|x'|²))).

    Raises:
        ValueError: The series converges too slowly for inputs of this norm.
    """
    refuse_too_many(len(x))
    gram = x @ x.T
    squares = np.diagonal(gram)
    if activation.homogeneous:
        norms = np.sqrt(np.outer(squares, squares))
        theta = angles(x)
        arc_cosine = norms * (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2.0 * np.pi)
        left, right = activation.dphi(np.array([-1.0, 1.0]))
        kernel: Array = left * right * gram + (right - left) ** 2 * arc_cosine
        return kernel
    if isinstance(activation, Erf):
        grown = 1.0 + 2.0 * squares
        return 2.0 / np.pi * np.arcsin(np.clip(2.0 * gram / np.sqrt(np.outer(grown, grown)), -1.0, 1.0))
    if isinstance(activation, Sin):
        halves = 0.5 * np.add.outer(squares, squares)
        return 0.5 * (np.exp(gram - halves) - np.exp(-gram - halves))
    return _series(gram, activation.phi)


def derivative_kernel(x: Array, activation: Activation) -> Array:
    """Return E[φ'(Xw) φ'(Xw)ᵀ], (n, n), w ~ N(0, I).

    ReLU: (π − θ)/2π. erf: (4/π)/√((1 + 2|x|²)(1 + 2|x'|²) − 4G²).

    Raises:
        ValueError: The series converges too slowly for inputs of this norm.
    """
    refuse_too_many(len(x))
    gram = x @ x.T
    squares = np.diagonal(gram)
    if activation.homogeneous:
        theta = angles(x)
        left, right = activation.dphi(np.array([-1.0, 1.0]))
        derivatives: Array = left * right + (right - left) ** 2 * (np.pi - theta) / (2.0 * np.pi)
        return derivatives
    if isinstance(activation, Erf):
        grown = 1.0 + 2.0 * squares
        return 4.0 / np.pi / np.sqrt(np.outer(grown, grown) - 4.0 * gram**2)
    if isinstance(activation, Sin):
        halves = 0.5 * np.add.outer(squares, squares)
        return 0.5 * (np.exp(gram - halves) + np.exp(-gram - halves))
    return _series(gram, activation.dphi)


def hidden_kernel(x: Array, activation: Activation) -> Array:
    """Return Σ(X) = E[φ'(Xw) φ'(Xw)ᵀ] ∘ XXᵀ, (n, n), w ~ N(0, I): the hidden layer's part of the tangent kernel.

    The neural network covariance of Oymak and Soltanolkotabi (arXiv 1902.04674, Definition 6.1). It dominates
    μ_φ² (XXᵀ)^{∘2}.
    """
    return derivative_kernel(x, activation) * (x @ x.T)


@per_inputs
def lambda_hidden(x: Array, activation: Activation) -> float:
    """Return λ(X) = λ_min of :func:`hidden_kernel`."""
    return smallest_eigenvalue(hidden_kernel(x, activation))


@per_inputs
def lambda_output(x: Array, activation: Activation) -> float:
    """Return λ̃(X) = λ_min of :func:`output_kernel`."""
    return smallest_eigenvalue(output_kernel(x, activation))


@per_inputs
def lambda_both(x: Array, activation: Activation) -> float:
    """Return λ_min of the sum of :func:`hidden_kernel` and :func:`output_kernel`: both layers, at equal scales."""
    return smallest_eigenvalue(hidden_kernel(x, activation) + output_kernel(x, activation))


def angles(x: Array) -> Array:
    """Return the angles between the rows of X, (n, n), in [0, π]; π/2 to a row of zeros.

    >>> float(angles(np.array([[1.0, 0.0], [1.0, 1e-12]]))[0, 1])
    1e-12
    """
    refuse_too_many(len(x))
    gram = x @ x.T
    squares = np.diagonal(gram)
    cosines = np.clip(gram / np.maximum(np.sqrt(np.outer(squares, squares)), _TINY), -1.0, 1.0)
    theta: Array = np.arccos(cosines)
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), _TINY)
    near = np.abs(cosines) > 1.0 - _NEAR
    for i in np.flatnonzero(np.triu(near, 1).any(axis=1)):
        (others,) = np.nonzero(near[i, i + 1 :])
        others += i + 1
        apart, together = (np.linalg.norm(unit[i] + sign * unit[others], axis=1) for sign in (-1.0, 1.0))
        theta[i, others] = theta[others, i] = 2.0 * np.arctan2(apart, together)
    np.fill_diagonal(theta, 0.0)
    return theta


def _series(gram: Array, function: Callable[[Array], Array]) -> Array:
    """Sum the Hermite series.

    What the terms leave of each variance, even and odd part, goes to the next two powers of the cosine, so that
    diagonal entries are exact and equal inputs have equal rows.
    """
    norms = np.sqrt(np.diagonal(gram))
    distinct, index = np.unique(norms.round(12), return_inverse=True)
    coefficients = hermite_coefficients(function, distinct)
    nodes, weights, _ = _quadrature()
    points = np.multiply.outer(distinct, nodes)
    parts = (function(points) + function(-points)) / 2.0, (function(points) - function(-points)) / 2.0
    rest = np.stack([part**2 @ weights - (coefficients[:, p::2] ** 2).sum(axis=1) for p, part in enumerate(parts)])
    lost = rest.sum(axis=0) / (rest.sum(axis=0) + (coefficients**2).sum(axis=1))
    if lost.max() > _LOST:
        norm = distinct[lost.argmax()]
        raise ValueError(f"the Hermite series of the kernel converges too slowly for inputs of norm {norm:.3g}")
    columns = np.hstack([coefficients, np.sqrt(np.maximum(rest.T, 0.0))])  # TERMS is even: so is the first power
    cosines = np.clip(gram / np.maximum(np.outer(norms, norms), _TINY), -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    kernel = np.zeros_like(gram)
    for column in columns.T[::-1]:  # Horner's rule in the cosines
        kernel *= cosines
        kernel += column[0] ** 2 if len(column) == 1 else np.outer(column, column)[np.ix_(index, index)]
    return kernel
