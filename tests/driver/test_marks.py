"""Marks of errors and margins asked for like tolerances: counts, brackets, views, records and claims."""

from __future__ import annotations

import json
import math

import pytest

from harness import Mark
from harness.components import Cell, Outcome
from harness.driver.replication import replications
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.explorer import explorer_data
from harness.report.export import thresholds_record
from harness.report.figures.sensitivity import sensitivity_map
from harness.report.replication_view import replication_view
from harness.report.sensitivity_view import sensitivity_view
from harness.session.results import Results as Shown
from harness.suite import SuiteError, parse_suite

SUITE = """
[suite]
name = "marks"
[problems]
dataset = { use = "sphere", labels = "classes", classes = 3 }
n = 24
d = 6
[budget]
steps = 1000
tolerances = [0.5, 0.1]
report_tolerance = 0.1
errors = [0.25, 0.0]
margins = [0.5]
limit = false
[search]
method = "grid"
widths = [2, 4, 6, 8]
trials = 20
[[regimes]]
name = "softmax"
use = "train-all"
criterion = "cross-entropy"
diagnostics = []
[[claims]]
text = "half of the nets get all labels right from six neurons on"
source = "Nobody 2026"
certainty = "derived"
first = "softmax"
value = 6
measure = "k_half"
at_error = 0.0
expect = "equal"
margin = 1.1
"""
RIGHT = Mark("error", 0.0)
FIRST = {"error 0.25": 4, "error 0": 6, "margin 0.5": 8, "loss": 8}
"""Width from which every trial meets each of them; narrower nets never do. 0.25 and 0 are met at steps 30 and 300."""


def made(registry: Registry, text: str = SUITE) -> Results:
    def hit(k: int, name: str, step: int) -> int | None:
        return step if k >= FIRST[name] else None

    outcomes = {
        Cell("softmax", 24, 6, k): tuple(
            Outcome(
                seed,
                (20, hit(k, "loss", 200)),
                1000,
                0.05,
                further_hits={
                    "error": (hit(k, "error 0.25", 30), hit(k, "error 0", 300)),
                    "margin": (hit(k, "margin 0.5", 900),),
                },
            )
            for seed in range(20)
        )
        for k in (2, 4, 6, 8)
    }
    return Results(parse_suite(text, registry), registry, outcomes)


def test_each_mark_has_the_bracket_of_its_own_hits(registry: Registry) -> None:
    results = made(registry)
    expected = {Mark("error", 0.25): (2, 4), RIGHT: (4, 6), Mark("margin", 0.5): (6, 8), None: (6, 8)}
    for asked, ends in expected.items():
        found = results.threshold("softmax", 24, 6, asked)
        assert (found.low, found.high) == ends
        assert found.k_half is not None
        assert ends[0] < found.k_half <= ends[1]
    assert results.threshold("softmax", 24, 6, RIGHT).kind == "mark"
    assert results.counts("softmax", 24, 6, RIGHT) == {2: (0, 20), 4: (0, 20), 6: (20, 20), 8: (20, 20)}


def test_a_smaller_budget_counts_hits_up_to_it(registry: Registry) -> None:
    results = made(registry)
    assert results.threshold("softmax", 24, 6, RIGHT, 299).bound == ">"
    assert results.threshold("softmax", 24, 6, RIGHT, 300).high == 6
    late = results.question("softmax", RIGHT, 299)
    assert [late.may_fit_later(results.outcomes[Cell("softmax", 24, 6, k)][0]) for k in (4, 6)] == [False, True]


def test_what_was_not_recorded_is_refused_with_what_was(registry: Registry) -> None:
    results = made(registry)
    with pytest.raises(ValueError, match=r"error ≤ 0.1 was not recorded.*error ≤ 0.25, error ≤ 0, margin ≥ 0.5"):
        results.threshold("softmax", 24, 6, Mark("error", 0.1))
    with pytest.raises(ValueError, match="within the budget alone"):
        results.threshold("softmax", 24, 6, RIGHT, math.inf)


def test_the_measures_of_fit_are_side_by_side(registry: Registry) -> None:
    results = made(registry)
    table = sensitivity_view(results)
    said = {row.entries[3].text(): row.entries[-1].text() for row in table.rows}
    assert list(said) == ["measure ≤ 0.5", "measure ≤ 0.1", "error ≤ 0.25", "error ≤ 0", "margin ≥ 0.5"]
    assert "(4, 6]" in said["error ≤ 0"]
    assert "(6, 8]" in said["margin ≥ 0.5"]
    assert sensitivity_map(results)
    (explored,) = explorer_data(results, {})
    ends = {(fit, answer[0]): (answer[3], answer[4]) for fit, within in explored["answers"] for answer in within}
    assert ends["error ≤ 0", "1000 steps"] == (4, 6)
    assert ends["margin ≥ 0.5", "1000 steps"] == (6, 8)
    (kept,) = json.loads(json.dumps(thresholds_record(results)))["thresholds"]
    assert [(one["measure"], one["mark"], one["low"], one["high"]) for one in kept["marks"]] == [
        ("error", 0.25, 2, 4),
        ("error", 0.0, 4, 6),
        ("margin", 0.5, 6, 8),
    ]
    (row,) = Shown.of(results).thresholds(RIGHT)
    assert (row.low, row.high) == (4, 6)


def test_a_claim_is_about_its_mark_and_the_other_measures_are_knobs(registry: Registry) -> None:
    results = made(registry)
    (found,) = replications(results)
    assert (found.tested.low, found.tested.high) == pytest.approx((5 / 6, 1.0))
    others = {one.knob: one.value for one in found.others}
    assert set(others) == {"tolerance 0.5", "tolerance 0.1", "error ≤ 0.25", "margin ≥ 0.5", "half the steps"}
    assert others["half the steps"] == found.tested.value
    assert "k_half, error ≤ 0" in {entry.text() for entry in replication_view(results).rows[0].entries}
    usual = made(registry, SUITE.replace("at_error = 0.0\n", ""))
    assert replications(usual)[0].tested.low == pytest.approx(7 / 6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("at_error = 0.1", "error ≤ 0.1 is not recorded by regime 'softmax', which records error ≤ 0.25, error ≤ 0"),
        ("at_error = 0.0\nat_margin = 0.5", "expected one of them"),
        ("at_margin = 2.0", "margin ≥ 2 is not recorded"),
    ],
)
def test_marks_of_claims_that_cannot_be_asked_for_are_refused(change: str, said: str, registry: Registry) -> None:
    with pytest.raises(SuiteError, match=said):
        parse_suite(SUITE.replace("at_error = 0.0", change), registry)


def test_a_mark_is_for_measures_that_depend_on_fits(registry: Registry) -> None:
    with pytest.raises(SuiteError, match="for measure = 'fit' or 'k_half'"):
        parse_suite(SUITE.replace('"k_half"', '"steps"'), registry)
