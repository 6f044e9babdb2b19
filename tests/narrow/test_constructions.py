from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from harness_narrow import constructions
from harness_narrow.constructions import evaluate, mirrored_net, relu_slabs, threshold_slabs

from harness import ACTIVATIONS, Array
from harness.mathematics.spectra import unit_rows

SIZES = [(40, 10), (60, 10), (100, 20), (33, 8), (7, 3), (5, 8), (9, 9)]


def problem(n: int, d: int, seed: int) -> tuple[Array, Array, np.random.Generator]:
    rng = np.random.default_rng([n, d, seed])
    return unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), rng


def network(weights: Any, phi: Any, x: Array) -> Array:
    """The net written out neuron by neuron."""
    k = len(weights["v"])
    total = np.full(len(x), float(weights.get("c", 0.0)))
    for j in range(k):
        total += weights["v"][j] * phi(x @ weights["W"][j] + (weights["b"][j] if "b" in weights else 0.0))
    return total


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_relu_slabs_fit_any_labels_with_four_neurons_for_d_samples(n: int, d: int, seed: int) -> None:
    x, y, rng = problem(n, d, seed)
    made = relu_slabs(x, y, rng)
    assert made.neurons == 4 * math.ceil(n / d)
    assert made.weights["W"].shape == (made.neurons, d)
    assert made.biases
    outputs = network(made.weights, lambda z: np.maximum(z, 0.0), x)
    assert np.linalg.norm(outputs - y) < 1e-6 * np.linalg.norm(y)
    assert made.residual < 1e-9


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_threshold_slabs_tell_two_classes_apart(n: int, d: int, seed: int) -> None:
    x, y, rng = problem(n, d, seed)
    signs = np.sign(y)
    made = threshold_slabs(x, signs, rng)
    smaller = int(min(np.count_nonzero(signs > 0), np.count_nonzero(signs < 0)))
    assert made.neurons == 2 * math.ceil(smaller / d) <= math.ceil(n / d) + 1
    assert np.array_equal(network(made.weights, lambda z: (z > 0) * 1.0, x), signs)
    assert made.residual == 0
    assert f"{smaller} samples" in made.note
    assert "replaced" not in made.note
    assert "replaced by their signs" in threshold_slabs(x, y, rng).note


def test_baums_count_is_met_where_half_the_samples_fill_whole_slabs() -> None:
    x, _, rng = problem(40, 10, 0)
    balanced = np.where(np.arange(40) < 20, 1.0, -1.0)
    assert threshold_slabs(x, balanced, rng).neurons == math.ceil(40 / 10)
    assert threshold_slabs(x, np.ones(40), rng).neurons == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_smooth_nets_of_twice_n_over_d_neurons_are_found(n: int, d: int, seed: int) -> None:
    x, y, rng = problem(n, d, seed)
    made = mirrored_net(x, y, rng)
    assert made.neurons == 2 * math.ceil(n / d)
    assert not made.biases
    assert ACTIVATIONS[made.activation].smooth
    outputs = network(made.weights, ACTIVATIONS[made.activation].phi, x)
    assert np.linalg.norm(outputs - y) < 1e-6 * np.linalg.norm(y)
    assert "found numerically" in made.note


def test_what_cannot_be_built_is_said() -> None:
    x, y, rng = problem(12, 3, 0)
    twins = np.concatenate([x, x])
    with pytest.raises(ValueError, match="some inputs are equal"):
        relu_slabs(np.repeat(x[:1], 12, axis=0), y, rng)
    with pytest.raises(ValueError, match="not in general position"):
        threshold_slabs(twins, np.repeat([1.0, -1.0], 12), rng)
    with pytest.raises(ValueError, match="n ≤ 1000 only"):
        mirrored_net(rng.standard_normal((1001, 3)), rng.standard_normal(1001), rng)
    hopeless = mirrored_net(twins, np.repeat([1.0, -1.0], 12), rng, restarts=1)
    assert hopeless.residual == pytest.approx(1.0)  # f is the same on equal inputs, so 0 is the best that it can be
    assert "not reached" in hopeless.note


def test_constant_labels_and_single_samples_are_fitted_too() -> None:
    x, _, rng = problem(12, 4, 0)
    assert relu_slabs(x, np.zeros(12), rng).residual == 0
    assert relu_slabs(x[:1], np.array([2.5]), rng).residual < 1e-12
    line = rng.standard_normal((6, 1))
    assert relu_slabs(line, line[:, 0] ** 2, rng).residual < 1e-9
    assert threshold_slabs(line, np.array([1.0, -1.0, 1.0, -1.0, -1.0, 1.0]), rng).residual == 0


def test_evaluation_is_that_of_the_net_written_out() -> None:
    x, _, rng = problem(6, 3, 0)
    weights = {"W": rng.standard_normal((4, 3)), "v": rng.standard_normal(4)}
    np.testing.assert_allclose(evaluate(weights, "tanh", x), network(weights, np.tanh, x))
    full = {**weights, "b": rng.standard_normal(4), "c": np.array(0.5)}
    np.testing.assert_allclose(evaluate(full, "threshold", x), network(full, constructions.threshold, x))


# --- why 2n/d is the natural number ---------------------------------------------------------------


@pytest.mark.parametrize("activation", ["softplus", "tanh", "gelu", "sin"])
@pytest.mark.parametrize(("n", "d", "k"), [(20, 5, 4), (20, 5, 6), (20, 5, 8), (20, 5, 10), (12, 6, 4), (7, 10, 2)])
def test_mirrored_jacobians_have_rank_half_k_times_d(activation: str, n: int, d: int, k: int) -> None:
    rng = np.random.default_rng([n, d, k])
    x = rng.standard_normal((n, d))
    half = 1.5 * rng.standard_normal((k // 2, d)) / math.sqrt(d)  # neither linear nor saturated: ranks are then clear
    w, v = np.concatenate([half, half]), np.repeat([1.0, -1.0], k // 2)
    slopes = ACTIVATIONS[activation].dphi(x @ w.T) * v
    jacobian = (slopes[:, :, None] * x[:, None, :]).reshape(n, k * d)
    assert np.linalg.matrix_rank(jacobian, tol=1e-9 * np.linalg.norm(jacobian, 2)) == min(n, k // 2 * d)


def test_the_example_in_the_proof_of_the_rank_is_one() -> None:
    """Hidden weights α_j u and m groups of d samples on hyperplanes u·x = β_g give a regular matrix."""
    rng = np.random.default_rng(0)
    m, d = 3, 4
    u = unit_rows(rng.standard_normal((1, d)))[0]
    alpha, beta = np.array([0.5, 1.5, 3.0]), np.array([-1.0, 0.4, 1.3])
    rows = rng.standard_normal((m * d, d))
    x = rows - np.outer(rows @ u, u) + np.outer(np.repeat(beta, d), u)
    slopes = ACTIVATIONS["softplus"].dphi(x @ np.outer(alpha, u).T)
    matrix = (slopes[:, :, None] * x[:, None, :]).reshape(m * d, m * d)
    inner = ACTIVATIONS["softplus"].dphi(np.outer(beta, alpha))
    blocks = np.prod([np.linalg.det(x[g * d : (g + 1) * d]) for g in range(m)])
    assert np.linalg.det(matrix) == pytest.approx(blocks * np.linalg.det(inner) ** d, rel=1e-8)
    assert abs(np.linalg.det(inner)) > 1e-4
