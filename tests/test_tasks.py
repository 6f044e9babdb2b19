"""Tasks of new users: each is a command, and the answer that it must give at once.

The first eight are what earlier new users found hardest: editing an optimizer, claims with logarithms, the table of a
paper, exponents, completion, notebooks, what is wrong with one's data, and which width these need.

Each gives its answer within the first 24 lines of a terminal of 80 columns, in which nothing is cut.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from click.shell_completion import BashComplete
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

EDITED = """
[[regimes]]
use = "moderate"
optimizer = { use = "momentum", beta = 0.9 }
"""

THEORY = '''
"""A theorem with logarithms."""
import math
from harness import Claim, Exponents, Reference, Theory, Width, hookimpl

BIBTEX = "@misc{nother2027, author={Nother, A.}, title={On logarithms}, year={2027}}"

class LogTheory(Theory):
    """Claim that k ≥ C n log² n / d neurons suffice."""

    name = "log-n"
    claim = Claim(
        title="A. Nother 2027, Thm 1",
        formula="k ≥ C n log² n / d",
        reference=Reference("A. Nother, On logarithms, 2027.", BIBTEX),
        guarantee="convergence",
        certainty="read",
        certainty_note="statement and proof read; C is not given",
        exponents=Exponents((1, -1)),
        home={"use": "moderate"},
    )

    def concerns(self, regime):
        return regime.model.describe().trains == "hidden"

    def width(self, problem, regime):
        return Width(problem.n * math.log(problem.n) ** 2 / problem.d)

@hookimpl
def harness_theories():
    return [LogTheory]
'''


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
    edited = SUITE[: SUITE.index("[[regimes]]")].replace("[12, 16]", "12") + EDITED
    (folder / "fast.toml").write_text(edited, encoding="utf-8")
    (folder / "slow.toml").write_text(edited.replace("0.9", "0.5"), encoding="utf-8")
    (folder / "bare_theory.py").write_text(THEORY, encoding="utf-8")
    (folder / "log_theory.py").write_text(THEORY.replace("(1, -1)", "(1, -1), logs=2"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # trials are stored under the path of their data
        for suite, name in (("mine", "one"), ("mine", "two"), ("fast", "fast"), ("slow", "slow")):
            harness.run(f"{suite}.toml", out=name, executor="in-process")
    return folder


@pytest.fixture(autouse=True)
def terminal(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def test_a_reviewer_edits_an_optimizer_and_sees_what_it_changed(place: Path) -> None:
    said = first_screen(asked("compare", "fast", "slow"))
    assert "moderate, momentum, beta 0.9: optimizer.beta 0.9 0.5" in said
    assert "“moderate, momentum, beta 0.9” is compared with “moderate, momentum, beta 0.5” of B" in said
    (place / "wrong.toml").write_text(SUITE + EDITED.replace("beta", "lr"), encoding="utf-8")
    assert "did you mean 'step_size'?" in str(asked("plan", "wrong.toml").exception)
    assert "; harness run mine.toml makes it" in str(asked("compare", "fast", "mine").exception)


def test_an_author_claims_a_width_with_logarithms() -> None:
    bare = " ".join(asked("plugins", "check", "bare_theory.py").stdout.split())
    assert "a factor log^2 n would explain it: Exponents(..., logs=2)" in bare
    own = ("--plugin", "log_theory.py", "--theory", "log-n", "--n", "200", "--d", "20")
    assert "(n log² n)/d" in first_screen(asked("theory", "--columns", "paper", *own))
    assert "281" in first_screen(asked("theory", *own))  # 200 log² 200 / 20


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


def test_a_reviewer_reads_which_exponents_are_measured_and_claimed() -> None:
    """The steepest power of n that two brackets allow goes from the lower end of one to the upper end of the other."""
    said = first_screen(asked("report", "one", "--view", "exponents"))
    small, large = harness.load("one").brackets("softplus")  # at the level at which both hold together
    assert small.low
    assert large.high
    steepest = math.log(large.high / small.low) / math.log(16 / 12)
    assert f", {steepest:.2f})ᵃ · sizes = 2/2" in said
    assert re.search(r"Oymak & convergence width 2, −1 \(\d", said)  # the claim n²/d beside the constants it takes


def test_the_shell_completes_what_was_run_and_what_a_file_has() -> None:
    complete = BashComplete(command, {}, "harness", "_HARNESS_COMPLETE")
    assert [item.value for item in complete.get_completions(["report", "one", "--regime"], "")] == ["softplus"]
    assert [item.value for item in complete.get_completions(["width", "rows.csv", "--label"], "p")] == ["price"]


def test_a_notebook_shows_what_was_found_and_gives_it_as_columns() -> None:
    results = harness.load("one")
    assert results.headline.startswith("Softplus nets, hidden layer trained by gradient descent, fit to 0.01")
    assert results.headline[:60] in results._repr_html_()
    columns = results.thresholds().columns()
    assert columns["n"] == [12, 16]
    assert all(low < k <= high for low, k, high in zip(columns["low"], columns["k_half"], columns["high"], strict=True))
    assert "transitions" in results.figure_names


def test_a_practitioner_learns_which_width_own_data_need() -> None:
    call = (
        "--n",
        "12",
        "--regime",
        "moderate",
        "--no-limit",
        "--steps",
        "4000",
        "--tolerance",
        "0.1",
        "--quiet",
        "--workers",
        "1",
    )
    said = first_screen(asked("width", "rows.csv", *call))
    found = re.search(
        r"Take width (\d+): at least 95 % of moderate nets of that width fit rows\.csv \(n = 12, d = 6\)", said
    )
    assert found, said
    assert int(found[1]) >= 12 / 6  # fewer weights than labels do not fit


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
