from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.claims.predictions import Prediction
from harness.components import Width
from harness.components.entries import Bound, Counts, Entry, Estimate, Exponent, Missing, Number, Ratio, Text
from harness.components.table import Row, Table
from harness.driver.results import Results
from harness.report.guarantees import EXPLICIT, REFERENCE, SILENT
from harness.report.overview_view import overview_view
from harness.report.predicted import predict_suite
from harness.report.prediction_entries import holds, ratio
from harness.report.sensitivity_view import budgets, sensitivity_view
from harness.report.theories_view import theories_view
from harness.report.thresholds_view import thresholds_view


def find(table: Table, **wanted: Any) -> dict[str, Entry]:
    """Return the entries, by header, of the one row that has these texts."""
    headers = [column.header for column in table.columns]
    rows = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    (found,) = [row for row in rows if all(row[key].text() == str(value) for key, value in wanted.items())]
    return found


def said(entry: Entry) -> str:
    return " ".join(note.text for note in entry.notes)


def test_a_threshold_stands_with_its_bracket_and_the_counts_at_its_ends(results: Results) -> None:
    row = find(thresholds_view(results), regime="softplus", n=80)
    k_half = row["k½"]
    assert isinstance(k_half, Estimate)
    assert (k_half.low, k_half.high) == (11, 13)
    assert k_half.value == 13
    assert row["fits at k"] == Counts(((11, 1, 20), (13, 19, 20)))
    scaled = row["kd/n"]
    assert isinstance(scaled, Number)
    assert scaled.value == pytest.approx(k_half.value * 10 / 80)
    assert row["trials"] == Number(80)
    assert row["why not"] == Text("31 plateau")


def test_one_sided_thresholds_are_bounds_never_numbers(results: Results) -> None:
    table = thresholds_view(results)
    assert find(table, regime="relu | wide", n=40)["k½"].text() == "> 512"
    assert find(table, regime="relu | wide", n=40)["kd/n"].text() == "> 128"
    assert find(table, regime="random features", n=40)["k½"].text() == "≤ 2"
    assert isinstance(find(table, regime="random features", n=80)["k½"], Missing)


def test_what_went_wrong_is_counted_and_explained(results: Results) -> None:
    row = find(thresholds_view(results), regime="softplus", n=160)
    assert (row["diverged"].text(), row["errors"].text()) == ("2", "1")
    assert row["why not"].text() == "17 plateau, 12 falling, 2 more"
    assert "limited by the budget" in said(row["k½"])
    assert "left out of k½" in said(row["errors"])
    assert "limited" not in said(find(thresholds_view(results), regime="softplus", n=80)["k½"])


def test_where_nothing_went_wrong_the_caption_says_so(results: Results) -> None:
    calm = replace(results, outcomes={cell: o for cell, o in results.outcomes.items() if cell.n == 40})
    table = thresholds_view(calm)
    assert not {"diverged", "errors"} & {column.header for column in table.columns}
    assert "No trial diverged or failed." in table.caption


def test_the_caption_says_tolerance_budget_and_step_size(results: Results) -> None:
    caption = thresholds_view(results, tolerance=0.1, steps=500).caption
    assert "tolerance 0.1 within 500 steps" in caption
    assert "λ_max(J₀J₀ᵀ)" in caption
    assert "gaussian labels" in caption


def test_a_smaller_budget_moves_the_threshold(results: Results) -> None:
    # Trials that fit meet 1e-2 at step 1000, and 1e-1 at step 300.
    assert find(thresholds_view(results, steps=999), regime="softplus", n=40)["k½"].text() == "> 12"
    assert find(thresholds_view(results, steps=1000), regime="softplus", n=40)["k½"].text() == "7 (5, 7]"
    early = find(thresholds_view(results, tolerance=0.1, steps=300), regime="softplus", n=40)
    assert early["k½"].text() == "7 (5, 7]"


def test_sensitivity_shows_every_rung_at_three_budgets(results: Results) -> None:
    table = sensitivity_view(results)
    assert budgets(9000) == (900, 3000, 9000)
    row = find(table, regime="softplus", n=40, tolerance=0.0025)
    texts = [row[f"{steps} steps"].text() for steps in budgets(9000)]
    assert texts == ["> 12", "> 12", "7 (5, 7]"]
    reported = find(table, regime="softplus", n=40, tolerance=0.01)["9000 steps"]
    assert [note.mark for note in reported.notes] == ["*"]


@pytest.fixture
def beside(results: Results) -> Table:
    return theories_view(results, predict_suite(results.suite, results.registry.theories()))


def test_predicted_over_measured_is_their_quotient(beside: Table) -> None:
    row = find(beside, regime="softplus", theory="Parameter count, hidden layer")
    k_half, width, quotient = row["k½"], row["on data"], row["on data ÷ k½"]
    assert isinstance(k_half, Estimate)
    assert isinstance(width, Number)
    assert isinstance(quotient, Ratio)
    assert width.value == 16
    assert quotient.value == pytest.approx(16 / k_half.value)
    assert find(beside, regime="relu | wide", theory="Parameter count, hidden layer")["on data ÷ k½"] == Ratio(
        16 / 512, "<"
    )


def test_scaling_at_one_is_n_to_the_a_d_to_the_b(beside: Table) -> None:
    row = find(beside, regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
    assert row["C=1"] == Number(160**2 / 10)
    assert row["a, b"] == Exponent(2.0, -1.0)


def test_measured_exponents_stand_with_their_interval(beside: Table) -> None:
    entry = find(beside, regime="softplus", theory="Parameter count, hidden layer")["measured a, b"]
    assert isinstance(entry, Exponent)
    assert entry.a is None  # the budget made the lower end at n = 160, so there is only a bound
    assert entry.a_interval is not None
    assert entry.a_interval[0] < 1 < entry.a_interval[1]


def groups(table: Table) -> dict[str, set[str]]:
    place = [column.header for column in table.columns].index("guarantee")
    found: dict[str, set[str]] = {}
    for row in table.rows:
        found.setdefault(row.group, set()).add(row.entries[place].text())
    return found


def test_only_convergence_and_certificates_stand_under_guarantees(results: Results, beside: Table) -> None:
    found = groups(beside)
    assert found[EXPLICIT] == {"certificate"}
    assert found[REFERENCE] == {"convergence"}
    assert not found[SILENT] & {"convergence", "certificate"}


def test_every_unverified_claim_is_marked(results: Results, beside: Table) -> None:
    marks = beside.notes()
    verified = {theory.claim.title: theory.claim.verified for theory in results.registry.theories()}
    place = [column.header for column in beside.columns].index("theory")
    for row in beside.rows:
        entry = row.entries[place]
        assert ("†" in beside.spelled(entry, marks)) == (not verified[entry.text()])


def test_a_threshold_limited_by_the_budget_says_so_beside_the_theories(beside: Table) -> None:
    entry = find(beside, regime="softplus", theory="Parameter count, hidden layer")["k½"]
    assert "limited by the budget" in said(entry)


def test_infinite_widths_carry_their_reason(beside: Table) -> None:
    width = find(beside, regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")["on data"]
    assert width.text() == "∞"
    assert "d(d+1)/2" in said(width)


def prediction(results: Results, **changes: Any) -> Prediction:
    first = next(iter(predict_suite(results.suite, results.registry.theories()).values()))[0]
    return replace(first, **changes)


def test_assumptions_are_a_tick_a_cross_or_a_question(results: Results) -> None:
    from harness.components import Assumption

    met, open_, failed = Assumption("A", True), Assumption("B", None), Assumption("C", False, "n = 3")
    assert holds(prediction(results, assumptions=(met,))).text() == "✓"
    assert holds(prediction(results, assumptions=(met, open_))).text() == "?"
    cross = holds(prediction(results, assumptions=(met, open_, failed)))
    assert cross.text() == "✗"
    assert said(cross) == "does not hold: C (n = 3)"
    assert isinstance(holds(prediction(results, assumptions=())), Missing)


def test_ratio_to_a_bound_is_a_bound() -> None:
    assert ratio(Number(1000), Bound(">", 500)) == Ratio(2.0, "<")
    assert ratio(Number(1000), Bound("<=", 4)) == Ratio(250.0, ">=")
    assert isinstance(ratio(Number(float("nan")), Estimate(3.0, 2, 4)), Missing)
    assert isinstance(ratio(Missing(), Estimate(3.0, 2, 4)), Missing)


def test_overview_names_reference_and_certainty(results: Results) -> None:
    found = predict_suite(results.suite, results.registry.theories())["softplus", 40, 10]
    broken = replace(found[0], width=Width(float("nan"), "does not apply"))
    table = overview_view([*found, broken], problem="n = 40")
    row = find(table, theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
    assert "arXiv 1902.04674" in said(row["theory"])
    assert "[" in table.spelled(row["theory"], table.notes())
    assert any("does not apply" in note.text for note in table.notes())
    assert isinstance(row["known"], Text)
    assert any("@" in entry for entry in table.bibtex)


def test_rows_keep_the_order_of_the_suite(results: Results) -> None:
    names = [row.entries[0].text() for row in thresholds_view(results).rows]
    assert list(dict.fromkeys(names)) == ["softplus", "relu | wide", "random features"]
    assert isinstance(thresholds_view(results).rows[0], Row)
