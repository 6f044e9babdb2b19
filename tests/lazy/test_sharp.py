"""Certificate D1 with the residual followed along the path."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harness_lazy.initializers import Paired
from harness_lazy.theories.sharp import ASKED, KEPT, SMALL, USED, Sharp, pair_norm, sharp, sharp_width
from harness_moderate.theories.certificates import d1_width

from harness import ACTIVATIONS, Problem, Weights
from harness.builtin.models import ShallowNet
from harness.mathematics.limit.ball_net import BallNet
from harness.mathematics.spectra import operator_norm, unit_rows

SOFTPLUS = ACTIVATIONS["softplus"]


def problem(n: int, d: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, "sphere")


def pairs(on: Problem, k: int, seed: int) -> Weights:
    return Paired().draw(ShallowNet("softplus", "hidden"), on, k, np.random.default_rng(seed))


def test_the_constants_leave_what_the_proof_needs() -> None:
    """c' ≥ 1 − η(‖J₀‖ + σ₀)²/2 − ηL‖r₀‖/2 with L‖r₀‖ ≤ q c σ₀²/2, and room for a step rounded by a per mille."""
    for step in (SMALL, 1.001 * SMALL):
        assert 1.0 - step / 2.0 - step * USED * KEPT / 4.0 / 4.0 >= KEPT  # σ₀ is at most half of ‖J₀‖ + σ₀
    assert pytest.approx(2.0 / (KEPT * USED)) == ASKED < 2.4


@pytest.mark.parametrize("name", ["softplus", "gelu", "tanh", "sin"])
def test_the_jacobian_turns_no_faster_than_the_constant(name: str) -> None:
    phi, on, rng = ACTIVATIONS[name], problem(8, 4), np.random.default_rng(1)
    weights = pairs(on, 10, 3)
    found = sharp(weights, on, phi)

    def jacobian(w: np.ndarray) -> np.ndarray:
        return ((phi.dphi(on.x @ w.T) * weights["v"])[:, :, None] * on.x[:, None, :]).reshape(8, -1)

    most = 0.0
    for trial in range(200):
        move = rng.standard_normal(weights["W"].shape)
        if trial % 2:  # all in one neuron, towards a sample, where the bound is nearly attained
            move[:] = 0.0
            move[rng.integers(10)] = on.x[rng.integers(8)]
        move *= 1e-4 / np.linalg.norm(move)
        turned = np.linalg.norm(jacobian(weights["W"] + move) - jacobian(weights["W"]), 2)
        most = max(most, float(turned / 1e-4))
    assert 0.1 * found.lipschitz < most <= found.lipschitz


@pytest.mark.parametrize(("n", "d"), [(20, 10), (12, 3), (5, 9)])
def test_the_norm_of_pairs_is_below_that_of_the_older_constant(n: int, d: int) -> None:
    x = 1.5 * problem(n, d).x
    rows = (x[:, :, None] * x[:, None, :]).reshape(n, -1)
    assert pair_norm(x) == pytest.approx(float(np.linalg.norm(rows, 2)), rel=1e-12)
    assert pair_norm(x) <= operator_norm(x) * 1.5 + 1e-12


def test_no_certificate_without_rank_or_above_the_limit() -> None:
    assert not Sharp(0.0, 1.0, 1.0, 1.0).holds
    edge = math.sqrt(ASKED)
    assert Sharp(edge * 1.001, 2.0, 1.0, 1.0).holds
    assert not Sharp(edge * 0.999, 2.0, 1.0, 1.0).holds


def test_residuals_fall_as_proved_at_the_certified_width() -> None:
    on = problem(3, 6, 2)
    k = int(sharp_width(on, SOFTPLUS).value)
    for seed in range(3):
        weights = pairs(on, k, seed)
        found = sharp(weights, on, SOFTPLUS)
        assert found.holds
        w, v = weights["W"].copy(), weights["v"]
        for step in range(300):
            z = on.x @ w.T
            r = SOFTPLUS.phi(z) @ v - on.y
            assert np.linalg.norm(r) <= found.residual * found.rate**step * (1 + 1e-9)
            w -= found.step_size * (SOFTPLUS.dphi(z) * v * r[:, None]).T @ on.x


def test_widths_fall_by_a_hundred_beside_the_older_certificate() -> None:
    """At (20, 10) softplus, both a priori with a probability of 95 % and for the same ‖y‖ = √n."""
    on = problem(20, 10)
    on = Problem(on.x, on.y * math.sqrt(20) / float(np.linalg.norm(on.y)), 0, "sphere")
    found, older = sharp_width(on, SOFTPLUS).value, d1_width(on, SOFTPLUS).value
    assert older / found > 100
    assert found < 2.5e5


def test_ball_arithmetic_agrees_at_both_sides_of_the_limit() -> None:
    pytest.importorskip("flint")
    on = problem(5, 4)
    weights = pairs(on, 30, 0)
    first = sharp(weights, on, SOFTPLUS)
    scale = ASKED * first.lipschitz * first.residual / first.sigma**2  # v times s: σ₀² by s², L by s
    for factor, expected in ((1.0 + 1e-6, True), (1.0 - 1e-6, False)):
        scaled = {**weights, "v": factor * scale * weights["v"]}
        assert sharp(scaled, on, SOFTPLUS).holds is expected
        assert BallNet(scaled, on.x, on.y, SOFTPLUS).meets_d1g(ASKED) is expected
