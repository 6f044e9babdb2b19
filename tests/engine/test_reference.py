"""The engine against an independent loop: one network, float64, autograd, nothing shared but the draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.components import Cell, Outcome, Regime
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.work import train
from tests.engine.cases import CASES, bare, setting, stacked
from tests.engine.plain_loop import FUNCTIONS, reference


def agree(outcome: Outcome, hits: list[int | None], exact: bool) -> bool:
    """Whether verdicts agree, and hitting steps within 1 % (exactly, in float64, but for a rounding of one step)."""
    for ours, theirs in zip(outcome.hits, hits, strict=True):
        if (ours is None) != (theirs is None):
            return False
        if ours is not None and theirs is not None and abs(ours - theirs) > (1 if exact else max(1, 0.01 * theirs)):
            return False
    return True


SHALLOW = ["softplus", "relu momentum", "tanh all biases", "gelu output momentum", "silu sgd", "erf output"]


@pytest.mark.parametrize("name", SHALLOW)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("compiled", [True, False])
def test_verdicts_and_hitting_steps_equal_those_of_a_plain_float64_loop(
    name: str, dtype: str, compiled: bool, device: str
) -> None:
    regime = CASES[name] if compiled else stacked(CASES[name])
    where = setting(regime, dtype=dtype, device=device, steps=1000, tolerances=(0.8, 0.5, 0.2, 0.05))
    cell = Cell("", 30, 11, 60 if "output" in name else 7)
    beta = regime.optimizer.heavy_ball()
    assert beta is not None
    outcomes = train(where, cell, range(6))
    assert any(outcome.hits[1] is not None for outcome in outcomes)
    for outcome in outcomes:
        assert outcome.step_size is not None
        hits = reference(where, cell, outcome.seed, outcome.step_size, beta)
        assert agree(outcome, hits, exact=dtype == "float64"), (outcome.hits, hits)


@pytest.mark.parametrize("activation", sorted(FUNCTIONS))
def test_every_activation(activation: str, device: str) -> None:
    from dataclasses import replace

    from harness.builtin.models import ShallowNet

    regime = replace(CASES["softplus"], model=ShallowNet(activation, "all", biases=True))
    where = setting(regime, device=device, dtype="float64", steps=150, tolerances=(0.9, 0.7, 0.5))
    for outcome in train(where, Cell("", 24, 6, 9), range(3)):
        assert outcome.step_size is not None
        hits = reference(where, Cell("", 24, 6, 9), outcome.seed, outcome.step_size, 0.0)
        assert agree(outcome, hits, exact=True), (outcome.hits, hits)


@pytest.mark.parametrize("name", ["softplus", "tanh all biases", "silu sgd"])
def test_forward_alone_gives_the_same_as_the_closed_form(name: str, device: str) -> None:

    closed = stacked(CASES[name])
    plain = bare(closed)
    cell = Cell("", 30, 6, 10)
    outcomes = [
        train(setting(regime, device=device, dtype="float64", steps=300), cell, range(5)) for regime in (closed, plain)
    ]
    assert [o.solver for o in outcomes[0]] == ["stacked"] * 5
    assert [o.solver for o in outcomes[1]] == ["functional"] * 5
    for ours, theirs in zip(*outcomes, strict=True):
        assert ours.hits == theirs.hits
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-6)
        assert ours.movement == pytest.approx(theirs.movement, rel=1e-6)
        assert ours.lambda_max == pytest.approx(theirs.lambda_max, rel=1e-10)
        np.testing.assert_allclose(ours.curve, theirs.curve, rtol=1e-3)


def test_an_optimizer_with_its_own_update(device: str) -> None:
    """Nesterov's method against torch's."""
    regime: Regime = CASES["nesterov"]
    where = setting(regime, device=device, dtype="float64", steps=40, tolerances=(1e-9,))
    cell = Cell("", 12, 6, 5)
    for outcome in train(where, cell, range(3)):
        problem = draw_problem(where.dataset, cell.n, cell.d, seed=outcome.seed, base=1)
        weights = draw_weights(regime.initializer, regime.model, problem, cell.k, seed=outcome.seed, base=1)
        w = torch.from_numpy(weights["W"].copy()).requires_grad_()
        v, x, y = (torch.from_numpy(a) for a in (weights["v"], problem.x, problem.y))
        assert outcome.step_size is not None
        method = torch.optim.SGD([w], lr=outcome.step_size, momentum=0.5, nesterov=True)
        for _ in range(where.steps):
            method.zero_grad()
            (0.5 * ((torch.sin(x @ w.T) @ v - y) ** 2).sum()).backward()  # type: ignore[no-untyped-call]  # torch does not type it
            method.step()
        relative = float((torch.sin(x @ w.detach().T) @ v - y).norm() / y.norm())
        assert outcome.measure == pytest.approx(relative, rel=1e-9)
