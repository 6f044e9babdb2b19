"""Verification: equal settings give equal digits, what was changed is found, and the intervals hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.components import Cell, Outcome
from harness.components.executor import BatchFailed
from harness.components.fault import Fault
from harness.components.outcome_record import agree
from harness.driver.results import Results
from harness.exchange.retraining import verify
from harness.exchange.verification import Retrained, Verification
from harness.exchange.verification_sample import Pick, Stratum, parts, sample
from harness.executors.in_process import InProcess
from harness.plugin_host.registry import Registry
from harness.report.json_text import dumps
from harness.report.terminal import lines
from harness.report.verification_view import flips_view, verification_record, verification_view, why_flipped
from tests.small_grid import trained

TRIALS = 2 * (4 + 4) * 6 + 2 * 6


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return trained(tmp_path_factory.mktemp("whole"), registry)


def changed(results: Results, cell: Cell, seed: int, **change: Any) -> Results:
    trials = tuple(replace(t, **change) if t.seed == seed else t for t in results.outcomes[cell])
    return replace(results, outcomes={**results.outcomes, cell: trials})


def test_trained_again_alone_every_digit_is_the_same(whole: Results) -> None:
    heard: list[tuple[int, int]] = []
    found = verify(whole, InProcess(), trials=10**6, listen=lambda done, of: heard.append((done, of)))
    assert len(found.trials) == TRIALS
    assert all(trial.equal for trial in found.trials)
    assert (found.broken, found.failed) == ([], [])
    assert {t.step_difference for t in found.trials} <= {0, None}
    assert set(found.expected.values()) == {""}
    whole_run = found.whole()
    assert (whole_run.flipped, whole_run.trials, whole_run.share, whole_run.interval) == (0, TRIALS, 0.0, (0.0, 0.0))
    assert heard == [(done, TRIALS) for done in range(1, TRIALS + 1)]


def test_a_changed_digit_and_a_changed_verdict_are_found(whole: Results) -> None:
    picks = parts(whole, 1)["mixed"]
    fit = next(p for p in picks if p.stored.verdict(1) == "fit")
    other = next(p for p in picks if p.cell != fit.cell)
    forged = changed(whole, fit.cell, fit.stored.seed, hits=(fit.stored.hits[0], None), measure=0.3)
    forged = changed(forged, other.cell, other.stored.seed, measure=other.stored.measure * (1 + 1e-15))
    found = verify(forged, InProcess(), trials=10**6)
    assert {(t.pick.cell, t.pick.stored.seed) for t in found.broken} == {
        (fit.cell, fit.stored.seed),
        (other.cell, other.stored.seed),
    }
    (flip,) = [trial for trial in found.trials if trial.flipped]
    assert (flip.pick.cell, flip.verdicts) == (fit.cell, ("unfit", "fit"))
    assert found.whole().share == pytest.approx(1 / TRIALS)
    table = flips_view(found, forged)
    assert len(table.rows) == 2
    for width in (80, 160):
        for view in (table, verification_view(found, forged)):
            assert max(len(line.plain) for line in lines(view, width)) <= width
    record = json.loads(dumps(verification_record(found, forged)), parse_constant=pytest.fail)
    assert (record["broken"], record["flipped"]["run"]["flipped"], record["equal"]) == (2, 1, TRIALS - 2)


def test_another_fate_is_found_and_one_that_is_not_known_is_no_difference(whole: Results) -> None:
    cell = next(cell for cell in whole.outcomes if cell.regime == "features")
    stored = whole.outcomes[cell][2]
    assert stored.fate is not None
    unknown = replace(stored.fate, continuation="x 1")
    for fate, other in ((replace(stored.fate, kind="open"), 1), (None, 0), (unknown, 0)):
        forged = changed(whole, cell, 2, fate=fate)
        found = verify(forged, InProcess(), trials=10**6)
        assert [len(found.broken), sum(trial.other_fate for trial in found.trials)] == [other, other]
        record = json.loads(dumps(verification_record(found, forged)), parse_constant=pytest.fail)
        assert record["other_fate"] == other
        assert {tuple(trial["fates"]) for trial in record["trials"] if trial["fates"]} >= {(stored.fate.kind,) * 2}
        assert len(flips_view(found, forged).rows) == other
        assert any(cell.header == "other fate" for cell in verification_view(found, forged).columns)


def test_another_precision_need_not_be_equal_but_agrees(whole: Results) -> None:
    found = verify(whole, InProcess(), trials=24, dtype="float64")
    assert set(found.expected.values()) == {"dtype float64 instead of float32"}
    assert found.broken == []
    linear = [t for t in found.trials if t.pick.cell.regime in ("features", "limit")]
    assert linear
    assert all(t.verdicts[0] == t.verdicts[1] for t in linear), "exact solutions do not depend on the precision asked"
    assert not all(t.equal for t in found.trials)


def test_other_versions_are_named(whole: Results) -> None:
    elsewhere = {**whole.provenance, "versions": {**whole.provenance["versions"], "torch": "2.6.0"}}
    found = verify(replace(whole, provenance=elsewhere), InProcess(), trials=1)
    assert all(reason.endswith("instead of 2.6.0") for reason in found.expected.values())
    elsewhere = {**whole.provenance, "versions": {**whole.provenance["versions"], "compiler": "tcc"}}
    expected = verify(replace(whole, provenance=elsewhere), InProcess(), trials=1).expected
    assert expected["softplus"].endswith("instead of tcc"), "it compiled the kernel"
    assert expected["features"] == expected["limit"] == "", "they are solved without it"
    elsewhere = {**whole.provenance, "processor": "abacus"}
    found = verify(replace(whole, provenance=elsewhere), InProcess(), trials=1)
    assert all(reason.endswith("instead of abacus") for reason in found.expected.values())


def test_a_solver_that_is_not_had_here_gives_way_to_another(whole: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    for solver in ("fused", "fused_stack"):
        monkeypatch.setattr(f"harness.engine.solvers.{solver}.unavailable", lambda *_: "there is no compiler")
    found = verify(whole, InProcess(), trials=12)
    assert found.solvers["softplus"] == ("fused", "stacked")
    assert found.expected == {"softplus": "solver stacked instead of fused", "features": "", "limit": ""}
    assert found.broken == found.failed == []


def test_what_cannot_be_trained_again_is_no_flip(whole: Results) -> None:
    class Broken(InProcess):
        def next_done(self) -> Any:
            raise BatchFailed(self._queue.popleft(), Fault("error", "ValueError: no"))

    found = verify(whole, Broken(), trials=4)
    assert len(found.failed) == len(found.broken) == 4
    assert found.whole().trials == 0
    assert found.whole().share is None
    assert [row.entries[-1].text() for row in flips_view(found, whole).rows] == ["ValueError: no"] * 4
    assert json.loads(dumps(verification_record(found, whole)))["failed"] == 4


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 60), st.integers(0, 5))
def test_samples_are_distinct_and_at_least_half_from_mixed_cells(
    mixed: int, decided: int, trials: int, seed: int
) -> None:
    def picks(part: Stratum, count: int) -> list[Pick]:
        return [Pick(Cell("r", 9, 3, 2), part, Outcome(i, (), 0, 0.0)) for i in range(count)]

    everything = {"mixed": picks("mixed", mixed), "decided": picks("decided", decided)}
    drawn = sample(everything, trials, seed)  # type: ignore[arg-type]  # by part
    assert len(drawn) == min(trials, mixed + decided)
    assert len({(p.part, p.stored.seed) for p in drawn}) == len(drawn)
    assert sum(p.part == "mixed" for p in drawn) >= min(mixed, -(-trials // 2))
    assert drawn == sample(everything, trials, seed)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose


def test_cells_are_mixed_where_some_fit_and_errors_are_left_out(whole: Results) -> None:
    found = parts(whole, 1)
    assert sum(map(len, found.values())) == TRIALS
    for part, picks in found.items():
        for cell in {pick.cell for pick in picks}:
            verdicts = {t.verdict(1) == "fit" for t in whole.outcomes[cell]}
            assert (len(verdicts) == 2) == (part == "mixed")
    cell, trials = next(iter(whole.outcomes.items()))
    broken = changed(whole, cell, trials[0].seed, message="no memory")
    assert sum(map(len, parts(broken, 1).values())) == TRIALS - 1


def drawn_from(flips: dict[Stratum, list[bool]], count: int, rng: np.random.Generator) -> Verification:
    """Return what verifying a sample of a run with known flips would find."""
    trials = []
    for part, known in flips.items():
        for i in rng.choice(len(known), count, replace=False):
            stored = Outcome(int(i), (5,), 9, 0.01)
            verdicts = ("fit", "unfit") if known[i] else ("fit", "fit")
            pick = Pick(Cell("r", 9, 3, 2), part, stored)
            trials.append(Retrained(pick, stored, verdicts, equal=False, step_difference=0))  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    sizes = {part: len(known) for part, known in flips.items()}
    return Verification(tuple(trials), sizes, "cpu", "float64", {}, {"r": "dtype"}, 0)


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.3, 0.0), (0.1, 0.02), (0.5, 0.1)])
def test_the_interval_of_the_run_covers_its_share(rates: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    flips: dict[Stratum, list[bool]] = {
        "mixed": [bool(x) for x in np.arange(60) < 60 * rates[0]],
        "decided": [bool(x) for x in np.arange(300) < 300 * rates[1]],
    }
    truth = sum(map(sum, flips.values())) / 360
    found = [drawn_from(flips, 20, rng).whole() for _ in range(200)]
    missed = sum(not share.interval[0] - 1e-12 <= truth <= share.interval[1] + 1e-12 for share in found)
    assert missed <= 10, "misses more than one in twenty"
    assert np.mean([share.share or 0.0 for share in found]) == pytest.approx(truth, abs=0.02), "the estimate is biased"


def test_an_interval_of_no_flips_is_that_of_clopper_and_pearson() -> None:
    found = drawn_from({"mixed": [False] * 60, "decided": [False] * 60}, 10, np.random.default_rng(0))
    assert found.share("mixed").interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 10)))
    assert found.whole().interval == pytest.approx((0.0, 1 - 0.0125 ** (1 / 10)))


@pytest.mark.parametrize(
    ("fit", "unfit", "words"),
    [
        (Outcome(0, (950,), 1000, 0.1), Outcome(0, (None,), 1000, 0.2), "met at step 950 of 1000"),
        (Outcome(0, (500,), 1000, 0.1), Outcome(0, (None,), 1000, 0.109), "within 10 % of the tolerance"),
        (Outcome(0, (500,), 1000, 0.1), Outcome(0, (None,), 1000, math.nan), "part long before"),
    ],
)
def test_flips_are_explained_by_how_close_they_are(fit: Outcome, unfit: Outcome, words: str) -> None:
    for stored, again in ((fit, unfit), (unfit, fit)):
        verdicts = stored.verdict(0), again.verdict(0)
        trial = Retrained(Pick(Cell("r", 9, 3, 2), "mixed", stored), again, verdicts, equal=False, step_difference=None)
        assert trial.flipped
        assert words in why_flipped(trial, 0.1, 1000, 0)


def test_another_measure_of_unlit_samples_is_found_where_it_is_known() -> None:
    known = Outcome(seed=0, hits=(3, None), measure=0.5, steps=9, unlit=0.25)
    assert agree(known, known)
    assert agree(known, replace(known, unlit=None))  # as version 0.2 stored it
    assert not agree(known, replace(known, unlit=0.5))
