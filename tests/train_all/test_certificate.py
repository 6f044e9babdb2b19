from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from harness_train_all import instances
from harness_train_all.initializers import GaussianLayers, PyTorchDefault
from harness_train_all.regimes import REGIMES
from harness_train_all.theories.certificate import CertificateD2, d2_width, truncation
from scipy.special import gammaincc

from harness import ACTIVATIONS, Activation, Problem, Regime, Weights
from harness.builtin.criteria import MeanSquareOverRoot
from harness.builtin.initializers import LeCun, Xavier
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import Momentum
from harness.mathematics.kernels import lambda_output
from harness.mathematics.spectra import unit_rows
from tests.engine.cases import PseudoHuber

RELU = ACTIVATIONS["relu"]
BY_NAME = {regime.name: regime for regime in REGIMES}
HOME = dataclasses.replace(BY_NAME["train-all-relu"], initializer=GaussianLayers())


def problem(n: int, d: int, seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, "sphere")


def layers(on: Problem, k: int, seed: int) -> Weights:
    rng = np.random.default_rng([seed, k])
    return {"W": rng.standard_normal((k, on.d)), "v": rng.standard_normal(k) / math.sqrt(k)}


def follow(
    weights: Weights, on: Problem, activation: Activation, steps: int
) -> list[tuple[float, float, float, float]]:
    """Return time, ‖r‖, ½‖∇L‖²/L and σ_min(F) along small steps on both layers; biases follow where there are any."""
    w, v, x = weights["W"].copy(), weights["v"].copy(), on.x
    b, c = weights.get("b", np.zeros(len(v))).copy(), float(weights.get("c", np.zeros(())))
    biased = "b" in weights
    path, step = [], 0.0
    for t in range(steps + 1):
        z = x @ w.T + b
        features, slopes = activation.phi(z), activation.dphi(z) * v
        residual = features @ v + c - on.y
        hidden = (slopes * residual[:, None]).T
        grads = [hidden @ x, features.T @ residual, *([hidden.sum(1), residual.sum()] if biased else [])]
        if t == 0:
            inputs = instances.hidden_inputs(weights, x)
            kernel = (inputs @ inputs.T) * (slopes @ slopes.T) + features @ features.T + float(biased)
            step = 0.1 / float(np.linalg.eigvalsh(kernel)[-1])
        matrix = np.column_stack([features, np.ones(len(x))]) if biased else features
        sigma = math.sqrt(max(float(np.linalg.eigvalsh(matrix @ matrix.T)[0]), 0.0))
        norm = float(np.linalg.norm(residual))
        path.append((t * step, norm, sum(float((g**2).sum()) for g in grads) / norm**2, sigma))
        w, v = w - step * grads[0], v - step * grads[1]
        if biased:
            b, c = b - step * grads[2], c - step * float(grads[3])
    return path


def check_d2(weights: Weights, on: Problem, activation: Activation, steps: int = 120) -> None:
    found = instances.d2(weights, on, activation)
    assert found.holds
    path = follow(weights, on, activation, steps)
    for time, norm, ratio, sigma in path:
        assert norm <= math.exp(-(found.sigma**2) * time / 4) * path[0][1] * (1 + 1e-9)
        assert ratio >= found.rate * (1 - 1e-9)
        assert sigma >= found.sigma / 2 * (1 - 1e-9)
    assert path[-1][1] < path[0][1] * (1 - 1e-3)  # it moved at all


def certified(on: Problem, activation: Activation, seed: int) -> Weights:
    """Double the width until the network drawn at it is certified."""
    k = 4 * on.n
    while not instances.d2(layers(on, k, seed), on, activation).holds:
        k *= 2
    return layers(on, k, seed)


# --- the certificate --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "sin", "leaky-relu"])
@pytest.mark.parametrize(("n", "d", "seed"), [(2, 5, 0), (3, 4, 1), (4, 8, 2), (6, 10, 3)])
def test_d2_bounds_small_steps(name: str, n: int, d: int, seed: int) -> None:
    on, activation = problem(n, d, seed), ACTIVATIONS[name]
    check_d2(certified(on, activation, seed), on, activation)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_d2_bounds_small_steps_from_many_starts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    activation = ACTIVATIONS[("relu", "tanh", "gelu", "sin", "erf", "leaky-relu", "silu")[seed % 7]]
    on = problem(int(rng.integers(2, 9)), int(rng.integers(4, 13)), seed + 1000)
    check_d2(certified(on, activation, seed), on, activation, steps=400)


def test_d2_with_biases() -> None:
    on, rng = problem(4, 6, 5), np.random.default_rng(5)
    weights = {**layers(on, 1024, 5), "b": rng.standard_normal(1024), "c": np.array(0.3)}
    check_d2(weights, on, RELU)


@pytest.mark.parametrize(("n", "d", "multiple"), [(20, 10, 128), (50, 20, 64), (100, 20, 128), (100, 50, 32)])
def test_smallest_certified_power_of_two_multiple_of_n(n: int, d: int, multiple: int) -> None:
    on = problem(n, d, 3)
    held = [m for m in (multiple // 4, multiple // 2, multiple) if instances.d2(layers(on, m * n, 3), on, RELU).holds]
    assert held == [multiple]
    drawn = CertificateD2().width(on, HOME)
    assert multiple / 2 * n / 1.1 <= drawn.value <= 1.1 * multiple * n
    assert drawn.reason == "of one draw of the weights, to 10 %; --certify shows the spread"


def test_d2_measures_what_it_says() -> None:
    on, k = problem(6, 4, 9), 10
    weights = {**layers(on, k, 9), "b": np.random.default_rng(1).standard_normal(k), "c": np.array(-0.5)}
    matrix = np.column_stack([RELU.phi(on.x @ weights["W"].T + weights["b"]), np.ones(6)])
    residual = matrix @ np.append(weights["v"], weights["c"]) - on.y
    found = instances.d2(weights, on, RELU)
    assert found.sigma == pytest.approx(np.linalg.svd(matrix, compute_uv=False)[-1], rel=1e-8)
    assert found.residual == pytest.approx(float(np.linalg.norm(residual)))
    assert found.output == pytest.approx(float(np.linalg.norm(weights["v"])))
    assert found.lipschitz == pytest.approx(float(np.linalg.norm(np.column_stack([on.x, np.ones(6)]), 2)))
    norm = found.lipschitz**2 * found.residual * (found.output + 2 * found.residual / found.sigma)
    assert found.ratio == pytest.approx(found.sigma**3 / (8 * norm))


def test_blocks_of_neurons_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    on, weights = problem(6, 4, 1), layers(problem(6, 4, 1), 50, 1)
    whole = instances.start(weights, on, RELU)
    monkeypatch.setattr(instances, "BLOCK", 7)
    assert dataclasses.astuple(instances.start(weights, on, RELU)) == pytest.approx(dataclasses.astuple(whole))


def test_fewer_neurons_than_samples_are_never_certified() -> None:
    on = problem(8, 3, 0)
    found = instances.d2(layers(on, 7, 0), on, ACTIVATIONS["tanh"])
    assert (found.sigma, found.ratio, found.holds) == (0.0, 0.0, False)
    at_zero = dataclasses.replace(found, sigma=1.0, residual=0.0)
    assert at_zero.ratio == math.inf  # nothing to fit


# --- the width a priori -----------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "lipschitz"), [(1, 1.0), (5, 3.0), (40, 0.7)])
def test_truncation_leaves_a_hundredth(n: int, lipschitz: float) -> None:
    # N = L‖g‖ with g in R^m, m = n/L², is L-Lipschitz with E N² = n; its tail is that of χ²
    m = n / lipschitz**2
    cut = truncation(n, lipschitz)
    # E[χ²_m; χ²_m > s] = m P(χ²_{m+2} > s)
    assert n * gammaincc(m / 2 + 1, cut / lipschitz**2 / 2) <= 0.01
    assert cut < (math.sqrt(n) + 12 * lipschitz) ** 2


@pytest.mark.parametrize("seed", range(3))
def test_networks_of_the_a_priori_width_are_certified(seed: int) -> None:
    on = problem(3, 8, seed)
    k = int(d2_width(on, RELU).value)
    assert all(instances.d2(layers(on, k, s), on, RELU).holds for s in range(8))
    smallest = [instances.d2(layers(on, k, s), on, RELU).sigma ** 2 for s in range(8)]
    assert min(smallest) >= k * lambda_output(on.x, RELU) / 2


def test_small_weights_ask_for_more_neurons() -> None:
    on, narrow = problem(5, 9, 0), 1 / 3
    assert lambda_output(on.x * narrow, RELU) == pytest.approx(lambda_output(on.x, RELU) / 9)
    # one line does not see the scale of a homogeneous φ; the other, on top for large labels, needs a₀³ ~ ‖r₀‖
    assert d2_width(on, RELU, hidden=narrow).value == d2_width(on, RELU).value
    loud = Problem(on.x, 1e6 * on.y)
    assert d2_width(loud, RELU, hidden=narrow).value == pytest.approx(9 * d2_width(loud, RELU).value, rel=0.01)


def test_widths_beyond_what_is_drawn_are_a_priori() -> None:
    on = problem(100, 20, 0)
    lecun = CertificateD2().width(on, BY_NAME["train-all-relu"])
    assert lecun.reason == "a priori, with probability 0.95"
    assert lecun.value == d2_width(on, RELU, hidden=1 / math.sqrt(20)).value
    xavier = dataclasses.replace(BY_NAME["train-all-relu"], initializer=Xavier())
    assert CertificateD2().width(on, xavier) == CertificateD2().width(on, xavier)
    assert "no a-priori width from xavier" in CertificateD2().width(on, xavier).reason
    uniform = dataclasses.replace(HOME, initializer=PyTorchDefault())
    assert (
        CertificateD2().width(problem(4, 8, 0), uniform).reason
        == "of one draw of the weights, to 10 %; --certify shows the spread"
    )


def test_parallel_inputs_are_never_certified() -> None:
    on = problem(4, 6, 0)
    twice = Problem(np.vstack([on.x, on.x[:1]]), np.arange(5.0))
    assert CertificateD2().width(twice, HOME).value == math.inf


# --- who it speaks of -------------------------------------------------------------------------------


def certifies(regime: Regime, k: int = 4096) -> bool | None:
    on = problem(4, 6, 2)
    weights = regime.initializer.draw(regime.model, on, k, np.random.default_rng(0))
    return CertificateD2().certifies(on, regime, weights)


def test_certifies_networks_and_nothing_else() -> None:
    assert certifies(HOME) is True
    assert certifies(HOME, k=5) is False
    assert certifies(dataclasses.replace(HOME, criterion=MeanSquareOverRoot())) is True  # the flow, in other time
    assert certifies(dataclasses.replace(HOME, criterion=PseudoHuber())) is None
    assert certifies(dataclasses.replace(HOME, model=ShallowNet("relu", "hidden"))) is None
    assert certifies(dataclasses.replace(BY_NAME["train-all-sgd"], initializer=LeCun())) is None
    assert certifies(dataclasses.replace(HOME, optimizer=Momentum())) is None


def test_gradient_descent_is_not_the_flow() -> None:
    flow = {a.text: a.holds for a in CertificateD2().assumptions(problem(4, 6, 0), HOME)}
    assert flow["gradient flow"] is None
    ball = {a.text: a.holds for a in CertificateD2().assumptions(problem(4, 6, 0), BY_NAME["train-all-momentum"])}
    assert ball["gradient flow"] is False
