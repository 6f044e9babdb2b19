"""The trials that a grid and the first adaptive search ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.statistics.galloping import BLOCK, Galloping
from harness.statistics.rounds import Tally
from harness.statistics.search import Grid
from harness.statistics.thresholds import Threshold, threshold

if TYPE_CHECKING:
    from collections.abc import Callable

Counts = dict[int, tuple[int, int]]


def rounds(counts: Counts) -> list[dict[int, Tally]]:
    """Return counts as one round."""
    return [{k: Tally(m, m, trials) for k, (m, trials) in counts.items()}]


def carry_out(search: Galloping | Grid, fits: Callable[[int, int], bool], start: int, step: int = 1) -> Counts:
    """Run trials as a search asks for them, and check each request."""
    counts: Counts = {}
    while asked := search.next(rounds(counts), start=start, step=step):
        assert search.next(rounds(dict(reversed(counts.items()))), start=start, step=step) == asked
        for k, more in asked.items():
            assert more > 0
            assert k % step == 0
            m, trials = counts.get(k, (0, 0))
            counts[k] = (m + sum(fits(k, seed) for seed in range(trials, trials + more)), trials + more)
    assert len(counts) <= search.most_widths
    return counts


def found(search: Galloping, fits: Callable[[int, int], bool], start: int, step: int = 1) -> Threshold:
    return threshold(carry_out(search, fits, start, step), most_widths=search.most_widths, smallest=step)


def test_grid_asks_for_what_is_missing() -> None:
    grid = Grid((4, 8, 16), trials=10)
    assert grid.most_widths == 3
    assert grid.next(rounds({}), start=5) == {4: 10, 8: 10, 16: 10}
    assert grid.next(rounds({4: (3, 10), 8: (1, 4)}), start=5) == {8: 6, 16: 10}
    assert grid.next(rounds({4: (3, 10), 8: (1, 12), 16: (0, 10)}), start=5) == {}


def test_grid_passes_over_inadmissible_widths() -> None:
    assert Grid((3, 4, 5, 6), trials=2).next(rounds({}), step=2) == {4: 2, 6: 2}


@pytest.mark.parametrize(("widths", "message"), [((), "at least one width"), ((4, 8, 4), r"\[4\] more than once")])
def test_grid_rejects(widths: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Grid(widths, trials=5)


@pytest.mark.parametrize("k_half", [1, 2, 3, 7, 10, 11, 29, 64, 200, 1000, 4096])
@pytest.mark.parametrize("start", [1, 10, 150])
def test_a_step_is_found_with_few_trials(k_half: int, start: int) -> None:
    result = found(Galloping(), lambda k, _: k >= k_half, start)
    assert result.low is not None
    assert result.high is not None
    assert result.low < k_half <= result.high
    assert result.high <= max(1.25 * result.low, result.low + 1)
    assert result.trials <= 70


@pytest.mark.parametrize("k_half", [2, 4, 10, 22, 500])
def test_step_of_mirrored_pairs(k_half: int) -> None:
    result = found(Galloping(), lambda k, _: k >= k_half, start=7, step=2)
    assert result.high is not None
    assert result.low is not None
    assert result.low < k_half <= result.high
    assert result.high <= max(1.25 * result.low, result.low + 2)


def test_a_threshold_beyond_the_largest_width_is_a_bound() -> None:
    result = found(Galloping(max_width=512), lambda _k, _seed: False, start=10)
    assert (result.bound, result.low, result.high) == (">", 512, None)
    assert result.trials < 60


def test_a_threshold_at_the_smallest_width_is_found() -> None:
    result = found(Galloping(), lambda _k, _seed: True, start=10)
    assert (result.k_half, result.low, result.high) == (1, 0, 1)
    assert result.trials < 40


def test_largest_width_near_a_half_still_bounds_from_below() -> None:
    rng = np.random.default_rng(0)
    result = found(Galloping(max_width=64), lambda k, _: bool(rng.random() < 0.45 * (k > 16)), start=8)
    assert result.low is not None
    assert result.low >= 16
    assert result.high is None


def test_a_plateau_at_a_half_is_stepped_over() -> None:
    result = found(Galloping(), lambda k, seed: k > 40 or (k > 10 and seed % 2 == 0), start=20)
    assert (result.low or 0) <= 10
    assert (result.high or 0) > 40
    assert result.low is not None
    assert result.high is not None
    assert result.high / result.low < 6


def test_first_rounds() -> None:
    search = Galloping()
    assert search.next(rounds({}), start=7) == {7: 5}
    assert search.next(rounds({}), start=7, step=2) == {8: 5}
    assert search.next(rounds({}), start=9999) == {4096: 5}
    assert search.next(rounds({7: (5, 5)}), start=7) == {4: 5}
    assert search.next(rounds({2: (5, 5), 8: (5, 5)}), start=8) == {1: 5}
    assert search.next(rounds({8: (0, 5), 16: (0, 5), 32: (0, 5)}), start=8) == {64: 5}
    assert search.next(rounds({8: (0, 5), 16: (0, 5), 32: (0, 5), 64: (0, 5)}), start=8) == {256: 5}
    assert search.next(rounds({8: (0, 5), 16: (5, 5)}), start=8) == {11: 5}
    assert search.next(rounds({8: (0, 5), 9: (5, 5)}), start=8) == {8: 7, 9: 7}


def test_max_width_below_the_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_width = 1"):
        Galloping(max_width=1).next([], start=4, step=2)


@settings(max_examples=40, deadline=None)
@given(
    center=st.floats(0.5, 300),
    spread=st.floats(0.01, 2),
    lapse=st.floats(0, 0.6),
    start=st.integers(1, 100),
    step=st.sampled_from([1, 2, 5]),
    trials=st.integers(1, 250),
    widths=st.integers(2, 14),
    max_width=st.integers(5, 500),
    seed=st.integers(0, 99),
)
def test_limits_are_kept(
    center: float,
    spread: float,
    lapse: float,
    start: int,
    step: int,
    trials: int,
    widths: int,
    max_width: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    search = Galloping(trials=trials, widths=widths, max_width=max_width)
    counts = carry_out(
        search,
        lambda k, _: bool(rng.random() < (1 - lapse) / (1 + (center / k) ** (1 / spread))),
        start,
        step,
    )
    assert 0 < sum(total for _, total in counts.values()) <= trials
    assert max(counts) <= max_width


def test_blocks_are_small() -> None:
    rng = np.random.default_rng(1)
    search, counts = Galloping(), Counts()
    while asked := search.next(rounds(counts), start=10):
        assert max(asked.values()) <= BLOCK
        assert len(asked) <= 2
        for k, more in asked.items():
            m, trials = counts.get(k, (0, 0))
            counts[k] = (m + int(rng.binomial(more, 1 / (1 + (20 / k) ** 3))), trials + more)
    assert sum(total for _, total in counts.values()) > 60
