"""Comparisons of two regimes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from harness.statistics.adaptive import Adaptive
from harness.statistics.paired import clopper_pearson, compare, threshold_ratio
from harness.statistics.rounds import Tally
from harness.statistics.thresholds import threshold


def verdicts(both: int, first: int, second: int, neither: int) -> tuple[dict[int, bool], dict[int, bool]]:
    pairs = [(True, True)] * both + [(True, False)] * first + [(False, True)] * second + [(False, False)] * neither
    return {i: a for i, (a, _) in enumerate(pairs)}, {i: b for i, (_, b) in enumerate(pairs)}


@pytest.mark.parametrize("table", [(5, 3, 1, 2), (0, 0, 0, 9), (4, 10, 0, 0), (1, 7, 7, 1), (0, 2, 15, 0)])
def test_counts_share_interval_and_p_value(table: tuple[int, int, int, int]) -> None:
    result = compare(*verdicts(*table))
    assert (result.both, result.only_first, result.only_second, result.neither) == table
    discordant = table[1] + table[2]
    if discordant == 0:
        assert (result.share, result.interval, result.p_value) == (None, (0.0, 1.0), 1.0)
        return
    reference = binomtest(table[1], discordant)
    assert result.share == table[1] / discordant
    assert result.p_value == pytest.approx(reference.pvalue, rel=1e-9)
    assert result.interval == pytest.approx(tuple(reference.proportion_ci(method="exact")), rel=1e-9)


def test_only_common_trials_count() -> None:
    result = compare({1: True, 2: True, 3: False}, {2: False, 3: True, 4: True})
    assert (result.only_first, result.only_second, result.both, result.neither) == (1, 1, 0, 0)
    assert compare({1: True}, {2: True}).p_value == 1.0


def test_swapping_the_regimes_mirrors_the_result() -> None:
    first, second = verdicts(3, 8, 2, 4)
    there, back = compare(first, second), compare(second, first)
    assert there.p_value == back.p_value
    assert there.interval == pytest.approx((1 - back.interval[1], 1 - back.interval[0]))


@pytest.mark.parametrize("p", [0.03, 0.2, 0.5, 0.77])
def test_clopper_pearson_covers_exactly(p: float) -> None:
    trials = 17
    inside = [low <= p <= high for low, high in (clopper_pearson(m, trials) for m in range(trials + 1))]
    assert sum(binom.pmf(m, trials, p) for m in range(trials + 1) if inside[m]) >= 0.95


def test_clopper_pearson_closed_forms() -> None:
    assert clopper_pearson(0, 20) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert clopper_pearson(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0))
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_ratio_of_thresholds() -> None:
    first = threshold({30: (0, 20), 40: (20, 20)})
    second = threshold({7: (0, 20), 10: (20, 20)})
    ratio = threshold_ratio(first, second)
    assert ratio.value == pytest.approx(35 / 9)
    assert (ratio.low, ratio.high) == (31 / 10, 40 / 8)
    back = threshold_ratio(second, first)
    assert (back.low, back.high) == (8 / 40, 10 / 31)


def test_ratio_pays_half_the_level_for_each() -> None:
    sharp = threshold({9: (0, 20), 10: (20, 20)})
    wide = threshold({8: (0, 11), 9: (11, 11)}, most_widths=12)
    assert threshold_ratio(wide, sharp).high is None  # 11 of 11 certify at 5 %, not at 2.5 %
    assert threshold_ratio(wide, sharp, level=0.1).high == 0.9


def test_ratio_with_a_bound() -> None:
    two_sided, at_least = threshold({9: (0, 20), 10: (20, 20)}), threshold({100: (0, 20)})
    assert threshold_ratio(at_least, two_sided).low == 101 / 10
    assert threshold_ratio(at_least, two_sided).high is None
    assert threshold_ratio(at_least, two_sided).value is None
    assert threshold_ratio(threshold({1: (20, 20)}), two_sided).high == 1 / 10


def test_the_smallest_admissible_width_bounds_a_ratio() -> None:
    """With pairs of neurons, k½ = 2 is exact where width 2 is certified, so the quotient has two ends."""
    pairs, two_sided = threshold({2: (20, 20)}, smallest=2), threshold({9: (0, 20), 10: (20, 20)})
    assert threshold_ratio(two_sided, pairs).high == 10 / 2
    assert threshold_ratio(pairs, two_sided).low == 2 / 10
    assert threshold_ratio(two_sided, threshold({2: (20, 20)})).high is None


def test_models_without_width_have_no_ratio() -> None:
    ratio = threshold_ratio(threshold({0: (0, 20)}), threshold({0: (20, 20)}))
    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)


def test_a_finished_search_bounds_the_ratio() -> None:
    search = Adaptive()
    rng = np.random.default_rng(0)
    found = []
    for center in (17, 40):
        rounds: list[dict[int, Tally]] = []
        while asked := search.next(rounds, start=10):
            fits = {k: int(rng.binomial(more, 1 / (1 + (center / k) ** 20))) for k, more in asked.items()}
            rounds.append({k: Tally(fits[k], fits[k], more) for k, more in asked.items()})
        found.append(threshold({10: (1, 2)}, evidence=search.evidence(rounds, 10, 1)))
    ratio = threshold_ratio(found[1], found[0])
    assert ratio.low is not None
    assert ratio.high is not None
    assert ratio.low < 40 / 17 < ratio.high
    assert ratio.high / ratio.low < 5
