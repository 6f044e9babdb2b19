from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.builtin.datasets import NearDuplicates
from harness.mathematics import kernels, spectra
from harness.mathematics.activations import ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Activation, Array

RELU = ACTIVATIONS["relu"]
SUMMABLE = [name for name in ACTIVATIONS if name != "softsign"]
"""Activations whose series converges at norms of about 1. The slope of the softsign has a corner at 0."""


def sphere(n: int, d: int, seed: int = 0) -> Array:
    return spectra.unit_rows(np.random.default_rng(seed).standard_normal((n, d)))


KNOWN = {  # (n, d): ‖X‖, σ_min(X*X), κ, λ of ReLU hidden and output, λ of softplus, GELU, tanh, erf
    (20, 10): (2.235435, 0.381483, 10.8617, 0.122012, 0.031534, 0.012854, 0.067266, 0.052513, 0.079320),
    (40, 10): (2.826994, 0.158919, 55.9682, 0.082374, 0.012242, 0.002990, 0.026202, 0.035451, 0.054015),
    (100, 20): (3.106299, 0.309654, 14.4878, 0.103713, 0.019601, 0.005887, 0.043975, 0.061463, 0.092864),
    (30, 50): (1.676101, 0.838686, 3.0763, 0.247950, 0.102968, 0.057197, 0.200102, 0.111324, 0.159450),
}


@pytest.mark.parametrize(("size", "known"), KNOWN.items())
def test_known_spectra(size: tuple[int, int], known: tuple[float, ...]) -> None:
    x = sphere(*size)
    found = (
        spectra.operator_norm(x),
        spectra.khatri_rao_sigma_min(x),
        spectra.kappa(x),
        kernels.lambda_hidden(x, RELU),
        kernels.lambda_output(x, RELU),
        *(kernels.lambda_hidden(x, ACTIVATIONS[name]) for name in ("softplus", "gelu", "tanh", "erf")),
    )
    digits = np.array([5.1e-7, 5.1e-7, 5.1e-5] + [5.1e-7] * 6)
    assert (np.abs(np.subtract(found, known)) <= digits).all()


KNOWN_MOMENTS = {  # μ_φ, E[φ'²]
    "softplus": (0.20662, 0.2934),
    "gelu": (0.42314, 0.4559),
    "silu": (0.35085, 0.3795),
    "tanh": (0.0, 0.4644),
    "sigmoid": (0.0, 0.0448),
    "erf": (0.0, 0.5694),
    "sin": (0.0, 0.5677),
    "relu": (0.39894, 0.5),
}


@pytest.mark.parametrize(("name", "known"), KNOWN_MOMENTS.items())
def test_known_moments(name: str, known: tuple[float, float]) -> None:
    activation = ACTIVATIONS[name]
    found = (kernels.mu(activation), kernels.gaussian_mean(lambda z: activation.dphi(z) ** 2))
    assert (np.abs(np.subtract(found, known)) <= [5.1e-6, 5.1e-5]).all()


def test_mu_is_zero_to_the_last_bit_where_symmetry_says_so() -> None:
    assert [kernels.mu(ACTIVATIONS[name]) for name in ("tanh", "sigmoid", "erf", "sin")] == [0.0] * 4
    assert kernels.mu(RELU) == pytest.approx(1 / math.sqrt(2 * math.pi))
    assert kernels.mu(ACTIVATIONS["leaky-relu"]) == pytest.approx(0.9 / math.sqrt(2 * math.pi))


def test_hermite_coefficients_of_a_polynomial_and_of_erf() -> None:
    cube = kernels.hermite_coefficients(lambda z: z**3)
    np.testing.assert_allclose(cube[:5], [0, 3, 0, math.sqrt(6), 0], atol=1e-12)
    # E[erf'(g)] = (2/√π)/√3
    assert kernels.hermite_coefficients(ACTIVATIONS["erf"].dphi)[0] == pytest.approx(2 / math.sqrt(3 * math.pi))


@pytest.mark.parametrize("scale", [1.0, 6.0, 20.0, 1e4])
def test_all_hermite_coefficients_at_any_scale(scale: float) -> None:
    # erf'(rg) = (2/√π) e^{−r²g²} has h_{2m} = (2/√π) (1 + 2r²)^{−1/2} (−2r²/(1 + 2r²))^m √(2m)!/(2^m m!)
    grown, expected = 1 + 2 * scale**2, np.zeros(kernels.TERMS)
    for m in range(kernels.TERMS // 2):
        size = math.exp(0.5 * math.lgamma(2 * m + 1) - m * math.log(2) - math.lgamma(m + 1))
        expected[2 * m] = 2 / math.sqrt(math.pi * grown) * (1 / grown - 1) ** m * size
    found = kernels.hermite_coefficients(ACTIVATIONS["erf"].dphi, scale)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14 * expected[0])


def integral(function: Callable[[float], float], norm: float) -> float:
    """Return E[function(norm · g)] by adaptive quadrature between ends on the scale of the function."""
    from scipy.integrate import quad

    ends = sorted({end / norm for end in (0, 0.5, 1, 2, 4, 8, 16, 32) if end < 13 * norm} | {0.5, 1, 2, 4, 8, 13})

    def folded(g: float) -> float:
        return (function(norm * g) + function(-norm * g)) * math.exp(-g * g / 2)

    parts = [float(quad(folded, *between, epsabs=1e-15, epsrel=1e-13)[0]) for between in pairwise(ends)]
    return sum(parts) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize(
    ("kernel", "name", "norm"),
    [
        (kernels.derivative_kernel, "silu", 1.0),
        (kernels.derivative_kernel, "silu", 6.0),
        (kernels.derivative_kernel, "softplus", 10.0),
        (kernels.output_kernel, "softplus", 100.0),
        (kernels.output_kernel, "sigmoid", 10.0),
        (kernels.output_kernel, "gelu", 10.0),
        (kernels.output_kernel, "silu", 20.0),
        (kernels.output_kernel, "gelu", 1000.0),
    ],
)
def test_the_series_has_the_moments_of_adaptive_quadrature(
    kernel: Callable[[Array, Activation], Array], name: str, norm: float
) -> None:
    activation = ACTIVATIONS[name]
    values = activation.dphi if kernel is kernels.derivative_kernel else activation.phi

    def f(z: float) -> float:
        return float(values(np.array(z)))

    found = kernel(norm * np.eye(2), activation)
    np.testing.assert_allclose(np.diagonal(found), integral(lambda z: f(z) ** 2, norm), rtol=1e-12)
    assert found[0, 1] == pytest.approx(integral(f, norm) ** 2, rel=1e-12)  # the cosine is 0


def test_output_variance_of_long_inputs() -> None:
    x, gelu = np.diag([0.5, 10.0, 40.0]), ACTIVATIONS["gelu"]
    moments = [
        [integral(lambda z, p=power: float(gelu.phi(np.array(z))) ** p, norm) for power in (1, 2)]  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        for norm in (0.5, 10.0, 40.0)
    ]
    expected = np.mean([square - mean**2 for mean, square in moments])
    assert kernels.output_variance(x, gelu) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("angle", [1e-4, 1e-7, 3e-8, 1e-8, 1e-12])
def test_angles_of_near_duplicates_keep_their_digits(angle: float) -> None:
    # In the plane, rows (1, 0), r (cos θ, sin θ) and their opposites; cos θ is 1 when rounded.
    x = np.array([[1.0, 0.0], [3 * math.cos(angle), 3 * math.sin(angle)], [-1.0, 0.0], [0.0, 2.0]])
    found = kernels.angles(x)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diagonal(found), 0)
    assert found[0, 1] == pytest.approx(angle, rel=1e-12)
    assert math.pi - found[1, 2] == pytest.approx(angle, abs=1e-15)
    assert found[0, 2] == math.pi
    np.testing.assert_allclose(found[3], [math.pi / 2, math.pi / 2 - angle, math.pi / 2, 0], rtol=1e-15)


@pytest.mark.parametrize("distance", [1e-7, 3e-8, 1e-8])
def test_smallest_eigenvalue_of_near_duplicates(distance: float) -> None:
    # A pair at angle θ has the block (1/2, (π − θ) cos θ/2π): its smaller eigenvalue is θ/2π up to θ².
    x, _ = NearDuplicates(distance=distance).draw(20, 10, np.random.default_rng(0))
    assert kernels.lambda_hidden(x, RELU) == pytest.approx(distance / (2 * math.pi), rel=1e-6)


@pytest.mark.parametrize("name", SUMMABLE)
@pytest.mark.parametrize("layer", ["derivative", "output"])
def test_kernels_equal_monte_carlo_for_any_norms(name: str, layer: str) -> None:
    activation = ACTIVATIONS[name]
    rng = np.random.default_rng(5)
    x = rng.standard_normal((6, 3)) * np.array([0.2, 0.4, 0.6, 0.7, 0.8, 0.9])[:, None]
    draws = 400_000
    z = rng.standard_normal((draws, 3)) @ x.T
    values = activation.dphi(z) if layer == "derivative" else activation.phi(z)
    kernel = kernels.derivative_kernel if layer == "derivative" else kernels.output_kernel
    mean, square = values.T @ values / draws, (values**2).T @ values**2 / draws
    error = np.sqrt((square - mean**2) / draws)
    assert np.abs((kernel(x, activation) - mean) / error).max() < 4.5


@pytest.mark.parametrize("name", ["erf", "sin"])
@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_series_equals_the_closed_form(name: str, scale: float) -> None:
    activation, x = ACTIVATIONS[name], scale * sphere(12, 5, seed=3)
    gram = x @ x.T
    np.testing.assert_allclose(kernels._series(gram, activation.phi), kernels.output_kernel(x, activation), atol=1e-11)
    np.testing.assert_allclose(
        kernels._series(gram, activation.dphi), kernels.derivative_kernel(x, activation), atol=1e-11
    )


def test_leaky_relu_is_a_mixture_of_the_relu_and_the_identity() -> None:
    x = np.random.default_rng(1).standard_normal((7, 4))
    leaky = ACTIVATIONS["leaky-relu"]
    np.testing.assert_allclose(
        kernels.output_kernel(x, leaky), 0.1 * x @ x.T + 0.81 * kernels.output_kernel(x, RELU), atol=1e-14
    )
    np.testing.assert_allclose(
        kernels.derivative_kernel(x, leaky), 0.1 + 0.81 * kernels.derivative_kernel(x, RELU), atol=1e-14
    )


def test_series_refuses_norms_that_it_cannot_sum() -> None:
    with pytest.raises(ValueError, match="norm 30"):
        kernels.hidden_kernel(30 * np.eye(3), ACTIVATIONS["tanh"])


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 30),
    d=st.integers(2, 12),
    seed=st.integers(0, 10**6),
    name=st.sampled_from([name for name in SUMMABLE if name != "leaky-relu"]),
)
def test_covariance_dominates_the_khatri_rao_bound(n: int, d: int, seed: int, name: str) -> None:
    x, activation = sphere(n, d, seed), ACTIVATIONS[name]
    bound = kernels.mu(activation) ** 2 * spectra.khatri_rao_sigma_min(x) ** 2
    assert kernels.lambda_hidden(x, activation) >= bound - 1e-12


def test_parallel_and_antipodal_inputs() -> None:
    x = sphere(6, 5)
    antipodal, doubled = np.vstack([x, -x[:1]]), np.vstack([x, x[:1]])
    assert spectra.extreme_cosines(antipodal)[0] == pytest.approx(-1)
    assert spectra.extreme_cosines(doubled)[1] == pytest.approx(1)
    for y in (antipodal, doubled):
        assert spectra.khatri_rao_sigma_min(y) == 0
        assert math.isinf(spectra.kappa(y))
    assert kernels.lambda_hidden(antipodal, RELU) > 0.01  # the ReLU tells x from −x
    for name in ("relu", "softplus", "tanh", "erf", "sin"):
        assert kernels.lambda_hidden(doubled, ACTIVATIONS[name]) == 0
        assert kernels.lambda_output(doubled, ACTIVATIONS[name]) == 0


def test_orthonormal_inputs_have_closed_forms() -> None:
    x = np.eye(5)
    assert spectra.kappa(x) == 1.0
    assert kernels.lambda_hidden(x, RELU) == pytest.approx(0.5)
    assert kernels.lambda_output(x, RELU) == pytest.approx(0.5 - 1 / (2 * math.pi))
    for name in ("softplus", "tanh", "gelu"):
        activation = ACTIVATIONS[name]
        square = kernels.gaussian_mean(lambda z, a=activation: a.dphi(z) ** 2)  # type: ignore[misc]  # mypy infers no type for a lambda with a default
        assert kernels.lambda_hidden(x, activation) == pytest.approx(square)


def test_output_variance_is_that_of_the_activation() -> None:
    x = np.array([[2.0, 0.0], [0.0, 1.0]])
    expected = np.mean([0.5 * (1 - math.exp(-2 * r * r)) for r in (2.0, 1.0)])  # E sin² , and E sin = 0
    assert kernels.output_variance(x, ACTIVATIONS["sin"]) == pytest.approx(expected, rel=1e-12)


def test_a_limit_for_many_inputs_on_the_sphere() -> None:
    x = sphere(800, 40)  # d² ≪ n is not reached; 0.0867 was measured once, the limit is 0.0908
    assert kernels.lambda_hidden(x, RELU) == pytest.approx(0.0908, rel=0.08)
