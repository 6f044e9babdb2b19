"""How many trials a search is expected to take, and where it begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.driver.threshold_searches import steps_ahead
from harness.plugin_host.registry import Registry
from harness.statistics.search import USUAL_TRIALS, WIDTHLESS_TRIALS, Adaptive, Grid, Search
from harness.suite import parse_suite
from tests.small_grid import SUITE

ODD, EVEN = Grid((3, 5), trials=4), Grid((3, 4, 8), trials=4)


@pytest.mark.parametrize(
    ("search", "preset", "expected"),
    [
        (EVEN, "moderate", 12),
        (EVEN, "narrow", 8),  # pairs of neurons have even widths
        (ODD, "narrow", 0),
        (Adaptive(), "moderate", None),
        (Adaptive(), "kernel", WIDTHLESS_TRIALS),
        (Adaptive(trials=3), "kernel", 3),
        (EVEN, "kernel", 4),
    ],
)
def test_expected_trials(search: Search, preset: str, expected: int | None, registry: Registry) -> None:
    suite = replace(parse_suite(SUITE, registry), n=(8,), d=(2, 4), search=search)
    regime = registry.regime(preset)
    assert search.expected(regime, 8, 2) == expected
    trials = USUAL_TRIALS if expected is None else expected
    assert steps_ahead(suite, regime) == 2 * trials * suite.budget.steps, "no trials are no steps"


def test_a_search_begins_with_one_weight_a_label(registry: Registry) -> None:
    hidden, output, pairs = (registry.regime(name) for name in ("moderate", "output-only", "narrow"))
    assert [regime.starting_width(60, 8) for regime in (hidden, output)] == [7.5, 60]
    grid = Grid(trials=1, multiples=(0.5, 3.0))
    assert [list(grid.wanted(regime, 60, 8, {})) for regime in (hidden, output, pairs)] == [[4, 23], [30, 180], [4, 24]]
