"""The estimate of the tests of 95 % in ``harness width``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from harness.components import Cell
from harness.session.results import Results
from harness.session.width import TRIALS, _seconds_of_tests


def test_tests_of_95_percent_take_as_long_as_trials_from_the_ends_of_brackets_on() -> None:
    """Trials below take their whole budget, and those far above are wider."""
    seconds = {("a", 9): [9.0], ("a", 12): [0.1, 0.3], ("a", 40): [5.0], ("b", 12): [7.0]}
    results = SimpleNamespace(
        threshold=lambda _regime, _n, _d, tolerance: SimpleNamespace(high=10 if tolerance is None else 12),
        suite=SimpleNamespace(budget=SimpleNamespace(report_tolerance=0.01)),
        outcomes={
            Cell(name, 20, 2, k): [SimpleNamespace(seconds=each) for each in times]
            for (name, k), times in seconds.items()
        },
    )
    assert round(_seconds_of_tests(cast("Results", results), "a", 20, 2), 9) == round(0.2 * TRIALS, 9)
    assert _seconds_of_tests(cast("Results", results), "c", 20, 2) == 0.0
