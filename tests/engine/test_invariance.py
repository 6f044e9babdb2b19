"""A trial's outcome is the same in whatever company it trains, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.builtin.optimizers import GradientDescent
from harness.components import Cell
from harness.engine.work import train
from tests.engine.cases import CASES, setting, stacked

SEEDS = list(range(50))
COMPANIES = [[3], [3, 4], [1, 2, 3, 4, 5, 6, 7], SEEDS[::-1], [41, 3, 17]]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outcome_does_not_depend_on_the_batch(name: str, dtype: str, device: str) -> None:
    where = setting(stacked(CASES[name]), dtype=dtype, device=device, steps=150)
    cell = Cell("", 33, 5, 8)
    together = train(where, cell, SEEDS)
    assert not any(outcome.message for outcome in together)
    for company in COMPANIES:
        assert train(where, cell, company) == [together[seed] for seed in company]


@pytest.mark.parametrize("solver", ["", "fused", "stacked"])
def test_verdicts_do_not_depend_on_how_much_further_networks_are_trained(solver: str) -> None:
    """First steps of tolerances are the same whether training goes on below the last of them or not."""
    case = CASES["softplus" if solver else "erf output"]
    further = setting(case, solver=solver, steps=400, tolerances=(0.8, 0.5, 0.3, 0.2))
    usual = replace(further, tolerances=(0.8, 0.5))
    trials = [train(where, Cell("", 20, 5, 30), SEEDS[:8]) for where in (further, usual)]
    assert any(long.steps > short.steps for long, short in zip(*trials, strict=True))
    assert [long.hits[:2] for long in trials[0]] == [short.hits for short in trials[1]]


@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (7, 2, 1), (10, 3, 2), (97, 13, 7), (64, 16, 16), (130, 9, 19)])
@pytest.mark.parametrize("name", ["softplus", "tanh all biases"])
def test_odd_sizes_neither(name: str, n: int, d: int, k: int, device: str) -> None:
    where = setting(stacked(CASES[name]), device=device, steps=60, tolerances=(1e-6,))
    together = train(where, Cell("", n, d, k), SEEDS[:20])
    for company in ([0], [19, 5], [7, 3, 11, 2, 5]):
        assert train(where, Cell("", n, d, k), company) == [together[seed] for seed in company]


def test_weights_are_shared_by_regimes_that_differ_in_the_optimizer(device: str) -> None:
    """The first measure is that of the initial weights: equal for GD and momentum, which share them."""
    slow = setting(CASES["relu momentum"], device=device, steps=1)
    other = replace(slow, regime=replace(slow.regime, optimizer=GradientDescent()))
    first = [outcome.curve[0] for outcome in train(slow, Cell("", 20, 5, 4), range(5))]
    assert first == [outcome.curve[0] for outcome in train(other, Cell("", 20, 5, 4), range(5))]
    assert len(set(first)) == 5
