from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import pytest

from harness.components import Cell, Diagnostic, Network
from harness.components.entries import Count, Entry, Number
from harness.components.table import Table
from harness.driver.results import Results
from harness.report.diagnostics_view import diagnostics_view, quartiles, width_shown
from harness.report.predicted import predict_suite
from harness.report.summary import summary_tables


@dataclass(frozen=True)
class Curvature(Diagnostic):
    """Largest curvature of the loss."""

    name: ClassVar[str] = "curvature"
    summary: ClassVar[Literal["max"]] = "max"

    def measure(self, network: Network) -> float:
        return 0.0


@pytest.fixture
def watched(results: Results) -> Results:
    first = replace(results.suite.regimes[0], diagnostics=(Curvature(),))
    suite = replace(results.suite, regimes=(first, *results.suite.regimes[1:]))
    outcomes = dict(results.outcomes)
    cell = Cell("softplus", 160, 10, 25)
    outcomes[cell] = tuple(
        replace(
            trial,
            movement=0.1 * trial.seed,
            lambda_min=2.0,
            lambda_max=8.0,
            rate=0.999 if trial.seed < 4 else None,
            diagnostics={"curvature": float(trial.seed)} if trial.seed else {},
        )
        for trial in outcomes[cell]
    )
    return replace(results, suite=suite, outcomes=outcomes)


def block(table: Table, regime: str) -> dict[str, dict[str, Entry]]:
    headers = [column.header for column in table.columns]
    named = [dict(zip(headers, row.entries, strict=True)) for row in table.rows]
    return {r["quantity"].text(): r for r in named if r["regime"].text() == regime}


def middle(row: dict[str, Entry]) -> tuple[float, float, float]:
    entries = [row[header] for header in ("lower quartile", "median", "upper quartile")]
    values = [entry.value for entry in entries if isinstance(entry, Number)]
    return values[0], values[1], values[2]


def test_median_and_quartiles_of_everything_at_the_width_nearest_to_the_threshold(watched: Results) -> None:
    found = block(diagnostics_view(watched), "softplus")
    first = found["movement"]
    assert first["k"] == Number(25)
    assert first["fits"] == Count(19, 20)
    assert middle(first) == pytest.approx((0.475, 0.95, 1.425))
    assert middle(found["λ_min(J₀J₀ᵀ)"]) == (2.0, 2.0, 2.0)
    assert middle(found["λ_max(J₀J₀ᵀ)"]) == (8.0, 8.0, 8.0)
    assert middle(found["1 − rate"]) == pytest.approx((1e-3, 1e-3, 1e-3))
    assert found["1 − rate"]["trials"] == Number(4)
    assert middle(found["curvature, largest on the way"]) == (5.5, 10.0, 14.5)
    assert found["curvature, largest on the way"]["trials"] == Number(19)


def test_trials_that_never_fit_take_for_ever(watched: Results) -> None:
    low, median, high = middle(block(diagnostics_view(watched), "softplus")["steps to 0.01"])
    assert (low, median, high) == (1000.0, 1000.0, 1000.0)  # 19 of 20 fit
    low, median, high = middle(block(diagnostics_view(watched, tolerance=1e-3), "softplus")["steps to 0.001"])
    assert (low, median, high) == (math.inf, math.inf, math.inf)
    at_all = middle(block(diagnostics_view(watched, tolerance=0.1), "softplus")["steps to 0.1"])
    assert at_all[0] == 300


def test_without_a_threshold_the_widest_is_shown(watched: Results) -> None:
    assert width_shown(watched, watched.suite.regimes[1], 40, 10, 0.01) == 512
    found = block(diagnostics_view(watched, all_sizes=True), "relu | wide")
    assert found["steps to 0.01"]["k"] == Number(512)
    assert set(found) == {"steps to 0.01"}  # nothing else was recorded


def test_the_caption_explains_what_is_shown(watched: Results) -> None:
    caption = diagnostics_view(watched).caption
    assert "curvature: Largest curvature of the loss." in caption
    assert "other sizes with --all-sizes" in caption
    assert "‖w − w₀‖/‖w₀‖" in caption


def test_a_run_ends_with_the_diagnostics_of_regimes_that_have_any(watched: Results, results: Results) -> None:
    def names(of: Results) -> list[str]:
        return [table.name for table in summary_tables(of, predict_suite(of.suite, of.registry.theories()))]

    assert "diagnostics" in names(watched)
    assert "diagnostics" not in names(results)
    shown = summary_tables(watched, predict_suite(watched.suite, watched.registry.theories()))[-1]
    assert {row.entries[0].text() for row in shown.rows} == {"softplus"}


def test_quartiles_of_one_value() -> None:
    assert quartiles([3.0]) == (3.0, 3.0, 3.0)
    assert quartiles([math.inf] * 3) == (math.inf,) * 3
