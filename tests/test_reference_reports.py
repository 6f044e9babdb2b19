"""The reports that are kept with the project are those of its suites, and can be found again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.report.thresholds_file import FORMAT, thresholds_schema
from harness.statistics.thresholds import threshold
from harness.store import Store
from harness.suite import load_suite

REPORTS = Path(__file__).parents[1] / "reports"
KEPT = sorted(path.parent.name for path in REPORTS.glob("*/thresholds.json"))


def record(suite: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REPORTS / suite / "thresholds.json").read_text(encoding="utf-8"))
    return found


def test_the_shipped_suites_have_reference_reports() -> None:
    assert set(KEPT) >= {"quickstart", "review", "lazy", "train-all", "narrow", "real-data", "figure-phase"}


@pytest.mark.parametrize("suite", KEPT)
def test_a_reference_is_whole_and_of_the_suite_as_it_is(suite: str, registry: Registry) -> None:
    kept = record(suite)
    loaded, _ = load_suite(suite)
    assert kept["complete"]
    assert kept["suite"] == suite
    named = {(regime.name, n, d) for regime in loaded.regimes for n, d in loaded.sizes}
    assert {(t["regime"], t["n"], t["d"]) for t in kept["thresholds"]} == named
    assert (REPORTS / suite / "thresholds.json").stat().st_size < 2**20
    assert (REPORTS / suite / "table.md").exists()


@pytest.mark.parametrize("suite", KEPT)
def test_a_reference_meets_the_schema_of_its_format(suite: str) -> None:
    kept = record(suite)
    if kept["format"] < FORMAT:
        pytest.skip("of an earlier format")
    assert not list(Draft202012Validator(thresholds_schema()).iter_errors(kept))


@pytest.mark.parametrize("suite", KEPT)
def test_each_threshold_is_an_admissible_width_in_its_bracket(suite: str) -> None:
    """The counts of the references, evaluated anew: no fraction, nothing outside (low, high], no number for a bound."""
    loaded, _ = load_suite(suite)
    steps = {r.name: r.initializer.width_step for r in loaded.regimes if r.model.has_width}
    for kept in record(suite)["thresholds"]:
        if (step := steps.get(kept["regime"])) is None:
            continue
        counts = {c["k"]: (c["fit"], c["trials"]) for c in kept["counts"]}
        found = threshold(counts, most_widths=loaded.search.most_widths, smallest=step)
        assert (found.k_half is None) == (found.low is None or found.high is None) == (found.bound != "")
        if found.k_half is not None:
            assert found.low is not None
            assert found.high is not None
            assert found.low < found.k_half <= found.high
            assert isinstance(found.k_half, int)
            assert found.k_half % step == 0


@pytest.mark.parametrize("suite", KEPT)
def test_what_a_reference_prints_of_each_threshold_is_admissible_and_possible(suite: str) -> None:
    """The numbers as they are kept: integers in their own brackets, and no exact fit below a necessary count."""
    kept = record(suite)
    if kept["format"] < 3:
        pytest.skip("of before k½ was a width")
    loaded, _ = load_suite(suite)
    steps = {r.name: r.initializer.width_step for r in loaded.regimes if r.model.has_width}
    necessary = {theory["theory"] for theory in kept["theories"] if theory["guarantee"] == "necessary"}
    necessary -= {"lit-samples"}  # of the draws on one problem, while k½ averages over problems
    least: dict[tuple[str, int, int], float] = {}
    for p in kept["predictions"]:
        if p["theory"] in necessary and p["applies"] and p["width"] is not None:
            place = (p["regime"], p["n"], p["d"])
            least[place] = max(p["width"], least.get(place, 0.0))
    for found in kept["thresholds"]:
        for answer in filter(None, (found, found["exact"], found["budget"])):
            k, low, high = (answer[key] for key in ("k_half", "low", "high"))
            assert (k is None) == (low is None or high is None)
            if k is None:
                continue
            assert isinstance(k, int)
            assert low < k <= high
            assert k % steps[found["regime"]] == 0
            if answer["kind"] == "exact":
                assert k >= least.get((found["regime"], found["n"], found["d"]), 0.0) - 1e-9
                assert not answer["limited_by_budget"]


def test_the_quickstart_is_found_again(registry: Registry, tmp_path: Path) -> None:
    suite, _ = load_suite("quickstart")
    with Store(tmp_path, exclusive=True) as store, InProcess(1) as executor:
        run = Run(suite, registry, store, "cpu")
        store.began(suite.text, {"suite": suite.name, "device": "cpu"})
        results = run.go(executor)
    for kept in record("quickstart")["thresholds"]:
        # References of before there were fates answer for the budget alone.
        tolerance = None if "kind" in kept else suite.budget.report_tolerance
        found = results.threshold(kept["regime"], kept["n"], kept["d"], tolerance)
        low, high = (kept["low"] or 0), (kept["high"] or math.inf)
        # Both brackets miss k½ with a chance of at most 5 %, so they have it in common with at least 90 %; on the
        # same kind of machine they are equal.
        assert max(low, found.low or 0) < min(high, found.high or math.inf), (kept, found)
        if "kind" in kept and found.k_half is not None:  # the others were found by another search on other problems
            assert low < found.k_half <= high
