"""No number of a result is written by hand: blocks are made from the reports, and prose outside of them has none."""

from __future__ import annotations

import ast
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from findings.blocks import BLOCK, made, pages, refreshed, without_blocks
from findings.changes import apart, changes
from findings.claims import other_seeds
from findings.prose import comments, findings_in, results_in, stale_in
from findings.reports import OTHER_SEED, REPORTS, ROOT, Answer, kept, parse, read
from findings.tables import TABLES, exponents, formulas, half_from
from findings.times import note, times_table

SUITES = sorted((ROOT / "suites").glob("*.toml"))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_a_page_are_those_of_the_reports(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert refreshed(text) == text, "the reports have other numbers: python -m findings refresh"
    assert text.count("<!-- findings:") == len(BLOCK.findall(text)) == text.count("<!-- end of findings -->")


def test_a_changed_number_in_a_block_or_in_a_report_is_seen(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = BLOCK.search(text)
    assert found is not None
    place = next(i for i in range(found.start(4), found.end(4)) if text[i].isdigit())
    digit = str((int(text[place]) + 1) % 10)
    assert refreshed(text[:place] + digit + text[place + 1 :]) == text
    file = tmp_path / "quickstart" / "thresholds.json"
    file.parent.mkdir()
    shutil.copy(REPORTS / "quickstart" / file.name, file)
    record = json.loads(file.read_text(encoding="utf-8"))
    first = record["thresholds"][0]
    for answer in (first, first.get("budget") or {}):
        answer["low"], answer["high"], answer["k_half"] = 70, 77, 77
    file.write_text(json.dumps(record), encoding="utf-8")
    assert "77 (70, 77]" in made("every-size", "quickstart", tmp_path)
    assert "77 (70, 77]" not in made("every-size", "quickstart")


def test_every_report_has_a_block() -> None:
    text = (REPORTS / "README.md").read_text(encoding="utf-8")
    assert {suite for _, _, suite, *_ in BLOCK.findall(text) if suite} >= set(kept())


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.stem)
def test_heads_of_suites_state_no_result(suite: Path) -> None:
    said = comments(suite.read_text(encoding="utf-8"))
    assert not results_in(said)
    assert not stale_in(said)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_state_no_result_outside_of_blocks(page: Path) -> None:
    text = without_blocks(page.read_text(encoding="utf-8"))
    assert not findings_in(text)
    assert not stale_in(text)


def test_docstrings_of_plugins_state_no_result() -> None:
    for file in sorted((ROOT / "plugins").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                said = ast.get_docstring(node) or ""
                assert not findings_in(said), file
                assert not stale_in(said), file


@pytest.mark.parametrize(
    "said",
    [
        "At n = 100 it takes 1.5 times as many weights as labels.",
        "By momentum k½ is 5.6 to 6.5 from all of them.",
        "A quarter of a minute on two cores.",
        "Training succeeds from kd = n on.",
        "4 neurons never suffice, however large d is.",
        "As found, 65 to 74 nets of 100 fit without constraints.",
    ],
)
def test_results_that_suites_had_are_seen(said: str) -> None:
    found = comments(f"# {said}\n[suite]\nseed = 1")
    assert results_in(found) or stale_in(found)


@pytest.mark.parametrize(
    "said",
    [
        "Smooth nets need k ~ n/d, one weight a label.",
        "On narrow nets the constraints of Zhang et al. never helped.",
        "Trials with the same seed face the same problem, and at the same width the same draws.",
        "At n = 400 k½ is 10.",
    ],
)
def test_results_that_pages_had_are_seen(said: str) -> None:
    assert findings_in(said) or stale_in(said)


@pytest.mark.parametrize("suite", list(kept()))
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_made_of_every_report(name: str, suite: str) -> None:
    lines = made(name, suite).splitlines()
    assert len({line.count(" | ") for line in lines}) == 1
    assert "inf]" not in "".join(lines)


def test_a_report_that_is_not_there_yet_is_said_to_be_missing(tmp_path: Path) -> None:
    assert made("asked", "review", tmp_path) == "No report yet: `harness run review` makes it."
    with pytest.raises(LookupError, match="no table 'unknown'"):
        made("unknown", "review")


def bracket(low: float, high: float, k_half: float | None = None) -> Answer:
    return Answer(k_half, low, high, 0.01, 100, {}, None)


def test_answers_are_spelled_as_a_width_a_bound_or_a_dash() -> None:
    spelled = [str(bracket(3, 5, 4)), str(bracket(9, math.inf)), str(bracket(0, 5)), str(bracket(0, math.inf))]
    assert spelled == ["4 (3, 5]", "> 9", "≤ 5", "–"]


def test_half_fit_from_the_first_width_that_no_wider_one_contradicts() -> None:
    counts = {2: (2, 4), 4: (1, 4), 6: (2, 4), 8: (4, 4)}
    assert half_from(Answer(None, 0, math.inf, 0.01, 100, counts, None)) == "6"
    assert half_from(Answer(None, 0, math.inf, 0.01, 100, {2: (0, 4)}, None)) == "–"


def test_exponents_are_spelled_with_what_brackets_allow() -> None:
    record = {"a": 0.9, "b": None, "a_interval": [0.8, 1.0], "b_interval": [-1.2, None], "refuted": False}
    assert exponents(record) == "0.90 [0.80, 1.00], [−1.20, …]"
    assert exponents(record | {"refuted": True}) == "no exponents fit"


def test_formulas_are_allowed_with_a_constant_or_refuted_by_sizes() -> None:
    report = read("quickstart")
    assert report is not None
    sizes = [{"n": 40, "d": 20, "low": 3, "high": 4}, {"n": 80, "d": 20, "low": 5, "high": 6}]
    law = {"regime": "relu", "law": "C n", "allowed": False, "low": None, "high": None, "conflict": sizes}
    other = law | {"law": "C n/d", "allowed": True, "low": 1.25, "conflict": []}
    assert formulas(replace(report, laws=(law, other))).splitlines()[2:] == [
        "| relu | C n | refuted by (40, 20) and (80, 20) |",
        "| relu | C n/d | C in (1.25, …] |",
    ]


def test_times_are_kept_by_suite(tmp_path: Path) -> None:
    note(tmp_path, "one", 59)
    note(tmp_path, "two", 121)
    note(tmp_path, "one", 61)
    assert times_table(tmp_path).splitlines()[2:] == ["| one | 2 |", "| two | 3 |", "| all | 4 |"]


def test_changes_name_what_moved() -> None:
    text = (REPORTS / "quickstart" / "thresholds.json").read_text(encoding="utf-8")
    before = parse(text)
    assert not list(changes(before, before))
    record = json.loads(text)
    first = record["thresholds"][0]
    moved = first.get("budget") or first
    moved["low"], moved["high"], moved["k_half"] = 900, 901, 901
    (line,) = [line for line in changes(before, parse(json.dumps(record))) if "budget" in line]
    assert line.startswith("moved, within the budget: softplus, n = 40, d = 20: ")
    assert line.endswith("901 (900, 901] now")
    assert not apart(bracket(3, 5), bracket(4, 6))
    assert apart(bracket(3, 4), bracket(4, 6))
    report = read("quickstart")
    assert report is not None
    assert report.largest("softplus").n == 120


AGAIN = [suite for suite in kept() if (REPORTS / suite / OTHER_SEED).exists()]
"""Suites whose claims were tested once more. The tables say of the others that they were not."""


@pytest.mark.parametrize("suite", AGAIN)
def test_claims_were_tested_once_more_with_the_seed_of_the_rule(suite: str) -> None:
    report, again = read(suite), read(suite, name=OTHER_SEED)
    assert report is not None
    assert again is not None
    assert again.seed == (report.seed or 0) + 1000
    assert [claim["text"] for claim in again.claims] == [claim["text"] for claim in report.claims]
    assert [claim["margin"] for claim in again.claims] == [claim["margin"] for claim in report.claims]


def test_verdicts_of_two_seeds_are_compared(tmp_path: Path) -> None:
    text = (REPORTS / "replicate-omega" / "thresholds.json").read_text(encoding="utf-8")
    folder = tmp_path / "replicate-omega"
    folder.mkdir()
    (folder / "thresholds.json").write_text(text, encoding="utf-8")
    first, *others = json.loads(text)["claims"]
    assert all(line.endswith("| – | not run |") for line in other_seeds(tmp_path).splitlines()[2:])
    moved = first | {"verdict": "opposite", "low": first["high"] + 1.0, "high": first["high"] + 2.0, "variants": []}
    again = json.loads(text) | {"claims": [moved, *others]}
    (folder / OTHER_SEED).write_text(json.dumps(again), encoding="utf-8")
    lines = [line for line in other_seeds(tmp_path).splitlines()[2:] if "knob" not in line]
    assert [line.split(" | ")[-1] for line in lines] == ["**no**, intervals apart |", "yes |", "yes |"]


def test_what_the_page_says_of_constraints_is_what_was_measured() -> None:
    """With minibatches the verdict held and the effect did not. Training errors of full batches changed theirs."""
    rows = [row for row in other_seeds(REPORTS).splitlines() if row.startswith("| replicate-narrow | ")]
    assert rows[0].endswith("| yes, intervals apart |")
    full = [row.split(" | ")[-1] for row in rows if "“full batches”" in row]  # held-out errors, then training errors
    assert full == ["yes |", "**no**, intervals apart |"]
