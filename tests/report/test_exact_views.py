"""Tables of runs whose fates are known: the exact fit leads, and the budgeted threshold is beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.builtin.renderers import RENDERERS
from harness.components.entries import Bound, Count, Entry, Estimate, Interval, Missing
from harness.components.table import Table
from harness.driver.results import Results
from harness.exchange.run_comparison import compare_runs
from harness.plugin_host.registry import Registry
from harness.report import terminal
from harness.report.ablations_view import ablations_view
from harness.report.compare_runs_view import compare_runs_record, compare_runs_view
from harness.report.comparison_view import comparison_view
from harness.report.exponents_view import exponents_view
from harness.report.fates_view import fates_view
from harness.report.phase import phase_maps
from harness.report.predicted import predict_suite
from harness.report.sensitivity_view import sensitivity_view
from harness.report.summary import short_tables, summary_views
from harness.report.theories_view import theories_view
from harness.report.thresholds_view import LIMITED, OPEN, thresholds_view
from harness.report.width_answer import Needed, WidthAnswer
from harness.report.width_view import SHARED, width_view

from ..ends import made


@pytest.fixture
def fated(registry: Registry) -> Results:
    """Return softplus nets of which fates are known, and nets trained with momentum of which they are not."""
    return made(
        registry,
        {
            ("softplus", 80, 7): [("counted", 20)],
            ("softplus", 80, 8): [("late", 20)],
            ("softplus", 80, 15): [("late", 20)],
            ("softplus", 80, 16): [("proved", 18), ("limit", 1), ("stuck low", 1)],
            ("softplus", 160, 15): [("counted", 20)],
            ("softplus", 160, 20): [("open", 18), ("stuck", 2)],
            ("softplus", 160, 32): [("proved", 20)],
            ("momentum", 80, 15): [("none", 20)],
            ("momentum", 80, 16): [("none fit", 20)],
            ("momentum", 160, 15): [("none", 20)],
            ("momentum", 160, 32): [("none fit", 20)],
        },
    )


def rows(table: Table, **wanted: Any) -> list[dict[str, Entry]]:
    headers = [column.header for column in table.columns]
    found = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    return [row for row in found if all(row[key].text() == str(value) for key, value in wanted.items())]


def row(table: Table, **wanted: Any) -> dict[str, Entry]:
    (found,) = rows(table, **wanted)
    return found


def test_the_exact_fit_leads_and_the_budget_stands_beside_it(fated: Results) -> None:
    found = row(thresholds_view(fated), regime="softplus", n=80)
    exact, within = found["k½ exact"], found["k½ at 0.01"]
    assert exact == Estimate(8, 7, 8, style="strong")
    assert within == Estimate(16, 15, 16, notes=(LIMITED,))
    assert found["fits at k"].text() == "7: 0/20 · 8: 20/20"
    assert found["certified"] == Count(79, 80)
    assert found["kd/n"].text() == "1"


def test_a_width_within_the_budget_says_that_exact_fits_chose_its_trials(fated: Results) -> None:
    needed = (Needed("softplus", results=fated),)

    def notes(limit: bool) -> list[tuple[str, bool]]:
        of = tuple(replace(one, results=replace(fated, suite=fated.suite.with_limit(limit))) for one in needed)
        table = width_view(WidthAnswer("data", 80, 20, 0.01, 9000, of))
        return [(row.entries[1].text().split()[0], SHARED in row.entries[2].notes) for row in table.rows]

    assert notes(limit=True) == [("exactly,", False), ("to", True)]
    assert notes(limit=False) == [("to", False)]


def test_where_open_trials_widen_a_bracket_a_note_says_so(fated: Results) -> None:
    exact = row(thresholds_view(fated), regime="softplus", n=160)["k½ exact"]
    assert isinstance(exact, Estimate)
    assert (exact.low, exact.high, exact.notes) == (15, 32, (OPEN,))


def test_what_has_no_certificate_says_so_and_keeps_the_budget(fated: Results) -> None:
    found = row(thresholds_view(fated), regime="momentum", n=80)
    assert isinstance(found["k½ exact"], Missing)
    (note,) = found["k½ exact"].notes
    assert "momentum is not gradient descent" in note.text
    assert found["k½ at 0.01"] == Estimate(16, 15, 16, notes=(LIMITED,), style="strong")
    assert found["kd/n"].text() == "2"
    assert isinstance(found["certified"], Missing)


def test_without_limits_everything_is_as_before(fated: Results) -> None:
    off = replace(fated, suite=fated.suite.with_limit(False))
    table = thresholds_view(off)
    assert "certified" not in [column.header for column in table.columns]
    assert row(table, regime="softplus", n=80)["k½"].text() == "16 (15, 16]"
    assert "unlimited" not in [column.header for column in sensitivity_view(off).columns]
    assert "exact" not in thresholds_view(off).caption.replace("exactly", "")


def test_one_question_by_itself_has_one_column(fated: Results) -> None:
    budget = row(thresholds_view(fated, tolerance=0.01), regime="softplus", n=80)["k½"]
    assert budget.text() == "16 (15, 16]"
    limit = row(thresholds_view(fated, steps=math.inf), regime="softplus", n=80)["k½"]
    assert isinstance(limit, Bound)
    assert (limit.relation, limit.limit) == ("<=", 8)
    exact = row(thresholds_view(fated, tolerance=0.0), regime="softplus", n=80)
    assert (exact["k½"].text(), exact["certified"].text()) == ("8 (7, 8]", "79/80")


def test_sensitivity_has_the_limit_at_each_tolerance_and_the_exact_fit(fated: Results) -> None:
    table = sensitivity_view(fated)
    texts = {r["tolerance"].text(): r["unlimited"].text() for r in rows(table, regime="softplus", n=80)}
    assert texts == {"0.1": "≤ 7", "0.01": "≤ 8", "0.0025": "≤ 8", "0.001": "≤ 8", "exact": "8 (7, 8]"}
    exact = row(table, regime="softplus", n=80, tolerance="exact")
    assert isinstance(exact["9000 steps"], Missing)
    assert any(note.mark == "*" for note in exact["unlimited"].notes)
    without = rows(table, regime="momentum", n=80)
    assert [r["tolerance"].text() for r in without] == ["0.1", "0.01", "0.0025", "0.001"]
    assert all(isinstance(r["unlimited"], Missing) for r in without)
    assert any(note.mark == "*" for note in without[1]["9000 steps"].notes)


def test_no_dash_is_without_its_reason(fated: Results) -> None:
    predictions = predict_suite(fated.suite, fated.registry.theories())
    seen = 0
    for table in (
        *summary_views(fated, predictions),
        *short_tables(fated, predictions),
        *(view(fated) for view in (sensitivity_view, comparison_view, ablations_view, fates_view, exponents_view)),
    ):
        for row in table.explained().rows:
            shown = [e for e, column in zip(row.entries, table.columns, strict=True) if not column.fold]
            dashes = [entry for entry in shown if isinstance(entry, Missing)]
            seen += len(dashes)
            # A dash without a note follows from another entry of its row, which has one.
            assert not dashes or any(entry.notes for entry in row.entries), (table.name, row)
    assert seen > 50


def test_two_regimes_are_compared_by_one_question(fated: Results) -> None:
    found = row(comparison_view(fated, all_sizes=True), regime="softplus", n=80)
    assert (found["k½"].text(), found["its k½"].text()) == ("16 (15, 16]", "16 (15, 16]")
    assert isinstance(found["ratio"], Interval)
    assert "exact fits are not decided in one of the two" in found["ratio"].notes[0].text
    (ablation,) = rows(ablations_view(fated, all_sizes=True), n=80)
    assert (ablation["k½ before"].text(), ablation["k½ after"].text()) == ("16 (15, 16]", "16 (15, 16]")
    assert ablation["ratio"].notes


def test_theories_are_beside_the_leading_threshold(fated: Results) -> None:
    predictions = predict_suite(fated.suite, fated.registry.theories(), all_sizes=True)
    table = theories_view(fated, predictions, all_sizes=True)
    count = row(table, regime="softplus", n=80, theory="Parameter count, hidden layer")
    assert count["k½"].text() == "8 (7, 8]"
    assert count["on data ÷ k½"].text() == "1×"  # the necessary count is where exact fits begin


def test_runs_are_compared_by_a_question_that_both_answer(fated: Results) -> None:
    off = replace(fated, suite=fated.suite.with_limit(False))
    both, one = compare_runs(fated, fated), compare_runs(fated, off)
    kinds = {(size.regime, size.first.kind, size.second.kind) for size in both.sizes}
    assert kinds == {("softplus", "exact", "exact"), ("momentum", "budget", "budget")}
    assert all(size.first.kind == size.second.kind == "budget" for size in one.sizes)
    caption = compare_runs_view(both, fated, fated, ("a", "b")).caption
    assert "“softplus”: A trial fits when it ends in an exact fit" in caption
    assert "“momentum”: A trial fits when it meets the tolerance 0.01 within 9000 steps." in caption
    record = compare_runs_record(both, ("a", "b"))
    softplus = next(size for size in record["sizes"] if (size["regime"], size["n"]) == ("softplus", 160))
    assert (softplus["first"]["kind"], softplus["first"]["steps"]) == ("exact", None)
    # The 18 open trials have no verdict in either run.
    assert (softplus["shared"], softplus["equal"], softplus["verdicts"]["both"]) == (60, 60, 20)
    assert softplus["verdicts"]["neither"] == 60 - 18 - 20


def test_maps_count_the_fits_of_the_leading_question(fated: Results) -> None:
    counts = {phase.regime: phase.counts for phase in phase_maps(fated)}
    assert counts["softplus"][80, 8] == (20, 20)
    assert counts["momentum"][80, 15] == (0, 20)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_tables_keep_to_the_width(fated: Results, columns: int) -> None:
    for table in (thresholds_view(fated), sensitivity_view(fated), comparison_view(fated), ablations_view(fated)):
        assert max(line.cell_len for line in terminal.lines(table, columns)) <= columns


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: str(renderer.name))
def test_each_format_has_both_numbers(renderer: Any, fated: Results) -> None:
    text = renderer().render(thresholds_view(fated))
    for number in ("8", "16", "79"):
        assert number in text


def test_the_five_fates_are_kept_apart(fated: Results) -> None:
    table = fates_view(fated)
    found = row(table, regime="softplus", n=80)
    names = ("fit proved", "stuck proved", "fit, limit", "stuck, limit", "open", "too few weights", "certified")
    assert [found[name].text() for name in names] == ["58", "1", "1", "0", "20", "20", "79"]
    other = row(table, regime="softplus", n=160)
    assert [other[name].text() for name in names] == ["20", "2", "0", "0", "38", "20", "42"]
    (without,) = rows(table, regime="momentum")
    assert "not gradient descent" in without["n"].notes[0].text
