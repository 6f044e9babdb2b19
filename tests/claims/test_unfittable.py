"""Data that no width can fit, against the least residual in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.claims.unfittable import unfittable
from harness.components import Problem, Regime
from harness.plugin_host.composition import build_regime
from harness.plugin_host.loading import load_plugins


def regime(**options: object) -> Regime:
    return build_regime({"use": "moderate", **options}, load_plugins(()))


def problem(x: list[list[float]], y: list[float]) -> Problem:
    return Problem(np.array(x), np.array(y), 0, "made")


def test_equal_rows_with_different_labels_leave_their_spread() -> None:
    """The best value at the two equal rows is their mean, so that ‖f − y‖² ≥ (2² / 2) = 2 of ‖y‖² = 6."""
    data = problem([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [1.0, 2.0, -1.0])
    said = unfittable(data, regime(), 0.01)
    assert said.startswith(
        "no width can fit: there are only 2 different inputs: rows 1 and 3 are equal with different labels"
    )
    assert f"{math.sqrt(2 / 6):.2g}" in said
    assert unfittable(data, regime(), 0.6) == ""  # a residual of 0.58 is within this tolerance
    assert "rows 12 and 14" in unfittable(data, regime(), 0.01, np.array([12, 13, 14]))


def test_a_homogeneous_net_is_linear_along_a_direction() -> None:
    """f(x) = c for x and f(3x) = 3c: least squares of (1, 1) on (1, 3) leaves 1 − 16/20 of the square, that is 0.4."""
    data = problem([[1.0, 2.0], [3.0, 6.0], [1.0, -1.0]], [1.0, 1.0, 0.0])
    said = unfittable(data, regime(activation="relu"), 0.01)
    assert "rows 1 and 2 have one direction" in said
    assert f"{math.sqrt(0.4 / 2):.2g}" in said
    assert unfittable(data, regime(activation="softplus"), 0.01) == ""


def test_zero_inputs_and_zero_labels() -> None:
    assert "inputs are 0" in unfittable(problem([[0.0, 0.0], [1.0, 0.0]], [1.0, 0.0]), regime(activation="relu"), 0.01)
    assert "all labels are 0" in unfittable(problem([[1.0, 0.0]], [0.0]), regime(), 0.01)


@pytest.mark.parametrize("activation", ["relu", "softplus", "tanh"])
def test_nothing_is_said_of_data_that_can_be_fitted(activation: str) -> None:
    draw = np.random.default_rng(1)
    x, y = draw.standard_normal((40, 5)), draw.standard_normal(40)
    assert unfittable(Problem(x, y, 0, "made"), regime(activation=activation), 0.0) == ""
    twice = Problem(np.concatenate([x, x]), np.concatenate([y, y]), 0, "made")
    assert unfittable(twice, regime(activation=activation), 0.0) == ""  # equal rows with equal labels
