"""Exponents that the counts fix: k½ ~ n for softplus, no threshold for the ReLU, too few sizes for the rest."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.claims.predictions import concerned
from harness.components import Exponents, Regime, Theory, Width
from harness.components.entries import Count, Entry, Exponent, Missing, Text
from harness.components.table import Table
from harness.driver.results import Results
from harness.report import page as page_module
from harness.report.exponents_view import exponents_view, has_exponents
from harness.report.figures.catalogue import Catalogue
from harness.report.page import page
from harness.suite import parse_suite

from .conftest import SUITE, cells


def found(table: Table, **wanted: str) -> list[dict[str, Entry]]:
    headers = [column.header for column in table.columns]
    rows = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    return [row for row in rows if all(row[key].text() == value for key, value in wanted.items())]


@pytest.fixture
def settled(results: Results) -> Results:
    """Return the results without trials that the budget stopped: brackets (5, 7], (11, 13] and (23, 25]."""
    return replace(results, outcomes={**results.outcomes, **cells("softplus", 160, 10, {23: (1, 20)})})


def test_a_claim_stands_beside_the_measured_exponent_and_says_on_which_side_it_lies(settled: Results) -> None:
    # The least slope passes 13 at n = 80 and 23 at n = 160, the largest 11 at 80 and 25 at 160, or 5 and 25 over two.
    (row,) = found(exponents_view(settled), regime="softplus", theory="Parameter count, hidden layer")
    measured = row["measured a, b"]
    assert isinstance(measured, Exponent)
    assert measured.a == pytest.approx(1, abs=0.05)
    assert measured.a_interval == pytest.approx((math.log2(23 / 7) / 2, math.log2(25 / 5) / 2), abs=1e-6)
    assert measured.b is None  # one d
    assert measured.notes == ()
    assert row["sizes"] == Count(3, 3)
    assert row["claimed a, b"] == Exponent(1, -1)
    assert row["C"].text() == "(1.44, 1.56]"  # 23 d/n at n = 160, and 25 d/n there
    assert row["a within"].text() == "✓"
    assert isinstance(row["b within"], Missing)
    (smooth,) = found(exponents_view(settled), regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
    assert smooth["claimed a, b"] == Exponent(2, -1)
    assert smooth["C"].text() == "refuted"
    assert "n = 40, d = 10 (5, 7]" in smooth["C"].notes[0].text
    assert "n = 160, d = 10 (23, 25]" in smooth["C"].notes[0].text
    assert smooth["a within"].text() == "above"
    assert [note.mark for note in smooth["theory"].notes] == ["†"]


def test_a_lower_end_that_the_budget_made_is_left_out_and_no_point_given_without_it(results: Results) -> None:
    # At n = 160, 12 of the 19 trials unfit at width 23 were still falling: k½ might be small there, though not large.
    (row,) = found(exponents_view(results), regime="softplus", theory="Parameter count, hidden layer")
    measured = row["measured a, b"]
    assert isinstance(measured, Exponent)
    assert measured.a is None
    assert measured.a_interval == pytest.approx((math.log2(11 / 7), math.log2(25 / 5) / 2), abs=1e-6)
    assert measured.text() == "? (0.65, 1.16)"
    assert "only a bound at n = 160, d = 10" in measured.notes[0].text
    assert row["a within"].text() == "✓"


def test_bounds_on_one_side_leave_the_exponent_free_and_the_reason_is_said(results: Results) -> None:
    row, *_ = found(exponents_view(results), regime="relu | wide")
    assert isinstance(row["measured a, b"], Missing)
    assert "there is only a bound at n = 40, d = 10" in row["measured a, b"].notes[0].text
    assert row["sizes"] == Count(3, 3)
    assert isinstance(row["a within"], Missing)


def test_brackets_that_no_power_law_meets_are_named(results: Results) -> None:
    outcomes = dict(results.outcomes)
    for n, k in ((40, 8), (80, 8), (160, 17)):
        outcomes = {cell: o for cell, o in outcomes.items() if (cell.regime, cell.n) != ("softplus", n)}
        outcomes |= cells("softplus", n, 10, {k - 1: (0, 20), k: (20, 20)})
    # From 40 to 80 the slope is below log2(8/7) = 0.19, from 80 to 160 at least 1.
    fit = replace(results, outcomes=outcomes).exponent_fit("softplus")
    assert fit.region.refuted
    row, *_ = found(exponents_view(replace(results, outcomes=outcomes)), regime="softplus")
    assert row["measured a, b"].text() == "no power law"
    assert (
        "n = 40, d = 10 (7, 8]; n = 80, d = 10 (7, 8]; n = 160, d = 10 (16, 17]" in row["measured a, b"].notes[0].text
    )
    assert isinstance(row["a within"], Missing)
    assert row["C"].text() == "refuted"


def test_a_smaller_budget_and_a_looser_tolerance_are_heeded(results: Results) -> None:
    # Trials that fit meet 1e-2 at step 1000 and 1e-1 at step 300.
    assert isinstance(found(exponents_view(results, steps=999), regime="softplus")[0]["measured a, b"], Missing)
    early = found(exponents_view(results, tolerance=0.1, steps=300), regime="softplus")[0]
    assert early["measured a, b"] == found(exponents_view(results), regime="softplus")[0]["measured a, b"]


def test_claims_that_change_at_n_equal_d_are_shown_for_both_sides(results: Results) -> None:
    suite = parse_suite(SUITE.replace("d = 10", "d = 80"), results.registry)
    outcomes = {replace(cell, d=80): trials for cell, trials in results.outcomes.items()}
    table = exponents_view(replace(results, suite=suite, outcomes=outcomes))
    rows = found(table, regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
    said = {row["claimed a, b"].text(): (row["a within"].text(), row["claimed a, b"].notes[0].text) for row in rows}
    assert {claim: side for claim, (side, _) in said.items()} == {"1, 0": "✓", "2, −1": "above"}
    assert said["1, 0"][1].startswith("claimed at 1 of the 3 sizes, those with n < d")
    assert said["2, −1"][1].startswith("claimed at 2 of the 3 sizes, those with n ≥ d")


def test_a_claim_is_that_at_the_sizes_with_a_bound_or_at_all_sizes_without_one(results: Results) -> None:
    """Of the sizes n = 40, 80 and 160 at d = 80 the claim n/d · n of n ≥ d concerns two, and that of n < d one."""
    suite = parse_suite(SUITE.replace("d = 10", "d = 80"), results.registry)
    moved = {replace(cell, d=80): trials for cell, trials in results.outcomes.items()}
    for largest, claimed in ((0, {"1, 0", "2, −1"}), (40, {"1, 0"}), (80, {"1, 0", "2, −1"})):
        tried = {cell: trials for cell, trials in moved.items() if cell.n <= largest}
        table = exponents_view(replace(results, suite=suite, outcomes=tried))
        rows = found(table, regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
        assert {row["claimed a, b"].text() for row in rows} == claimed


def test_a_claim_with_a_floor_is_judged_by_what_applies_at_the_sizes(results: Results) -> None:
    # Of max(n^{3/2}/d, n) at d = 10 the floor applies at n = 40 and 80, the law at 160; at d = 40 the floor alone.
    table = exponents_view(replace(results, registry=Without(results, Floored)))  # type: ignore[arg-type]  # only its theories are asked for
    rows = found(table, regime="softplus")
    said = {row["claimed a, b"].text(): row["claimed a, b"].notes[0].text for row in rows}
    assert set(said) == {"1, 0", "1.5, −1"}
    assert said["1, 0"].startswith("claimed at 2 of the 3 sizes, those where it is the larger of law and floor")
    assert said["1.5, −1"].startswith("claimed at 1 of the 3 sizes")
    suite = parse_suite(SUITE.replace("d = 10", "d = 40"), results.registry)
    outcomes = {replace(cell, d=40): trials for cell, trials in results.outcomes.items()}
    many = replace(results, suite=suite, outcomes=outcomes, registry=Without(results, Floored))  # type: ignore[arg-type]  # only its theories are asked for
    (row,) = found(exponents_view(many), regime="softplus")
    assert row["claimed a, b"] == Exponent(1, 0)
    assert row["a within"].text() == "✓"


def test_a_claim_below_the_interval_is_called_below(results: Results) -> None:
    outcomes = dict(results.outcomes)
    for n, middle in ((40, 8), (80, 32), (160, 128)):  # k½ ~ n²
        outcomes = {cell: o for cell, o in outcomes.items() if (cell.regime, cell.n) != ("softplus", n)}
        outcomes |= cells("softplus", n, 10, {middle - 1: (0, 20), middle + 1: (20, 20)})
    table = exponents_view(replace(results, outcomes=outcomes))
    (count,) = found(table, regime="softplus", theory="Parameter count, hidden layer")
    assert count["a within"] == Text("below")
    (smooth,) = found(table, regime="softplus", theory="Oymak & Soltanolkotabi 2020, Thm 2.1")
    assert smooth["a within"].text() == "✓"


def test_a_regime_that_no_law_concerns_has_one_row(results: Results) -> None:
    alone = replace(results, registry=Without(results))  # type: ignore[arg-type]  # only its theories are asked for
    table = exponents_view(alone)
    assert [row.entries[0].text() for row in table.rows] == ["softplus", "relu | wide", "random features"]
    assert {row.entries[3].text() for row in table.rows} == {"–"}
    assert "no theory with a power law" in " ".join(note.text for note in table.notes())


class Without:
    """A registry of one theory; unless told, of one that cannot tell whether it speaks of a regime."""

    def __init__(self, results: Results, theory: type[Theory] | None = None) -> None:
        self.inner = results.registry
        self.theory = theory or Unsure

    def theories(self) -> list[Theory]:
        return [self.theory()]


class Unsure(Theory):
    name = "unsure"
    title = "Nobody 2000"
    reference = "none"
    guarantee = "existence"
    certainty = "memory"
    formula = "k ≥ 1"
    exponents = Exponents((1, 0))
    home = {"use": "moderate"}  # noqa: RUF012  # as plugin authors write it

    def concerns(self, regime: Regime) -> bool:
        raise ZeroDivisionError

    def width(self, problem: object, regime: Regime) -> Width:
        return Width(1)


class Floored(Unsure):
    name = "floored"
    exponents = Exponents((1.5, -1.0), floor=(1.0, 0.0))

    def concerns(self, regime: Regime) -> bool:
        return True


def test_a_theory_that_cannot_tell_is_left_out(results: Results) -> None:
    assert concerned([Unsure()], results.suite.regimes[0], results.suite.dataset) == []


def test_the_page_shows_exponents_where_there_are_any(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "catalogue", lambda *_: Catalogue((), ()))  # figures take seconds
    assert has_exponents(results)
    assert 'id="exponents"' in page(results, {})
    few = replace(results, outcomes={cell: o for cell, o in results.outcomes.items() if cell.n < 80})
    assert not has_exponents(few)
    assert 'id="exponents"' not in page(few, {})
