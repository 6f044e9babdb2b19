from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import harness.driver.loading
from harness.cli.report_tables import TAKES
from harness.components import Cell, Outcome
from harness.components.table import Table
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite
from tests.command_line import called
from tests.plugin_host.plugin_sources import OWN, install

SUITE = """
[suite]
name = "tiny"
[problems]
dataset = "sphere"
n = 20
d = [4, 5]
[budget]
steps = 1000
[[regimes]]
use = "moderate"
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins(entry_points=OWN)  # one, since its theories are asked in a process of their own


@pytest.fixture
def results(registry: Registry) -> Results:
    outcomes = {
        Cell("moderate", 20, d, k): tuple(
            Outcome(seed, (10, 50, None, None) if k > 5 else (None,) * 4, steps=1000, measure=0.1) for seed in range(15)
        )
        for d in (4, 5)
        for k in (4, 5, 6, 7)
    }
    return Results(parse_suite(SUITE, registry), registry, outcomes)


@pytest.fixture(autouse=True)
def stored(results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load_results(directory: Path, *_: object, **__: object) -> Results:
        return replace(results, directory=directory)

    install(monkeypatch, *OWN)
    monkeypatch.setattr(harness.driver.loading, "load_results", load_results)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SUITE)
    (tmp_path / "run").mkdir()


@pytest.mark.parametrize("source", ["run", "tiny.toml"])
def test_thresholds_and_theories_by_default(source: str) -> None:
    status, out, _ = called("report", source)
    assert status == 0
    assert "6 (5, 6]" in out
    assert "Widths that theories ask for" in out


def test_another_tolerance_and_budget() -> None:
    assert "6 (5, 6]" in called("report", "run", "--tolerance", "0.1", "--steps", "10")[1]
    assert "> 7" in called("report", "run", "--tolerance", "0.1", "--steps", "9")[1]


def test_csv_and_json_are_one_document_each() -> None:
    _, out, _ = called("report", "run", "--format", "csv", "--provenance", "beside.json")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["n"], row["d"], row["k_half_low"]) for row in rows] == [("20", "4", "5"), ("20", "5", "5")]
    (beside,) = json.loads(Path("beside.json").read_text(encoding="utf-8"))
    assert beside["name"] == "thresholds"
    assert set(beside) == {"name", "title", "caption", "provenance"}
    assert "provenance" not in rows[0]
    status, out, err = called("report", "run", "--format", "csv", "--provenance", "beside.csv")
    assert (status, out) == (2, "")
    assert "--provenance beside.csv: expected the name of a .json file" in err
    assert "--provenance" in called("report", "run", "--view", "trials", "--provenance", "beside.json")[2]
    _, out, _ = called("report", "run", "--format", "json", "--view", "theories")
    assert Table.from_data(json.loads(out, parse_constant=pytest.fail)).name == "theories"


def test_markdown_has_what_was_found_and_three_tables() -> None:
    _, out, _ = called("report", "run", "--format", "markdown")
    assert sum(line.startswith("**") for line in out.splitlines()) == 3
    assert sum(line.startswith(("| :---", "| ---")) for line in out.splitlines()) == 3
    assert "k½" in out.splitlines()[0]


def test_phase_is_drawn_and_exported() -> None:
    _, out, _ = called("report", "run", "--view", "phase")
    assert "P(fit) over d and k" in out
    assert "█" in out
    _, out, _ = called("report", "run", "--view", "phase", "--format", "csv")
    assert "moderate,20,4,6,15,15,1.2" in out


def test_maps_and_trials_are_those_of_the_selected_sizes() -> None:
    axis = {line.strip() for line in called("report", "run", "--view", "phase", "--d", "5")[1].splitlines()}
    assert "5  d" in axis
    assert "4  5  d" not in axis
    rows = list(csv.DictReader(called("report", "run", "--view", "trials", "--d", "5")[1].splitlines()))
    assert {row["d"] for row in rows} == {"5"}
    assert len(rows) == 4 * 15  # four widths


def test_an_unfinished_run_says_so(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.driver.loading, "load_results", lambda *_, **__: replace(results, missing=3))
    assert "3 trials are missing" in called("report", "run")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--tolerance", "0.5"), "0.5 was not recorded"),
        (("run", "--tolerance", "inf"), "inf was not recorded; the suite's tolerances are"),
        (("run", "--steps", "1001"), "at most 1000 steps"),
        (("run", "--steps", "infinite"), "a number of steps from 1 on, or inf"),
        (("run", "--steps", "inf"), "--steps inf: the suite does not decide"),
        (("run", "--tolerance", "0"), "--tolerance 0: the suite does not decide"),
        (("run", "--view", "trials", "--steps", "inf"), "the view trials shows training within the budget"),
        (("run", "--format", "markdwn"), "did you mean 'markdown'"),
        (("run", "--view", "nothing"), "not one of"),
        (("run", "--view", "thresholds", "--certify"), "--certify changes nothing in the view thresholds"),
        (("run", "--view", "thresholds", "--all-sizes"), "changes: theories, diagnostics, comparison, ablations"),
        (("run", "--format", "csv", "--certify"), "--certify changes nothing in the view thresholds"),
        (("run", "--view", "sensitivity", "--tolerance", "0.1"), "--tolerance changes nothing in the view sensitivity"),
        (("run", "--view", "sensitivity", "--steps", "10"), "--steps changes nothing in the view sensitivity"),
        (("run", "--view", "diagnostics", "--steps", "10"), "--steps changes nothing in the view diagnostics"),
        (("run", "--view", "phase", "--all-sizes"), "--all-sizes changes nothing in the view phase"),
        (("run", "--view", "exponents", "--certify"), "--certify changes nothing in the view exponents"),
        (("run", "--plot", "--certify"), "leave out --certify"),
        (("run", "--plot", "--all-sizes", "--theory", "x"), "leave out --all-sizes, --theory"),
        (("run", "--view", "phase", "--only", "guarantees"), "leave out --only"),
        (("run", "--view", "trials", "--columns", "k"), "trials are written whole; leave out --columns"),
        (("run", "--view", "trials", "--d", "6"), "--d 6"),
        (("nowhere",), "nowhere"),
        ((), "Missing argument"),
    ],
)
def test_wrong_input_ends_with_one_message_and_status_2(arguments: tuple[str, ...], message: str) -> None:
    status, out, err = called("report", *arguments)
    assert status == 2
    assert message in err
    assert not out


@pytest.mark.parametrize("view", sorted(TAKES.keys() - {"trials"}))  # those are written line by line
@pytest.mark.parametrize("form", ["rich", "markdown", "latex", "html", "csv", "json"])
def test_every_view_has_every_format(view: str, form: str) -> None:
    arguments = [
        word
        for option, words in {
            "tolerance": ["--tolerance", "0.1"],
            "steps": ["--steps", "500"],
            "all_sizes": ["--all-sizes"],
            "certify": [],
        }.items()
        if option in TAKES[view]
        for word in words
    ]
    status, out, err = called("report", "run", "--view", view, "--format", form, *arguments)
    assert (status, err) == (0, "")
    assert out


def test_without_an_ablation_one_sentence_says_what_it_takes() -> None:
    status, out, _ = called("report", "run", "--view", "ablations")
    assert status == 0
    assert " ".join(out.split()) == (
        "No two regimes of this suite differ in exactly one ingredient (model, initializer, optimizer or criterion) or "
        "one option of it: an ablation needs two that use the same preset, one of them with one of these replaced."
    )
    assert json.loads(called("report", "run", "--view", "ablations", "--format", "json")[1])["rows"] == []
