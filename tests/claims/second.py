"""Numbers of theorems computed a second time, from their definitions and by other means than the product's.

Khatri–Rao powers are explicit tensors and singular values come from SVD. Kernels of smooth activations are double
integrals by Gauss–Hermite quadrature, those of the ReLU follow from Sheppard's orthant probability, and Gaussian means
are adaptive integrals. Nothing here imports the product's mathematics.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad
from scipy.linalg import eigh
from scipy.special import erf, expit

from harness import Problem

Array = np.ndarray
Function = Callable[[Array], Array]

SIZES = ((12, 6), (14, 5), (5, 9))
"""(n, d) of the problems."""


def drawn(n: int, d: int, classes: int | None = None) -> Problem:
    rng = np.random.default_rng([n, d])
    x = rng.standard_normal((n, d))
    y = rng.standard_normal(n) if classes is None else np.eye(classes)[rng.integers(classes, size=n)]
    return Problem(x / np.sqrt((x**2).sum(axis=1))[:, None], y, 0, "sphere", classes=classes)


def softplus(z: Array) -> Array:
    return np.asarray(np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0.0))


def gelu(z: Array) -> Array:
    return np.asarray(0.5 * z * (1.0 + erf(z / math.sqrt(2.0))))


def gelu_slope(z: Array) -> Array:
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return np.asarray(0.5 * (1.0 + erf(z / math.sqrt(2.0))) + z * density)


def sigmoid(z: Array) -> Array:
    return np.asarray(expit(z))


SOFTPLUS = (softplus, sigmoid, 1.0, 0.25)
"""φ, φ', sup |φ'| and sup |φ''|."""


def mean(function: Callable[[float], float]) -> float:
    """E f(g), g ~ N(0, 1)."""
    total = 0.0
    for low, high in ((-13.0, -3.0), (-3.0, 0.0), (0.0, 3.0), (3.0, 13.0)):
        total += quad(lambda g: function(g) * math.exp(-0.5 * g * g), low, high, epsabs=1e-13, epsrel=1e-12)[0]
    return total / math.sqrt(2.0 * math.pi)


def of_numbers(function: Function) -> Callable[[float], float]:
    return lambda g: float(function(np.array([g]))[0])


def tensor_power(x: Array, t: int) -> Array:
    """X^{*t} with rows x_i ⊗ … ⊗ x_i, (n, d^t)."""
    rows = x
    for _ in range(t - 1):
        rows = (rows[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return rows


def least_singular(matrix: Array) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False)[len(matrix) - 1]) if len(matrix) <= matrix.shape[1] else 0.0


def largest_singular(matrix: Array) -> float:
    return math.sqrt(float(eigh(matrix.T @ matrix, eigvals_only=True)[-1]))


def least_eigenvalue(matrix: Array) -> float:
    return float(eigh(matrix, eigvals_only=True, driver="ev")[0])


def product_mean(x: Array, function: Function, nodes: int = 120) -> Array:
    """E[f(w·x_i) f(w·x_j)], w ~ N(0, I), for smooth f, by a rule on the plane for each pair."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / math.sqrt(2.0 * math.pi)
    gram, n = x @ x.T, len(x)
    kernel = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            a, b = math.sqrt(gram[i, i]), math.sqrt(gram[j, j])
            rho = 1.0 if i == j else gram[i, j] / (a * b)
            rest = math.sqrt(max(0.0, 1.0 - rho * rho))
            first = function(a * points)
            second = function(b * (rho * points[:, None] + rest * points[None, :]))
            kernel[i, j] = kernel[j, i] = (weights * first) @ (second @ weights)
    return kernel


def both_positive(x: Array) -> Array:
    """P(w·x_i > 0 and w·x_j > 0) = 1/4 + arcsin ρ/2π [Sheppard 1899], for unit rows."""
    cosines = np.clip(x @ x.T, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return np.asarray(0.25 + np.arcsin(cosines) / (2.0 * math.pi))


def relu_products(x: Array) -> Array:
    """E[relu relu], for unit rows: its derivative in ρ is the orthant probability (Price's theorem)."""
    rho = np.clip(x @ x.T, -1.0, 1.0)
    np.fill_diagonal(rho, 1.0)
    arcs = rho * np.arcsin(rho) + np.sqrt(1.0 - rho**2) - 1.0
    return np.asarray(0.5 / math.pi + rho / 4.0 + arcs / (2.0 * math.pi))


def hidden_lambda_relu(x: Array) -> float:
    return least_eigenvalue(both_positive(x) * (x @ x.T))


def hidden_lambda(x: Array, slope: Function) -> float:
    return least_eigenvalue(product_mean(x, slope) * (x @ x.T))
