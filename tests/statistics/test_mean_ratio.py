"""Mean ratios of thresholds: exact for sharp transitions, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.statistics.half_width import point_in
from harness.statistics.mean_ratio import _resample, mean_ratio


def test_a_mean_ratio_needs_a_size() -> None:
    with pytest.raises(ValueError, match="threshold of both"):
        mean_ratio({}, {}, points=({}, {}))


def test_a_mean_ratio_of_sharp_thresholds_is_exact() -> None:
    """Each of two transitions lies between neighbouring widths, so the quotient is known, for pairs of neurons too."""
    one = {(n, 20): {k: [k > n] * 12 for k in (n, n + 1)} for n in (50, 100)}
    two = {(n, 20): {k: [k > n] * 12 for k in (n, n + 2)} for n in (50, 100)}
    points = ({size: size[0] + 2 for size in two}, {size: size[0] + 1 for size in one})
    ratio = mean_ratio(two, one, points=points, steps=(2, 1))
    exact = math.sqrt(52 * 102 / (51 * 101))
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((exact, exact, exact), rel=1e-12)


def test_a_mean_ratio_stands_where_every_width_fits() -> None:
    """The smallest admissible width is a threshold although no tried width lies below ½."""
    size = (50, 20)
    ratio = mean_ratio({size: {1: [True] * 12}}, {size: {1: [True] * 12}}, points=({size: 1}, {size: 1}))
    assert (ratio.value, ratio.low, ratio.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("seed", [0, 7, 11])
def test_a_trial_that_failed_takes_nobodys_weight(seed: int) -> None:
    rng = np.random.default_rng(3)
    fits = {k: [bool(fit) for fit in rng.random(12) < k / 20] for k in (4, 8, 12, 16)}
    failed = {k: [None if i == seed else fit for i, fit in enumerate(trials)] for k, trials in fits.items()}
    weights, places = rng.standard_exponential((12, 50)), rng.random(50)
    without = weights.copy()
    without[seed] = 0.0
    assert (_resample(failed, weights, places) == _resample(fits, without, places)).all()


def test_the_interval_of_a_mean_ratio_covers() -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(100):
        sides = []
        for factor in (2.0, 1.0):  # logistic transitions in log k, at 8 n/50 and twice that
            side = {}
            for n in (50, 100, 200):
                middle = factor * 8 * n / 50
                widths = sorted({round(middle * 1.25**step) for step in range(-4, 5)})
                chance = {k: 1 / (1 + (middle / k) ** 8) for k in widths}
                side[n, 20] = {k: [bool(fit) for fit in rng.random(20) < p] for k, p in chance.items()}
            sides.append(side)
        points = [
            {
                size: point_in({k: (sum(fits), 20) for k, fits in widths.items()}, 0, 999)
                for size, widths in side.items()
            }
            for side in sides
        ]
        ratio = mean_ratio(*sides, points=(points[0], points[1]), resamples=400)
        assert ratio.low is not None
        assert ratio.high is not None
        inside += ratio.low <= 2 <= ratio.high
    # Nominally 95 of 100; fewer than 88 would come about once in 200 such tests.
    assert inside >= 88


def test_a_resampled_threshold_is_between_the_widths_beside_its_crossing() -> None:
    """Also if wider nets were tried: it is 4 · 2^p at place p of the gap from 4 to 8."""
    verdicts = {4: (False,) * 3, 8: (True,) * 3, 16: (True,) * 3}
    places = np.array([0.0, 0.25, 0.5, 0.9])
    assert np.exp(_resample(verdicts, np.ones((3, 4)), places)) == pytest.approx(4 * 2**places)
