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
from harness.engine.spectral import Decay, solve
from harness.engine.work import train
from tests.engine.cases import CASES, setting, stacked


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
    kernel = torch.diag(torch.tensor([2.0, 1e-9], dtype=torch.float64))
    residual = torch.tensor([1.0, 1.0], dtype=torch.float64)
    slow = solve(Decay.of(kernel, residual, 0.5), lambda norm: norm, (0.5,), 10**10)
    assert slow.hits == (int(np.ceil(np.log(0.5) / np.log1p(-0.5e-9))),)
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
    assert still.limit(lambda norm: norm) == 4.0


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
