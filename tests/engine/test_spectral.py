"""Exact solutions of models that are linear in their trained weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell
from harness.components.progress import fit_rate
from harness.engine.fused import eigenvalues
from harness.engine.spectral import EPS, Decay, solve, spectral_measure
from harness.engine.work import train
from tests.engine.cases import CASES, setting, stacked


@pytest.fixture(params=["compiled", "lapack"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way from a tridiagonal matrix to its eigenvalues."""
    if request.param == "lapack":
        monkeypatch.setattr(eigenvalues, "compiled", lambda: False)
    elif not eigenvalues.compiled():
        pytest.skip("there is no compiler here")
    name: str = request.param
    return name


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("scale", [1.0, 2.0**300, 2.0**-300])
@pytest.mark.parametrize("n", [1, 2, 3, 40, 150])
def test_the_spectral_measure_of_least_indices_in_closed_form(n: int, scale: float) -> None:
    """K = min(i, j) has the inverse of a second difference: λ = 1/(2 sin θ/2)², u(i) ∝ sin iθ, θ = (2j − 1)π/(2n + 1).

    A matrix within n ε ‖K‖ of it has its eigenvalues up to as much, and its eigenvectors up to that over their gap.
    """
    at = np.arange(1, n + 1)
    kernel = scale * np.minimum.outer(at, at)
    angle = (2 * at[::-1] - 1) * np.pi / (2 * n + 1)
    expected = scale / (2.0 * np.sin(angle / 2.0)) ** 2
    error = n * EPS * expected[-1]
    for m in {1, n // 2 + 1, n}:
        values, weight = spectral_measure(kernel, np.where(at == m, 3.0 * scale, 0.0))
        weight /= 9.0 * scale * scale
        np.testing.assert_allclose(values, expected, rtol=0, atol=error)
        along = np.sin(m * angle) ** 2 * 4.0 / (2 * n + 1)
        np.testing.assert_allclose(weight, along, rtol=0, atol=error / np.diff(expected, append=np.inf).min() + n * EPS)
        moments = weight.sum(), weight @ values / expected[-1], weight @ (values / expected[-1]) ** 2
        squares = np.square(kernel[m - 1] / expected[-1]).sum()
        np.testing.assert_allclose(moments, [1.0, m * scale / expected[-1], squares], rtol=0, atol=n * EPS)


@pytest.mark.usefixtures("way")
def test_the_spectral_measure_at_eigenvectors_and_at_nothing() -> None:
    kernel = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 7.0]])  # eigenvalues 1, 3 and 7
    for residual, expected in (
        ([3.0, 1.0, 5.0], [2.0, 8.0, 25.0]),
        ([1.0, 1.0, 0.0], [0.0, 2.0, 0.0]),
        ([0.0, 0.0, 5.0], [0.0, 0.0, 25.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    ):
        values, weight = spectral_measure(kernel, np.array(residual))
        np.testing.assert_allclose(values, [1.0, 3.0, 7.0], rtol=1e-14)
        np.testing.assert_allclose(weight, expected, rtol=1e-13, atol=1e-28)
    for kernel in (np.zeros((3, 3)), 5.0 * np.eye(3)):
        values, weight = spectral_measure(kernel, np.array([1.0, 2.0, 2.0]))
        np.testing.assert_allclose(values, kernel[0, 0], rtol=1e-14)
        assert weight.sum() == pytest.approx(9.0, rel=1e-14)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("n", "rank"), [(6, 1), (40, 13), (200, 100)])
def test_a_singular_kernel_leaves_the_distance_of_least_squares(n: int, rank: int) -> None:
    """Rounding leaves n − rank eigenvalues near zero, which are counted as zeros, also where they are many."""
    rng = np.random.default_rng(rank)
    jacobian, residual = rng.standard_normal((n, rank)), rng.standard_normal(n)
    decay = Decay.of(torch.from_numpy(jacobian @ jacobian.T), torch.from_numpy(residual), 1e-4)
    assert np.count_nonzero(decay.eigenvalues) == rank
    basis = np.linalg.qr(jacobian)[0]
    left = residual - basis @ (basis.T @ residual)
    assert decay.limit(lambda norm: norm) == pytest.approx(np.linalg.norm(left), rel=1e-10)


def test_norms_and_movement_equal_those_of_steps_and_need_no_eigenvectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of residuals, from which a diagnostic takes weights, needs them, and forms them once."""
    rng = np.random.default_rng(4)
    jacobian, residual, rate = rng.standard_normal((12, 9)), rng.standard_normal(12), 0.03
    kernel = jacobian @ jacobian.T
    formed: list[tuple[int, ...]] = []
    eigh = torch.linalg.eigh

    def recording(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        formed.append(tuple(matrix.shape))
        values, vectors = eigh(matrix)
        return values, vectors

    monkeypatch.setattr(torch.linalg, "eigh", recording)
    decay = Decay.of(torch.from_numpy(kernel), torch.from_numpy(residual), rate)
    solve(decay, lambda norm: norm, (0.5,), 1000)
    total, left = np.zeros(12), residual
    for step in range(60):
        assert decay.norm(np.array([step])) == pytest.approx(np.linalg.norm(left), rel=1e-12)
        assert decay.movement(step, rate) == pytest.approx(rate * np.linalg.norm(jacobian.T @ total), rel=1e-12)
        total, left = total + left, left - rate * kernel @ left
    assert not formed
    np.testing.assert_allclose(decay.total(60, rate), total, rtol=1e-12)
    np.testing.assert_allclose(decay.total(1, rate), residual, rtol=1e-12)
    assert formed == [(12, 12)]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_kernel_that_is_not_finite_has_no_spectral_measure(bad: float) -> None:
    kernel = np.eye(3)
    kernel[2, 1] = kernel[1, 2] = bad
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        spectral_measure(kernel, np.ones(3))
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        spectral_measure(np.eye(3), np.array([1.0, bad, 0.0]))


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("k", [12, 60])
def test_equals_the_simulation_step_by_step(k: int, biases: bool) -> None:
    """Momentum with β = 0 takes gradient steps and is simulated."""
    net = ShallowNet("erf", "output", biases)
    exact = replace(CASES["erf output"], model=net, initializer=LeCun())
    simulated = replace(exact, optimizer=Momentum(c=1.5, beta=0.0))

    class _Simulated(Momentum):
        def heavy_ball(self) -> float:
            return 1e-300  # not zero, so that nothing solves it exactly; too small to matter

    simulated = replace(exact, optimizer=_Simulated(c=1.5))
    cell = Cell("", 30, 8, k)
    options = {"dtype": "float64", "steps": 3000, "tolerances": (0.9, 0.5, 0.3, 0.1)}
    solved = train(setting(exact, **options), cell, range(6))
    stepped = train(setting(stacked(simulated), **options), cell, range(6))
    assert {o.solver for o in solved} == {"spectral"}
    assert {o.solver for o in stepped} == {"stacked"}
    assert any(h is not None for o in solved for h in o.hits)
    for ours, theirs in zip(solved, stepped, strict=True):
        assert ours.hits == theirs.hits
        assert ours.steps == theirs.steps
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
        assert ours.falling or not theirs.falling
        if ours.steps == 3000:  # otherwise the simulation's weights are those at the end of its chunk
            assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
        np.testing.assert_allclose(ours.curve, theirs.curve, rtol=1e-3)


def test_one_mode_in_closed_form() -> None:
    """n = 1, K = (λ): r_t = (1 − ηλ)^t r₀, so tolerance τ is met at ⌈log τ / log|1 − ηλ|⌉."""
    decay = Decay.of(torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64), 0.1)
    found = solve(decay, lambda norm: norm, (0.5, 1e-3, 1e-9), 1000)
    assert found.hits == tuple(int(np.ceil(np.log(t) / np.log(0.8))) for t in (0.5, 1e-3, 1e-9))
    assert fit_rate(*found.late) == pytest.approx(0.8, rel=1e-12)
    assert decay.movement(3, 0.1) == pytest.approx(np.sqrt(2.0) * 0.1 * (1 + 0.8 + 0.64), rel=1e-12)


def test_any_budget_costs_the_same_and_a_step_too_large_diverges() -> None:
    residual = torch.tensor([0.6, 0.8], dtype=torch.float64)
    slow = solve(Decay.of(1e-9 * torch.eye(2, dtype=torch.float64), residual, 0.5), lambda norm: norm, (0.5,), 10**10)
    assert slow.hits == (int(np.ceil(np.log(0.5) / np.log1p(-0.5e-9))),)
    kernel = torch.diag(torch.tensor([2.0, 1e-9], dtype=torch.float64))
    residual = torch.tensor([1.0, 1.0], dtype=torch.float64)
    fast = solve(Decay.of(kernel, residual, 1.5), lambda norm: norm, (1e-3,), 10**6)
    assert fast.diverged
    assert fast.steps == int(np.ceil(np.log(np.sqrt(1e12 - 1)) / np.log(2.0)))


def test_a_mode_too_slow_to_be_told_from_one_still_falls() -> None:
    """1 − 10⁻¹⁸ is 1 when rounded, but the mode decays: what is left of it at last is nothing."""
    slow = Decay.of(torch.tensor([[1.0]], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64), 1e-18)
    assert slow.factor.tolist() == [1.0]
    assert slow.limit(lambda norm: norm) == 0.0
    assert solve(slow, lambda norm: norm, (0.5,), 1000).falling
    kept = torch.diag(torch.tensor([1.0, 0.0], dtype=torch.float64))
    still = Decay.of(kept, torch.tensor([3.0, 4.0], dtype=torch.float64), 1e-18)
    assert still.limit(lambda norm: norm) == pytest.approx(4.0, rel=1e-15)


def test_a_run_that_diverged_has_no_movement() -> None:
    regime = replace(CASES["erf output"], optimizer=GradientDescent(c=2.5))
    for outcome in train(setting(regime, dtype="float64", tolerances=(1e-6,)), Cell("", 40, 10, 60), range(4)):
        assert outcome.solver == "spectral"
        assert outcome.diverged
        assert outcome.movement is None


def test_the_measure_may_rise_after_it_fell() -> None:
    """One mode decays, one grows slowly: tolerances are met on the way down only."""
    kernel = torch.diag(torch.tensor([1.0, 2.002], dtype=torch.float64))
    residual = torch.tensor([1.0, 1e-3], dtype=torch.float64)
    found = solve(Decay.of(kernel, residual, 1.0), lambda norm: norm, (0.5, 1e-2, 1e-4), 5000)
    assert found.hits == (1, 1, None)


def test_zero_is_an_exact_eigenvalue_of_too_few_features() -> None:
    """With k < n the residual outside the features' span stays."""
    exact = setting(CASES["erf output"], steps=10**9, tolerances=(1e-3,), dtype="float64")
    for outcome in train(exact, Cell("", 30, 8, 5), range(4)):
        assert outcome.lambda_min == 0.0
        assert outcome.hits == (None,)
        assert 0.2 < outcome.measure < 1.0
        assert not outcome.falling


def test_gradient_descent_on_random_features_fits_from_k_equal_n() -> None:
    """With the budget unbounded, k ≥ n features fit any labels (D3): σ_min(F₀) > 0."""
    regime = replace(CASES["erf output"], optimizer=GradientDescent(c=1.0))
    exact = setting(regime, steps=10**9, tolerances=(1e-3,))
    assert all(o.hits[0] is not None for o in train(exact, Cell("", 20, 10, 40), range(5)))
    assert all(o.hits[0] is None for o in train(exact, Cell("", 20, 10, 19), range(5)))
