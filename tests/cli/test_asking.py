"""``--at-error`` and ``--at-margin``: k½ by a recorded mark in every view that a tolerance reaches."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import harness.driver.loading
from harness.cli.report_tables import TAKES
from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite
from tests.command_line import called

SUITE = """
[suite]
name = "marks"
[problems]
dataset = { use = "sphere", labels = "classes", classes = 3 }
n = 24
d = 6
[budget]
steps = 1000
tolerances = [0.5, 0.1]
report_tolerance = 0.1
limit = false
[search]
method = "grid"
widths = [2, 4, 6, 8]
trials = 20
[[regimes]]
name = "softmax"
use = "train-all"
criterion = { use = "cross-entropy", at_errors = [0.25, 0.0], at_margins = [0.5] }
diagnostics = []
[[regimes]]
name = "squared"
use = "train-all"
criterion = { use = "quadratic", at_errors = [0.0] }
diagnostics = []
"""
STEP = 300
"""Step at which every mark is met by nets that meet it."""


def trial(seed: int, loss: bool, **met: tuple[bool, ...]) -> Outcome:
    further: dict[str, Any] = {name: tuple(STEP if one else None for one in several) for name, several in met.items()}
    return Outcome(seed, (20, 200 if loss else None), 1000, 0.05, further_hits=further)


def net(regime: str, k: int, seed: int) -> Outcome:
    """Right labels take 6 neurons with softmax and 8 with the squared loss, losses the other way round."""
    if regime == "softmax":
        return trial(seed, k >= 8, error=(k >= 4, k >= 6), margin=(k >= 8,))
    return trial(seed, k >= 6, error=(k >= 8,))


@pytest.fixture(autouse=True)
def stored(registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outcomes = {
        Cell(regime, 24, 6, k): tuple(net(regime, k, seed) for seed in range(20))
        for regime in ("softmax", "squared")
        for k in (2, 4, 6, 8)
    }
    results = Results(parse_suite(SUITE, registry), registry, outcomes)
    monkeypatch.setattr(harness.driver.loading, "load_results", lambda *_, **__: results)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    for name in ("run", "again"):
        (tmp_path / name).mkdir()


def test_each_regime_has_the_bracket_of_its_own_hits() -> None:
    status, out, err = called("report", "run", "--at-error", "0")
    assert (status, err) == (0, "")
    assert "have error ≤ 0, after at most 1000 steps" in " ".join(out.split())
    assert "5 (4, 6]" in out
    assert "7 (6, 8]" in out
    row = {
        name: next(
            csv.DictReader(called("report", "run", "--format", "csv", "--regime", "softmax", *asked)[1].splitlines())
        )
        for name, asked in {
            "error": ("--at-error", "0.25"),
            "early": ("--at-error", "0", "--steps", str(STEP - 1)),
            "margin": ("--at-margin", "0.5"),
        }.items()
    }
    ends = {name: (found["k_half_low"], found["k_half_high"]) for name, found in row.items()}
    assert ends == {"error": ("2", "4"), "early": ("8", "inf"), "margin": ("6", "8")}


def test_nets_are_paired_by_the_mark_that_their_criterion_records() -> None:
    """It is the second of one criterion, and the first of the other."""
    _, out, _ = called("report", "run", "--view", "comparison", "--at-error", "0", "--format", "csv")
    (row,) = csv.DictReader(out.splitlines())
    assert (row["wins"], row["losses"]) == ("20", "0")


@pytest.mark.parametrize("view", [name for name, taken in TAKES.items() if "tolerance" in taken and name != "trials"])
def test_every_view_that_takes_a_tolerance_takes_a_mark_and_says_so(view: str) -> None:
    status, out, err = called("report", "run", "--view", view, "--format", "json", "--at-error", "0")
    assert (status, err) == (0, "")
    assert "error ≤ 0" in json.loads(out)["caption"]


def test_verdicts_of_trials_follow_the_mark() -> None:
    _, out, _ = called("report", "run", "--view", "trials", "--at-error", "0")
    fits = {(row["regime"], row["k"]) for row in csv.DictReader(out.splitlines()) if row["verdict"] == "fit"}
    assert fits == {("softmax", "6"), ("softmax", "8"), ("squared", "8")}


def test_runs_are_compared_by_a_mark() -> None:
    status, out, _ = called("compare", "run", "again", "--at-error", "0", "--json")
    assert status == 0
    found = {one["regime"]: one["first"] for one in json.loads(out)["sizes"]}
    assert {name: (one["by"], one["low"], one["high"]) for name, one in found.items()} == {
        "softmax": ("error ≤ 0", 4, 6),
        "squared": ("error ≤ 0", 6, 8),
    }
    status, out, _ = called("compare", "run", "again", "--at-margin", "0.5", "--regime", "soft*")
    assert status == 0
    assert "its margin ≥ 0.5" in " ".join(out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--at-error", "0.1", "--regime", "softmax"),
            "recorded error ≤ 0.25, error ≤ 0, margin ≥ 0.5: did you mean --at-error 0?",
        ),
        (
            ("--at-error", "0.25"),
            "regime 'squared' did not record error ≤ 0.25; choose regimes that did with --regime, of 'softmax'",
        ),
        (("--at-margin", "1", "--regime", "squared"), "did you mean --at-error 0?"),
        (("--at-error", "0", "--tolerance", "0.1"), "--tolerance and --at-error: one of them"),
        (("--at-error", "0", "--steps", "inf"), "leave out --steps inf"),
        (("--at-error", "0", "--steps", "1001"), "at most 1000 steps"),
        (("--at-error", "none"), "expected a number"),
        (("--view", "sensitivity", "--at-error", "0"), "--at-error changes nothing in the view sensitivity"),
        (("--view", "held-out", "--at-error", "0"), "--at-error changes nothing in the view held-out"),
        (("--plot", "--at-margin", "0.5", "--regime", "softmax"), "leave out --at-margin"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(arguments: tuple[str, ...], message: str) -> None:
    status, out, err = called("report", "run", *arguments)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("view", ["thresholds", "theories"])
def test_the_first_words_below_a_table_say_what_was_asked_for(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal shows four lines of caption and notes, of which these are the first."""
    monkeypatch.setenv("COLUMNS", "80")
    asked = {"--at-error": "error ≤ 0 within 1000 steps", "--tolerance": "fits to 0.5 within 1000 steps"}
    for option, said in asked.items():
        _, out, _ = called("report", "run", "--view", view, option, "0" if option == "--at-error" else "0.5")
        assert f"half of the trials fit ({said})." in " ".join(out.split())
    _, out, _ = called("report", "run", "--view", view)
    assert "half of the trials fit. " in " ".join(out.split())
