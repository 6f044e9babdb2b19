"""Paired differences and verdicts on claims: exact values, coverage by simulation, and the meaning of each verdict."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from harness.statistics.difference import difference, holm, noise_floor
from harness.statistics.verdict import VERDICTS, verdict


def test_the_interval_and_the_test_are_those_of_scipy() -> None:
    data = np.random.default_rng(0).normal(0.4, 1.0, 11)
    found = difference(list(data))
    low, high = stats.t.interval(0.95, 10, data.mean(), data.std(ddof=1) / math.sqrt(11))
    assert (found.mean, found.low, found.high) == pytest.approx((data.mean(), low, high))
    flips = [abs(np.dot(signs, data)) for signs in itertools.product((1, -1), repeat=11)]
    assert found.p_value == np.mean([total >= abs(data.sum()) - 1e-12 for total in flips])


def test_many_differences_are_tested_by_drawn_signs() -> None:
    data = np.random.default_rng(1).normal(0.3, 1.0, 40)
    exact = 2 * stats.norm.sf(abs(data.sum()) / math.sqrt((data**2).sum()))
    assert difference(list(data)).p_value == pytest.approx(exact, abs=0.01)
    assert difference(list(data)) == difference(list(data))


def test_one_difference_says_nothing() -> None:
    found = difference([0.3])
    assert (found.low, found.high, found.p_value) == (-math.inf, math.inf, 1.0)
    with pytest.raises(ValueError, match="no differences"):
        difference([])


def test_holm_keeps_the_order_and_rejects_what_bonferroni_does() -> None:
    values = [0.001, 0.2, 0.012, 0.04, 0.9]
    corrected = holm(values)
    assert corrected == pytest.approx([0.005, 0.4, 0.048, 0.12, 0.9])
    assert sorted(range(5), key=corrected.__getitem__) == sorted(range(5), key=values.__getitem__)
    assert holm([]) == []


def test_the_noise_floor_bounds_what_samples_cause() -> None:
    """Two networks that err on different samples, and two that err on the same: the floor is met, and not exceeded."""
    rng, m = np.random.default_rng(2), 400
    apart, same = [], []
    for _ in range(3000):
        u = rng.random(m)
        apart.append(((u < 0.1).mean()) - ((u > 0.85).mean()))
        same.append(((u < 0.1).mean()) - ((u < 0.15).mean()))
    assert np.std(apart) == pytest.approx(noise_floor(0.1, 0.15, m), rel=0.05)
    assert np.std(same) < noise_floor(0.1, 0.15, m)
    assert noise_floor(0.0, 0.0, m) == 0.0


INTERVALS = [(-0.3, -0.2), (-0.3, 0.05), (-0.04, -0.01), (-0.04, 0.04), (-0.3, 0.3), (0.01, 0.3), (0.2, 0.3)]


def test_negating_a_claim_flips_it() -> None:
    flipped = {"replicated": "opposite", "opposite": "replicated"}
    for low, high in INTERVALS:
        one = verdict("smaller", low, high, 0.05)
        assert verdict("larger", low, high, 0.05) == flipped.get(one, one)
        assert verdict("larger", -high, -low, 0.05) == one, "the sides exchanged, and the claim with them"
    assert [verdict("smaller", *ends, 0.05) for ends in INTERVALS] == [
        "replicated",
        "inconclusive",
        "equivalent",
        "equivalent",
        "inconclusive",
        "opposite",
        "opposite",
    ]


def test_no_difference_is_replicated_where_others_are_equivalent() -> None:
    found = [verdict("equal", *ends, 0.05) for ends in INTERVALS]
    expected = ["opposite", "inconclusive", "replicated", "replicated", "inconclusive", "inconclusive", "opposite"]
    assert found == expected


@pytest.mark.parametrize("trials", [6, 20])
@pytest.mark.parametrize(("truth", "wrong"), [(0.0, ("replicated", "opposite")), (0.6, ("opposite", "equivalent"))])
def test_false_verdicts_are_as_rare_as_stated(trials: int, truth: float, wrong: tuple[str, ...]) -> None:
    """At zero: replicated and opposite 2.5 % each. At the margin: equivalent at most 2.5 %, and opposite less."""
    rng, runs = np.random.default_rng(trials), 2000
    counts: dict[str, int] = dict.fromkeys(VERDICTS, 0)
    for _ in range(runs):
        data = rng.normal(truth, 1.0, trials)
        half = stats.t.ppf(0.975, trials - 1) * data.std(ddof=1) / math.sqrt(trials)
        counts[verdict("larger", data.mean() - half, data.mean() + half, 0.6)] += 1
    for name in wrong:
        assert counts[name] / runs <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / runs)
