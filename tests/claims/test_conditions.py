"""Conditions that plugins share: what they check, and the texts that tables print."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from harness_lazy.models import Linearized
from harness_moderate.regimes import REGIMES
from harness_narrow.optimizers import Projected

from harness import ACTIVATIONS, Assumption, Problem, Regime
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.claims import conditions
from tests.engine.cases import PseudoHuber

HOME = REGIMES[0]
AXES = np.array([[1.0, 0.0], [0.0, 1.0]])


def inputs(*rows: tuple[float, float], dataset: str = "table") -> Problem:
    x = np.vstack([AXES, np.array(rows).reshape(-1, 2)])
    return Problem(x, np.arange(1.0, len(x) + 1), 0, dataset)


@pytest.mark.parametrize(
    ("row", "parallel", "on_a_line"),
    [((3.0, 0.0), True, True), ((-3.0, 0.0), False, True), ((1.0, 1.0), False, False), ((1.0, 1e-5), False, False)],
)
def test_parallel_and_antipodal_inputs(row: tuple[float, float], parallel: bool, on_a_line: bool) -> None:
    on = inputs(row)
    assert conditions.distinct_inputs(on).holds is not parallel
    assert conditions.on_different_lines(on).holds is not on_a_line


@pytest.mark.parametrize(
    ("rows", "dataset", "expected"),
    [
        ([], "sphere", Assumption("inputs from a density", True)),
        ([], "table", Assumption("inputs from a density", None, "dataset 'table'")),
        ([(1.0, 0.0)], "gaussian", Assumption("inputs from a density", False, "2 distinct inputs of 3")),
    ],
)
def test_equal_inputs_have_no_density(rows: list[tuple[float, float]], dataset: str, expected: Assumption) -> None:
    assert conditions.from_a_density(inputs(*rows, dataset=dataset)) == expected


@pytest.mark.parametrize(
    ("of", "plain"),
    [
        (HOME, True),
        (replace(HOME, optimizer=GradientDescent(step_size=0.1)), True),
        (replace(HOME, optimizer=Momentum()), False),
        (replace(HOME, optimizer=Momentum(beta=0.0)), True),
        (replace(HOME, optimizer=StochasticGradientDescent(batch=1000)), False),
        (replace(HOME, optimizer=Projected()), False),
        (replace(HOME, criterion=PseudoHuber()), False),
    ],
    ids=["gd", "step", "momentum", "no-momentum", "sgd", "projected", "huber"],
)
def test_plain_descent(of: Regime, plain: bool) -> None:
    assert conditions.plain_descent(of) is plain


def test_activations_of_shallow_nets_alone() -> None:
    assert conditions.activation_of(HOME) is ACTIVATIONS["softplus"]
    assert conditions.activation_of(replace(HOME, model=Linearized())) is None


def test_texts_are_those_of_tables() -> None:
    biased = replace(HOME, model=ShallowNet("relu", biases=True), optimizer=Momentum())
    assert conditions.without_biases(biased) == Assumption("no biases", False, "biases")
    assert conditions.gradient_descent(biased) == Assumption("gradient descent, full batch", False, "momentum")
    assert conditions.quadratic_loss(biased) == Assumption("quadratic loss", True, "quadratic")
    assert conditions.relu(None) == Assumption("φ the ReLU", False, "none")
    assert conditions.smooth(ACTIVATIONS["sin"]) == Assumption("φ', φ'' bounded", True, "sup |φ'| = 1, |φ''| 1")
    assert conditions.unit_rows(inputs()) == Assumption("inputs of norm 1", True)
    assert conditions.unit_rows(inputs((0.0, 3.0))) == Assumption("inputs of norm 1", False, "norms 1 to 3")
    assert conditions.distinct_inputs(inputs()).text == "no two inputs parallel"
    assert conditions.on_different_lines(inputs((-1.0, 0.0))) == Assumption(
        "no two inputs on a line", False, "largest |cosine| 1"
    )
