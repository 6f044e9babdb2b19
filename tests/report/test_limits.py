"""Models without width in every view: the k = ∞ line."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from harness.builtin.models import ShallowNet
from harness.components import Cell, Outcome, Regime
from harness.components.entries import Count, Counts, Entry, Missing, Number
from harness.components.table import Table
from harness.driver.results import Results
from harness.report.comparison_view import comparison_view
from harness.report.diagnostics_view import diagnostics_view
from harness.report.export import thresholds_record
from harness.report.json_text import dumps
from harness.report.phase import cells_view, phase_maps
from harness.report.predicted import predict_suite
from harness.report.sensitivity_view import sensitivity_view
from harness.report.summary import summary_tables
from harness.report.terminal import lines
from harness.report.thresholds_view import thresholds_view

from .conftest import trials


@dataclass(frozen=True)
class Limit(ShallowNet):
    """A net of infinite width."""

    name: ClassVar[str] = "limit"
    has_width: ClassVar[bool] = False


@pytest.fixture
def with_limit(results: Results) -> Results:
    limit = replace(results.suite.regimes[0], name="limit", model=Limit())
    suite = replace(results.suite, regimes=(*results.suite.regimes, limit))
    outcomes = dict(results.outcomes)
    for n in (40, 80, 160):
        found = trials(18, 20)
        outcomes[Cell("limit", n, 10, 0)] = tuple(
            replace(trial, hits=(300, 500 + 10 * trial.seed, 4000, None)) if trial.hits[1] else trial for trial in found
        )
    return replace(results, suite=suite, outcomes=outcomes)


def rows(table: Table, **where: Any) -> list[dict[str, Entry]]:
    named = [dict(zip((c.header for c in table.columns), row.entries, strict=True)) for row in table.rows]
    return [r for r in named if all(r[key].fields()[""] == value for key, value in where.items())]


def test_counts_stand_at_infinity_with_the_median_step(with_limit: Results) -> None:
    table = thresholds_view(with_limit)
    (row,) = rows(table, regime="limit", n=80)
    assert row["fits at k"] == Counts(((0, 18, 20),))
    assert row["fits at k"].text() == "∞: 18/20"
    assert row["median step"] == Number(585)  # of 500, 510, …, 670
    assert isinstance(row["k½"], Missing)
    assert "infinite width" in row["k½"].notes[0].text
    assert "∞: a model of infinite width" in table.caption


def test_the_step_of_others_is_that_at_the_last_width_shown(with_limit: Results, results: Results) -> None:
    (row,) = rows(thresholds_view(with_limit), regime="softplus", n=40)
    assert row["median step"] == Number(1000)
    (row,) = rows(thresholds_view(with_limit), regime="relu | wide", n=40)
    assert isinstance(row["median step"], Missing)
    assert "median step" not in [column.header for column in thresholds_view(results).columns]


def test_a_smaller_budget_changes_the_counts(with_limit: Results) -> None:
    (row,) = rows(sensitivity_view(with_limit), regime="limit", n=40, tolerance="0.01")
    assert row["9000 steps"].text() == "∞: 18/20"
    assert row["900 steps"].text() == "∞: 18/20"
    (row,) = rows(sensitivity_view(with_limit), regime="limit", n=40, tolerance="0.0025")
    assert row["3000 steps"].text() == "∞: 0/20"


def test_no_view_stumbles(with_limit: Results) -> None:
    predictions = predict_suite(with_limit.suite, with_limit.registry.theories())
    tables = [
        *summary_tables(with_limit, predictions),
        sensitivity_view(with_limit),
        diagnostics_view(with_limit, all_sizes=True),
        comparison_view(with_limit, all_sizes=True),
        cells_view(with_limit),
    ]
    for table in tables:
        assert Table.from_data(json.loads(json.dumps(table.data(), allow_nan=False))) == table
        for width in (60, 100, 200):
            assert lines(table, width)
    assert not rows(tables[-2], regime="limit")


def test_maps_leave_it_out_and_tables_of_cells_do_not(with_limit: Results) -> None:
    assert "limit" not in {phase.regime for phase in phase_maps(with_limit)}
    (row,) = rows(cells_view(with_limit), regime="limit", n=40)
    assert row["k"].text() == "∞"
    assert row["fits"] == Count(18, 20)


def test_exports_say_that_there_is_no_width(with_limit: Results) -> None:
    record = json.loads(dumps(thresholds_record(with_limit)))
    assert [regime["has_width"] for regime in record["regimes"]] == [True, True, True, False]
    (found,) = [t for t in record["thresholds"] if (t["regime"], t["n"]) == ("limit", 40)]
    assert (found["k_half"], found["low"], found["high"], found["trials"]) == (None, None, None, 20)
    assert found["counts"] == [{"k": 0, "fit": 18, "open": 0, "trials": 20}]
    assert with_limit.exponent_fit("limit").a is None


def test_nothing_tried_yet(with_limit: Results) -> None:
    empty = replace(with_limit, outcomes={})
    for table in (thresholds_view(empty), sensitivity_view(empty), diagnostics_view(empty), comparison_view(empty)):
        assert lines(table, 100)


def test_a_suite_of_limits_alone(with_limit: Results) -> None:
    alone: tuple[Regime, ...] = with_limit.suite.regimes[-1:]
    only = replace(with_limit, suite=replace(with_limit.suite, regimes=alone))
    assert phase_maps(only) == []
    assert cells_view(only).rows
    assert not comparison_view(only).rows
    assert isinstance(only.outcomes[Cell("limit", 40, 10, 0)][0], Outcome)
