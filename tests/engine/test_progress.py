"""Recording of hits, ends, curves and rates."""

from __future__ import annotations

import numpy as np
import pytest

from harness.components.progress import Progress, curve_steps, fit_rate


def test_first_hits_ends_and_late_rungs() -> None:
    ladder = Progress(3, (0.5, 0.1), budget=10)
    runs = np.arange(3)
    ladder.record([0, 1, 2], np.array([[1.0, 1.0, 1.0], [0.4, 1.0, 2e6], [0.6, 0.9, 0.01]]), runs)
    assert ladder.hits[:3].tolist() == [[1, -1], [-1, -1], [-1, -1]]  # what comes after a divergence does not count
    assert ladder.end[:3].tolist() == [-1, -1, 1]
    assert ladder.diverged[:3].tolist() == [False, False, True]
    ladder.record([3, 4], np.array([[0.05, np.nan, 0.0], [0.04, 0.1, 0.0]]), runs)
    assert ladder.hits[:3].tolist() == [[1, 3], [-1, -1], [-1, -1]]
    assert ladder.end[:3].tolist() == [3, 3, 1]
    assert ladder.measure[0] == 0.05
    assert ladder.diverged[1]


def test_the_budget_ends_a_run_and_a_hit_at_its_last_step_counts() -> None:
    ladder = Progress(2, (0.1,), budget=4)
    ladder.record([0, 1, 2, 3, 4], np.array([[1, 1], [0.9, 1], [0.8, 1], [0.7, 1], [0.1, 1.0]]), np.arange(2))
    assert ladder.hits[:2, 0].tolist() == [4, -1]
    assert ladder.end[:2].tolist() == [4, 4]
    assert not ladder.course(1).falling


def test_falling_looks_at_the_last_tenth() -> None:
    ladder = Progress(2, (1e-9,), budget=1000)
    runs = np.arange(2)
    for start in range(0, 1000, 25):
        steps = np.arange(start, start + 25)
        ladder.record(steps.tolist(), np.stack([0.999**steps, np.full(25, 0.3)], axis=1), runs)
    ladder.record([1000], np.array([[0.999**1000, 0.3]]), runs)
    assert ladder.course(0).falling
    assert not ladder.course(1).falling
    assert fit_rate(*ladder.course(0).late) == pytest.approx(0.999, rel=1e-9)
    assert fit_rate(*ladder.course(1).late) == pytest.approx(1.0, rel=1e-9)
    assert ladder.course(1).curve == [0.3] * len(curve_steps(1000))


def test_curve_of_a_run_that_stopped_ends_where_it_stopped() -> None:
    ladder = Progress(1, (0.5,), budget=100)
    ladder.record(list(range(25)), np.concatenate([np.ones(7), np.full(18, 0.4)])[:, None], np.arange(1))
    assert ladder.end[0] == 7
    assert ladder.course(0).curve == [1.0] * len([s for s in curve_steps(100) if s <= 7])


def test_rate_ignores_zeros_and_needs_three_points() -> None:
    assert fit_rate([0, 1], [1.0, 0.5]) is None
    assert fit_rate([0, 1, 2, 3], [1.0, 0.5, 0.25, 0.0]) == pytest.approx(0.5)
