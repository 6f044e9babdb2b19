"""Criteria that average, and measures with an upper bound, against a plain torch loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from harness import Cell, Criterion, Outcome
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, StochasticGradientDescent
from harness.components import Regime
from harness.components.progress import Progress
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.minibatches import Minibatches
from harness.engine.work import train
from tests.engine.cases import BareShallow, setting


@dataclass(frozen=True)
class MeanHuber(Criterion):
    """The mean of √(1 + r²) − 1."""

    name: ClassVar[str] = "mean-huber"
    reduction: ClassVar[Literal["sum", "mean"]] = "mean"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return ((1 + (outputs - y) ** 2).sqrt() - 1).mean()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        return (outputs - y).abs().max()


@dataclass(frozen=True)
class Signs(Criterion):
    """Logistic loss; the measure is the share of wrong signs, which is at most 1."""

    name: ClassVar[str] = "signs"

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return torch.nn.functional.softplus(-outputs * y.sign()).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        return self.wrong(outputs, y.sign()) / len(y)

    def bounded(self) -> bool:
        return True


N, D, K, B = 20, 5, 6, 5


@pytest.mark.parametrize("model", [ShallowNet("tanh"), BareShallow("tanh")], ids=["stacked", "functional"])
def test_minibatch_steps_of_a_mean_are_as_long_as_a_plain_loop_takes_them(model: ShallowNet) -> None:
    regime = Regime("mean", model, LeCun(), StochasticGradientDescent(step_size=0.5, batch=B), MeanHuber())
    where = setting(regime, dtype="float64", steps=60, tolerances=(1e-9,))
    (outcome,) = train(where, Cell("", N, D, K), [3])
    problem = draw_problem(where.dataset, N, D, seed=3, base=1)
    weights = draw_weights(regime.initializer, model, problem, K, seed=3, base=1)
    w, v, x, y = (torch.from_numpy(a.copy()) for a in (weights["W"], weights["v"], problem.x, problem.y))
    first, order = w.clone(), Minibatches([3], N, B, 1)
    w.requires_grad_()
    method = torch.optim.SGD([w], lr=0.5)
    for _ in range(where.steps):
        rows = torch.from_numpy(order.take(1)[0, 0])
        method.zero_grad()
        MeanHuber().loss(torch.tanh(x[rows] @ w.T) @ v, y[rows]).backward()  # type: ignore[no-untyped-call]  # torch does not type it
        method.step()
    moved = float((w.detach() - first).norm() / first.norm())
    assert outcome.movement == pytest.approx(moved, rel=1e-9)
    assert outcome.measure == pytest.approx(float((torch.tanh(x @ w.T) @ v - y).detach().abs().max()), rel=1e-9)


def test_a_bounded_measure_does_not_hide_divergence_or_descent() -> None:
    regime = Regime("signs", ShallowNet("tanh", "all"), LeCun(), GradientDescent(step_size=0.01), Signs())
    cell, seeds = Cell("", 40, 5, 8), range(3)
    expected = []
    for seed in seeds:
        problem = draw_problem(setting(regime).dataset, 40, 5, seed=seed, base=1)
        weights = draw_weights(regime.initializer, regime.model, problem, 8, seed=seed, base=1)
        w, v = (torch.from_numpy(weights[name].copy()).requires_grad_() for name in "Wv")
        x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
        method, losses = torch.optim.SGD([w, v], lr=0.01), []
        for _ in range(601):
            loss = Signs().loss(torch.tanh(x @ w.T) @ v, y)
            losses.append(float(loss.detach()))
            method.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
            method.step()
        expected.append([losses[steps] < 0.99 * losses[steps * 9 // 10] for steps in (100, 600)])
    assert len({*np.ravel(expected)}) == 2, "some are still falling, some are not"

    def run(step_size: float, steps: int) -> list[Outcome]:
        on = replace(regime, optimizer=GradientDescent(step_size=step_size))
        return train(setting(on, steps=steps, tolerances=(1e-3,), dtype="float64"), cell, seeds)

    found = [[outcome.falling for outcome in run(0.01, steps)] for steps in (100, 600)]
    assert np.array(found).T.tolist() == expected
    for outcome in run(1e12, 100):
        assert outcome.measure <= 1
        assert outcome.diverged


def test_losses_stand_in_for_the_measure_only_where_they_are_given() -> None:
    def progress(losses: np.ndarray | None) -> Progress:
        found = Progress(1, [0.1], budget=20)
        found.record(range(21), np.full((21, 1), 0.4), np.array([0]), losses)
        return found

    falls = np.linspace(5.0, 1.0, 21)[:, None]
    assert tuple(progress(losses).course(0).falling for losses in (None, falls, falls[::-1])) == (False, True, False)
    assert progress(falls * np.nan).diverged[0]
    exploding = np.logspace(-3, 5, 21)[:, None]  # 10⁸ times what it was
    assert progress(exploding).diverged[0]
    assert progress(exploding).measure[0] == 0.4
