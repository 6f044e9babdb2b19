"""Certified widths, the further views and impossible problems, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import harness.claims.certified
import harness.engine.cost_file
import harness.report.predicted
from harness.claims.certified import Certified, certified_width
from harness.components import Dataset, Problem
from harness.engine.draws import draw_problem
from tests.command_line import called

SUITE = """
[suite]
name = "tiny"
[problems]
dataset = {dataset}
n = [12, 16]
d = 4
[budget]
steps = 200
[search]
method = "grid"
widths = [4, 12, 20]
trials = 3
[[regimes]]
use = "moderate"
[[regimes]]
use = "output-only"
"""

CSV = "a,b,c,d,y\n" + "".join(f"{i},{i * i % 7},{i**3 % 11},{i % 5},{i % 3 / 4}\n" for i in range(14))


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try few widths on few draws."""

    def few(*args: Any, **options: Any) -> Certified:
        return certified_width(*args, **{**options, "seeds": 2, "largest": 64})

    for module in (harness.claims.certified, harness.report.predicted):
        monkeypatch.setattr(module, "certified_width", few)


@pytest.fixture(autouse=True)
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def write(dataset: str, n: str = "[12, 16]") -> None:
    Path("tiny.toml").write_text(SUITE.replace("{dataset}", dataset).replace("[12, 16]", n), encoding="utf-8")


def test_theories_show_where_their_certificates_hold() -> None:
    status, out, _ = called("theory", "--n", "6", "--d", "5", "--certify", "--json")
    found = {p["theory"]: p.get("certified") for p in json.loads(out)["predictions"]}
    assert status == 0
    assert found["cert-d3"]["width"] == pytest.approx(6)
    assert (found["cert-d3"]["low"], found["cert-d3"]["high"], found["cert-d3"]["seeds"]) == (6, 6, 2)
    assert found["cert-d1"]["width"] is None
    assert found["cert-d1"]["low"] == pytest.approx(64)
    assert found["count-hidden"] is None
    status, out, _ = called("theory", "--n", "6", "--d", "5", "--certify", "--legend")
    (line,) = [line for line in out.splitlines() if line.startswith("Certificate D3")]
    assert "6 (6, 6)" in line
    assert "geometric mean" in " ".join(out.split())


def test_without_the_flag_nothing_is_certified() -> None:
    _, out, _ = called("theory", "--n", "6", "--d", "5", "--json")
    assert "certified" not in json.loads(out)["predictions"][0]


def test_a_report_shows_the_gap_between_proof_and_measurement() -> None:
    write('"sphere"')
    assert called("run", "tiny.toml", "--quiet", "--workers", "1")[0] == 0
    status, out, _ = called("report", "tiny.toml", "--view", "theories", "--certify", "--format", "json")
    table = json.loads(out)
    headers = [column["header"] for column in table["columns"]]
    assert status == 0
    assert headers[-2:] == ["certified", "certified ÷ k½"]
    texts = {row["entries"][headers.index("theory")]["value"]: row["entries"] for row in table["rows"]}
    assert texts["Certificate D3, output layer"][-2]["text"] == "16 (16, 16)"
    for view in ("diagnostics", "comparison"):
        status, out, _ = called("report", "tiny.toml", "--view", view, "--all-sizes")
        assert status == 0
        assert "moderate" in out


@pytest.mark.parametrize("verb", ["run", "plan", "theory --suite"])
@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ('{ use = "table", path = "gone.csv" }', "there is no file gone.csv"),
        ('{ use = "table", path = "short.csv" }', "short.csv has 14 rows, fewer than n = 16 (n = 16, d = 4)"),
        ('{ use = "low-dimension", dimension = 9 }', "the subspace has dimension = 9, more than d = 4"),
    ],
)
def test_sizes_without_problems_end_a_run_before_it_begins(verb: str, dataset: str, message: str) -> None:
    Path("short.csv").write_text(CSV, encoding="utf-8")
    write(dataset)
    status, out, err = called(*verb.split(), "tiny.toml")
    assert status == 2
    assert message in err
    assert not out
    assert not Path("reports").exists()


GRID = SUITE.replace("d = 4", "d = {d}")


def test_a_plan_draws_each_problem_at_the_edge_of_a_grid_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5 × 4 sizes 14 have the least or the largest n or d. All of them were drawn twice."""
    drawn: list[tuple[int, int]] = []

    def counted(dataset: Dataset, n: int, d: int, **of: Any) -> Problem:
        drawn.append((n, d))
        return draw_problem(dataset, n, d, **of)

    monkeypatch.setattr(harness.report.predicted, "draw_problem", counted)
    text = GRID.format(dataset='"sphere"', d=[2, 3, 4, 5]).replace("n = [12, 16]", "n = [8, 10, 12, 14, 16]")
    Path("tiny.toml").write_text(text, encoding="utf-8")
    status, _, err = called("plan", "tiny.toml")
    assert status == 0, err
    edge = [(n, d) for n in (8, 10, 12, 14, 16) for d in (2, 3, 4, 5) if n in (8, 16) or d in (2, 5)]
    assert sorted(drawn) == edge


def test_the_first_plan_on_a_machine_says_why_it_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("tiny.toml").write_text(GRID.format(dataset='"sphere"', d=4), encoding="utf-8")
    for known in (False, True):
        monkeypatch.setattr(harness.engine.cost_file, "measured_before", lambda _, known=known: known)
        status, _, err = called("plan", "tiny.toml")
        assert (status, "once on a machine" in err) == (0, not known)


def test_all_sizes_without_a_problem_are_counted() -> None:
    """Two of the eight sizes without a problem are inside of the grid."""
    text = GRID.format(dataset='{ use = "low-dimension", dimension = 4 }', d=[2, 3, 4, 5])
    Path("tiny.toml").write_text(text.replace("n = [12, 16]", "n = [10, 11, 12, 13]"), encoding="utf-8")
    status, _, err = called("plan", "tiny.toml")
    assert status == 2
    assert "more than d = 2 (n = 10, d = 2 and 3 more)" in err
    assert "more than d = 3 (n = 10, d = 3 and 3 more)" in err


def test_a_table_of_ones_own_is_trained_on() -> None:
    Path("data.csv").write_text(CSV, encoding="utf-8")
    write('{ use = "table", path = "data.csv" }', n="12")
    assert called("run", "tiny.toml", "--quiet", "--workers", "1")[0] == 0
    _, out, _ = called("run", "tiny.toml", "--quiet", "--workers", "1")
    assert "0 trials trained, 18 reused" in out
    Path("data.csv").write_text(CSV.replace("\n3,", "\n33,"), encoding="utf-8")
    _, out, _ = called("run", "tiny.toml", "--quiet", "--workers", "1")
    assert "18 trials trained, 0 reused" in out  # other content, other problems
    Path("data.csv").unlink()
    status, _, err = called("report", "tiny.toml")
    assert status == 2
    assert "there is no file data.csv" in err


def test_theories_on_a_file() -> None:
    Path("data.csv").write_text(CSV, encoding="utf-8")
    status, out, _ = called("theory", "--n", "10", "--d", "3", "--dataset", "data.csv", "--json")
    assert status == 0
    assert {p["n"] for p in json.loads(out)["predictions"]} == {10}
    status, _, err = called("theory", "--n", "10", "--d", "5", "--dataset", "data.csv")
    assert status == 2
    assert "data.csv has 4 input columns, fewer than d = 5" in err
