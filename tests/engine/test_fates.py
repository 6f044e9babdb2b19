"""Continuations begin where training ended, go on as training would have, and cost no outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from harness.builtin.criteria import MeanSquareOverRoot
from harness.components import (
    Batch,
    Budget,
    Cell,
    Continuation,
    Descend,
    Fate,
    LastWeights,
    Outcome,
    Regime,
    TrainedTrial,
    Trial,
    Weights,
)
from harness.components.outcome_record import digits
from harness.driver.undecided import undecided
from harness.engine import continuations
from harness.engine.fates import in_measures
from harness.engine.further_descent import FurtherDescent
from harness.engine.setting import Setting, semantic_key
from harness.engine.solvers import choose
from harness.engine.solvers.stacked import Stacked
from harness.engine.stages import decide_fates, launch, set_up
from harness.engine.trial import prepare
from harness.engine.work import train, train_alone, train_batch
from harness.plugin_host.registry import Registry
from tests.engine.cases import CASES, setting, stacked

CELL = Cell("", 24, 6, 5)


@dataclass(frozen=True)
class Watching(Continuation):
    """Says what it was given: the residual at the weights, and that after as many steps again."""

    name: ClassVar[str] = "watching"
    preference: ClassVar[int] = 0

    def refuses(self, regime: Regime, q: int) -> str:
        return ""

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        (_, _, at) = descend(trained.weights, 0, 0.0)
        weights, steps, after = descend(trained.weights, trained.outcome.steps, 0.0)
        (_, more, _) = descend(weights, 10**9, 0.0) if trained.trial.seed == 0 else (weights, most - steps, 0.0)
        if trained.trial.seed == 13:
            raise ArithmeticError("thirteen")
        return Fate("open", residual=after, work=steps, constants={"at": at, "more": more, "most": most})


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuations, "shipped", lambda: (Watching(),))


def last_weights(where: Setting, cell: Cell, seed: int) -> tuple[Outcome, Weights, int]:
    trial = prepare(where, cell.n, cell.d, cell.k, seed)
    kept = LastWeights()
    solver = where.solver or choose(where.regime, where.dtype, where.device)
    (outcome,) = solver.train(where.regime, [trial], replace(where.budget, last_weights=kept))
    found = kept.take(trial)
    assert found is not None
    assert kept.take(trial) is None
    return outcome, *found


def residual(where: Setting, cell: Cell, seed: int, weights: Weights) -> float:
    problem = prepare(where, cell.n, cell.d, cell.k, seed).problem
    params = {name: torch.from_numpy(value) for name, value in weights.items()}
    outputs = where.regime.model.forward(params, torch.from_numpy(problem.x)).numpy()
    return float(np.linalg.norm(outputs - problem.y) / np.linalg.norm(problem.y))


@pytest.mark.parametrize(
    ("name", "solver"),
    [
        ("softplus", "fused"),
        ("softplus", "stacked"),
        ("tanh all biases", "fused"),
        ("tanh all biases", "stacked"),
        pytest.param("deep", "functional", marks=pytest.mark.slow),
        pytest.param("deep", "torch-compiled", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("tolerances", [(0.6,), (1e-9,)])
def test_solvers_hand_over_the_weights_of_the_last_step(name: str, solver: str, tolerances: tuple[float, ...]) -> None:
    where = setting(CASES[name], dtype="float64", solver=solver, tolerances=tolerances, steps=130)
    outcome, weights, steps = last_weights(where, CELL, 4)
    assert steps == outcome.steps if solver == "fused" else outcome.steps <= steps <= outcome.steps + 25
    trial = prepare(where, CELL.n, CELL.d, CELL.k, 4)
    expected, taken, _ = FurtherDescent(where.regime, trial, 1000)(trial.weights, steps, 0.0)
    assert taken == steps
    for part, value in expected.items():
        np.testing.assert_allclose(weights[part], value, rtol=1e-6, atol=1e-8)
    if steps == outcome.steps:
        assert residual(where, CELL, 4, weights) == pytest.approx(outcome.measure, rel=1e-9)


@pytest.mark.parametrize(
    ("chosen", "solver"),
    [
        (CASES["softplus"], "fused"),
        (CASES["tanh all biases"], "fused"),
        (stacked(CASES["softplus"]), "stacked"),
        (stacked(CASES["tanh all biases"]), "stacked"),
        pytest.param(CASES["deep"], "functional", marks=pytest.mark.slow),
    ],
)
def test_going_on_is_training_with_a_larger_budget(chosen: Regime, solver: str) -> None:
    short, long = (setting(chosen, dtype="float64", tolerances=(1e-9,), steps=s, solver=solver) for s in (100, 350))
    _, weights, steps = last_weights(short, CELL, 2)
    after, _, _ = last_weights(long, CELL, 2)
    trial = prepare(short, CELL.n, CELL.d, CELL.k, 2)
    descent = FurtherDescent(chosen, trial, 1000)
    ended, taken, reached = descent(weights, 250, 0.0)
    assert (steps, taken, descent.left) == (100, 250, 750)
    assert reached == pytest.approx(after.measure, rel=1e-9)
    assert residual(short, CELL, 2, ended) == pytest.approx(reached, rel=1e-9)
    again, first, _ = descent(weights, 120, 0.0)
    twice, second, at_last = descent(again, 130, 0.0)
    assert (first, second) == (120, 130)
    assert at_last == pytest.approx(reached, rel=1e-9)
    assert set(twice) == set(weights)
    assert descent(weights, 10**6, 0.0)[1] == 500  # no more than was allowed


@pytest.mark.parametrize("compiled", [True, False])
def test_going_on_ends_at_a_residual(compiled: bool) -> None:
    chosen = CASES["softplus"] if compiled else stacked(CASES["softplus"])
    where = setting(chosen, dtype="float64", tolerances=(0.3, 0.2), steps=3000)
    outcome, _, _ = last_weights(where, Cell("", 24, 6, 40), 2)
    trial = prepare(where, 24, 6, 40, 2)
    _, taken, reached = FurtherDescent(chosen, trial, 10_000)(trial.weights, 3000, 0.2)
    assert outcome.hits[1] is not None
    assert outcome.hits[1] <= taken <= outcome.hits[1] + (0 if compiled else 25)
    assert reached <= 0.2


def test_a_scaled_criterion_goes_on_as_it_began() -> None:
    """Its loss is 2/n of the other and its step size n/2 times that, so that the steps are the same."""
    plain = setting(CASES["softplus"], dtype="float64", tolerances=(1e-9,))
    other = setting(replace(CASES["softplus"], criterion=MeanSquareOverRoot()), dtype="float64", tolerances=(1e-9,))
    reached = []
    for where in (plain, other):
        trial = prepare(where, CELL.n, CELL.d, CELL.k, 1)
        both = (where.regime, stacked(where.regime))
        reached += [FurtherDescent(regime, trial, 200)(trial.weights, 200, 0.0)[2] for regime in both]
    assert reached == pytest.approx([reached[0]] * 4, rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["softplus", "tanh all biases"])
@pytest.mark.usefixtures("watched")
def test_fates_do_not_depend_on_the_company_and_change_nothing_else(name: str, dtype: str) -> None:
    for regime in (CASES[name], stacked(CASES[name])):
        where = setting(regime, dtype=dtype, steps=30, limit=True)
        seeds = list(range(8))
        together = train(where, CELL, seeds)
        plain = train(replace(where, limit=False), CELL, seeds)
        for outcome, without in zip(together, plain, strict=True):
            fate = outcome.fate
            assert fate is not None
            assert (without.fate, fate.continuation, fate.message) == (None, "watching 1", "")
            assert digits(replace(outcome, fate=None)) == digits(without)
            tolerance = 1e-4 if dtype == "float32" else 1e-9
            if "from_step" not in fate.constants:
                assert fate.constants["at"] == pytest.approx(outcome.measure, rel=tolerance)
            assert fate.work == outcome.steps
            assert fate.constants["most"] == 300 == fate.work + fate.constants["more"]
        for company in ([3], [7, 2], seeds[::-1]):
            assert train(where, CELL, company) == [together[seed] for seed in company]


@pytest.mark.usefixtures("watched")
def test_batches_that_are_trained_together_have_the_same_fates(registry: Registry) -> None:
    made = []
    for name, k in (("softplus", 5), ("tanh all biases", 7)):
        data = setting(CASES[name], steps=40, limit=True, solver="fused").data(registry)
        made.append(Batch(Cell(name, 24, 6, k), (0, 1, 2), data, semantic_key(data)))
    ready = [set_up(batch, registry) for batch in made]
    launched = launch(made, ready, registry)
    together = [decide_fates(*one, registry) for one in zip(made, ready, launched, strict=True)]
    assert together == [train_batch(batch, registry) for batch in made]
    assert all(outcome.fate is not None for outcomes in together for outcome in outcomes)


@pytest.mark.usefixtures("watched")
def test_a_continuation_that_raises_leaves_its_trial_open_with_the_message() -> None:
    where = setting(CASES["softplus"], steps=50, limit=True)
    outcomes = {outcome.seed: outcome for outcome in train(where, CELL, [12, 13, 14])}
    plain = {outcome.seed: outcome for outcome in train(replace(where, limit=False), CELL, [12, 13, 14])}
    assert outcomes[13].fate == Fate("open", continuation="watching 1", message="ArithmeticError: thirteen")
    assert [fate.message for seed in (12, 14) if (fate := outcomes[seed].fate)] == ["", ""]
    assert digits(replace(outcomes[13], fate=None)) == digits(plain[13])
    with pytest.raises(ArithmeticError, match="thirteen"):  # where one trial is looked at, all of it is shown
        train_alone(where, CELL.n, CELL.d, CELL.k, 13)


@pytest.mark.usefixtures("watched")
def test_methods_without_a_continuation_have_no_fates() -> None:
    for name in ("relu momentum", "silu sgd", "nesterov", "huber"):
        (outcome,) = train(setting(CASES[name], steps=30, limit=True), CELL, [0])
        assert (outcome.message, outcome.fate) == ("", None)
        assert Watching().why_not(CASES[name])
    assert continuations.continuation_of(CASES["softplus"]) == Watching()


@pytest.mark.usefixtures("watched")
def test_a_trial_that_diverged_has_no_fate() -> None:
    regime = replace(CASES["softplus"], optimizer=replace(CASES["softplus"].optimizer, step_size=1e4))
    (outcome,) = train(setting(regime, limit=True), CELL, [0])
    assert outcome.diverged
    assert (outcome.fate, outcome.limit_verdict()) == (None, "diverged")


def test_residuals_in_the_measure_of_the_criterion() -> None:
    where = setting(replace(CASES["softplus"], criterion=MeanSquareOverRoot()))
    problem = prepare(where, CELL.n, CELL.d, CELL.k, 0).problem
    norm = float(np.linalg.norm(problem.y))
    fate = in_measures(Fate("stuck proved", residual=0.5, constants={"floor": 0.4}), where.regime, problem)
    assert fate.constants["measure"] == pytest.approx((0.5 * norm) ** 2 / CELL.n**1.5)
    assert fate.constants["measure_floor"] == pytest.approx((0.4 * norm) ** 2 / CELL.n**1.5)
    assert fate.verdict(1.01 * fate.constants["measure"]) == "fit"
    assert fate.verdict(0.99 * fate.constants["measure"]) == "unfit"
    plain = Fate("stuck proved", residual=0.5, constants={"floor": 0.4})
    assert in_measures(plain, CASES["softplus"], problem) == plain
    assert math.isclose(plain.constants["floor"], 0.4)


@dataclass(frozen=True)
class Secretive(Stacked):
    """A solver that keeps the last weights to itself."""

    name: ClassVar[str] = "secretive"

    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> list[Outcome]:
        return super().train(regime, trials, replace(budget, last_weights=None))


@pytest.mark.usefixtures("watched")
def test_without_last_weights_a_fate_is_open_for_good() -> None:
    where = replace(setting(CASES["softplus"], steps=30, limit=True), solver=Secretive())
    (outcome,) = train(where, CELL, [0])
    assert outcome.fate == Fate("open", constants={"handed_over": 0.0}, continuation="watching 1")
    assert not undecided(outcome, "watching 1")
