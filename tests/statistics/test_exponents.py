"""Exponents of the threshold over n and d."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.statistics.exponents import ExponentFit, _resample, fit_exponents, mean_ratio
from harness.statistics.thresholds import point_in

Size = tuple[int, int]


def step(half: int, trials: int = 12) -> dict[int, list[bool]]:
    """Return a transition between half − 1 and half, without noise."""
    return {k: [k >= half] * trials for k in (half // 2, half - 1, half, 2 * half)}


def transition(center: float, spread: float, rng: np.random.Generator, trials: int = 25) -> dict[int, list[bool]]:
    """Return independent trials of a logistic transition, on a geometric grid around it."""
    widths = sorted({max(1, round(center * 1.3**i)) for i in range(-6, 7)})
    return {k: (rng.random(trials) < 1 / (1 + (center / k) ** (1 / spread))).tolist() for k in widths}


def test_power_law_in_n() -> None:
    fit = fit_exponents({(n, 20): step(n) for n in (64, 128, 256, 512)})
    assert fit.a == pytest.approx(1.0, abs=0.01)
    assert fit.a_interval is not None
    assert fit.a_interval[0] <= 1.0 <= fit.a_interval[1]
    assert (fit.b, fit.b_interval, fit.note) == (None, None, "")
    assert fit.sizes == ((64, 20), (128, 20), (256, 20), (512, 20))


def test_exact_power_law_of_interpolated_thresholds() -> None:
    quarters = [True] + [False] * 3
    verdicts = {
        (n, d): {8 * n * n // d: quarters, 16 * n * n // d: [not fit for fit in quarters]}
        for n in (16, 32, 64)
        for d in (4, 8, 16)
    }
    fit = fit_exponents(verdicts)
    assert fit.a == pytest.approx(2.0, abs=1e-9)
    assert fit.b == pytest.approx(-1.0, abs=1e-9)


def test_two_values_of_d_are_taken_out_but_give_no_exponent() -> None:
    fit = fit_exponents({(n, d): step(n * n // d) for n, d in ((64, 8), (128, 8), (256, 32), (512, 32))})
    assert fit.a == pytest.approx(2.0, abs=0.02)
    assert fit.b is None


def test_fewer_than_three_sizes_give_nothing() -> None:
    verdicts: dict[Size, dict[int, list[bool]]] = {(64, 20): step(64), (128, 20): step(128)}
    verdicts[256, 20] = {16: [False] * 12, 32: [False] * 12}
    fit = fit_exponents(verdicts)
    assert fit == ExponentFit(
        None,
        None,
        None,
        None,
        ((64, 20), (128, 20)),
        "2 of 3 sizes have a threshold; an exponent needs three values of n or d",
    )
    assert fit_exponents({}).sizes == ()


def test_three_sizes_of_two_n_and_two_d_give_nothing() -> None:
    fit = fit_exponents({(64, 8): step(64), (128, 8): step(128), (128, 16): step(128)})
    assert (fit.a, fit.b) == (None, None)


def test_sizes_without_threshold_are_named() -> None:
    verdicts = {(n, 20): step(n) for n in (64, 128, 256)}
    verdicts[512, 20] = {16: [False] * 12, 32: [False] * 12}
    assert fit_exponents(verdicts).note == "without n = 512, d = 20: no threshold"


def test_n_and_d_that_vary_together_cannot_be_told_apart() -> None:
    fit = fit_exponents({(n, n // 4): step(n) for n in (64, 128, 256)})
    assert fit.a is None
    assert "together" in fit.note


def test_regimes_share_the_resample_of_seeds() -> None:
    rng = np.random.default_rng(0)
    verdicts = {(n, 20): transition(n / 5, 0.2, rng) for n in (50, 100, 200)}
    fit = fit_exponents(verdicts, resamples=200)
    assert fit_exponents(dict(reversed(verdicts.items())), resamples=200) == fit
    assert fit_exponents(verdicts, resamples=200, seed=1) != fit


def test_more_trials_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    lengths = []
    for trials in (10, 160):
        fit = fit_exponents({(n, 20): transition(n / 5, 0.4, rng, trials) for n in (50, 100, 200, 400)}, resamples=400)
        assert fit.a_interval is not None
        lengths.append(fit.a_interval[1] - fit.a_interval[0])
    assert lengths[1] < 0.6 * lengths[0]


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.5])
def test_interval_covers_the_exponent(spread: float) -> None:
    rng = np.random.default_rng(7)
    hits, runs = 0, 80
    errors = []
    for _ in range(runs):
        verdicts = {(n, 20): transition(0.3 * n**1.2, spread, rng) for n in (50, 100, 200, 400)}
        fit = fit_exponents(verdicts, resamples=200)
        assert fit.a is not None
        assert fit.a_interval is not None
        hits += fit.a_interval[0] <= 1.2 <= fit.a_interval[1]
        errors.append(fit.a - 1.2)
    assert hits >= 0.88 * runs  # 95 % less three standard errors
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(runs) + 0.01


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


def test_unknown_trials_count_for_nothing() -> None:
    verdicts = {(n, 20): step(n) for n in (64, 128, 256)}
    holes = {size: {k: [*fits, None, None] for k, fits in widths.items()} for size, widths in verdicts.items()}
    assert fit_exponents(holes).a == pytest.approx(fit_exponents(verdicts).a, abs=1e-12)


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
