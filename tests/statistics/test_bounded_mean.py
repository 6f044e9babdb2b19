"""The interval for bounded values: closed forms, and its exact chance of missing a binomial mean."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from harness.statistics.bounded_mean import bounded_mean


@pytest.mark.parametrize("m", [2, 10, 40])
def test_the_lower_end_of_equal_values_has_a_closed_form(m: int) -> None:
    """With x_i = 1, M = ∫ (1 − u + ur)^m du = (r^{m+1} − 1)/((m + 1)(r − 1)) at r = 1/low, which is 2/0.05."""
    low, high = bounded_mean([1.0] * m, 0.0, 1.0)
    r = 1 / low
    assert (r ** (m + 1) - 1) / ((m + 1) * (r - 1)) == pytest.approx(40, rel=2e-3)
    assert high == 1.0


def test_it_misses_the_mean_of_a_binomial_in_at_most_one_of_twenty() -> None:
    m = 12
    ends = [bounded_mean([1.0] * fits + [0.0] * (m - fits), 0.0, 1.0) for fits in range(m + 1)]
    chances = np.linspace(0.005, 0.995, 199)
    weights = np.array([comb(m, i) * chances**i * (1 - chances) ** (m - i) for i in range(m + 1)])
    missed = np.array([(chances < low) | (chances > high) for low, high in ends])
    worst = (weights * missed).sum(axis=0).max()
    assert 0.005 < worst <= 0.05  # it is not empty of content either


def test_other_bounds_move_and_stretch_it() -> None:
    low, high = bounded_mean([0.2, 0.9, 0.4, 0.7, 0.7], 0.0, 1.0)
    moved = bounded_mean([-0.6, 0.8, -0.2, 0.4, 0.4], -1.0, 1.0)
    assert moved == pytest.approx((2 * low - 1, 2 * high - 1))
    assert low < 0.58 < high
