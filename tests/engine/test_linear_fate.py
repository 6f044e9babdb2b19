"""Fates of models that are linear in their trained weights, against exact arithmetic and least squares."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Array, Cell, Outcome
from harness.engine import linear_fate
from harness.engine.linear_fate import EPS, Linear
from harness.engine.setting import Setting
from harness.engine.spectrum import initial_jacobian
from harness.engine.trial import prepare
from harness.engine.work import train
from tests.engine.cases import CASES, setting

N, D = 20, 6


def linear(jacobian: Array, residual: Array, rate: float = 0.0) -> Linear:
    kernel = jacobian @ jacobian.T
    values, vectors = np.linalg.eigh(kernel)
    columns = jacobian.shape[1]
    error = (100 + columns) * EPS
    rate = rate or 1.0 / max(float(values[-1]), 1e-300)
    y_norm = float(np.linalg.norm(residual))
    weight = (vectors.T @ residual) ** 2
    return Linear(kernel, values, weight, residual, rate, y_norm, error, columns, lambda rows: jacobian[rows])


def features(activation: str, k: int, **changes: object) -> Setting:
    regime = replace(CASES["erf output"], model=ShallowNet(activation, "output"), initializer=LeCun())
    return setting(regime, limit=True, tolerances=(0.5, 1e-2), **changes)


def trained(where: Setting, k: int, seeds: int = 6) -> list[Outcome]:
    return train(where, Cell("", N, D, k), range(seeds))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("k", [3, 12, 17])
def test_fewer_features_than_labels_leave_the_distance_of_least_squares(activation: str, k: int) -> None:
    where = features(activation, k)
    for outcome in trained(where, k):
        fate = outcome.fate
        assert fate is not None
        assert fate.kind == "stuck proved"
        assert fate.continuation == "spectral 4"
        trial = prepare(where, N, D, k, outcome.seed)
        x, y = torch.from_numpy(trial.problem.x), trial.problem.y
        jacobian = initial_jacobian(where.regime.model, trial.params, x).numpy()
        residual = where.regime.model.forward(trial.params, x).numpy() - y
        left = residual - jacobian @ np.linalg.lstsq(jacobian, residual, rcond=None)[0]
        distance = float(np.linalg.norm(left) / np.linalg.norm(y))
        assert fate.residual == pytest.approx(distance, rel=1e-8)
        assert fate.constants["floor"] <= distance <= fate.constants["floor"] * (1 + 1e-3)
        assert outcome.measure >= fate.constants["floor"]
        assert (outcome.limit_verdict(), outcome.limit_verdict(distance * 1.001)) == ("unfit", "fit")


def test_enough_features_fit_and_a_longer_run_shows_it() -> None:
    where = features("tanh", 60, steps=100)
    longer = train(replace(where, steps=10**9), Cell("", N, D, 60), range(6))
    for outcome, later in zip(trained(where, 60), longer, strict=True):
        assert outcome.fate is not None
        assert (outcome.fate.kind, outcome.fate.residual) == ("fit proved", 0.0)
        assert outcome.fate.margin is not None
        assert outcome.fate.margin >= 2.0
        assert later.hits[-1] is not None
        assert later.fate == outcome.fate


def test_fates_do_not_depend_on_the_company_and_change_nothing_else() -> None:
    where = features("relu", 24)
    together = trained(where, 24)
    assert train(where, Cell("", N, D, 24), [4, 1]) == [together[4], together[1]]
    plain = trained(replace(where, limit=False), 24)
    assert [replace(outcome, fate=None) for outcome in together] == plain


def test_a_step_that_is_too_large_leaves_fits_open_and_floors_standing() -> None:
    large = GradientDescent(c=2.0)
    for k, verdict in ((60, "open"), (10, "unfit")):
        where = features("tanh", k, steps=3)
        where = replace(where, regime=replace(where.regime, optimizer=large))
        for outcome in trained(where, k, 2):
            assert outcome.fate is not None
            assert (outcome.fate.kind, outcome.limit_verdict()) == ("open", verdict)


def test_a_model_that_nothing_moves_is_stuck_where_it_is() -> None:
    found = linear(np.zeros((4, 9)), np.array([1.0, 0.0, 2.0, 0.0])).fate()
    assert (found.kind, found.residual) == ("stuck proved", 1.0)
    assert found.constants["floor"] == pytest.approx(1.0, rel=1e-9)


def test_columns_of_zeros_do_not_count() -> None:
    rng = np.random.default_rng(0)
    jacobian = np.column_stack([rng.standard_normal((8, 5)), np.zeros((8, 20))])
    residual = rng.standard_normal(8)
    found = linear(jacobian, residual).fate()
    left = residual - jacobian[:, :5] @ np.linalg.lstsq(jacobian[:, :5], residual, rcond=None)[0]
    assert found.kind == "stuck proved"
    assert found.residual == pytest.approx(np.linalg.norm(left) / np.linalg.norm(residual), rel=1e-9)


def test_labels_in_the_range_of_too_few_columns_are_left_open() -> None:
    rng = np.random.default_rng(1)
    jacobian = rng.standard_normal((8, 5))
    assert linear(jacobian, jacobian @ rng.standard_normal(5)).fate().kind == "open"


def test_columns_that_are_lost_in_the_rounding_of_the_kernel_leave_the_distance_of_least_squares(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Singular values of 10⁻⁹ are eigenvalues of 10⁻¹⁸."""
    rng = np.random.default_rng(5)
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for size in (8, 6))
    jacobian = (left[:, :6] * np.geomspace(1.0, 1e-9, 6)) @ right.T
    of = linear(jacobian, rng.standard_normal(8))
    found, distance = of.fate(), np.linalg.norm(left[:, 6:].T @ of.residual) / of.y_norm
    assert (found.kind, found.constants) == ("stuck in the limit", {"rank": 6.0})
    assert found.residual == pytest.approx(distance, rel=1e-5)
    fast = replace(of, rate=2.0 / float(of.values[-1])).fate()
    assert (fast.kind, fast.residual) == ("open", None)
    monkeypatch.setattr(linear_fate, "MOST_ENTRIES", jacobian.size - 1)
    large = of.fate()
    assert (large.kind, large.residual, large.constants) == ("open", None, {"rank": 6.0, "too_large": 1.0})


def test_singular_kernels_are_never_called_fits() -> None:
    """Equal rows make J singular, whatever rounding makes of the eigenvalues, and so does a row that is a sum."""
    rng = np.random.default_rng(2)
    for trial in range(200):
        n, p = int(rng.integers(2, 12)), int(rng.integers(12, 40))
        jacobian = rng.integers(-50, 51, (n, p)).astype(float)
        jacobian[-1] = jacobian[0] if trial % 2 else jacobian[: n - 1].sum(axis=0)
        jacobian *= 10.0 ** float(rng.integers(-9, 9))
        assert linear(jacobian, rng.standard_normal(n)).fate().kind == "open"


def test_proved_fits_are_positive_definite_in_exact_arithmetic() -> None:
    """Kernels with eigenvalues down to the rounding error: what is proved has a positive determinant at each size."""
    rng = np.random.default_rng(3)
    proved = 0
    for _ in range(150):
        n = 4
        jacobian = rng.standard_normal((n, 6))
        jacobian[-1] = jacobian[:-1].sum(axis=0) + 10.0 ** rng.uniform(-8, 0) * jacobian[-1]
        found = linear(jacobian, rng.standard_normal(n)).fate()
        if found.kind != "fit proved":
            continue
        proved += 1
        exact = [[Fraction(float(value)) for value in row] for row in jacobian]
        kernel = [[sum((a * b for a, b in zip(u, v, strict=True)), Fraction()) for v in exact] for u in exact]
        shift = Fraction(found.constants["lambda_min"])
        less = [[value - shift * (i == j) for j, value in enumerate(row)] for i, row in enumerate(kernel)]
        assert all(_determinant([row[:m] for row in less[:m]]) > 0 for m in range(1, n + 1))
    assert 50 < proved < 150


def _determinant(matrix: list[list[Fraction]]) -> Fraction:
    if len(matrix) == 1:
        return matrix[0][0]
    minors = ([row[:j] + row[j + 1 :] for row in matrix[1:]] for j in range(len(matrix)))
    return sum(((-1) ** j * matrix[0][j] * _determinant(minor) for j, minor in enumerate(minors)), Fraction())


def test_the_jacobian_is_taken_in_blocks_and_its_values_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Singular values of 10⁻⁹ are those of a fit in the limit, though the kernel does not show it."""
    rng = np.random.default_rng(3)
    left, right = (np.linalg.qr(rng.standard_normal((size, 8)))[0] for size in (8, 20))
    jacobian = (left * np.geomspace(1.0, 1e-9, 8)) @ right.T
    of = linear(jacobian, rng.standard_normal(8))
    taken: list[int] = []

    def rows(some: slice) -> Array:
        found: Array = jacobian[some]
        taken.append(found.size)
        return found

    of = replace(of, jacobian=rows)
    whole = of.fate()
    assert (whole.kind, whole.constants) == ("fit in the limit", {})
    monkeypatch.setattr(linear_fate, "BLOCK", 50)
    taken.clear()
    assert of.fate() == whole
    assert max(taken) == 40
    monkeypatch.setattr(linear_fate, "MOST_ENTRIES", jacobian.size - 1)
    assert (of.fate().kind, of.fate().constants) == ("open", {"too_large": 1.0})
