"""Problems of many samples: shared inputs, fewer lanes, and step sizes without a matrix of n × n."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness import Cell, Criterion, Dataset, Optimizer, Outcome, Regime
from harness.builtin.criteria import CrossEntropy, Logistic, Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.engine import stacks, trial
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.solvers.stacked import Stacked
from harness.engine.spectrum import initial_kernel, largest_block
from harness.engine.stacks import most_lanes
from harness.engine.work import train
from harness.mathematics import spectra
from tests.engine.cases import BareShallow, setting

SIGNS, CLASSES = Sphere(labels="rademacher"), Sphere(labels="classes")
CELL = Cell("", 30, 6, 7)


@pytest.mark.parametrize("bare", [False, True], ids=["stacked", "functional"])
@pytest.mark.parametrize(
    ("dataset", "criterion", "optimizer"),
    [
        (SIGNS, Quadratic(), GradientDescent()),
        (CLASSES, CrossEntropy(), GradientDescent()),
        (SIGNS, Logistic(), GradientDescent(batch=8)),
    ],
    ids=str,
)
def test_networks_that_share_inputs_are_trained_to_the_same_numbers(
    dataset: Dataset, criterion: Criterion, optimizer: Optimizer, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = (BareShallow if bare else ShallowNet)("tanh", "all", True)
    regime = Regime("r", model, LeCun(), optimizer, criterion)
    where = replace(
        setting(regime, dataset=dataset, dtype="float64", steps=80, tolerances=(0.8, 0.5)),
        resample=False,
        solver=Stacked() if not bare else None,
    )

    def run() -> list[Outcome]:
        return [replace(outcome, seconds=0.0) for outcome in train(where, CELL, range(5))]

    alone = run()
    monkeypatch.setattr(stacks, "SHARED", 1)
    together = run()
    for one, other in zip(alone, together, strict=True):
        assert one.hits == other.hits
        assert one.measure == pytest.approx(other.measure, rel=1e-9)
    (last,) = train(where, CELL, [4])
    assert replace(last, seconds=0.0) == together[4], "bits do not depend on the other networks"


def test_trials_of_one_problem_keep_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    regime = Regime("r", ShallowNet("tanh"), LeCun(), GradientDescent(step_size=0.01), Quadratic())
    where = setting(regime, steps=2)
    drawn: list[int] = []

    def counted(*arguments: object, **options: object) -> object:
        drawn.append(1)
        return draw_problem(*arguments, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(trial, "draw_problem", counted)
    train(where, CELL, range(4))
    assert len(drawn) == 4
    train(replace(where, resample=False), CELL, range(4))
    assert len(drawn) == 5


def test_lanes_are_fewer_where_inputs_are_large() -> None:
    assert most_lanes(1000, 100, 512, 16) == 16
    assert most_lanes(60_000, 784, 32, 16) == 2
    assert most_lanes(60_000, 20, 16, 16) == 8
    regime = Regime("r", ShallowNet("tanh"), LeCun(), GradientDescent(), Quadratic())
    budget = setting(regime).budget
    assert Stacked().grouping(regime, budget, 60_000, 784, 32).batch == 2


@pytest.mark.parametrize("batch", [None, 8])
def test_the_stable_step_of_many_samples_needs_no_kernel(batch: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    regime = Regime("r", ShallowNet("tanh", "all", True), LeCun(), GradientDescent(batch=batch), Quadratic())
    where = setting(regime)
    formed = trial.prepare(where, 40, 5, 6, 0)
    monkeypatch.setattr(spectra, "MOST_FORMED", 40)
    without = trial.prepare(where, 40, 5, 6, 0)
    assert formed.kernel is not None
    assert without.kernel is None
    assert without.lambda_min is None
    assert without.step_size == pytest.approx(formed.step_size, rel=1e-9)
    assert without.lambda_max == pytest.approx(formed.lambda_max, rel=1e-9)


def test_the_largest_diagonal_entry_of_one_output() -> None:
    model, problem = ShallowNet("tanh", "all", True), draw_problem(SIGNS, 450, 5, seed=0, base=1)
    weights = draw_weights(LeCun(), model, problem, 6, seed=0, base=1)
    params = {name: torch.from_numpy(value) for name, value in weights.items()}
    x = torch.from_numpy(problem.x)
    expected = float(initial_kernel(model, params, x).diagonal().max())
    assert largest_block(model, params, x) == pytest.approx(expected, rel=1e-12)
