"""Verdicts by a diagnostic in place of a tolerance, widths as formulas, and numbers of samples as formulas of d."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.builtin.datasets import Sphere
from harness.components import Cell
from harness.components.entries import Missing, Note
from harness.driver.loading import load_results
from harness.driver.results import Results
from harness.driver.run import Run
from harness.engine.draws import draw_problem, draw_weights
from harness.plugin_host.registry import Registry
from harness.report import map_view as map_view_module
from harness.report.comparison_view import comparison_view
from harness.report.diagnostics_view import diagnostics_view
from harness.report.map_view import cells_of, diagnostic_maps, map_view
from harness.report.phase import cells_view, draw
from harness.report.thresholds_view import MAY_FALL, k_half, thresholds_view
from harness.store import Store
from harness.suite import SuiteError, parse_suite
from tests.driver.tiny_suite import Counting

SUITE = """
[suite]
name = "rank"
seed = 1
[problems]
dataset = { use = "sphere", labels = "rademacher" }
n = ["2*d", "d^1.25"]
d = [8, 12]
[budget]
steps = 1
tolerances = [0.1]
report_tolerance = 0.1
spectrum = false
fit = { diagnostic = "initial-rank", at_least = 1.0 }
[search]
method = "grid"
widths = ["n/d", "2*n/d", 5]
trials = 12
[[regimes]]
name = "relu"
use = "moderate"
activation = "relu"
[[regimes]]
name = "softplus"
use = "moderate"
"""


def run(text: str, registry: Registry, directory: Path) -> Results:
    with Store(directory) as store:
        going = Run(parse_suite(text, registry), registry, store, "cpu")
        going.begin()
        return going.go(Counting())


@pytest.fixture(scope="module")
def results(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(SUITE, registry, tmp_path_factory.mktemp("rank"))


def test_sizes_and_widths_are_those_of_the_formulas(results: Results) -> None:
    assert sorted(results.sizes()) == [(14, 8), (16, 8), (23, 12), (24, 12)]  # 8^1.25 = 13.45, 12^1.25 = 22.3
    assert results.widths("softplus", 24, 12) == [2, 4, 5]
    assert results.widths("softplus", 23, 12) == [2, 4, 5]  # 23/12 and 46/12, rounded up
    assert results.widths("softplus", 14, 12) == []


def test_a_trial_fits_if_its_jacobian_has_full_rank(results: Results, registry: Registry) -> None:
    """The rank of J₀ by NumPy: of ReLU nets it is that of the columns v_j [z_ij > 0] x_i."""
    dataset, regime = Sphere(labels="rademacher"), results.regime("relu")
    for k in (2, 4, 5):
        ranks = []
        for seed in range(12):
            problem = draw_problem(dataset, 24, 12, seed=seed, base=1)
            weights = draw_weights(regime.initializer, regime.model, problem, k, seed=seed, base=1)
            on = (problem.x @ weights["W"].T > 0) * weights["v"]
            ranks.append(np.linalg.matrix_rank((on[:, :, None] * problem.x[:, None, :]).reshape(24, -1)))
        assert results.counts("relu", 24, 12)[k] == (sum(rank == 24 for rank in ranks), 12)


def test_smooth_nets_have_full_rank_as_soon_as_they_have_the_weights(results: Results) -> None:
    for n, d in results.sizes():
        for k, (m, trials) in results.counts("softplus", n, d).items():
            assert m == (trials if k * d >= n else 0)


def test_a_measure_that_is_monotone_has_brackets(results: Results) -> None:
    found = results.threshold("softplus", 24, 12)
    assert (found.kind, found.low, found.high) == ("diagnostic", None, 2), "2d ≥ n from the smallest width on"
    assert results.threshold("softplus", 24, 12, 0.1, 1) == found
    caption = thresholds_view(results).caption
    assert "A trial fits when its initial-rank ≥ 1" in caption
    assert "No bracket" not in caption
    assert comparison_view(results).rows
    shares = {row.entries[4].text() for row in cells_view(results).rows if row.entries[0].text() == "softplus"}
    assert shares == {"12/12"}


def test_fits_beside_diagnostics_are_those_of_the_diagnostic_and_not_of_the_tolerance(results: Results) -> None:
    """One step meets the tolerance in no trial, while all initial Jacobians of softplus have full rank."""
    view = diagnostics_view(results)
    row = next(row for row in view.rows if row.entries[0].text() == "softplus")
    assert row.entries[4].text() == "12/12"
    assert "A trial fits when its initial-rank ≥ 1" in view.caption
    strict = diagnostics_view(results, tolerance=0.1)
    assert strict.rows == view.rows, "the reported tolerance is replaced by the diagnostic"


def test_a_map_says_which_regimes_have_no_value(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [(cell, values) for cell, values in cells_of(results, "initial-rank") if cell.regime == "softplus"]
    monkeypatch.setattr(map_view_module, "cells_of", lambda _results, _name: known)
    for drawing in diagnostic_maps(results, "initial-rank"):
        missing = "No trial of this regime has a value of initial-rank." in [line.plain for line in draw(drawing)]
        assert missing == (drawing.regime != "softplus")


def test_a_run_is_read_with_its_diagnostic(results: Results, registry: Registry) -> None:
    assert results.directory is not None
    loaded = load_results(results.directory, registry=registry)
    assert loaded.suite.budget.fit == results.suite.budget.fit
    assert loaded.suite.sizes == results.suite.sizes
    assert loaded.outcomes == results.outcomes
    assert loaded.counts("relu", 16, 8) == results.counts("relu", 16, 8)


def test_an_adaptive_search_goes_by_the_diagnostic(registry: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('method = "grid"\nwidths = ["n/d", "2*n/d", 5]\ntrials = 12', "trials = 60")
    text = text[: text.index('[[regimes]]\nname = "relu"')] + '[[regimes]]\nname = "softplus"\nuse = "moderate"\n'
    found = run(text.replace('["2*d", "d^1.25"]', "22").replace("d = [8, 12]", "d = 5"), registry, tmp_path)
    threshold = found.threshold("softplus", 22, 5)
    assert (threshold.low, threshold.k_half, threshold.high) == (4, 5, 5), "the first k with 5k ≥ 22"


def test_a_measure_that_may_fall_has_no_brackets(registry: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('"initial-rank", at_least = 1.0', '"held-out-accuracy", at_least = 0.5')
    text = text.replace("d = [8, 12]", "d = [8, 12]\nheld_out = 30")
    found = run(text, registry, tmp_path)
    threshold = found.threshold("softplus", 24, 12)
    assert (threshold.low, threshold.high, threshold.k_half) == (None, None, None)
    assert threshold.trials == 36
    assert "No bracket is printed" in thresholds_view(found).caption
    assert k_half(found, "softplus", 24, 12) == Missing(MAY_FALL, notes=(Note(MAY_FALL),))
    values = [o.diagnostics["held-out-accuracy"] for o in found.outcomes[Cell("relu", 24, 12, 4)]]
    assert found.counts("relu", 24, 12)[4][0] == sum(value >= 0.5 for value in values)
    row = next(row for row in map_view(found).rows if [e.text() for e in row.entries[:4]] == ["relu", "24", "12", "4"])
    assert row.entries[5].fields()[""] == pytest.approx(float(np.median(values)))


@pytest.mark.parametrize(
    ("change", "by", "complaint"),
    [
        ('"initial-rank"', '"inital-rank"', "budget.fit.diagnostic unknown-name"),
        (", at_least = 1.0", "", "budget.fit missing"),
        ("at_least = 1.0", "at_least = 1.0, at_most = 2.0", "budget.fit missing"),
        ('"n/d"', '"n/m"', "search.widths refused"),
        ('"n/d"', '"n-100"', "search.widths refused"),
        ('"2*d"', '"2*k"', "problems.n refused"),
        ('"2*d"', '"d^9"', "problems.n refused"),
        # Of samples that are not drawn every value would be missing, so that no trial would fit.
        ('"initial-rank"', '"held-out-accuracy"', "problems.held_out missing"),
        ('"initial-rank"', '"linearised-held-out-error"', "problems.held_out missing"),
        ('"initial-rank"', '"validation-error"', "problems.validation missing"),
    ],
)
def test_faults_are_complaints(registry: Registry, change: str, by: str, complaint: str) -> None:
    assert change in SUITE
    with pytest.raises(SuiteError) as error:
        parse_suite(SUITE.replace(change, by, 1), registry)
    assert [f"{c.place} {c.code}" for c in error.value.complaints] == [complaint]
