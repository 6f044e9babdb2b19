"""Eight tasks of new users: each is a command, and the answer that it must give at once.

Each gives its answer within the first 24 lines of a terminal of 80 columns, in which nothing is cut.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import harness
from harness.cli import command

LINES, COLUMNS = 24, 80

SUITE = """
[suite]
name = "mine"
seed = 1
[problems]
dataset = { use = "table", path = "rows.csv", label = "price" }
n = [12, 16]
d = 6
[budget]
steps = 4000
limit = false
spectrum = false
[search]
method = "grid"
widths = [1, 2, 3, 4, 8, 16]
trials = 12
[[regimes]]
name = "softplus"
use = "moderate"
"""


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def first_screen(done: Result) -> str:
    """Return the first lines of what was printed. No line is longer than the terminal."""
    lines = done.stdout.splitlines()[:LINES]
    assert max(map(len, lines)) <= COLUMNS
    return " ".join(" ".join(lines).split())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a suite, its data, and two runs of it, as users have them."""
    folder = tmp_path_factory.mktemp("user")
    draw = np.random.default_rng(5)
    rows = np.column_stack([draw.standard_normal((20, 6)), draw.standard_normal(20)])
    text = "\n".join([",".join("abcdef") + ",price", *(",".join(map(repr, row)) for row in rows.tolist())])
    (folder / "rows.csv").write_text(text + "\n", encoding="utf-8")
    twice = text.splitlines()
    twice[5] = ",".join([*twice[2].split(",")[:-1], "9.0"])
    (folder / "twice.csv").write_text("\n".join(twice) + "\n", encoding="utf-8")
    (folder / "mine.toml").write_text(SUITE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # trials are stored under the path of their data
        for name in ("one", "two"):
            harness.run("mine.toml", out=name, executor="in-process")
    return folder


@pytest.fixture(autouse=True)
def terminal(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def test_a_reader_sees_what_was_found_and_the_summary_first() -> None:
    said = first_screen(asked("report", "one"))
    assert said.startswith("Softplus nets, hidden layer trained by gradient descent, fit to 0.01 within 4000 steps 16")
    assert "k½ at n = 16, d = 6" in said
    assert "softplus" in said.split("k½ at n = 16", 1)[1]


def test_a_reviewer_gets_a_table_for_a_paper_with_the_sources_of_its_rows(place: Path) -> None:
    done = asked("report", "one", "--compact", "--only", "guarantees", "--format", "latex", "--bibtex", "refs.bib")
    assert r"\begin{table*}" in done.stdout
    assert "longtable" not in done.stdout
    sources = (place / "refs.bib").read_text(encoding="utf-8")
    cited = {part.split("}")[0] for part in done.stdout.split(r"\cite{")[1:]}
    assert cited == {line.split("{")[1].rstrip(",") for line in sources.splitlines() if line.startswith("@")}


def test_an_author_finds_one_theorem_at_one_size() -> None:
    said = first_screen(asked("report", "one", "--view", "theories", "--n", "16", "--theory", "os-smooth-sphere"))
    assert "Oymak & Soltanolkotabi 2020" in said
    assert "42.7" in said  # 16²/6 at C = 1


def test_a_practitioner_learns_which_rows_no_width_fits() -> None:
    done = asked("width", "twice.csv", "--quiet")
    assert "rows 2 and 5 are equal with different labels" in first_screen(done)


def test_a_misspelled_regime_is_named() -> None:
    done = asked("report", "one", "--regime", "softpluss")
    assert done.exit_code == 2 or done.exception is not None
    assert "did you mean 'softplus'" in str(done.exception)


def test_a_plan_says_what_is_stored() -> None:
    said = first_screen(asked("plan", "mine.toml", "--out", "one"))
    assert "Nothing to train: all 144 trials are stored in one." in said


def test_a_pipeline_learns_whether_two_runs_agree() -> None:
    done = asked("compare", "one", "two", "--fail-on-difference")
    assert done.return_value == 0
    assert "Two runs side by side" in first_screen(done)


def test_a_run_that_is_stopped_says_how_to_go_on() -> None:
    done = asked("run", "mine.toml", "--out", "three", "--max-time", "0.001s", "--quiet", "--executor", "in-process")
    assert done.return_value == 3
    assert "Time is up" in done.stderr
    assert "The run is not finished" in " ".join(done.stdout.split())
