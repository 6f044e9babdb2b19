"""Fates are found where they are wanted, once, and change nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Continuation, Outcome
from harness.components.outcome_record import digits
from harness.driver.estimate import estimate
from harness.driver.explain import explain
from harness.driver.loading import load_results
from harness.driver.plan import Plan
from harness.driver.results import Results
from harness.driver.run import Run
from harness.driver.undecided import failed_fates
from harness.engine import continuations
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import Suite, parse_suite
from harness.suite.resolved import resolve, suite_of
from tests.driver.tiny_suite import Counting
from tests.fated import Broken, Eleven, Ten

TEXT = """
[suite]
name = "limited"
[problems]
dataset = "sphere"
n = 12
d = 4
[budget]
steps = 200
tolerances = [0.1]
[search]
method = "grid"
widths = [2, 4, 8]
trials = 5
[[regimes]]
name = "plain"
use = "moderate"
[[regimes]]
name = "heavy"
use = "moderate"
optimizer = "momentum"
"""


def decide_by(monkeypatch: pytest.MonkeyPatch, *those: Continuation) -> None:
    monkeypatch.setattr(continuations, "shipped", lambda: those)


@pytest.fixture
def suite(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Suite:
    decide_by(monkeypatch, Ten())
    return parse_suite(TEXT, registry)


def run(suite: Suite, registry: Registry, directory: Path, executor: Counting | None = None) -> tuple[Results, int]:
    executor = executor or Counting()
    with Store(directory) as store:
        going = Run(suite, registry, store, "cpu")
        going.begin()
        return going.go(executor), executor.trained


def everything(results: Results) -> list[Outcome]:
    return [outcome for _, outcomes in sorted(results.outcomes.items()) for outcome in outcomes]


def without_fates(results: Results) -> list[str]:
    return [digits(replace(outcome, fate=None)) for outcome in everything(results)]


def test_limit_is_on_unless_a_suite_turns_it_off(registry: Registry) -> None:
    suite = parse_suite(TEXT, registry)
    off = parse_suite(TEXT.replace("steps = 200", "steps = 200\nlimit = false"), registry)
    assert (suite.budget.limit, off.budget.limit) == (True, False)
    for one in (suite, off):
        assert suite_of(resolve(one, registry), registry, one.text).budget.limit == one.budget.limit
    data = resolve(suite, registry)
    del data["budget"]["limit"]
    assert not suite_of(data, registry, TEXT).budget.limit  # as before there were fates


def test_limit_off_on_and_off_trains_what_it_must(suite: Suite, registry: Registry, tmp_path: Path) -> None:
    off = suite.with_limit(False)
    before, trained = run(off, registry, tmp_path)
    assert trained == 30
    assert all(outcome.fate is None for outcome in everything(before))

    (heavy, plain) = sorted(estimate(suite, registry, tmp_path, "cpu", 1).thresholds, key=lambda one: one.regime)
    assert (plain.stored, plain.missing) == (0, 15)
    assert plain.why == "15 stored trials are trained again to decide their fates"
    assert (heavy.stored, heavy.missing, heavy.why) == (15, 0, "")
    (explained,) = [one for one in explain(suite, registry, tmp_path, "cpu") if one.regime == "plain"]
    assert explained.why == plain.why

    with Store(tmp_path) as store:
        assert Plan(suite, registry, "cpu", store).undecided == 15
    found, trained = run(suite, registry, tmp_path)
    assert trained == 15
    assert without_fates(found) == without_fates(before)
    assert {outcome.fate.continuation for outcome in everything(found) if outcome.fate} == {"ten 1"}
    assert sum(outcome.fate is not None for outcome in everything(found)) == 15
    again, trained = run(suite, registry, tmp_path)
    assert (trained, everything(again)) == (0, everything(found))

    after, trained = run(off, registry, tmp_path)
    assert trained == 0
    assert everything(after) == everything(found)  # fates are kept
    last, trained = run(suite, registry, tmp_path)
    assert (trained, everything(last)) == (0, everything(found))


def test_other_versions_are_found_again_and_read_as_they_are(
    suite: Suite, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = run(suite, registry, tmp_path)
    decide_by(monkeypatch, Eleven())
    assert everything(load_results(tmp_path, registry=registry)) == everything(found)
    again, trained = run(suite, registry, tmp_path)
    assert trained == 15
    assert {outcome.fate.continuation for outcome in everything(again) if outcome.fate} == {"ten 2"}


def test_results_of_before_are_read_as_they_were(suite: Suite, registry: Registry, tmp_path: Path) -> None:
    off = suite.with_limit(False)
    before, _ = run(off, registry, tmp_path)
    assert everything(load_results(tmp_path, suite, registry)) == everything(before)
    assert load_results(tmp_path, suite, registry).missing == 0


def test_a_broken_continuation_costs_no_trial_and_is_tried_again(
    suite: Suite, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_by(monkeypatch, Broken())
    found, _ = run(suite, registry, tmp_path)
    assert not found.errors()
    fates = [outcome.fate for outcome in everything(found) if outcome.fate is not None]
    assert {(fate.kind, fate.message) for fate in fates} == {("open", "ZeroDivisionError: it is broken")}
    (line,) = failed_fates(found.outcomes)
    said = "the fates of 15 trials are open, since ten 1 raised, first in plain, n = 12, d = 4, k = 2, trial 0: "
    assert line == f"{said}ZeroDivisionError: it is broken"
    decide_by(monkeypatch, Ten())
    mended, trained = run(suite, registry, tmp_path)
    assert trained == 15
    assert without_fates(mended) == without_fates(found)
    assert failed_fates(mended.outcomes) == []


def test_an_interrupted_run_goes_on_to_the_same_fates(suite: Suite, registry: Registry, tmp_path: Path) -> None:
    whole, _ = run(suite, registry, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(suite, registry, tmp_path / "parts", Counting(stop_after=4))
    parts, trained = run(suite, registry, tmp_path / "parts")
    assert 0 < trained < 30
    assert everything(parts) == everything(whole)


def test_the_search_goes_by_fates(suite: Suite, registry: Registry, tmp_path: Path) -> None:
    run(suite, registry, tmp_path)
    with Store(tmp_path) as store:
        plain, heavy = Plan(suite, registry, "cpu", store).searches
    assert (plain.fates, heavy.fates) == ("ten 1", "")
    assert plain.key == Plan(suite.with_limit(False), registry, "cpu").searches[0].key
    for search in (plain, heavy):
        counts = search.counts()
        for k, outcomes in search.outcomes.items():
            fits = [o.fate.kind == "fit in the limit" if o.fate else o.hits[0] is not None for o in outcomes]
            assert counts[k] == (sum(fits), 5)
    assert '"fates": "ten 1"' in plain.ledger.settings
    assert "fates" not in heavy.ledger.settings
