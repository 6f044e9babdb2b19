from __future__ import annotations

import math

import numpy as np
import pytest
from harness_moderate import instances
from harness_moderate.theories.certificates import d1_width

from harness import ACTIVATIONS, Activation, Problem, Weights
from harness.mathematics.kernels import gaussian_mean, lambda_hidden, output_variance
from harness.mathematics.spectra import operator_norm, unit_rows

SOFTPLUS = ACTIVATIONS["softplus"]


def problem(n: int, d: int, seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, "sphere")


def halves(on: Problem, k: int, seed: int) -> Weights:
    size = float(np.linalg.norm(on.y)) / math.sqrt(k * on.n)
    signs = np.repeat([1.0, -1.0], k // 2)
    return {"W": np.random.default_rng([seed, 1]).standard_normal((k, on.d)), "v": size * signs}


def mirrored(on: Problem, k: int, seed: int, scale: float = 1.0) -> Weights:
    weights = halves(on, k, seed)
    half = weights["W"][: k // 2]
    return {"W": np.concatenate([half, half]), "v": scale * weights["v"]}


def descend(
    weights: Weights, on: Problem, activation: Activation, step: float, steps: int
) -> tuple[list[float], float]:
    """Return residual norms and the furthest that W went in plain gradient descent on the hidden layer."""
    w, v, x = weights["W"].copy(), weights["v"], on.x
    norms, furthest = [], 0.0
    for _ in range(steps + 1):
        z = x @ w.T
        residual = activation.phi(z) @ v - on.y
        norms.append(float(np.linalg.norm(residual)))
        furthest = max(furthest, float(np.linalg.norm(w - weights["W"])))
        w -= step * (activation.dphi(z) * v * residual[:, None]).T @ x
    return norms, furthest


def check_d1(weights: Weights, on: Problem, activation: Activation, steps: int = 150) -> None:
    found = instances.d1(weights, on, activation)
    assert found.holds
    norms, furthest = descend(weights, on, activation, found.step_size, steps)
    bound = norms[0] * found.rate ** np.arange(steps + 1)
    assert (np.array(norms) <= bound * (1 + 1e-9)).all()
    assert norms[-1] < norms[0] * (1 - 1e-6)  # it moved at all
    assert furthest <= found.radius * (1 + 1e-9)


# --- D1 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softplus", "gelu", "tanh", "sin"])
@pytest.mark.parametrize(
    ("n", "d", "k", "seed"), [(3, 4, 8, 0), (5, 4, 12, 1), (8, 6, 20, 2), (6, 3, 30, 3), (7, 7, 4, 4)]
)
def test_d1_bounds_gradient_descent_from_scaled_mirrored_pairs(name: str, n: int, d: int, k: int, seed: int) -> None:
    on, activation = problem(n, d, seed), ACTIVATIONS[name]
    start = instances.d1(mirrored(on, k, seed), on, activation)
    # From f₀ = 0, v times s multiplies σ₀² by s² and L by s, and leaves r₀ = −y.
    scale = 8 * start.lipschitz * float(np.linalg.norm(on.y)) / start.sigma**2
    assert instances.d1_holds(mirrored(on, k, seed, 1.001 * scale), on, activation)
    assert not instances.d1_holds(mirrored(on, k, seed, 0.999 * scale), on, activation)
    check_d1(mirrored(on, k, seed, 1.001 * scale), on, activation)


@pytest.mark.parametrize("seed", range(4))
def test_d1_bounds_gradient_descent_at_the_certified_width(seed: int) -> None:
    on = problem(2, 6, seed)
    k = int(d1_width(on, SOFTPLUS).value)
    check_d1(halves(on, k, seed), on, SOFTPLUS, steps=40)


def test_d1_measures_what_it_says() -> None:
    on, k = problem(6, 4, 9), 10
    weights = halves(on, k, 9)
    z = on.x @ weights["W"].T
    jacobian = ((SOFTPLUS.dphi(z) * weights["v"])[:, :, None] * on.x[:, None, :]).reshape(6, -1)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    found = instances.d1(weights, on, SOFTPLUS)
    assert found.sigma == pytest.approx(singular[-1], rel=1e-7)
    assert found.largest == pytest.approx(singular[0])
    assert found.lipschitz == pytest.approx(0.25 * np.abs(weights["v"]).max() * operator_norm(on.x))
    assert found.residual == pytest.approx(float(np.linalg.norm(SOFTPLUS.phi(z) @ weights["v"] - on.y)))
    assert not found.holds


def test_lipschitz_constant_bounds_the_jacobian() -> None:
    on, rng = problem(6, 4, 3), np.random.default_rng(0)
    weights = halves(on, 8, 3)
    lipschitz = instances.d1(weights, on, SOFTPLUS).lipschitz

    def jacobian(w: np.ndarray) -> np.ndarray:
        slopes = SOFTPLUS.dphi(on.x @ w.T) * weights["v"]
        return np.asarray((slopes[:, :, None] * on.x[:, None, :]).reshape(6, -1))

    for size in (1e-3, 0.1, 1.0):
        move = size * rng.standard_normal(weights["W"].shape)
        change = np.linalg.norm(jacobian(weights["W"] + move) - jacobian(weights["W"]), 2)
        assert change <= lipschitz * np.linalg.norm(move)


def test_ratio_grows_like_the_root_of_the_width() -> None:
    on = problem(4, 6, 0)
    ratios = [np.mean([instances.d1(halves(on, k, s), on, SOFTPLUS).ratio for s in range(20)]) for k in (512, 8192)]
    assert ratios[1] / ratios[0] == pytest.approx(4.0, rel=0.15)


def test_rank_deficient_jacobians_are_never_certified() -> None:
    on = problem(8, 3, 0)
    weights = mirrored(on, 4, 0)  # two different neurons in R³: rank 6 < 8
    assert instances.d1(weights, on, SOFTPLUS).ratio == 0


# --- the width at which D1 is certified ------------------------------------------------------------


def test_width_of_orthonormal_inputs_in_closed_form() -> None:
    n = 4
    on = Problem(np.eye(n), np.ones(n))
    smallest = gaussian_mean(lambda z: SOFTPLUS.dphi(z) ** 2)
    variance = gaussian_mean(lambda z: SOFTPLUS.phi(z) ** 2) - gaussian_mean(SOFTPLUS.phi) ** 2
    rho = 1 + math.sqrt(variance) + math.sqrt(2 * math.log(40) / n)
    expected = max(256 * 0.25**2 * rho**2 * n / smallest**2, 8 * math.log(2 * n / 0.05) / smallest)
    assert d1_width(on, SOFTPLUS).value == 2 * math.ceil(expected / 2)


def test_d1_holds_at_its_width_as_often_as_promised() -> None:
    held = 0
    for seed in range(20):
        on = problem(2, 8, seed)
        k = int(d1_width(on, SOFTPLUS).value)
        held += instances.d1_holds(halves(on, k, seed), on, SOFTPLUS)
    assert held == 20  # of which 19 are promised; the bounds are far from tight


def test_bound_on_the_first_residual() -> None:
    on, k = problem(12, 6, 1), 40
    size = np.linalg.norm(on.y)
    starts = np.array(
        [np.linalg.norm(instances.outputs(halves(on, k, seed), on.x, SOFTPLUS)) / size for seed in range(1500)]
    )
    variance = output_variance(on.x, SOFTPLUS)
    # E‖f₀‖² = ‖y‖² Var φ(g) for unit rows and even k
    assert np.mean(starts**2) == pytest.approx(variance, abs=4 * np.std(starts**2) / math.sqrt(len(starts)))
    bound = math.sqrt(variance) + operator_norm(on.x) * math.sqrt(2 * math.log(2 / 0.05) / on.n)
    assert np.mean(starts > bound) <= 0.025


def test_chernoff_line_keeps_half_of_the_smallest_eigenvalue() -> None:
    on = problem(5, 8, 4)
    smallest, failure = lambda_hidden(on.x, SOFTPLUS), 0.05
    k = math.ceil(8 * operator_norm(on.x) ** 2 * math.log(on.n / failure) / smallest)
    found = []
    for seed in range(60):
        slopes = SOFTPLUS.dphi(on.x @ np.random.default_rng(seed).standard_normal((on.d, k)))
        found.append(np.linalg.eigvalsh(slopes @ slopes.T / k * (on.x @ on.x.T))[0])
    assert np.mean(np.array(found) < smallest / 2) <= failure


@pytest.mark.parametrize(("activation", "labels", "reason"), [("relu", 1.0, "φ''"), ("softplus", 0.0, "y = 0")])
def test_width_says_why_it_does_not_apply(activation: str, labels: float, reason: str) -> None:
    found = d1_width(Problem(np.eye(3), np.full(3, labels)), ACTIVATIONS[activation])
    assert math.isnan(found.value)
    assert reason in found.reason


# --- D3 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softplus", "tanh", "sin"])
def test_d3_holds_from_n_neurons_on(name: str) -> None:
    on, activation = problem(7, 4, 0), ACTIVATIONS[name]
    assert not instances.d3(halves(on, 6, 0), on, activation).holds
    assert instances.d3(halves(on, 8, 0), on, activation).holds
    assert not instances.d3(mirrored(on, 12, 0), on, activation).holds  # six different features


def test_an_output_bias_is_worth_a_neuron() -> None:
    on = problem(7, 4, 0)
    weights = halves(on, 6, 0)
    biased = {**weights, "b": np.zeros(6), "c": np.zeros(())}
    assert not instances.d3(weights, on, SOFTPLUS).holds
    assert instances.d3(biased, on, SOFTPLUS).holds
    shifted = {**biased, "c": np.array(2.0)}
    np.testing.assert_allclose(
        instances.outputs(shifted, on.x, SOFTPLUS), instances.outputs(weights, on.x, SOFTPLUS) + 2.0
    )


@pytest.mark.parametrize("seed", range(5))
def test_d3_bounds_gradient_descent(seed: int) -> None:
    on = problem(6, 8, seed)
    weights = halves(on, 40, seed)
    found = instances.d3(weights, on, SOFTPLUS)
    matrix, v, norms = instances.features(weights, on.x, SOFTPLUS), weights["v"].copy(), []
    for _ in range(300):
        residual = matrix @ v - on.y
        norms.append(float(np.linalg.norm(residual)))
        v -= found.step_size * matrix.T @ residual
    assert found.rate < 1
    assert (np.array(norms) <= norms[0] * found.rate ** np.arange(300) * (1 + 1e-9)).all()
