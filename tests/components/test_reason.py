"""Reasons why trials do not fit: each from a trial of which the reason is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness import Regime
from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Fate, Outcome, Problem
from harness.components.outcome_record import decode, digits, row
from harness.components.reason import MEANING, REASONS, arrival, reason
from harness.components.unlit import unlit_measure
from harness.engine.setting import Setting
from harness.engine.trial import prepare
from harness.engine.work import train
from tests.engine.cases import setting

RELU = Regime("relu", ShallowNet("relu"), GaussianHalves(), GradientDescent(), Quadratic())
OUTPUT = replace(RELU, model=ShallowNet("relu", "output"))
UNFIT = Outcome(seed=0, hits=(None, None), steps=1000, measure=0.2, curve=(1.0, 0.5, 0.21, 0.2))


def of(outcome: Outcome, tolerance: float = 0.1, regime: Regime = RELU) -> str | None:
    return reason(outcome, tolerance, 0 if tolerance else None, regime)


def fated(kind: str, **constants: float) -> Outcome:
    return replace(UNFIT, fate=Fate(kind, residual=0.15, constants=constants))  # type: ignore[arg-type]  # one of five


def test_each_reason_follows_from_its_facts() -> None:
    assert of(UNFIT) == "plateau"
    assert of(replace(UNFIT, falling=True)) == "still falling"
    assert of(replace(UNFIT, unlit=0.15, falling=True)) == "dead samples"
    assert of(replace(UNFIT, unlit=0.05, falling=True)) == "still falling"
    assert of(replace(UNFIT, diverged=True, unlit=0.5)) == "diverged"
    assert of(fated("stuck proved", floor=0.15)) == "local minimum"
    assert of(fated("stuck proved", floor=0.15, dead=1.0)) == "dead samples"
    assert of(fated("stuck proved", floor=0.15), regime=OUTPUT) == "rank"
    assert of(fated("stuck proved", floor=0.15), tolerance=0.18) == "still falling"
    assert of(fated("fit proved")) == "still falling"
    assert of(fated("open", counted=1.0)) == "plateau"
    assert of(fated("open", counted=1.0), tolerance=0.0) == "too few weights"
    assert of(replace(UNFIT, curve=(1.0, 0.5, 0.1, 0.2))) == "edge of stability"
    assert of(replace(UNFIT, curve=(1.0, 0.5, 0.1, 0.2)), regime=replace(RELU, optimizer=Momentum())) == "plateau"
    assert of(replace(UNFIT, fate=Fate("open", max_eta_lambda=2.1))) == "edge of stability"
    assert set(MEANING) == set(REASONS)


def test_fits_and_errors_have_none() -> None:
    assert of(replace(UNFIT, hits=(10, None))) is None
    assert of(replace(UNFIT, message="ValueError: no")) is None
    assert of(fated("fit proved"), tolerance=0.0) is None
    late = replace(UNFIT, hits=(900, None))
    assert [reason(late, 0.1, 0, RELU, steps) for steps in (900, 899)] == [None, "still falling"]


def test_the_step_of_arrival_is_that_of_a_geometric_decrease() -> None:
    rate = math.exp(-1e-3)
    falling = replace(UNFIT, rate=rate)
    assert arrival(falling, 0.1) == pytest.approx(1000 + math.log(2) / 1e-3)
    for none in (replace(UNFIT, rate=1.0), replace(UNFIT, rate=None), replace(falling, measure=math.inf)):
        assert arrival(none, 0.1) is None


def trained(regime: Regime, cell: Cell, seeds: range, **changes: object) -> tuple[Setting, list[Outcome]]:
    where = setting(regime, **{"dtype": "float64", "tolerances": (1e-3,), "steps": 3000, **changes})
    return where, train(where, cell, seeds)


@pytest.mark.parametrize(
    "regime",
    [RELU, OUTPUT, replace(RELU, model=ShallowNet("relu", "all"), optimizer=Momentum(c=0.1))],
    ids=["hidden", "output", "both"],
)
def test_unlit_samples_are_those_on_which_the_net_is_zero(regime: Regime) -> None:
    """With two neurons many samples have both off. Their labels are what is left of the residual."""
    cell = Cell("", 12, 6, 2)
    where, outcomes = trained(regime, cell, range(6), steps=200)
    dark = 0
    for outcome in outcomes:
        assert outcome.unlit is not None
        assert outcome.measure >= outcome.unlit * (1 - 1e-5)  # of which six digits are kept
        dark += outcome.unlit > 0.0
        if regime is OUTPUT:
            trial = prepare(where, cell.n, cell.d, cell.k, outcome.seed)
            off = (trial.problem.x @ trial.weights["W"].T <= 0.0).all(axis=1)
            share = np.linalg.norm(trial.problem.y[off]) / np.linalg.norm(trial.problem.y)
            assert outcome.unlit == pytest.approx(share, rel=1e-5)
    assert dark >= 3
    assert train(replace(where, steps=100), cell, [0])[0].unlit is not None


def test_every_trial_of_narrow_relu_nets_that_has_come_to_rest_has_dead_samples() -> None:
    cell = Cell("", 24, 24, 4)
    where, outcomes = trained(RELU, cell, range(12), limit=True)
    unfit = [outcome for outcome in outcomes if outcome.hits[-1] is None]
    assert len(unfit) >= 5
    for outcome in unfit:
        assert reason(outcome, 1e-3, 0, where.regime) == "dead samples"
    stuck = [outcome for outcome in unfit if outcome.fate and outcome.fate.kind == "stuck proved"]
    assert len(stuck) >= 4
    for outcome in stuck:
        assert outcome.fate is not None
        assert outcome.fate.constants["floor"] == pytest.approx(outcome.unlit, rel=1e-5)


def test_centred_nets_have_their_first_outputs_left_on_unlit_samples() -> None:
    from harness_lazy.models import LazyScaled

    problem = Problem(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3.0, 4.0]))
    start = {"W": np.array([[1.0, 2.0]]), "v": np.array([0.5])}
    now = {"W": np.array([[1.0, -2.0]]), "v": np.array([0.5])}
    found = unlit_measure(LazyScaled("relu", alpha=2.0), Quadratic(), problem, start, now)
    assert found == pytest.approx((2.0 * 1.0 + 4.0) / 5.0)
    mean = unlit_measure(ShallowNet("relu"), MeanSquareOverRoot(), problem, start, now)
    assert mean == pytest.approx(16.0 / 2**1.5, rel=1e-5)


def test_the_record_keeps_the_number_and_equal_digits_do_not_need_it() -> None:
    outcome = replace(UNFIT, unlit=0.25)
    assert decode(*row(outcome)) == outcome
    assert digits(outcome) == digits(UNFIT)
