"""Bounds at weights as given hold for the exact numbers, which 60 digits and ball arithmetic stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness import ACTIVATIONS, Activation
from harness.mathematics.limit import balls
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.limit.point_rounding import EVALUATION
from harness.mathematics.limit.rounding import gamma
from harness.mathematics.limit.start import (
    Errors,
    largest_by_gram,
    least_by_gram,
    least_by_inverse,
    least_singular,
    residual_norm,
)
from harness.mathematics.spectra import unit_rows

KNOWN = ("relu", "leaky-relu", "softplus", "sigmoid", "silu", "tanh", "gelu", "erf", "sin")


def layer(
    seed: int, n: int = 6, d: int = 4, k: int = 9, size: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return unit_rows(rng.standard_normal((n, d))), size * rng.standard_normal((k, d)), rng.standard_normal(k)


# --- matrices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", range(0, 13))
def test_bounds_of_singular_values_are_bounds_and_close(power: int) -> None:
    rng = np.random.default_rng(power)
    n, p = 7, 12
    left, right = (np.linalg.qr(rng.standard_normal((m, m)))[0] for m in (n, p))
    singular = np.geomspace(1.0, 10.0**-power, n)
    matrix = left @ np.column_stack([np.diag(singular), np.zeros((n, p - n))]) @ right.T
    found = least_singular(matrix)
    true = float(np.linalg.svd(matrix, compute_uv=False)[-1])
    assert found <= true * (1 + 1e-9) + 1e-15
    if power <= 6:
        assert found >= 0.9 * true
    assert found >= 0.3 * true if power <= 11 else found >= 0
    top = largest_by_gram(matrix @ matrix.T, p)
    assert 1.0 - 1e-12 <= top <= 1.0 + 1e-6


def test_nothing_is_proved_of_dependent_rows_or_of_a_large_error() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3, 8))
    for matrix in (np.vstack([rows, rows[:1]]), np.vstack([rows, rows[0] + rows[1]]), rng.standard_normal((4, 3))):
        assert least_singular(matrix) == 0
        assert least_by_inverse(matrix) == 0
    good = np.diag([1.0, 2.0, 3.0])
    assert least_singular(good, 0.5) == pytest.approx(0.5, rel=1e-6)
    assert least_singular(good, 1.5) == least_singular(good, math.inf) == 0
    assert least_by_gram(np.full((2, 2), math.nan), 2) == least_by_inverse(np.full((2, 2), math.inf)) == 0


def test_an_error_of_the_matrix_is_taken_off_for_the_worst_direction() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        matrix = rng.standard_normal((5, 7))
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
        error = rng.uniform(0, 1.2) * singular[-1]
        worst = matrix - error * np.outer(left[:, -1], right[-1])
        assert least_singular(matrix, error) <= np.linalg.svd(worst, compute_uv=False)[-1] + 1e-12


# --- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("size", [1.0, 30.0])
def test_errors_of_a_layer_bound_those_against_ball_arithmetic(name: str, size: float) -> None:
    pytest.importorskip("flint")
    activation = ACTIVATIONS[name]
    x, w, v = layer(3, size=size)
    y = np.arange(6.0)
    z = x @ w.T
    errors = Errors.of(activation, x, w, z)
    net = BallNet({"W": w, "v": v}, x, y, activation)
    with balls.precision():
        for exact, found, bound in (
            (net._z, z, errors.arguments),
            (net._values, activation.phi(z), errors.values),
            (net._slopes, activation.dphi(z), errors.slopes),
        ):
            off = [float(abs(one - other).upper()) for one, other in zip(exact.entries(), found.ravel(), strict=True)]
            assert np.linalg.norm(off) <= bound
            assert bound < 1e-9 * size * (1 + np.linalg.norm(found))
        residual = activation.phi(z) @ v - y
        bound = residual_norm(residual, float(np.linalg.norm(activation.phi(z))), v, errors.values, np.abs(y))
        exact_norm = net.residual()
        assert exact_norm <= bound
        assert bound <= float(exact_norm.upper()) * (1 + 1e-8)


def test_errors_of_values_are_those_of_arguments_and_of_evaluation() -> None:
    """Each of two values at z = 3 · 4 is off by sup|φ'| of the error of z, and by ε(1 + |z|) of its evaluation."""
    x, w = np.array([[3.0]]), np.array([[4.0], [4.0]])
    for name, steepest in (("sigmoid", 0.25), ("relu", 1.0)):
        errors = Errors.of(ACTIVATIONS[name], x, w)
        assert errors.arguments == pytest.approx(gamma(3) * 12.0 * math.sqrt(2.0), rel=1e-8)
        exact = steepest * errors.arguments + EVALUATION * math.sqrt(2.0) * (1.0 + 12.0)
        assert exact <= errors.values <= exact * (1 + 1e-8)


def test_a_pair_on_a_kink_may_have_either_slope() -> None:
    x = np.array([[1.0, 1.0], [0.3, 0.1]])
    w = np.array([[1.0, -1.0], [1.0, 2.0]])  # the first pair is on the kink
    errors = Errors.of(ACTIVATIONS["relu"], x, w, x @ w.T)
    assert errors.slopes >= 1.0
    assert Errors.of(ACTIVATIONS["relu"], x[1:], w, x[1:] @ w.T).slopes < 1e-13
    assert math.isinf(Errors.of(ACTIVATIONS["squared-relu"], x, w, x @ w.T).values)  # φ' has no bound


# --- ball arithmetic --------------------------------------------------------------------------------------------------


def exact_net(activation: Activation, seed: int, n: int, k: int) -> tuple[BallNet, np.ndarray, np.ndarray]:
    x, w, v = layer(seed, n=n, k=k)
    y = np.random.default_rng([seed, 7]).standard_normal(n)
    net = BallNet({"W": w, "v": v}, x, y, activation)
    z = x @ w.T
    slopes = activation.dphi(z) * v
    jacobian = (slopes[:, :, None] * x[:, None, :]).reshape(n, -1)
    return net, jacobian, activation.phi(z)


@pytest.mark.parametrize("name", KNOWN)
def test_ball_arithmetic_has_the_functions_and_kernels_of_float64(name: str) -> None:
    pytest.importorskip("flint")
    net, jacobian, values = exact_net(ACTIVATIONS[name], 5, 6, 9)
    with balls.precision():
        hidden = np.array([[float(one.mid()) for one in row] for row in net.hidden_gram()])
        output = np.array([[float(one.mid()) for one in row] for row in net.output_gram()])
        norm = float(net.operator_norm().mid())
        residual = float(net.residual().mid())
    assert hidden == pytest.approx(jacobian @ jacobian.T, rel=1e-12, abs=1e-13)
    assert output == pytest.approx(values @ values.T, rel=1e-12, abs=1e-13)
    assert norm == pytest.approx(np.linalg.norm(net.x, 2), rel=1e-8)
    assert residual == pytest.approx(np.linalg.norm(values @ net.weights["v"] - net.y), rel=1e-12)


def test_an_elimination_proves_a_shift_below_the_least_eigenvalue_and_none_above() -> None:
    flint = pytest.importorskip("flint")
    rng = np.random.default_rng(2)
    for _ in range(20):
        factor = rng.standard_normal((6, 9))
        gram = factor @ factor.T
        least = float(np.linalg.eigvalsh(gram)[0])
        with balls.precision():
            rows = [[flint.arb(float(one)) for one in row] for row in gram]
            assert balls.positive_definite(rows, flint.arb(least * (1 - 1e-9)))
            assert not balls.positive_definite(rows, flint.arb(least * (1 + 1e-9)))


def test_ball_arithmetic_declines_what_it_does_not_know() -> None:
    pytest.importorskip("flint")
    assert BallNet.known(ACTIVATIONS["gelu"], 20, 100)
    assert not BallNet.known(ACTIVATIONS["elu"], 20, 100)
    assert not BallNet.known(ACTIVATIONS["gelu"], 2**9, 2**12)
    assert BallNet.known(ACTIVATIONS["gelu"], 1000, 100)
    assert not BallNet.known(ACTIVATIONS["gelu"], 1001, 100)


def test_the_rank_of_either_layer_and_of_both() -> None:
    """One neuron φ = tanh at w = 1 on x = 1 and 1/2: the gradients of each layer are on a line, and together are not.

    The Gram matrix of both is [φ'(z)x, φ(z)] times its transpose, whose determinant is that of two numbers squared.
    """
    pytest.importorskip("flint")
    x, w = np.array([[1.0], [0.5]]), np.array([[1.0]])
    both = np.column_stack([x / np.cosh(x) ** 2, np.tanh(x)])
    assert np.linalg.eigvalsh(both @ both.T)[0] == pytest.approx(0.00997, abs=5e-6)  # between 0 and 1

    def ranks(samples: int, v: float) -> list[bool]:
        net = BallNet({"W": w, "v": np.array([v])}, x[:samples], np.zeros(samples), ACTIVATIONS["tanh"])
        return [net.full_rank(train) for train in ("hidden", "output", "all")]

    assert ranks(2, 1.0) == [False, False, True]
    assert ranks(1, 1e-6) == [True, True, True]
    assert ranks(1, 0.0) == [False, True, True]
