from __future__ import annotations

from dataclasses import replace

import pytest

from harness.components import Cell
from harness.components.entries import Entry, Interval, Missing, Number
from harness.components.table import Table
from harness.driver.results import Results
from harness.report.comparison_view import comparison_view
from harness.statistics.paired import compare

from .conftest import trials


@pytest.fixture
def shared(results: Results) -> Results:
    """Return results in which random features fit at twice the width of softplus, on the same seeds."""
    outcomes = {cell: found for cell, found in results.outcomes.items() if cell.regime == "softplus"}
    for n, width in ((40, 12), (80, 24), (160, 48)):
        for k, fit in ((width // 2, 0), (width - 1, 1), (width, 20)):
            outcomes[Cell("random features", n, 10, k)] = trials(fit, 20)
    return replace(results, outcomes=outcomes)


def pair(table: Table, first: str, second: str) -> dict[str, Entry]:
    headers = [column.header for column in table.columns]
    named = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    (found,) = [r for r in named if (r["regime"].text(), r["against"].text()) == (first, second)]
    return found


def test_every_pair_once(shared: Results) -> None:
    table = comparison_view(shared)
    assert len(table.rows) == 3
    assert len(comparison_view(shared, all_sizes=True).rows) == 9
    assert "other sizes with --all-sizes" in table.caption


def test_ratio_has_an_interval_that_contains_it(shared: Results) -> None:
    entry = pair(comparison_view(shared), "softplus", "random features")["ratio"]
    assert isinstance(entry, Interval)
    assert entry.value is not None
    assert entry.low is not None
    assert entry.high is not None
    one, two = (shared.threshold(name, 160, 10) for name in ("softplus", "random features"))
    assert one.k_half is not None
    assert two.k_half is not None
    assert entry.value == pytest.approx(one.k_half / two.k_half)
    assert entry.low < entry.value <= entry.high
    # 23 < k½ ≤ 25 and 47 < k½ ≤ 48
    assert (entry.low, entry.high) == (24 / 48, 25 / 48)


def test_wins_are_counted_on_trials_of_equal_width_and_seed(shared: Results) -> None:
    row = pair(comparison_view(shared), "softplus", "random features")
    # shared widths at n = 160: 24 (9/20 and 0/20) and 48 (20/20 and 20/20)
    assert row["shared"] == Number(40)
    assert row["wins"] == Number(9)
    assert row["losses"] == Number(0)
    p = row["p"]
    assert isinstance(p, Number)
    assert p.value == pytest.approx(compare(dict.fromkeys(range(9), True), dict.fromkeys(range(9), False)).p_value)


def test_without_trials_nothing_is_claimed(shared: Results) -> None:
    row = pair(comparison_view(shared), "softplus", "relu | wide")
    assert isinstance(row["wins"], Missing)
    assert isinstance(row["p"], Missing)
    assert row["shared"] == Number(0)
    ratio = row["ratio"]
    assert isinstance(ratio, Missing)


def test_a_one_sided_ratio_keeps_its_bound(results: Results) -> None:
    entry = pair(comparison_view(replace_size(results)), "softplus", "relu | wide")["ratio"]
    assert isinstance(entry, Interval)
    assert (entry.value, entry.low) == (None, None)
    assert entry.high == pytest.approx(7 / 513)  # ≤ 7 over > 512


def replace_size(results: Results) -> Results:
    return replace(results, suite=replace(results.suite, n=(40,)))


def test_one_regime_is_compared_with_nothing_and_told_so(results: Results) -> None:
    alone = replace(results, suite=replace(results.suite, regimes=results.suite.regimes[:1]))
    table = comparison_view(alone)
    assert table.rows == ()
    assert table.caption.startswith("There is nothing to compare")
