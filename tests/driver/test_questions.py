"""What a run answers: an exact fit, a tolerance in the limit, or a tolerance within the budget."""

from __future__ import annotations

import math
from importlib.metadata import EntryPoint

import pytest

from harness.driver.question import Question
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.statistics.brackets import bracket
from harness.statistics.half_width import point_in
from harness.statistics.paired import threshold_ratio
from harness.statistics.thresholds import threshold

from ..ends import made, outcome

EXACT, LIMIT, BUDGET = Question(0.0, math.inf, None), Question(0.01, math.inf, 1), Question(0.01, 9000, 1)


@pytest.fixture(scope="module")
def registry() -> Registry:
    points = [
        EntryPoint(name, f"harness{end}", "harness") for name, end in (("builtin", ".builtin"), ("m", "_moderate"))
    ]
    return load_plugins(entry_points=points)


@pytest.mark.parametrize(
    ("name", "exact", "limit", "budget"),
    [
        ("proved", "fit", "fit", "fit"),
        ("late", "fit", "fit", "unfit"),
        ("limit", "fit", "fit", "fit"),
        ("stuck", "unfit", "unfit", "unfit"),
        ("stuck low", "unfit", "fit", "fit"),  # stuck at 0.4 %, so it meets 1 % for ever
        ("stuck limit", "unfit", "unfit", "unfit"),
        ("open", "open", "open", "unfit"),
        ("counted", "unfit", "open", "unfit"),  # no exact fit, yet perhaps one within a tolerance
        ("floored", "unfit", "unfit", "unfit"),
        ("none", "open", "open", "unfit"),
        ("none fit", "open", "fit", "fit"),
        ("diverged", "diverged", "diverged", "diverged"),
        ("error", "error", "error", "error"),
    ],
)
def test_the_verdict_on_each_end(name: str, exact: str, limit: str, budget: str) -> None:
    assert [asked.verdict(outcome(name)) for asked in (EXACT, LIMIT, BUDGET)] == [exact, limit, budget]
    known = {"fit": True, "unfit": False, "diverged": False}
    assert [a.fit(outcome(name)) for a in (EXACT, LIMIT, BUDGET)] == [known.get(v) for v in (exact, limit, budget)]


@pytest.fixture
def results(registry: Registry) -> Results:
    """Return results that take twice the width within the budget: k½ is 8 in the limit, and 16 within 9000 steps."""
    return made(
        registry,
        {
            ("softplus", 80, 7): [("counted", 20)],
            ("softplus", 80, 8): [("late", 18), ("open", 2)],
            ("softplus", 80, 15): [("late", 20)],
            ("softplus", 80, 16): [("proved", 17), ("limit", 2), ("stuck low", 1), ("error", 3)],
            ("momentum", 80, 15): [("none", 20)],
            ("momentum", 80, 16): [("none fit", 20)],
        },
    )


def test_the_leading_question_is_the_exact_fit_where_fates_are_known(results: Results) -> None:
    found = results.threshold("softplus", 80, 10)
    assert (found.kind, found.tolerance, found.steps) == ("exact", 0.0, math.inf)
    assert (found.k_half, found.low, found.high) == (8, 7, 8)
    assert found == results.threshold("softplus", 80, 10, 0.0) == results.threshold("softplus", 80, 10, 0.0, math.inf)
    assert not found.limited
    assert (found.floor, found.open) == (7, {8: 2})
    assert found.trials == 80
    assert found.certified == 20 + 18 + 20 + 17 + 1  # all but two open ones and two leaps
    assert found.fates == {
        "fit proved": 18 + 20 + 17,
        "stuck proved": 1,
        "fit in the limit": 2,
        "stuck in the limit": 0,
        "open": 20 + 2,
    }


def test_the_budget_makes_a_lower_end_that_more_steps_would_lower(results: Results) -> None:
    found = results.threshold("softplus", 80, 10, 0.01)
    assert (found.kind, found.tolerance, found.steps) == ("budget", 0.01, 9000)
    assert (found.k_half, found.low, found.high) == (16, 15, 16)
    assert found.limited
    limit = results.threshold("softplus", 80, 10, 0.01, math.inf)
    # At width 7 an exact fit is impossible, but nothing is known of 1 %, so the lower end is open.
    assert (limit.kind, limit.bound, limit.low, limit.high) == ("limit", "<=", None, 8)


def test_where_nothing_decides_fates_the_budget_leads(results: Results) -> None:
    found = results.threshold("momentum", 80, 10)
    assert (found.kind, found.tolerance, found.steps) == ("budget", 0.01, 9000)
    assert (found.k_half, found.low, found.high, found.limited) == (16, 15, 16, True)
    assert (found.fates, found.certified) == ({}, None)
    exact = results.threshold("momentum", 80, 10, 0.0)
    assert (exact.kind, exact.bound, exact.k_half) == ("exact", "none", None)


def test_a_lower_end_below_a_necessary_count_is_not_limited_by_the_budget(registry: Registry) -> None:
    found = made(registry, {("softplus", 80, 7): [("counted", 20)], ("softplus", 80, 8): [("proved", 20)]})
    assert not found.threshold("softplus", 80, 10, 0.01).limited
    assert found.threshold("softplus", 80, 10, 0.01).low == 7


@pytest.mark.parametrize(
    ("name", "limited"), [("stuck", False), ("stuck limit", False), ("floored", False), ("open", True)]
)
def test_a_lower_end_of_trials_that_stay_unfit_is_not_limited_by_the_budget(
    name: str, limited: bool, registry: Registry
) -> None:
    found = made(registry, {("softplus", 80, 9): [(name, 20)], ("softplus", 80, 10): [("proved", 20)]})
    assert found.threshold("softplus", 80, 10, 0.01).limited == limited


def test_an_exact_fit_takes_no_number_of_steps(results: Results) -> None:
    with pytest.raises(ValueError, match="takes unlimited steps, found 100"):
        results.threshold("softplus", 80, 10, 0.0, 100)
    with pytest.raises(ValueError, match=r"0\.5 was not recorded"):
        results.threshold("softplus", 80, 10, 0.5, math.inf)


def test_open_trials_are_fits_below_and_failures_above() -> None:
    counts = {8: (0, 20), 16: (20, 20)}
    assert bracket(counts) == (8, 16)
    assert bracket(counts, open_trials={8: 20}) == (None, 16)
    assert bracket({8: (0, 20), 16: (0, 20)}, open_trials={16: 20}) == (8, None)
    found = threshold(counts, open_trials={8: 2})
    assert (found.low, found.high) == (8, 16)
    assert found.k_half == point_in({8: (2, 40), 16: (40, 40)}, 8, 16)


def test_whatever_the_open_verdicts_turn_out_to_be_the_bracket_is_no_finer() -> None:
    """A bracket with open trials contains the bracket of every way to decide them."""
    counts, unknown = {4: (0, 20), 8: (2, 20), 12: (11, 20), 16: (16, 20)}, {4: 1, 8: 3, 12: 5, 16: 4}
    low, high = bracket(counts, open_trials=unknown)
    for share in (0.0, 0.3, 0.5, 1.0):
        decided = {k: (m + round(share * unknown[k]), trials) for k, (m, trials) in counts.items()}
        one, two = bracket(decided)
        assert (low or 0) <= (one or 0)
        assert (high or math.inf) >= (two or math.inf)


def test_a_theorem_moves_the_lower_end_and_the_ratio() -> None:
    found = threshold({16: (20, 20)}, floor=9)
    assert (found.k_half, found.low, found.high) == (12, 9, 16)  # the geometric mean of floor and width
    assert threshold({4: (20, 20)}, floor=9).low is None  # the trials contradict it
    assert threshold_ratio(found, threshold({9: (0, 20), 10: (20, 20)})).low == 10 / 10
