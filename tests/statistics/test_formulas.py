"""Formulas with one constant, the region of exponents, and refutations, against integers and brute force."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.exact_number import ExactNumber, power
from harness.statistics.exponent_region import exponent_region
from harness.statistics.formulas import FORMULAS, Formula, constant, larger_of_two
from harness.statistics.refutation import conflict, fewest_to_drop
from harness.statistics.size_bracket import SizeBracket

SIZES = tuple(itertools.product((50, 100, 200, 400), (10, 20, 40)))
BY_NAME = {formula.name: formula for formula in FORMULAS}


def around(width: int, size: tuple[int, int], slack: Iterable[int] = (0, 0)) -> SizeBracket:
    below, above = map(int, slack)
    return SizeBracket(*size, max(width - 1 - below, 0), width + above)


def test_no_tie_of_n_over_d_is_allowed() -> None:
    # C > 1 from one size and C ≤ 1 from the other: equal in fractions, and in floats only by luck.
    for n, d, m, e in itertools.product(range(50, 1000, 67), (3, 7, 9), range(60, 1000, 71), (6, 13, 49)):
        first = SizeBracket(n * d, d, n, n + 1)  # n d/d = n, so that C > 1
        second = SizeBracket(m * e, e, m - 1, m)  # C ≤ 1
        found = constant([first, second], BY_NAME["C n/d"])
        assert not found.allowed
        assert set(found.conflict) == {first, second}


@pytest.mark.parametrize("name", ["C √n", "C n^1.5/d"])
def test_ties_of_roots_are_refuted_too(name: str) -> None:
    # √(4 n) = 2 √n, so 12 at 4 n says the same of C as 6 at n, and 8 times that of n^1.5.
    factor = {"C √n": 2, "C n^1.5/d": 8}[name]
    for n in range(2, 500):
        brackets = [SizeBracket(n, 7, 6, 9), SizeBracket(4 * n, 7, 3, 6 * factor)]
        assert not constant(brackets, BY_NAME[name]).allowed
        assert constant([brackets[0], SizeBracket(4 * n, 7, 3, 6 * factor + 1)], BY_NAME[name]).allowed


def test_logarithms_of_powers_tie() -> None:
    # (n/d) log n at n = 4, 16, with d = 1: 4·2 log 2 and 16·4 log 2, a quotient of 8.
    formula = BY_NAME["C (n/d) log n"]
    assert not constant([SizeBracket(4, 1, 5, 9), SizeBracket(16, 1, 3, 40)], formula).allowed
    assert constant([SizeBracket(4, 1, 5, 9), SizeBracket(16, 1, 3, 41)], formula).allowed


@given(
    st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from([2, 3, 8, 12, 64, 81]), st.sampled_from([2, 4, 27])
)
def test_exact_numbers_agree_with_floats_where_these_can_tell(a: int, b: int, n: int, m: int) -> None:
    one, two = ExactNumber(Fraction(a, 7), 2, n), ExactNumber(Fraction(b, 3), 3, m)
    first, second = float(one), float(two)
    assert first == pytest.approx(math.sqrt(a / 7) * math.log(n), rel=1e-12)
    if abs(first - second) > 1e-9 * first:
        assert one.below(two) == (first < second)
        assert two.below(one) == (second < first)


def test_powers_read_decimal_thirds() -> None:
    assert power(8, 1 / 3, 27, -1 / 3) == ExactNumber(Fraction(8, 27), 3)
    with pytest.raises(ValueError, match="no fraction"):
        power(8, math.pi, 27, 0)


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_the_true_formula_is_allowed_with_its_constant(formula: Formula) -> None:
    rng = np.random.default_rng(3)
    for truth in (0.3, 1.0, 1.7):
        brackets = []
        for size in SIZES:
            width = math.ceil(truth * float(formula.shape(*size)) - 1e-12)
            brackets.append(around(width, size, rng.integers(0, 4, 2)))
        found = constant(brackets, formula)
        assert found.allowed
        assert found.low <= truth <= found.high * (1 + 1e-12)
        assert found.met == len(SIZES)


def test_met_counts_the_brackets_of_the_best_constant() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        brackets = [
            SizeBracket(n, d, int(low), int(low + more))
            for (n, d), low, more in zip(SIZES, rng.integers(0, 30, 12), rng.integers(1, 9, 12), strict=True)
        ]
        found = constant(brackets, BY_NAME["C n/d"])
        best = max(
            sum(Fraction(b.low * b.d, b.n) < c <= Fraction((b.high or 0) * b.d, b.n) for b in brackets)
            for c in (Fraction((b.high or 0) * b.d, b.n) for b in brackets)
        )
        assert found.met == best
        assert found.allowed == (best == len(brackets))


def test_widths_in_steps_are_rounded_to_multiples() -> None:
    # Mirrored pairs: k½ = 2⌈f/2⌉. For f = n/d the widths are 6, 10 at (50, 10), (100, 10).
    brackets = [SizeBracket.of(50, 10, 5, 6, step=2), SizeBracket.of(100, 10, 9, 11, step=2)]
    assert brackets == [SizeBracket(50, 10, 4, 6), SizeBracket(100, 10, 8, 10)]
    found = constant(brackets, BY_NAME["C n/d"])
    assert (found.low, found.high) == (0.8, 1.0)
    assert SizeBracket.of(50, 10, 1, 2, step=2) == SizeBracket(50, 10, 0, 2)


def test_a_point_is_in_the_region_exactly_if_a_constant_meets_all_brackets() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        brackets = [around(math.ceil(n**1.2 / d), (n, d), rng.integers(0, 5, 2)) for n, d in SIZES]
        region = exponent_region(brackets)
        polygon = np.array(region.polygon)
        edges = np.roll(polygon, -1, axis=0) - polygon
        for a, b in rng.uniform((0.9, -1.3), (1.5, -0.7), (40, 2)):
            right = edges[:, 0] * (b - polygon[:, 1]) - edges[:, 1] * (a - polygon[:, 0])
            margin = float(np.min(right / np.linalg.norm(edges, axis=1)))
            if abs(margin) > 1e-6:
                widths = [float(n) ** a * float(d) ** b for n, d in SIZES]
                low = max(bracket.low / width for bracket, width in zip(brackets, widths, strict=True))
                high = min((bracket.high or 0) / width for bracket, width in zip(brackets, widths, strict=True))
                assert (margin > 0) == (low < high)


def test_a_refutation_names_at_most_four_sizes_that_conflict_by_themselves() -> None:
    rng = np.random.default_rng(1)
    refuted = 0
    for _ in range(60):
        brackets = [around(math.ceil(n / d * rng.uniform(0.8, 1.25)), (n, d), rng.integers(0, 2, 2)) for n, d in SIZES]
        found = conflict(brackets)
        refuted += bool(found)
        assert len(found) <= 4
        if found:
            assert conflict(found)
            for left in range(len(found)):  # none of them can be spared
                assert not conflict([*found[:left], *found[left + 1 :]])
    assert 10 < refuted < 60


def test_fewest_to_drop_is_the_smallest_of_all_sets() -> None:
    rng = np.random.default_rng(2)
    for _ in range(12):
        sizes = [SIZES[i] for i in rng.choice(len(SIZES), 7, replace=False)]
        brackets = [around(math.ceil(n / d * rng.uniform(0.7, 1.4)), (n, d)) for n, d in sizes]
        dropped = fewest_to_drop(brackets)
        smallest = next(
            (
                size
                for size in range(5)
                if any(
                    not conflict([b for b in brackets if b not in without])
                    for without in itertools.combinations(brackets, size)
                )
            ),
            0,
        )
        assert len(dropped) == smallest
        assert not conflict([b for b in brackets if b not in dropped]) or smallest == 0


def test_brackets_that_meet_in_one_point_are_in_conflict() -> None:
    # f(50) > 5 and f(200) > 20 need f(100) > 10 by √(f(50) f(200)): a tie that floats leave open.
    tie = [SizeBracket(50, 10, 5, 9), SizeBracket(100, 10, 5, 10), SizeBracket(200, 10, 20, 30)]
    assert len(conflict(tie)) == 3
    assert not conflict([tie[0], SizeBracket(100, 10, 5, 11), tie[2]])
    open_ = [tie[0], SizeBracket(100, 10, 5, 10), SizeBracket(200, 10, 19, 30)]
    region = exponent_region(open_)
    assert region.a is not None
    # 5 and 10 at a doubling bound the slope by 1 from above, 10 and 19 from below.
    assert region.a == pytest.approx((math.log2(1.9), 1.0), abs=1e-6)


def test_one_variable_has_one_exponent_and_two_have_a_polygon() -> None:
    along_d = exponent_region([SizeBracket(400, d, 400 // d - 1, 400 // d) for d in (10, 20, 40)])
    assert along_d.a is None
    assert along_d.polygon == ()
    assert along_d.b is not None
    assert along_d.b[0] <= -1 <= along_d.b[1]
    one = exponent_region([SizeBracket(400, 10, 39, 40)])
    assert (one.a, one.b, one.refuted) == (None, None, False)
    both = exponent_region([around(math.ceil(n / d), (n, d)) for n, d in SIZES])
    corners = np.array(both.polygon)
    following = np.roll(corners, -1, axis=0)
    assert (corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum() > 0  # counter-clockwise


def test_bounds_alone_leave_an_end_free() -> None:
    # k½ ≤ 10 at n = 100 and > 100 at n = 400 bound the slope from below, k½ > 3 at n = 50 bounds it from above.
    region = exponent_region([SizeBracket(50, 10, 3), SizeBracket(100, 10, 0, 10), SizeBracket(400, 10, 100)])
    assert region.a is not None
    assert region.a[0] == pytest.approx(math.log(10) / math.log(4), abs=1e-6)
    assert region.a[1] == pytest.approx(math.log2(10 / 3), abs=1e-6)
    region = exponent_region([SizeBracket(100, 10, 0, 10), SizeBracket(400, 10, 100)])
    assert region.a == pytest.approx((math.log(10) / math.log(4), math.inf), abs=1e-6)
    assert exponent_region([SizeBracket(100, 10, 10), SizeBracket(400, 10, 100)]).a == (-math.inf, math.inf)


def test_the_larger_of_two_is_allowed_exactly_if_a_pair_on_a_grid_meets_all_brackets() -> None:
    rng = np.random.default_rng(4)
    refuted = 0
    for _ in range(40):
        truth = [math.ceil(max(1.1 * n / d, 1.7 * math.log(n)) * rng.uniform(0.85, 1.15)) for n, d in SIZES]
        brackets = [around(width, size, rng.integers(0, 3, 2)) for width, size in zip(truth, SIZES, strict=True)]
        found = larger_of_two(brackets)
        n, d = np.array(SIZES, dtype=float).T
        low, high = (np.array([getattr(bracket, end) for bracket in brackets]) for end in ("low", "high"))
        a, b = np.meshgrid(np.linspace(0.5, 2, 151), np.linspace(0.5, 3, 251))
        width = np.maximum(a[..., None] * n / d, b[..., None] * np.log(n))
        if ((low < width) & (width <= high)).all(axis=-1).any():
            assert found.allowed
        largest = np.maximum(found.ratio * n / d, found.log * np.log(n)) * (1 - 1e-12)
        assert found.allowed == bool((low < largest).all())
        assert (largest <= high).all()
        assert len(found.conflict) <= 3
        refuted += not found.allowed
        assert not found.conflict or not larger_of_two(found.conflict).allowed
    assert 5 < refuted < 40
