"""Exponents of the threshold over n and d."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from harness.statistics.exponents import fit_exponents
from harness.statistics.least_squares import Floats
from harness.statistics.size_bracket import SizeBracket

Size = tuple[int, int]


def closed(sizes: Iterable[Size], width: Callable[[int, int], float]) -> list[SizeBracket]:
    """Return the brackets of one width that hold ⌈width(n, d)⌉."""
    return [SizeBracket(n, d, math.ceil(width(n, d)) - 1, math.ceil(width(n, d))) for n, d in sizes]


def test_a_power_of_n_lies_in_the_interval_and_near_the_point() -> None:
    fit = fit_exponents(closed([(n, 20) for n in (64, 128, 256, 512)], lambda n, _d: n))
    assert fit.a == pytest.approx(1.0, abs=0.01)
    # f > n − 1 at the larger of two sizes and f ≤ n at the smaller bound the slope from below, the others from above.
    pairs = [(n, 2**i) for n in (64, 128, 256) for i in (1, 2, 3) if n * 2**i <= 512]
    low = max(math.log((n * q - 1) / n) / math.log(q) for n, q in pairs)
    high = min(math.log(n * q / (n - 1)) / math.log(q) for n, q in pairs)
    assert fit.a_interval == pytest.approx((low, high), abs=1e-6)
    assert (fit.b, fit.b_interval, fit.note) == (None, None, "")
    assert fit.sizes == ((64, 20), (128, 20), (256, 20), (512, 20))


def test_middles_of_a_power_give_its_exponents() -> None:
    brackets = [SizeBracket(n, d, 8 * n * n // d, 16 * n * n // d) for n in (16, 32, 64) for d in (4, 8, 16)]
    fit = fit_exponents(brackets)
    assert fit.a == pytest.approx(2.0, abs=1e-9)
    assert fit.b == pytest.approx(-1.0, abs=1e-9)


def test_two_values_of_d_are_taken_out_but_give_no_point() -> None:
    sizes = ((64, 8), (128, 8), (256, 32), (512, 32))
    fit = fit_exponents(closed(sizes, lambda n, d: n * n / d))
    assert fit.a == pytest.approx(2.0, abs=0.02)
    assert fit.b is None
    assert fit.b_interval is not None
    assert fit.b_interval[0] < -1 <= fit.b_interval[1]


def test_no_point_is_given_without_sizes_that_have_a_bound() -> None:
    brackets = [*closed([(64, 20), (128, 20), (256, 20)], lambda n, _d: n), SizeBracket(512, 20, 1024)]
    fit = fit_exponents(brackets)
    assert fit.region.refuted  # without the bound the slope is 1, with it at least log2(1024/256)
    assert (fit.a, fit.a_interval) == (None, None)
    fit = fit_exponents([*brackets[:2], SizeBracket(256, 20), SizeBracket(512, 20, 300)])
    assert fit.a is None
    assert fit.note == "without n = 256, d = 20: no bound; no point: there is only a bound at n = 512, d = 20"
    assert fit.sizes == ((64, 20), (128, 20), (512, 20))
    assert fit.a_interval == pytest.approx((math.log2(127 / 64), math.log2(128 / 63)), abs=1e-6)


def test_fewer_than_three_values_give_an_interval_without_a_point() -> None:
    fit = fit_exponents(closed([(64, 8), (128, 8), (128, 16)], lambda n, _d: n))
    assert (fit.a, fit.b) == (None, None)
    assert "three values" in fit.note
    assert fit.a_interval is not None
    empty = fit_exponents([])
    assert (empty.sizes, empty.informative) == ((), False)


def test_n_and_d_that_vary_together_cannot_be_told_apart() -> None:
    fit = fit_exponents(closed([(n, n // 4) for n in (64, 128, 256)], lambda n, _d: n))
    assert fit.a is None
    assert "together" in fit.note
    assert fit.a_interval == fit.b_interval == (-math.inf, math.inf)
    assert not fit.informative


def test_the_point_is_the_nearest_that_meets_every_bracket() -> None:
    # The regression on the middles leaves the bracket at n = 50.
    brackets = [SizeBracket(50, 10, 2, 5), SizeBracket(100, 10, 10, 13), SizeBracket(200, 10, 20, 23)]
    middles = np.array([bracket.middle for bracket in brackets])
    lengths = np.array([np.diff(bracket.logs)[0] for bracket in brackets])
    design = np.array([[1.0, math.log(bracket.n)] for bracket in brackets])
    free, *_ = np.linalg.lstsq(design / lengths[:, None], middles / lengths, rcond=None)
    outside = [
        not low <= value <= high for (low, high), value in zip((b.logs for b in brackets), design @ free, strict=True)
    ]
    assert any(outside)
    fit = fit_exponents(brackets)
    assert fit.a is not None
    assert fit.a_interval is not None
    assert fit.a_interval[0] - 1e-6 <= fit.a <= fit.a_interval[1] + 1e-6

    def distance(x: Floats) -> float:
        return float((((design @ x - middles) / lengths) ** 2).sum())

    # Against a grid of all formulas that meet the brackets.
    ends = np.array([bracket.logs for bracket in brackets])
    best = min(
        (distance(np.array([c, a])), a)
        for c in np.linspace(-4, -1, 601)
        for a in np.linspace(0.9, 1.2, 151)
        if (design @ [c, a] > ends[:, 0]).all() and (design @ [c, a] <= ends[:, 1]).all()
    )
    assert fit.a == pytest.approx(best[1], abs=0.01)
