"""Searches: how many trials are expected, where they begin, and which rounds are recorded and followed."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell
from harness.driver.loading import load_results
from harness.driver.results import Results
from harness.driver.threshold_searches import steps_ahead, threshold_searches
from harness.engine.draws import draw_problem
from harness.engine.setting import Setting
from harness.engine.trial import prepare
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.evidence import replay
from harness.statistics.rounds import tally
from harness.statistics.search import USUAL_TRIALS, WIDTHLESS_TRIALS, Grid, Search
from harness.store import FILE, Store
from harness.suite import parse_suite
from harness.suite.resolved import resolve, suite_of
from tests.driver.tiny_suite import SUITE as TINY
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


def searched(registry: Registry, folder: Path, options: str) -> Results:
    """Train the suite with an adaptive search."""
    text = SUITE.replace('method = "grid"\nwidths = [2, 4, 6, 8]\ntrials = 6', options)
    return trained(folder, registry, text=text)


def test_more_trials_and_another_precision_append_to_the_ledger(registry: Registry, tmp_path: Path) -> None:
    few = searched(registry, tmp_path, "max_width = 32\ntrials = 16")
    more = searched(registry, tmp_path, "max_width = 32\ntrials = 30\nprecision = 1.1")
    fewer = searched(registry, tmp_path, "max_width = 32\ntrials = 20")
    for place, rounds in few.rounds.items():
        if not few.regime(place[0]).model.has_width:
            continue
        assert tuple(more.rounds[place])[: len(rounds)] == tuple(rounds)
        assert fewer.rounds[place] == more.rounds[place], "no recorded round is forgotten"
    assert sum(map(len, more.rounds.values())) > sum(map(len, few.rounds.values()))
    assert set(more.endings.values()) <= {"fine enough", "beyond", "trials spent", "nothing to certify", "open trials"}
    assert more.endings


def test_every_question_has_the_bracket_of_its_own_replay(registry: Registry, tmp_path: Path) -> None:
    run = searched(registry, tmp_path, "max_width = 32\ntrials = 40")
    regime = next(one for one in run.suite.regimes if one.model.has_width)
    n, d = run.sizes()[0]
    for tolerance in run.suite.budget.tolerances:
        index = run.rung(tolerance)
        tallies = [
            {
                k: tally(
                    o.verdict(index) for o in run.outcomes[Cell(regime.name, n, d, k)] if first <= o.seed < first + m
                )
                for k, first, m in asked
            }
            for asked in run.rounds[regime.name, n, d]
        ]
        bracket = replay(tallies, regime.starting_width(n, d), 32).bracket()
        found = run.threshold(regime.name, n, d, tolerance)
        assert found.high == bracket[1]
        assert found.low == bracket[0] or (found.low, found.high) == (0, 1)
        assert found.at(0.01).evidence is found.evidence


def test_each_width_has_problems_of_its_own_which_regimes_share(registry: Registry) -> None:
    text = SUITE.replace('method = "grid"\nwidths = [2, 4, 6, 8]\ntrials = 6', "max_width = 32")
    first, second = (one.setting for one in threshold_searches(parse_suite(text, registry), registry, "cpu")[::2][:2])
    grid = threshold_searches(parse_suite(SUITE, registry), registry, "cpu")[0].setting
    one = first.dataset

    def problem(setting: Setting, k: int, seed: int) -> list[float]:
        own = k if setting.problems == "by-width" else None
        drawn = draw_problem(one, 12, 4, seed=seed, base=setting.base_seed, k=own)
        assert (prepare(setting, 12, 4, k, seed).problem.x == drawn.x).all()
        return [float(value) for value in drawn.x.ravel()]

    assert first.problems == second.problems == "by-width"
    assert problem(first, 4, 0) == problem(second, 4, 0)
    assert problem(first, 4, 0) != problem(first, 6, 0)
    assert "problems" not in grid.data(registry)
    assert problem(grid, 4, 0) == problem(grid, 6, 0)
    fixed = parse_suite(text.replace("[problems]", "[problems]\nresample = false"), registry)
    assert fixed.problems == "shared", "one problem is one problem"
    cell = parse_suite(text.replace("[problems]", '[problems]\nresample = "cell"'), registry)
    of_cell = threshold_searches(cell, registry, "cpu")[0].setting
    same, also, other = (prepare(of_cell, 12, 4, k, seed).problem.x for k, seed in ((4, 0), (4, 1), (6, 0)))
    assert (same == also).all(), "the trials of a cell share its problem"
    assert not (same == other).any()
    assert suite_of(resolve(cell, registry), registry, text).each_cell


@pytest.mark.parametrize(
    ("most", "hidden", "output"), [(32, [2, 3, 3], [11, 15, 19]), (14, [2, 3, 3], [11, 13, 13]), (2, [1] * 3, [1] * 3)]
)
def test_widths_that_counting_rules_out_are_known_before_a_trial(
    most: int, hidden: list[int], output: list[int], registry: Registry
) -> None:
    """5k < n, and k < n for output weights, leave no exact fit. The largest width is tried all the same."""
    text = TINY.replace("trials = 60", f"trials = 60\nmax_width = {most}")
    searches = threshold_searches(parse_suite(text, registry), registry, "cpu")
    assert [search.floor for search in searches] == [*hidden, *output]
    for search in searches:
        assert min(search.advance(lambda *_: None))[0] > search.floor
    signs = text.replace('dataset = "sphere"', 'dataset = { use = "sphere", labels = "rademacher" }')
    budgeted = text.replace("steps = 600", "steps = 600\nlimit = false")
    for other in (signs, budgeted):
        assert {one.floor for one in threshold_searches(parse_suite(other, registry), registry, "cpu")} == {0}
