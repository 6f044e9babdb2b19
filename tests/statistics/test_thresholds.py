"""Counts to thresholds: evidence, monotone fit, brackets."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from harness.statistics.brackets import bracket, certified, log_e_value, log_evidence_threshold
from harness.statistics.half_width import half_width, isotonic
from harness.statistics.thresholds import threshold
from harness.statistics.violations import violations

counts_by_width = st.dictionaries(
    st.integers(1, 200),
    st.integers(0, 30).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))),
    max_size=8,
)


def exact_e_value(m: int, trials: int) -> Fraction:
    """Multiply the predictions (successes + ½)/(trials + 1) of Krichevsky and Trofimov, against ½ each."""
    value = Fraction(1)
    for i in range(m):
        value *= 2 * (i + Fraction(1, 2)) / (i + 1)
    for j in range(trials - m):
        value *= 2 * (j + Fraction(1, 2)) / (m + j + 1)
    return value


@pytest.mark.parametrize("trials", range(21))
def test_e_value_is_the_product_of_predictions(trials: int) -> None:
    for m in range(trials + 1):
        assert math.exp(log_e_value(m, trials)) == pytest.approx(float(exact_e_value(m, trials)), rel=1e-12)


@pytest.mark.parametrize("trials", range(21))
def test_e_value_has_expectation_one_under_a_half(trials: int) -> None:
    assert sum(math.comb(trials, m) * exact_e_value(m, trials) for m in range(trials + 1)) == 2**trials


def test_e_value_is_a_martingale_under_a_half() -> None:
    for trials in range(60):
        for m in range(trials + 1):
            after = (math.exp(log_e_value(m + 1, trials + 1)) + math.exp(log_e_value(m, trials + 1))) / 2
            assert after == pytest.approx(math.exp(log_e_value(m, trials)), rel=1e-10)


def chance_of_ever(p: float, needed: float, side: int, trials: int = 400) -> float:
    """Return the exact chance that a width with P = p is ever certified on a side within so many trials."""
    alive, crossed = {0: 1.0}, 0.0
    for t in range(1, trials + 1):
        after: dict[int, float] = {}
        for m, mass in alive.items():
            for fits, share in ((m + 1, mass * p), (m, mass * (1 - p))):
                if certified(fits, t, needed) == side:
                    crossed += share
                else:
                    after[fits] = after.get(fits, 0.0) + share
        alive = after
    return crossed


def test_a_width_at_a_half_is_hardly_ever_certified() -> None:
    level = 0.05
    above, below = (chance_of_ever(0.5, log_evidence_threshold(1, level), side) for side in (1, -1))
    assert above == pytest.approx(below)
    assert 0.2 * level < above + below < level
    assert chance_of_ever(0.45, log_evidence_threshold(1, level), 1) < above


def test_unanimous_trials_needed_for_a_family_of_twelve() -> None:
    needed = log_evidence_threshold(12, 0.05)
    assert [certified(m, m, needed) for m in (10, 11)] == [0, 1]
    assert [certified(0, m, needed) for m in (10, 11)] == [0, -1]
    assert certified(0, 0, log_evidence_threshold(1, 1.0)) == 0


@given(counts_by_width)
def test_monotone_fit_is_the_max_min_of_averages(counts: dict[int, tuple[int, int]]) -> None:
    widths = sorted(k for k, (_, trials) in counts.items() if trials)

    def average(a: int, b: int) -> Fraction:
        between = [counts[k] for k in widths if a <= k <= b]
        return Fraction(sum(m for m, _ in between), sum(trials for _, trials in between))

    expected = {k: float(max(min(average(a, b) for b in widths if b >= k) for a in widths if a <= k)) for k in widths}
    assert isotonic(counts) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({8: (1, 4), 16: (3, 4)}, 8 * 2**0.5),
        ({8: (0, 10), 16: (5, 10)}, 16.0),
        ({10: (0, 5), 1000: (5, 5)}, 100.0),
        ({4: (0, 5), 8: (1, 4), 64: (1, 4), 128: (3, 4)}, 64 * 2**0.5),
        ({4: (0, 10), 8: (7, 10), 16: (3, 10), 32: (10, 10)}, 8.0),  # pooled 10/20 from 8 on
        ({4: (1, 9), 16: (8, 9), 32: (9, 9)}, 8.0),
    ],
)
def test_half_width_closed_forms(counts: dict[int, tuple[int, int]], expected: float) -> None:
    assert half_width(counts) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("counts", [{}, {4: (0, 9), 8: (4, 9)}, {4: (5, 9), 8: (9, 9)}, {4: (1, 2), 8: (1, 2)}])
def test_no_half_width_on_one_side(counts: dict[int, tuple[int, int]]) -> None:
    assert half_width(counts) is None


def test_bracket_is_the_innermost_certified_pair() -> None:
    counts = {4: (0, 20), 8: (0, 20), 10: (8, 20), 12: (13, 20), 16: (20, 20), 32: (20, 20)}
    assert bracket(counts) == (8, 16)


def test_bracket_pays_for_its_family() -> None:
    counts = {8: (0, 9), 16: (9, 9)}
    assert bracket(counts, most_widths=2) == (8, 16)
    assert bracket(counts, most_widths=12) == (None, None)
    assert bracket(counts, most_widths=1) == bracket(counts, most_widths=2)  # never less than the widths tried


def test_contradicting_certificates_are_all_inside_the_bracket() -> None:
    counts = {4: (0, 20), 8: (20, 20), 16: (0, 20), 32: (20, 20)}
    result = threshold(counts)
    assert (result.low, result.high) == (4, 32)
    assert result.violations == ((8, 16),)
    assert threshold({8: (20, 20), 16: (0, 20)}).bound == "none"


def test_two_sided_threshold() -> None:
    result = threshold({16: (12, 12), 8: (0, 12)}, most_widths=12)
    assert result.k_half == 12  # 8 √2 rounded up
    assert (result.low, result.high, result.bound) == (8, 16, "")
    assert result.trials == 24
    assert list(result.counts) == [8, 16]


@pytest.mark.parametrize(
    ("counts", "smallest", "low", "high", "bound"),
    [
        ({}, 1, None, None, "none"),
        ({8: (0, 0)}, 1, None, None, "none"),
        ({256: (0, 20), 512: (0, 20)}, 1, 512, None, ">"),
        ({256: (0, 20), 512: (1, 5)}, 1, 256, None, ">"),
        ({512: (1, 5)}, 1, None, None, "none"),
        ({4: (20, 20), 8: (20, 20)}, 1, None, 4, "<="),
        ({4: (3, 5), 8: (20, 20)}, 1, None, 8, "<="),
        ({8: (1, 4), 16: (20, 20)}, 1, None, 16, "<="),
        ({8: (0, 20), 16: (3, 4)}, 1, 8, None, ">"),
        ({8: (1, 4), 16: (3, 4)}, 1, None, None, "none"),
    ],
)
def test_one_sided_thresholds(
    counts: dict[int, tuple[int, int]], smallest: int, low: int | None, high: int | None, bound: str
) -> None:
    result = threshold(counts, smallest=smallest)
    assert (result.k_half, result.low, result.high, result.bound) == (None, low, high, bound)


@pytest.mark.parametrize(("counts", "smallest"), [({1: (20, 20), 8: (20, 20)}, 1), ({2: (20, 20)}, 2)])
def test_the_smallest_admissible_width_is_a_threshold_if_it_is_certified(
    counts: dict[int, tuple[int, int]], smallest: int
) -> None:
    result = threshold(counts, smallest=smallest)
    assert (result.k_half, result.low, result.high, result.bound) == (smallest, smallest - 1, smallest, "")


@given(counts_by_width, st.integers(1, 3))
def test_a_threshold_is_an_admissible_width_in_its_bracket(counts: dict[int, tuple[int, int]], step: int) -> None:
    result = threshold({step * k: count for k, count in counts.items()}, level=0.5, smallest=step)
    assert (result.k_half is None) == (result.low is None or result.high is None) == (result.bound != "")
    if result.k_half is not None:
        assert result.low is not None
        assert result.high is not None
        assert result.low < result.least <= result.k_half <= result.high  # type: ignore[operator]  # known with low
        assert isinstance(result.k_half, int)
        assert result.k_half % step == 0


@pytest.mark.parametrize("n", [50, 100, 200, 400])
@pytest.mark.parametrize("d", [10, 20, 40])
def test_a_sharp_transition_at_a_parameter_count_is_found_exactly(n: int, d: int) -> None:
    """A trainer that fits exactly from ⌈n/(d + 1)⌉ neurons on has that threshold, whatever widths were tried."""
    exact = math.ceil(n / (d + 1))
    near = {k: (20 * (k >= exact), 20) for k in (exact - 1, exact) if k}
    assert threshold(near).k_half == exact
    wide = threshold({k: (20 * (k >= exact), 20) for k in (1, 2, 4, 8, 16, 32, 64)})
    assert wide.low is not None or exact == 1
    assert (wide.low or 0) < exact <= (wide.high or 0)
    assert wide.k_half is not None
    assert (wide.low or 0) < wide.k_half <= (wide.high or 0)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(1, 25), st.integers(1, 25))
def test_violations_are_those_of_fishers_exact_test(m: int, wide: int, trials: int, trials_wide: int) -> None:
    m, wide = min(m, trials), min(wide, trials_wide)
    p = fisher_exact([[m, trials - m], [wide, trials_wide - wide]], alternative="greater").pvalue
    if abs(p - 0.05) > 1e-9:
        assert bool(violations({4: (m, trials), 8: (wide, trials_wide)})) == (
            p < 0.05 and m * trials_wide > wide * trials
        )


def test_innermost_violations_only() -> None:
    assert violations({4: (20, 20), 8: (20, 20), 16: (0, 20), 32: (0, 20)}) == ((8, 16),)
    assert violations({4: (0, 20), 8: (4, 20), 16: (3, 20), 32: (20, 20)}) == ()


def test_the_crossing_is_the_first_step_of_the_counts_over_a_half() -> None:
    assert threshold({4: (0, 3), 8: (2, 3), 16: (1, 3), 32: (3, 3)}).crossing == (4, 8)
    assert threshold({4: (1, 3), 8: (0, 0), 16: (2, 4)}).crossing == (4, 16), "a width without trials says nothing"
    assert threshold({4: (1, 2), 8: (2, 2)}).crossing is None
    assert threshold({4: (0, 2), 8: (0, 2)}).crossing is None


def test_open_trials_are_no_fits_for_the_estimate() -> None:
    """Where all trials between the ends are open, the estimate is where fits are known, not the middle of nothing."""
    counts = {1: (0, 20), 4: (0, 10), 8: (3, 10), 11: (9, 10), 16: (12, 12)}
    found = threshold(counts, most_widths=12, open_trials={4: 10, 8: 7, 11: 1})
    assert (found.low, found.high) == (1, 16)
    assert found.k_half == threshold(counts, most_widths=12).k_half == 9
