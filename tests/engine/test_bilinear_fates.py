"""Fates of ReLU nets both of whose layers are trained: what is proved is what a plain loop then finds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from harness_lazy.initializers import RandomSigns
from harness_lazy.models import LazyScaled
from harness_train_all.regimes import REGIMES as BOTH

from harness import Regime
from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Outcome
from harness.engine.continuations import continuation_of, undecided
from harness.engine.continuations.bilinear import Bilinear
from harness.engine.setting import Setting
from harness.engine.work import train
from harness.mathematics.activations.piecewise import LeakyRelu, Relu
from tests.engine.cases import setting
from tests.engine.plain_descent import plain_descent

CELL = Cell("", 12, 6, 8)
HOME = next(regime for regime in BOTH if regime.name == "train-all-relu")
GD = GradientDescent(c=0.5)
SIZES = [((100, 10, 16), 3), ((100, 10, 18), 3), ((100, 10, 32), 0), ((200, 20, 18), 0)]
"""Sizes of the long test, and how many of ten trials are proved there at least."""

REGIMES = {
    "plain": Regime("plain", ShallowNet("relu", "all"), LeCun(), GD, Quadratic()),
    "biases": Regime("biases", ShallowNet("relu", "all", True), LeCun(), GD, Quadratic()),
    "leaky": Regime("leaky", ShallowNet(LeakyRelu(0.2), "all"), LeCun(), GD, Quadratic()),
    "lazy": Regime("lazy", LazyScaled(Relu(), "all", alpha=3.0), RandomSigns(), GD, Quadratic()),
    "lazy, biases": Regime("lazy", LazyScaled(Relu(), "all", True, 2.0), RandomSigns(), GD, Quadratic()),
    "mean square": Regime("mean", ShallowNet("relu", "all"), LeCun(), GD, MeanSquareOverRoot()),
}


def fates(name: str, seeds: range, cell: Cell = CELL, **changes: object) -> tuple[Setting, list[Outcome]]:
    where = setting(REGIMES[name], **{"dtype": "float64", "tolerances": (0.01,), **changes, "limit": True})
    return where, train(where, cell, seeds)


@pytest.mark.parametrize("name", REGIMES)
def test_a_proved_fate_is_the_limit_of_a_plain_loop(name: str) -> None:
    where, outcomes = fates(name, range(6), steps=2000)
    decided = [outcome for outcome in outcomes if outcome.fate and outcome.fate.kind != "open"]
    assert len(decided) >= 2
    for outcome in decided[:4]:
        fate = outcome.fate
        assert fate is not None
        assert (fate.continuation, fate.certificate) == ("bilinear 2", "bilinear")
        assert fate.work <= 10 * where.steps
        assert fate.margin is None or fate.margin >= 2.0
        end, least = plain_descent(where, CELL, outcome.seed, outcome.steps + fate.work + 1500)
        assert fate.residual is not None
        assert abs(end - fate.residual) < 1e-6
        if fate.kind == "fit proved":
            assert fate.residual == 0.0
        else:
            assert fate.constants["dead"] >= 1
            assert least >= fate.constants["floor"] * (1 - 1e-9)


def test_dead_samples_are_proved_to_stay_dead() -> None:
    _, outcomes = fates("plain", range(12), Cell("", 12, 4, 5), steps=4000)
    stuck = [fate for outcome in outcomes if (fate := outcome.fate) and fate.kind == "stuck proved"]
    assert len(stuck) >= 2
    for fate in stuck:
        floor = fate.constants["floor"]
        assert (fate.verdict(0.0), fate.verdict(floor / 2), fate.verdict(2 * floor)) == ("unfit", "unfit", "fit")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_budgets_do_not_contradict_each_other(dtype: str) -> None:
    """Fates after 300 and after 30 000 steps: no fit is stuck, and floors of equal dead samples agree."""
    (_, short), (_, long) = (
        fates("plain", range(16), Cell("", 12, 6, 5), dtype=dtype, steps=steps) for steps in (300, 30_000)
    )
    both = 0
    for early, late in zip(short, long, strict=True):
        if early.fate is None or late.fate is None:  # it diverged
            continue
        kinds = {early.fate.kind, late.fate.kind} - {"open"}
        assert len(kinds) <= 1
        both += early.fate.kind == late.fate.kind != "open"
        if kinds == {"stuck proved"} and early.fate.kind == late.fate.kind:
            assert early.fate.constants["floor"] == pytest.approx(late.fate.constants["floor"], rel=1e-12)
    assert both >= 3


def test_no_steps_are_spent_where_weights_are_too_few() -> None:
    _, outcomes = fates("plain", range(4), Cell("", 40, 4, 6), steps=300)
    for outcome in outcomes:
        assert outcome.fate is not None
        assert (outcome.fate.work, outcome.fate.constants["counted"], outcome.fate.verdict()) == (0, 1.0, "unfit")


def test_it_decides_both_layers_and_says_why_no_others() -> None:
    plain = REGIMES["plain"]
    assert isinstance(continuation_of(plain), Bilinear)
    refused = {
        "the hidden layer alone is trained": replace(plain, model=ShallowNet("relu")),
        "activation squared-relu is not linear": replace(plain, model=ShallowNet("squared-relu", "all")),
        "is not gradient descent": replace(plain, optimizer=Momentum()),
    }
    for reason, regime in refused.items():
        assert reason in undecided(regime)["bilinear"]
    assert "one output" in undecided(plain, q=2)["bilinear"]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "least"), SIZES)
def test_shares_and_costs_at_sizes_of_the_review(size: tuple[int, int, int], least: int) -> None:
    """``train-all-relu`` in float32: how many of ten trials have a proved fate, and what the fates cost."""
    cell, times = Cell("", *size), []
    train(setting(HOME, dtype="float32", steps=10, tolerances=(0.01,), limit=True), cell, range(1))  # compiles
    for limit in (False, True):
        where = setting(HOME, dtype="float32", steps=10_000, tolerances=(0.01,), limit=limit)
        start = time.process_time()
        outcomes = train(where, cell, range(10))
        times.append(time.process_time() - start)
    decided = [outcome.fate for outcome in outcomes if outcome.fate and outcome.fate.kind != "open"]
    work = max(outcome.fate.work for outcome in outcomes if outcome.fate) / where.steps
    fits = sum(outcome.steps < where.steps for outcome in outcomes)
    cost = times[1] / times[0]
    print(f"{size}: {fits} of 10 fit, {len(decided)} proved, cost {cost:.1f}, largest work {work:.1f}")
    assert len(decided) >= least
    assert work <= 10.0
