"""Searches: how many trials are expected, where they begin, and which rounds are recorded and followed."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell
from harness.driver.loading import load_results
from harness.driver.threshold_searches import steps_ahead, threshold_searches
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.search import USUAL_TRIALS, WIDTHLESS_TRIALS, Grid, Search
from harness.store import FILE, Store
from harness.suite import parse_suite
from tests.small_grid import SUITE, trained

ODD, EVEN = Grid((3, 5), trials=4), Grid((3, 4, 8), trials=4)


@pytest.mark.parametrize(
    ("search", "preset", "expected"),
    [
        (EVEN, "moderate", 12),
        (EVEN, "narrow", 8),  # pairs of neurons have even widths
        (ODD, "narrow", 0),
        (Adaptive(), "moderate", None),
        (Adaptive(), "kernel", WIDTHLESS_TRIALS),
        (Adaptive(trials=3), "kernel", 3),
        (EVEN, "kernel", 4),
    ],
)
def test_expected_trials(search: Search, preset: str, expected: int | None, registry: Registry) -> None:
    suite = replace(parse_suite(SUITE, registry), n=(8,), d=(2, 4), search=search)
    regime = registry.regime(preset)
    assert search.expected(regime, 8, 2) == expected
    trials = USUAL_TRIALS if expected is None else expected
    assert steps_ahead(suite, regime) == 2 * trials * suite.budget.steps, "no trials are no steps"


def test_a_search_begins_with_one_weight_a_label(registry: Registry) -> None:
    hidden, output, pairs = (registry.regime(name) for name in ("moderate", "output-only", "narrow"))
    assert [regime.starting_width(60, 8) for regime in (hidden, output)] == [7.5, 60]
    grid = Grid(trials=1, multiples=(0.5, 3.0))
    assert [list(grid.wanted(regime, 60, 8)) for regime in (hidden, output, pairs)] == [[4, 23], [30, 180], [4, 24]]


def test_a_run_records_its_rounds_and_they_are_followed(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SUITE.replace('method = "grid"\nwidths = [2, 4, 6, 8]\ntrials = 6', "trials = 40")
    whole = trained(tmp_path, registry, text=text)
    with Store(tmp_path, create=False) as store:
        searches = threshold_searches(parse_suite(text, registry), registry, "cpu")
        ledgers = store.ledgers({search.ledger: search.most for search in searches})
    for search in searches:
        name, rounds = search.setting.regime.name, ledgers[search.ledger]
        asked = {(k, seed) for asked in rounds for k, first, more in asked for seed in range(first, first + more)}
        cells = {k: whole.outcomes[Cell(name, search.n, search.d, k)] for k in whole.widths(name, search.n, search.d)}
        assert asked == {(k, outcome.seed) for k, outcomes in cells.items() for outcome in outcomes}
        assert len(rounds) > 1 or name == "limit"
    with monkeypatch.context() as patch:
        patch.setattr(Adaptive, "next", lambda *_, **__: {})
        assert repr(load_results(tmp_path, registry=registry).outcomes) == repr(whole.outcomes), (
            "rounds are not followed"
        )
    with contextlib.closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("DELETE FROM rounds")  # as in files of version 0.1
    assert repr(load_results(tmp_path, registry=registry).outcomes) == repr(whole.outcomes)


def test_a_default_that_changes_does_not_change_how_an_old_run_is_read(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(tmp_path, registry)
    monkeypatch.setattr("harness.driver.threshold_searches.semantic_key", lambda _: "another key")
    with Store(tmp_path) as store:
        last = store.last_run()
        assert last is not None
        changed = last.suite.replace("steps = 400", "steps = 401").replace("[2, 4, 6, 8]", "[2, 4]")
        store.began(changed, last.provenance, last.resolved)
    again = load_results(tmp_path, registry=registry)
    assert again.suite == replace(whole.suite, text=changed)
    assert repr(again.outcomes) == repr(whole.outcomes)
