"""Fates of ReLU nets: what is proved of a trained net is what a plain loop then finds."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest
from harness_lazy.initializers import RandomSigns
from harness_lazy.models import LazyScaled

from harness import Regime
from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.initializers import GaussianHalves, LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Fate, Outcome
from harness.engine.continuations import continuation_of, kink, undecided
from harness.engine.continuations.kink import Kink
from harness.engine.setting import Setting
from harness.engine.work import train
from harness.mathematics.activations.piecewise import LeakyRelu, Relu
from harness.mathematics.limit import kink as mathematics
from tests.engine.cases import CASES, setting
from tests.engine.plain_descent import plain_descent

CELL = Cell("", 20, 6, 7)
GD = GradientDescent()
REGIMES = {
    "plain": Regime("plain", ShallowNet("relu"), GaussianHalves(), GD, Quadratic()),
    "biases": Regime("biases", ShallowNet("relu", "hidden", True), LeCun(), GD, Quadratic()),
    "leaky": Regime("leaky", ShallowNet(LeakyRelu(0.2)), GaussianHalves(), GD, Quadratic()),
    "lazy": Regime("lazy", LazyScaled(Relu(), alpha=3.0), RandomSigns(), GD, Quadratic()),
    "lazy, biases": Regime("lazy", LazyScaled(Relu(), "hidden", True, 0.5), RandomSigns(), GD, Quadratic()),
    "mean square": Regime("mean", ShallowNet("relu"), GaussianHalves(), GD, MeanSquareOverRoot()),
}


def fates(name: str, seeds: range, cell: Cell = CELL, **changes: object) -> tuple[Setting, list[Outcome]]:
    where = setting(REGIMES[name], **{"dtype": "float64", "tolerances": (0.01,), **changes, "limit": True})
    return where, train(where, cell, seeds)


@pytest.mark.parametrize("name", REGIMES)
def test_a_proved_fate_is_the_limit_of_a_plain_loop(name: str) -> None:
    where, outcomes = fates(name, range(7), steps=2500 if "biases" in name else 800)
    decided = [outcome for outcome in outcomes if outcome.fate and outcome.fate.kind != "open"]
    assert len(decided) >= (2 if "biases" in name else 4)
    for outcome in decided:
        fate = outcome.fate
        assert fate is not None
        assert fate.continuation == "kink 3"
        assert fate.work <= 10 * where.steps
        end, least = plain_descent(where, CELL, outcome.seed, outcome.steps + fate.work + 2500)
        assert fate.residual is not None
        assert abs(end - fate.residual) < 2e-3
        if fate.kind == "fit proved":
            assert fate.residual == 0.0
            assert "floor" not in fate.constants
        else:
            assert name != "leaky"
            assert fate.constants["dead"] >= 1
            assert fate.constants["floor"] <= fate.residual <= fate.constants["floor"] * (1 + 1e-12)
            assert least >= fate.constants["floor"] * (1 - 1e-9)
    kinds = {outcome.fate.kind for outcome in decided if outcome.fate}
    assert "stuck proved" in kinds or name == "leaky" or "biases" in name


def test_verdicts_of_the_limit_follow_from_floor_and_residual() -> None:
    _, outcomes = fates("plain", range(12))
    stuck = [fate for outcome in outcomes if (fate := outcome.fate) and fate.kind == "stuck proved"]
    assert stuck
    for fate in stuck:
        floor = fate.constants["floor"]
        assert (fate.verdict(0.0), fate.verdict(floor / 2), fate.verdict(2 * floor)) == ("unfit", "unfit", "fit")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_budgets_do_not_contradict_each_other(dtype: str) -> None:
    """Fates after 300 and after 30 000 steps: no fit is stuck, and floors of equal dead samples agree."""
    cell = Cell("", 16, 8, 6)
    (_, short), (_, long) = (fates("plain", range(16), cell, dtype=dtype, steps=steps) for steps in (300, 30_000))
    both = 0
    for early, late in zip(short, long, strict=True):
        assert early.fate is not None
        assert late.fate is not None
        kinds = {early.fate.kind, late.fate.kind} - {"open"}
        assert len(kinds) <= 1
        both += early.fate.kind == late.fate.kind != "open"
        if kinds == {"stuck proved"} and early.fate.kind == late.fate.kind:
            assert early.fate.constants["floor"] == pytest.approx(late.fate.constants["floor"], rel=1e-12)
    assert both >= 10


def test_no_steps_are_spent_where_weights_are_too_few() -> None:
    _, outcomes = fates("plain", range(6), Cell("", 30, 6, 4))
    for outcome in outcomes:
        assert outcome.fate is not None
        assert (outcome.fate.work, outcome.fate.constants["counted"], outcome.fate.verdict()) == (0, 1.0, "unfit")


def test_a_net_without_live_samples_is_stuck_at_once() -> None:
    where = setting(REGIMES["plain"], dtype="float64", limit=True)
    outcomes = train(where, Cell("", 2, 2, 1), range(24))
    dark = [o for o in outcomes if o.step_size == 0.0]
    assert dark
    for outcome in dark:
        assert outcome.fate is not None
        assert outcome.fate.kind == "stuck proved"
        assert outcome.fate.work == 0
        assert outcome.fate.residual == pytest.approx(1.0)


def test_what_is_not_covered_says_why() -> None:
    assert isinstance(continuation_of(REGIMES["plain"]), Kink)
    plain = REGIMES["plain"]
    refused = {
        "the output layer is trained": replace(plain, model=ShallowNet("relu", "all")),
        "activation softplus is not linear": CASES["softplus"],
        "activation squared-relu is not linear": replace(plain, model=ShallowNet("squared-relu")),
        "model deep is no plain shallow net": CASES["deep"],
        "is not gradient descent": replace(plain, optimizer=Momentum()),
    }
    for reason, regime in refused.items():
        assert reason in undecided(regime)["kink"]
    assert "one output" in undecided(plain, q=2)["kink"]


def test_a_net_that_needs_too_many_rows_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are those of live samples and of pairs on kinks. A net on more samples is not looked at."""

    def rows(fate: Fate) -> float:
        return CELL.n - fate.constants["dead"] + fate.constants["kinks"]

    def found(most: int, module: ModuleType) -> list[Fate]:
        monkeypatch.setattr(module, "MOST_ROWS", most)
        return [outcome.fate for outcome in fates("plain", range(4), steps=800)[1] if outcome.fate is not None]

    before = found(8000, mathematics)
    assert [rows(fate) for fate in before] == [28, 26, 24, 23]
    fewer = found(24, mathematics)
    assert fewer[2:] == before[2:]
    assert all(fate.kind == "open" or rows(fate) <= 24 for fate in fewer)
    for fate in found(3, mathematics):
        assert (fate.kind, fate.constants["too_large"]) == ("open", 1.0)
    for fate in found(CELL.n - 1, kink):
        assert (fate.kind, fate.work, fate.constants["too_large"]) == ("open", 0, 1.0)
