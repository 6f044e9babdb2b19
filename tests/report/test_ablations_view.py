"""Pairs that differ in one ingredient, and what the counts say of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.components import Cell, Outcome
from harness.components.entries import Bound, Count, Entry, Estimate, Interval, Missing, Number
from harness.components.table import Table
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.ablations_view import NONE, ablations, ablations_view
from harness.suite import parse_suite

from .conftest import SUITE, cells

HEAD = SUITE[: SUITE.index("[[regimes]]")]

REGIMES = """
[[regimes]]
name = "base"
use = "moderate"

[[regimes]]
name = "relu"
use = "moderate"
activation = "relu"

[[regimes]]
name = "mirrored"
use = "moderate"
initializer = "mirrored-lecun"

[[regimes]]
name = "momentum"
use = "moderate"
optimizer = { use = "momentum", beta = 0.8 }

[[regimes]]
name = "relu, smaller steps"
use = "moderate"
activation = "relu"
c = 0.5
"""


@pytest.fixture
def ablated(registry: Registry) -> Results:
    """Return results in which the ReLU needs twice the width, the mirrored net is beyond reach, the rest has none."""
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for n, width in ((40, 6), (80, 12), (160, 24)):
        outcomes |= cells("base", n, 10, {width - 1: (0, 20), width: (20, 20), 2 * width: (20, 20)})
        outcomes |= cells("relu", n, 10, {width: (0, 20), 2 * width - 1: (0, 20), 2 * width: (20, 20)})
        outcomes |= cells("mirrored", n, 10, {256: (0, 20)})
    return Results(parse_suite(HEAD + REGIMES, registry), registry, outcomes)


def row(table: Table, regimes: str) -> dict[str, Entry]:
    headers = [column.header for column in table.columns]
    rows = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    (found,) = [row for row in rows if row["regimes"].text() == regimes]
    return found


def test_pairs_are_those_that_differ_in_one_ingredient_in_words(ablated: Results) -> None:
    found = {(a.first.name, a.second.name): (a.changed, a.before, a.after) for a in ablations(ablated.suite.regimes)}
    assert found == {
        ("base", "relu"): ("activation of the model", "softplus", "relu"),
        ("base", "mirrored"): ("initializer", "gaussian-halves", "mirrored-lecun"),
        ("base", "momentum"): ("optimizer", "gd, stable 1.5", "momentum, beta 0.8, stable 1.5"),
        ("relu", "relu, smaller steps"): ("c of the optimizer", "1.5", "0.5"),
    }


def test_two_options_or_two_ingredients_changed_at_once_are_no_pair(registry: Registry) -> None:
    text = HEAD + (
        '[[regimes]]\nname = "a"\nuse = "moderate"\noptimizer = { use = "momentum" }\n'
        '[[regimes]]\nname = "b"\nuse = "moderate"\noptimizer = { use = "momentum", beta = 0.5, c = 0.5 }\n'
        '[[regimes]]\nname = "c"\nuse = "moderate"\nactivation = "relu"\n'
    )
    assert ablations(parse_suite(text, registry).regimes) == []


def test_steps_of_two_theorems_are_an_ingredient(ablated: Results) -> None:
    base = ablated.suite.regimes[0]
    stepped = replace(base, optimizer=replace(base.optimizer, step_size="theory"))
    pair = [replace(stepped, name="one", theory="os-smooth"), replace(stepped, name="two", theory="os-covariance")]
    (only,) = ablations(pair)
    assert (only.changed, only.before, only.after) == (
        "theory that gives the step size",
        "os-smooth",
        "os-covariance",
    )
    assert not ablations([pair[0], replace(pair[1], model=ablated.suite.regimes[1].model)])


def test_one_row_a_pair_over_all_sizes(ablated: Results) -> None:
    found = row(ablations_view(ablated), "base → relu")
    assert found["sizes"] == Count(3, 3)
    before, after, ratio = found["k½ before"], found["k½ after"], found["ratio"]
    assert isinstance(before, Number)
    assert isinstance(after, Number)
    assert isinstance(ratio, Interval)
    # At each size w − 1 < k½ ≤ w before, and 2w − 1 < k½ ≤ 2w after. There is one integer in each.
    assert before.value == pytest.approx(12)
    assert after.value == pytest.approx(24)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))
    # Shared widths: w (20/20 against 0/20) and 2w (all fit in both), at three sizes.
    assert found["cells"] == Count(3, 6)
    assert (found["gained"], found["lost"]) == (Number(0), Number(60))
    assert found["p"] == Number(2 * 0.5**60, width=False)


def test_each_size_by_itself(ablated: Results) -> None:
    table = ablations_view(ablated, all_sizes=True)
    assert len(table.rows) == 4 * 3
    headers = [column.header for column in table.columns]
    rows = [dict(zip(headers, one.entries, strict=True)) for one in table.rows]
    (found,) = [r for r in rows if r["regimes"].text() == "base → relu" and r["n"] == Number(80)]
    before = found["k½ before"]
    assert isinstance(before, Estimate)
    assert (before.low, before.high) == (11, 12)
    assert found["cells"] == Count(1, 2)


def test_where_one_is_beyond_reach_the_largest_size_has_bounds(ablated: Results) -> None:
    found = row(ablations_view(ablated), "base → mirrored")
    assert found["sizes"] == Count(0, 3)
    assert isinstance(found["k½ after"], Bound)
    ratio = found["ratio"]
    assert isinstance(ratio, Interval)
    assert (ratio.value, ratio.high) == (None, None)
    assert ratio.low == pytest.approx(258 / 24)  # over 256 and even, of a k½ of 24
    assert isinstance(found["cells"], Missing)


def test_where_no_two_differ_in_one_ingredient_the_caption_says_what_would_be_needed(registry: Registry) -> None:
    text = HEAD + '[[regimes]]\nuse = "moderate"\n[[regimes]]\nuse = "output-only"\nactivation = "relu"\n'
    table = ablations_view(Results(parse_suite(text, registry), registry, {}))
    assert (table.rows, table.caption) == ((), NONE)
    assert "\n" not in NONE


def test_the_order_of_outcomes_does_not_matter(ablated: Results) -> None:
    turned = replace(ablated, outcomes=dict(reversed(ablated.outcomes.items())))
    assert ablations_view(turned).rows == ablations_view(ablated).rows


def test_trials_that_failed_count_on_neither_side(ablated: Results) -> None:
    cell = Cell("relu", 40, 10, 6)
    broken = tuple(replace(trial, message="out of memory") for trial in ablated.outcomes[cell])
    found = row(ablations_view(replace(ablated, outcomes={**ablated.outcomes, cell: broken})), "base → relu")
    assert found["cells"] == Count(2, 5)
    assert found["lost"] == Number(40)
