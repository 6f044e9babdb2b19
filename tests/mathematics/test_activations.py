from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import erf

from harness.mathematics.activations import ACTIVATIONS, LEAKY_SLOPE

SMOOTH = [name for name, activation in ACTIVATIONS.items() if activation.smooth]
Z = np.linspace(-12.0, 12.0, 48_001)


def test_the_names_are_those_that_suites_know() -> None:
    assert set(ACTIVATIONS) == {"softplus", "relu", "leaky-relu", "tanh", "gelu", "silu", "sigmoid", "erf", "sin"}
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())


@pytest.mark.parametrize(
    ("name", "b1", "b2"),
    [
        ("softplus", 1.0, 0.25),
        ("gelu", 1.1289, 0.7979),
        ("silu", 1.0998, 0.5),
        ("tanh", 1.0, 0.7698),
        ("sigmoid", 0.25, 0.0962),
        ("erf", 1.1284, 0.9679),
        ("sin", 1.0, 1.0),
    ],
)
def test_bounds_of_the_derivatives_are_the_known_ones(name: str, b1: float, b2: float) -> None:
    activation = ACTIVATIONS[name]
    assert activation.b1 == pytest.approx(b1, abs=5e-5)
    assert activation.b2 == pytest.approx(b2, abs=5e-5)
    assert activation.bound == max(activation.b1, activation.b2)


@pytest.mark.parametrize("name", SMOOTH)
def test_bounds_are_attained_and_never_passed(name: str) -> None:
    activation = ACTIVATIONS[name]
    slopes = activation.dphi(Z)
    curvature = np.diff(slopes) / np.diff(Z)
    assert np.abs(slopes).max() <= activation.b1 * (1 + 1e-12)
    assert np.abs(slopes).max() == pytest.approx(activation.b1, rel=1e-4)  # softplus' slope is 1 at infinity only
    assert np.abs(curvature).max() <= activation.b2 * (1 + 1e-8)
    assert np.abs(curvature).max() == pytest.approx(activation.b2, rel=1e-5)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_slope_is_the_derivative(name: str) -> None:
    activation = ACTIVATIONS[name]
    z, h = np.linspace(-5.03, 5.07, 301), 1e-5
    central = (activation.phi(z + h) - activation.phi(z - h)) / (2 * h)
    np.testing.assert_allclose(activation.dphi(z), central, atol=1e-9)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_symmetries_are_as_declared(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert np.allclose(activation.phi(-Z), -activation.phi(Z)) == activation.odd
    assert np.allclose(activation.phi(3 * Z), 3 * activation.phi(Z)) == activation.homogeneous


def test_kinks_take_the_slope_from_the_left() -> None:
    zero = np.zeros(1)
    assert ACTIVATIONS["relu"].dphi(zero) == 0
    assert ACTIVATIONS["leaky-relu"].dphi(zero) == LEAKY_SLOPE == 0.1
    assert math.isinf(ACTIVATIONS["relu"].b2)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_large_arguments_neither_overflow_nor_lose_their_digits(name: str) -> None:
    activation = ACTIVATIONS[name]
    with np.errstate(over="raise", invalid="raise"):
        far = np.array([-800.0, 800.0])
        assert np.isfinite(activation.phi(far)).all()
        assert np.isfinite(activation.dphi(far)).all()


def test_tails_keep_relative_accuracy() -> None:
    z = np.array([-40.0])
    assert ACTIVATIONS["softplus"].phi(z)[0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert ACTIVATIONS["sigmoid"].phi(z)[0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert ACTIVATIONS["tanh"].dphi(z)[0] == pytest.approx(4 * math.exp(-80), rel=1e-13)
    assert ACTIVATIONS["gelu"].phi(np.array([1.3]))[0] == pytest.approx(0.65 * (1 + erf(1.3 / math.sqrt(2))), rel=1e-14)
