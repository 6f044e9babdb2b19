"""Nets whose Jacobian vanishes at the start: every gradient does, so they stay where they are."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Cell
from harness.engine.solvers import choose
from harness.engine.trial import stable_step
from harness.engine.work import train
from tests.engine.cases import CASES, BareShallow, setting, stacked


@pytest.mark.parametrize("solver", ["fused", "stacked", "functional", "spectral"])
def test_dead_neurons_are_no_error(solver: str) -> None:
    where = setting(CASES["softplus"])
    regime = replace(where.regime, model=ShallowNet("relu"))
    regime = {
        "fused": regime,
        "stacked": stacked(regime),
        "functional": replace(regime, model=BareShallow(activation="relu")),
        "spectral": replace(regime, model=ShallowNet(activation="relu", train="output")),
    }[solver]
    where = replace(where, regime=regime, solver=None)
    assert choose(regime, "float32", "cpu").name == solver
    dead = [outcome for outcome in train(where, Cell("", 1, 1, 1), range(20)) if outcome.step_size == 0]
    assert 3 < len(dead) < 17  # as wx < 0 half of the time
    for outcome in dead:
        assert (outcome.verdict(0), outcome.message, outcome.movement) == ("unfit", "", 0.0)
        assert outcome.hits == (None,) * len(where.tolerances)
        assert outcome.lambda_max in (None, 0.0)
        assert not outcome.falling
        assert not outcome.diverged
        assert outcome.measure == pytest.approx(1.0)  # f = 0, so ‖f − y‖ = ‖y‖


@pytest.mark.parametrize("largest", [math.nan, math.inf, -1e-3])
def test_a_kernel_that_is_none_gives_no_step(largest: float) -> None:
    with pytest.raises(ValueError, match="so there is no stable step size"):
        stable_step(GradientDescent(), 1.0, largest, 0.0, n=20)
