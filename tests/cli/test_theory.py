from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.report.column_names import snake
from tests.command_line import called
from tests.driver.tiny_suite import SUITE
from tests.plugin_host.plugin_sources import OWN, install

BROKEN = '''
"""A theory whose own regime cannot be built, and one that fails."""
from dataclasses import dataclass
from harness import Theory, hookimpl

@dataclass(frozen=True)
class Homeless(Theory):
    name = "homeless"
    title = "Nobody 2000"
    reference = "none"
    guarantee = "existence"
    certainty = "memory"
    formula = "k ≥ 1"
    home = {"use": "nowhere"}
    def concerns(self, regime): return True
    def width(self, problem, regime): raise ZeroDivisionError("by zero")

@dataclass(frozen=True)
class Failing(Homeless):
    name = "failing"
    title = "Somebody 2001"
    home = {"use": "moderate"}

@hookimpl
def harness_theories():
    return [Homeless, Failing]
'''


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load our own plugins whether or not the package is installed."""
    install(monkeypatch, *OWN)
    monkeypatch.setenv("COLUMNS", "160")


def test_every_theory_is_shown_with_its_width() -> None:
    status, out, _ = called("theory", "--n", "200", "--d", "20")
    assert status == 0
    (line,) = [line for line in out.splitlines() if "Cor 2.2" in line]
    assert "2000" in line  # n²/d
    assert "unverified" in out


def test_json_is_strict_and_complete() -> None:
    status, out, _ = called("theory", "--n", "60", "--d", "8", "--json")
    record = json.loads(out, parse_constant=pytest.fail)
    found = {p["theory"]: p for p in record["predictions"]}
    assert status == 0
    assert found["count-hidden"]["width"] == 8  # ⌈60/8⌉
    assert found["os-smooth"]["scaling"] == pytest.approx(60**2 / 8)
    assert found["os-smooth"]["width"] is None  # 60 > 8·9/2
    assert found["os-smooth"]["applies"] is False


def test_another_activation_is_passed_to_the_regimes() -> None:
    _, out, _ = called("theory", "--n", "40", "--d", "10", "--activation", "tanh", "--json")
    smooth = next(p for p in json.loads(out)["predictions"] if p["theory"] == "os-smooth")
    assert smooth["width"] is None  # μ_φ = 0 for odd activations


def test_a_suite_gives_regimes_and_problems(tmp_path: Path) -> None:
    suite = tmp_path / "s.toml"
    suite.write_text(
        '[suite]\nname = "s"\n[problems]\ndataset = "sphere"\nn = [20, 30]\nd = 5\n[budget]\nsteps = 10\n'
        '[[regimes]]\nuse = "output-only"\n'
    )
    status, out, _ = called("theory", "--suite", str(suite), "--json")
    found = [(p["theory"], p["n"], p["width"]) for p in json.loads(out)["predictions"] if p["theory"] == "count-output"]
    assert status == 0
    assert found == [("count-output", 20, 20), ("count-output", 30, 30)]
    status, out, _ = called("theory", "--suite", str(suite), "--json", "--n", "30")
    assert {p["n"] for p in json.loads(out)["predictions"]} == {30}
    status, _, err = called("theory", "--suite", str(suite), "--seed", "5")
    assert status == 2
    assert "--seed cannot stand beside --suite" in err


def test_a_theory_that_fails_costs_its_own_line_only(tmp_path: Path) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text(BROKEN)
    status, out, err = called("theory", "--plugin", str(plugin))
    assert status == 0
    assert "homeless is left out" in err
    assert "Somebody 2001" in out
    assert "by zero" in out
    assert "Cor 2.2" in out


WRONG = """
from dataclasses import dataclass
from harness import Exponents, Theory, Width, hookimpl

@dataclass(frozen=True)
class Negative(Theory):
    name = "negative"
    title = "Wrong 2001"
    reference = "none"
    guarantee = "existence"
    certainty = "derived"
    formula = "k ≥ −5"
    exponents = Exponents((1.0, 0.0))
    home = {"use": "moderate"}
    def concerns(self, regime): return True
    def width(self, problem, regime): return Width(-5.0)

@dataclass(frozen=True)
class Unsaid(Negative):
    name = "unsaid"
    title = "Wrong 2002"
    def width(self, problem, regime): return Width(float("nan"))
    def scaling(self, n, d): return -float(n)

@hookimpl
def harness_theories():
    return [Negative, Unsaid]
"""


def test_a_theory_that_returns_no_width_is_an_error_of_its_own(tmp_path: Path) -> None:
    plugin = tmp_path / "wrong.py"
    plugin.write_text(WRONG, encoding="utf-8")
    status, out, err = called("theory", "--n", "30", "--d", "20", "--plugin", str(plugin))
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert any("error in theory negative: width() returned -5, expected a positive number" in line for line in lines)
    assert any("error in theory unsaid: scaling() returned -30, expected a positive number" in line for line in lines)
    assert any("error in theory unsaid: width() returned NaN without a reason" in line for line in lines)
    assert "−5 " not in out.replace("k ≥ −5", "")
    (row,) = [line for line in lines if line.startswith("Wrong 2001")]
    assert " 30 ?" in row  # the law is n, as claimed
    (row,) = [line for line in lines if line.startswith("Wrong 2002")]
    assert row.count("?") == 2
    _, sound, _ = called("theory", "--n", "30", "--d", "20", "--json")
    _, out, _ = called("theory", "--n", "30", "--d", "20", "--plugin", str(plugin), "--json")
    records = {p["theory"]: p for p in json.loads(out, parse_constant=pytest.fail)["predictions"]}
    assert (records["negative"]["width"], records["negative"]["width_is"]) == (None, "error")
    others = [p for p in records.values() if p["theory"] not in ("negative", "unsaid")]
    assert others == json.loads(sound)["predictions"]


def test_two_theories_of_one_name_are_named_once_and_one_is_kept(tmp_path: Path) -> None:
    files = [tmp_path / "first.py", tmp_path / "second.py"]
    for number, file in enumerate(files):
        file.write_text(WRONG.replace("Wrong 2002", f"Wrong 300{number}").replace('"negative"', f'"apart-{number}"'))
    status, out, err = called("theory", "--plugin", str(files[0]), "--plugin", str(files[1]))
    assert status == 0
    assert err.startswith("theory 'unsaid' is provided by first ")
    assert err.endswith(f"({files[1]}); only that of {files[0]} is shown")
    assert err.count("is provided by") == 1
    assert "Wrong 3000" in out
    assert "Wrong 3001" not in out
    assert out.count("\nWrong 2001") == 2


def test_a_broken_plugin_is_warned_of_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text("import nothing_of_that_name\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SUITE, encoding="utf-8")
    assert called("run", "tiny.toml", "--workers", 1, "--quiet")[0] == 0
    tiny = "reports/tiny"
    for arguments in (["report", "tiny.toml"], ["compare", tiny, tiny], ["theory", "--suite", "tiny.toml"]):
        status, _, err = called(*arguments, "--plugin", plugin)
        assert status == 0, err
        assert err.count("was not loaded: ModuleNotFoundError") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--activation", "reluu"], "did you mean 'relu'"),
        (["--dataset", "spere"], "sphere"),
        (["--labels", "gausian"], "labels"),
        (["--n", "0"], "'--n': found 0, expected a whole number of at least 1"),
        (["--d", "x"], "found 'x', expected a whole number of at least 1"),
        (["--seed", "1.5"], "found '1.5', expected a whole number of at least 0"),
        (["--dataset", "spere"], "--dataset spere: there is no dataset 'spere'; did you mean 'sphere'?"),
        (["--dataset", "nosuch"], "near-duplicates, sphere, table, wine)"),
        (["--suite", "nosuch"], "nosuch"),
        (["--columns", "papers"], "--columns papers: nothing matches; there are"),
        (["--columns", "paper", "--certify"], "--certify cannot stand beside --columns paper"),
        (["--columns", "paper", "--json"], "--columns cannot stand beside --json"),
        (["--format", "csv", "--json"], "--format cannot stand beside --json"),
        (["--construct", "--columns", "paper"], "--columns cannot stand beside --construct"),
        (["--construct", "--only", "guarantees"], "--only cannot stand beside --construct: nothing is trained"),
        (["--construct", "--regime", "x"], "--regime cannot stand beside --construct"),
        (["--construct", "--json", "--format", "csv"], "--format cannot stand beside --json"),
        (["--html", "claims.html", "--only", "guarantees"], "--only cannot stand beside --html"),
        (["--n", "20", "--format", "latx"], "did you mean 'latex'"),
        (["--n", "5", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_input_ends_with_one_message_and_status_2(arguments: list[str], message: str) -> None:
    status, out, err = called("theory", *arguments)
    assert status == 2
    assert message in err
    assert "Traceback" not in err
    assert not out


def test_papers_columns_in_latex_cite_what_the_bibliography_holds(tmp_path: Path) -> None:
    file = tmp_path / "references.bib"
    status, out, _ = called(
        "theory", "--n", "60", "--d", "20", "--columns", "paper", "--format", "latex", "--bibtex", str(file)
    )
    assert status == 0
    cited = set(re.findall(r"\\cite\{([^}]*)\}", out))
    assert cited
    assert cited <= set(re.findall(r"@\w+\{([^,]*),", file.read_text(encoding="utf-8")))
    assert "$n^{2}/d$" in out


@pytest.mark.parametrize("form", ["markdown", "html", "csv", "json"])
def test_papers_columns_in_every_other_format(form: str) -> None:
    status, out, _ = called("theory", "--n", "60", "--d", "20", "--columns", "paper", "--format", form)
    assert status == 0
    for header in ("Reference", "Trained layers", "Activation", "Initialization", "Algorithm", "Setting", "Scaling"):
        assert (snake(header) if form == "csv" else header) in out


def test_a_bibliography_is_never_written_over_another_file(tmp_path: Path) -> None:
    file = tmp_path / "thesis.tex"
    file.write_text("all of it")
    status, out, err = called("theory", "--n", "20", "--bibtex", str(file))
    assert (status, out) == (2, "")  # no table before the error
    assert ".bib" in err
    assert file.read_text() == "all of it"


def test_a_plugin_file_that_is_not_there_ends_the_call() -> None:
    status, out, err = called("theory", "--n", "20", "--plugin", "nope.py")
    assert (status, out) == (2, "")
    assert "--plugin nope.py: there is no such file" in err


def test_a_narrow_terminal_gets_rows_rather_than_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    status, out, _ = called("theory", "--n", "200", "--d", "20")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 60
    (line,) = [line for line in out.splitlines() if line.startswith("Certificate D3,")]
    assert re.search(r"certificate +output +– +200 +✓$", line)
    caption = " ".join(out.split())
    assert "Columns left out at this width: “activation”, “init”, “algorithm”, “a, b”." in caption
    assert "exponents at this n and d" not in caption
