from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from harness_lazy.distance import OutputWeights, finite_kernel, kernel_distances
from harness_lazy.limit import limiting_eigenvalue, limiting_kernel

from harness import ACTIVATIONS, Activation, Array, Trained
from harness.builtin.models import ShallowNet
from harness.mathematics.spectra import unit_rows

SUMMABLE = [name for name in ACTIVATIONS if name != "softsign"]
"""Activations whose kernels are summed at norms of about 1. The slope of the softsign has a corner at 0."""

TRAINED = get_args(Trained)


def inputs(n: int, d: int, seed: int = 0, unit: bool = True) -> Array:
    x = np.random.default_rng(seed).standard_normal((n, d))
    return unit_rows(x) if unit else 0.6 * x / math.sqrt(d)


# --- an independent implementation: the recursion of the tangent kernel, expectations by quadrature ----------------


def expectation(activation: Activation, f: str, a: float, b: float, c: float) -> float:
    """Return E[f(u) f(v)] for Var u = a, Var v = b, Cov = c: in polar coordinates, which kinks do not disturb.

    (u, v) = r (p(θ), q(θ)), r² exponential: ∫dθ/2π ∫ r e^{−r²/2} f(r p) f(r q) dr, panels cut where p or q is 0.
    """
    function = activation.phi if f == "phi" else activation.dphi
    lower = np.linalg.cholesky(np.array([[a, c], [c, b]]) + 0.0)
    cuts = {0.0, 2 * math.pi}
    for row in lower:
        zero = math.atan2(-row[0], row[1]) % math.pi
        cuts |= {zero, zero + math.pi}
    nodes, weights = np.polynomial.legendre.leggauss(80)
    r = 10.0 * (nodes + 1) / 2 * 1.0
    radial = weights * 5.0 * r * np.exp(-(r**2) / 2)
    total = 0.0
    ordered = sorted(cuts)
    for low, high in pairwise(ordered):
        theta = low + (high - low) * (nodes + 1) / 2
        p, q = lower @ np.stack([np.cos(theta), np.sin(theta)])
        inner = (function(np.outer(p, r)) * function(np.outer(q, r))) @ radial
        total += float(weights @ inner) * (high - low) / 2
    return total / (2 * math.pi)


def recursion(x: Array, activation: Activation, train: str, sigma: float, output: float) -> Array:
    """Θ⁰ = Σ⁰ = XXᵀ; Θ¹ = Θ⁰ ∘ a² E[φ'φ'] + E[φφ], expectations over N(0, σ² Σ⁰) pair by pair."""
    n = len(x)
    kernel = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            a, b, c = sigma**2 * x[i] @ x[i], sigma**2 * x[j] @ x[j], sigma**2 * x[i] @ x[j]
            value = 0.0
            if train != "output":
                value += output**2 * float(x[i] @ x[j]) * expectation(activation, "dphi", a, b, c)
            if train != "hidden":
                value += expectation(activation, "phi", a, b, c)
            kernel[i, j] = kernel[j, i] = value
    return kernel


@pytest.mark.parametrize("name", SUMMABLE)
@pytest.mark.parametrize("train", TRAINED)
def test_limit_equals_an_independent_recursion(name: str, train: Trained) -> None:
    x, activation = inputs(5, 4, unit=False), ACTIVATIONS[name]
    expected = recursion(x, activation, train, sigma=1.3, output=0.7)
    found = limiting_kernel(x, activation, train, sigma=1.3, output=0.7)
    off = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(found[off], expected[off], atol=1e-10, rtol=0)


def test_a_kernel_whose_series_converges_too_slowly_is_refused() -> None:
    with pytest.raises(ValueError, match="converges too slowly for inputs of norm"):
        limiting_kernel(inputs(5, 4, unit=False), ACTIVATIONS["softsign"], "hidden")


@pytest.mark.parametrize("name", SUMMABLE)
@pytest.mark.parametrize("train", TRAINED)
@pytest.mark.parametrize("draws", [40_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_limit_equals_monte_carlo_within_its_error(name: str, train: Trained, draws: int) -> None:
    activation, x, rng = ACTIVATIONS[name], inputs(4, 3, unit=False), np.random.default_rng(7)
    sums = np.zeros((2, 4, 4))
    chunk = 40_000
    gram = x @ x.T + 1.0
    for _ in range(draws // chunk):
        z = (0.8 * x.astype(np.float32) @ rng.standard_normal((3, chunk), dtype=np.float32)).astype(np.float64)
        first, second = np.zeros((4, 4)), np.zeros((4, 4))
        slopes, values = activation.dphi(z), activation.phi(z)
        for i in range(4):
            for j in range(i + 1):
                sample = np.zeros(chunk)
                if train != "output":
                    sample += 2.25 * gram[i, j] * slopes[i] * slopes[j]
                if train != "hidden":
                    sample += values[i] * values[j] + 1.0
                first[i, j] = first[j, i] = sample.sum()
                second[i, j] = second[j, i] = sample @ sample
        sums += first, second
    mean = sums[0] / draws
    error = np.sqrt(np.maximum(sums[1] / draws - mean**2, 0.0) / draws)
    found = limiting_kernel(x, activation, train, sigma=0.8, output=1.5, biases=True)
    assert np.abs((found - mean) / error).max() < 4.5
    assert error.max() < 8 / math.sqrt(draws)


def test_named_scales_and_eigenvalues() -> None:
    x, softplus = inputs(6, 9), ACTIVATIONS["softplus"]
    np.testing.assert_allclose(
        limiting_kernel(x, softplus, "all", sigma="lecun"), limiting_kernel(x, softplus, "all", sigma=1 / 3)
    )
    relu = ACTIVATIONS["relu"]
    he = limiting_kernel(x, relu, "output", sigma="he")
    np.testing.assert_allclose(he, 2 / 9 * limiting_kernel(x, relu, "output"))  # homogeneous of degree 2
    assert limiting_eigenvalue(np.eye(4), relu, "hidden") == pytest.approx(0.5)
    assert limiting_eigenvalue(np.ones((3, 2)), relu, "all") == 0.0


def test_width_multiplies_the_part_of_the_output_weights() -> None:
    x, erf = inputs(5, 4), ACTIVATIONS["erf"]
    hidden, output = (limiting_kernel(x, erf, "hidden"), limiting_kernel(x, erf, "output"))
    np.testing.assert_allclose(
        limiting_kernel(x, erf, "all", width=7, biases=True), 7 * output + hidden * (x @ x.T + 1) / (x @ x.T) + 1
    )


# --- towards the limit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", TRAINED)
@pytest.mark.parametrize("output", get_args(OutputWeights))
def test_distance_falls_like_the_root_of_the_width(train: Trained, output: OutputWeights) -> None:
    widths = (64, 256, 1024, 4096)
    found = kernel_distances(
        20,
        10,
        ACTIVATIONS["relu"],
        widths,
        train=train,
        output=output,
        seeds=12,
    )
    fitted = found.slope()
    assert fitted is not None
    slope, error = fitted
    assert slope == pytest.approx(-0.5, abs=0.06)
    assert error < 0.05
    assert np.all(np.diff(found.mean) < 0)
    assert found.smallest[-1].mean() == pytest.approx(found.limit.mean(), rel=0.15)


def test_finite_kernel_is_that_of_the_net() -> None:
    import torch

    x, k = inputs(6, 4), 5
    found = finite_kernel(x, k, ACTIVATIONS["gelu"], "hidden", "signs", np.random.default_rng(2))
    w = np.random.default_rng(2).standard_normal((k, 4))
    params = {"W": torch.from_numpy(w), "v": torch.full((k,), k**-0.5, dtype=torch.float64)}
    np.testing.assert_allclose(found, ShallowNet("gelu").kernel(params, torch.from_numpy(x)).numpy(), rtol=1e-12)


def test_slopes_of_a_power_law() -> None:
    found = kernel_distances(5, 4, ACTIVATIONS["erf"], (8, 16, 32), seeds=3)
    exact = replace(found, values=np.outer([8.0, 16.0, 32.0], [1.0, 2.0, 3.0]) ** -0.5)
    fitted = exact.slope()
    assert fitted is not None
    assert fitted[0] == pytest.approx(-0.5)
    assert fitted[1] == pytest.approx(0.0, abs=1e-12)
    assert replace(found, widths=(8,), values=found.values[:1]).slope() is None
