"""Exact fits that counting rules out: numbers of variables, and the problems and regimes it holds for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from harness.builtin.criteria import Quadratic
from harness.builtin.datasets.shaped import Antipodal, LowDimension, NearDuplicates
from harness.builtin.datasets.synthetic import Sphere
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import Momentum
from harness.components import Dataset, Problem, Regime, Trained
from harness.engine.draws import draw_problem
from harness.mathematics.counting import counted, too_narrow, variables


def regime(phi: str = "softplus", train: Trained = "hidden", biases: bool = False) -> Regime:
    return Regime("r", ShallowNet(phi, train, biases), GaussianHalves(), Momentum(), Quadratic())


def drawn(dataset: Dataset, n: int = 100, d: int = 10) -> Problem:
    return draw_problem(dataset, n, d, seed=0, base=0)


@pytest.mark.parametrize(
    ("phi", "train", "biases", "number"),
    [
        ("softplus", "hidden", False, 30),
        ("softplus", "hidden", True, 33),
        ("softplus", "all", False, 33),
        ("softplus", "all", True, 37),
        ("relu", "hidden", False, 30),
        ("relu", "all", False, 30),
        ("relu", "all", True, 34),
        ("leaky-relu", "all", False, 30),
        ("tanh", "output", False, 3),
        ("tanh", "output", True, 4),
    ],
)
def test_variables_of_three_neurons_at_rank_ten(phi: str, train: Trained, biases: bool, number: int) -> None:
    form = regime(phi, train, biases).model.shallow_form()
    assert form is not None
    assert variables(form, 10, 3) == number


def test_gaussian_labels_are_counted_below_as_many_weights_as_labels() -> None:
    problem = drawn(Sphere())
    assert [counted(regime(), problem, k) for k in (9, 10)] == [True, False]
    assert [counted(regime(train="all"), problem, k) for k in (9, 10)] == [True, False]
    assert [counted(regime("relu", "all"), problem, k) for k in (9, 10)] == [True, False]
    assert [counted(regime(train="all"), drawn(Sphere(), 99), k) for k in (8, 9)] == [True, False]
    assert [too_narrow(regime(), 100, 10, k) for k in (9, 10)] == [True, False]


@pytest.mark.parametrize("dataset", [Sphere(labels="rademacher"), Sphere(teacher="linear"), Sphere(outputs=2)])
def test_other_labels_are_not_counted(dataset: Dataset) -> None:
    assert not counted(regime(), drawn(dataset), 1)


def test_the_numerical_rank_of_rounded_inputs_is_not_used() -> None:
    """Inputs of a subspace of dimension 2 have full rank once they are rounded, so 10 weights a neuron count."""
    problem = drawn(LowDimension(dimension=2))
    assert np.linalg.matrix_rank(problem.x) == 2
    assert [counted(regime(), problem, k) for k in (9, 10)] == [True, False]


def test_columns_of_zeros_and_few_lines_lower_the_rank() -> None:
    problem = drawn(Sphere())
    x = problem.x.copy()
    x[:, 5:] = 0.0
    assert [counted(regime(), replace(problem, x=x), k) for k in (19, 20)] == [True, False]


def test_equal_inputs_are_counted_at_every_width() -> None:
    assert counted(regime(), drawn(NearDuplicates(distance=0.0)), 1000)
    assert not counted(regime(), drawn(NearDuplicates(distance=0.01)), 1000)


def test_opposite_inputs_are_counted_for_odd_nets_without_biases() -> None:
    problem = drawn(Antipodal())
    assert counted(regime("tanh"), problem, 1000)
    assert not counted(regime("tanh", biases=True), problem, 1000)
    assert not counted(regime("softplus"), problem, 1000)


def test_a_sine_is_never_counted() -> None:
    """With a large weight sin(w x_i) comes near to any signs, so the infimum of the residual may be zero."""
    assert not counted(regime("sin"), drawn(Sphere()), 1)


def test_fixed_weights_that_see_the_labels_are_not_counted() -> None:
    @dataclass(frozen=True)
    class Seeing(GaussianHalves):
        sees_labels: ClassVar[bool] = True

    problem = drawn(Sphere())
    assert not counted(replace(regime(), initializer=Seeing()), problem, 9)
    assert counted(replace(regime(train="all"), initializer=Seeing()), problem, 9)
