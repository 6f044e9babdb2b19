from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command as main

POINTS = (EntryPoint("builtin", "harness.builtin", "harness"), EntryPoint("moderate", "harness_moderate", "harness"))

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
    others = importlib.metadata.entry_points

    def entry_points(*, group: str) -> object:
        return POINTS if group == "harness" else others(group=group)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["theory", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_every_theory_is_shown_with_its_width() -> None:
    status, out, _ = run("--n", "200", "--d", "20")
    assert status == 0
    (line,) = [line for line in out.splitlines() if "Cor 2.2" in line]
    assert "2000" in line  # n²/d
    assert "unverified" in out


def test_json_is_strict_and_complete() -> None:
    status, out, _ = run("--n", "60", "--d", "8", "--json")
    record = json.loads(out, parse_constant=pytest.fail)
    found = {p["theory"]: p for p in record["predictions"]}
    assert status == 0
    assert found["count-hidden"]["width"] == 8  # ⌈60/8⌉
    assert found["os-smooth"]["scaling"] == pytest.approx(60**2 / 8)
    assert found["os-smooth"]["width"] is None  # 60 > 8·9/2
    assert found["os-smooth"]["applies"] is False


def test_another_activation_is_passed_to_the_regimes() -> None:
    _, out, _ = run("--n", "40", "--d", "10", "--activation", "tanh", "--json")
    smooth = next(p for p in json.loads(out)["predictions"] if p["theory"] == "os-smooth")
    assert smooth["width"] is None  # μ_φ = 0 for odd activations


def test_a_suite_gives_regimes_and_problems(tmp_path: Path) -> None:
    suite = tmp_path / "s.toml"
    suite.write_text(
        '[suite]\nname = "s"\n[problems]\ndataset = "sphere"\nn = [20, 30]\nd = 5\n[budget]\nsteps = 10\n'
        '[[regimes]]\nuse = "output-only"\n'
    )
    status, out, _ = run("--suite", str(suite), "--json")
    found = [(p["theory"], p["n"], p["width"]) for p in json.loads(out)["predictions"] if p["theory"] == "count-output"]
    assert status == 0
    assert found == [("count-output", 20, 20), ("count-output", 30, 30)]
    status, _, err = run("--suite", str(suite), "--n", "5")
    assert status == 2
    assert "--n cannot stand beside --suite" in err


def test_a_theory_that_fails_costs_its_own_line_only(tmp_path: Path) -> None:
    plugin = tmp_path / "broken.py"
    plugin.write_text(BROKEN)
    status, out, err = run("--plugin", str(plugin))
    assert status == 0
    assert "homeless is left out" in err
    assert "Somebody 2001" in out
    assert "by zero" in out
    assert "Cor 2.2" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--activation", "reluu"], "did you mean 'relu'"),
        (["--dataset", "spere"], "sphere"),
        (["--labels", "gausian"], "labels"),
        (["--n", "0"], "not in the range"),
        (["--d", "x"], "not a valid integer"),
        (["--suite", "nosuch"], "nosuch"),
        (["--n", "5", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_input_ends_with_one_message_and_status_2(arguments: list[str], message: str) -> None:
    status, out, err = run(*arguments)
    assert status == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err
    assert not out


def test_it_takes_under_two_seconds_and_no_torch() -> None:
    code = (
        "import sys, importlib.metadata as m\n"
        "others = m.entry_points\n"
        "points = (m.EntryPoint('builtin', 'harness.builtin', 'harness'),"
        " m.EntryPoint('moderate', 'harness_moderate', 'harness'))\n"
        "m.entry_points = lambda group: points if group == 'harness' else others(group=group)\n"
        "from harness.cli import command\n"
        "command(['theory', '--n', '200', '--d', '20'], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules\n"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Two seconds on an idle machine; tests share theirs.
    assert time.perf_counter() - start < 8
