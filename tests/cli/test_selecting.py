"""The options that select rows and columns, in every verb that has tables."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from pathlib import Path

import pytest

from harness.cli import VERBS
from harness.plugin_host.registry import Registry
from tests.command_line import called
from tests.small_grid import SUITE, trained

ROW = re.compile(r"^\| `(\w+)` \|(.+)\|$", re.MULTILINE)
OPTIONS = (("--regime",), ("--n", "--d"), ("--theory", "--only"), ("--columns",))


@pytest.fixture(scope="module")
def trained_once(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    trained(folder / "one", registry)
    return folder


@pytest.fixture
def here(trained_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a suite and two equal runs of it."""
    for name in ("one", "two"):
        shutil.copytree(trained_once / "one", tmp_path / name)
    (tmp_path / "grid.toml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def test_the_page_says_which_verb_takes_which_option() -> None:
    page = (Path(__file__).parents[2] / "docs/use.md").read_text(encoding="utf-8")
    table = {verb: [cell.strip() for cell in cells.split("|")] for verb, cells in ROW.findall(page)}
    assert list(table) == ["run", "plan", "report", "theory", "compare", "verify"]
    for verb, cells in table.items():
        known = {option: one for one in importlib.import_module(VERBS[verb]).command.params for option in one.opts}
        for options, cell in zip(OPTIONS, cells, strict=True):
            for option in options:
                assert getattr(known[option], "hidden", False) == (cell == "refused"), (verb, option)


GRID = ("run", "grid.toml", "--out", "one", "--quiet")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*GRID, "--theory", "oimak"), "--theory oimak: nothing matches"),
        ((*GRID, "--columns", "thery"), "--columns thery: nothing matches; did you mean 'theory'?"),
        (("plan", "grid.toml", "--theory", "x"), "--theory: a plan counts trials, which no theory changes"),
        (("plan", "grid.toml", "--only", "guarantees"), "--only: a plan counts trials, which no theory changes"),
        (("plan", "grid.toml", "--columns", "time", "--json"), "--columns cannot stand beside --json"),
        (("compare", "one", "two", "--theory", "x"), "--theory: verdicts and thresholds are compared"),
        (("compare", "one", "two", "--n", "7"), "--n 7: there are"),
        (("compare", "one", "two", "--json", "--columns", "n"), "--columns cannot stand beside --json"),
        (("verify", "one", "--only", "guarantees"), "--only: trials are trained again, which no theory changes"),
        (("verify", "one", "--columns", "parts"), "--columns parts: nothing matches; did you mean 'part'?"),
        (("theory", "--n", "5", "--n", "6"), "--n takes one number without --suite"),
        (("theory", "--n", "2001"), "--n 2001: expected at most 2000"),
        (("theory", "--suite", "grid.toml", "--n", "7"), "--n 7: the suite has"),
    ],
)
def test_what_selects_nothing_is_refused(here: Path, arguments: tuple[str, ...], message: str) -> None:
    status, out, err = called(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert not (here / "one/thresholds.json").exists()


def test_a_run_prints_chosen_rows_and_columns_and_writes_all(here: Path) -> None:
    status, out, err = called(*GRID, "--theory", "count-hidden", "--columns", "theory,C=1")
    assert status == 0, err
    assert "Parameter count" in out
    assert "Oymak" not in out.split("Widths that theories ask for")[1]
    written = (here / "one/table.md").read_text(encoding="utf-8")
    assert "Oymak" in written
    assert "on data ÷ k½" in written


def test_a_comparison_is_of_the_chosen_sizes_in_every_form(here: Path) -> None:
    _, whole, _ = called("compare", "one", "two", "--json")
    sizes = {one["n"] for one in json.loads(whole)["sizes"]}
    n = min(sizes)
    assert len(sizes) > 1
    _, part, _ = called("compare", "one", "two", "--json", "--n", str(n))
    assert {one["n"] for one in json.loads(part)["sizes"]} == {n}
    both = [json.loads(text)["pooled"] for text in (whole, part)]
    assert sum(both[1][k] for k in ("both", "neither")) < sum(both[0][k] for k in ("both", "neither"))
    _, out, _ = called("compare", "one", "two", "--n", str(n), "--columns", "n,equal", "--format", "csv")
    assert [line.split(",")[0] for line in out.splitlines()] == ["n", *[str(n)] * (len(out.splitlines()) - 1)]


def test_a_plan_and_theories_of_a_suite_have_the_chosen_rows_and_columns(here: Path) -> None:
    _, out, _ = called("plan", "grid.toml", "--out", "one", "--columns", "n,stored")
    header = next(line for line in out.splitlines() if "stored" in line)
    assert header.split() == ["n", "stored"]
    _, out, _ = called("theory", "--suite", "grid.toml", "--n", "12", "--columns", "theory,met")
    assert out.count("Widths that theories ask for") == out.count("n = 12,") > 0


def test_sources_of_chosen_theories_are_numbered_from_one(here: Path) -> None:
    _, out, _ = called("theory", "--n", "30", "--d", "10", "--theory", "oymak*")
    assert list(dict.fromkeys(re.findall(r"\[\d+\]", out))) == ["[1]", "[2]"]
