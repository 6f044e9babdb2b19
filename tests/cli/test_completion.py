"""The shell completes names: click's own protocol, asked as the shells ask it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from harness.cli import command


def completed(words: list[str], begun: str) -> list[str]:
    complete = BashComplete(command, {}, "harness", "_HARNESS_COMPLETE")
    return [item.value for item in complete.get_completions(words, begun)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports" / "quickstart").mkdir(parents=True)
    (tmp_path / "reports" / "quickstart" / "results.sqlite").touch()
    (tmp_path / "mine.toml").touch()
    (tmp_path / "mine.csv").write_text("age;height;price\n1;2;3\n", encoding="utf-8")
    record = {"thresholds": [{"regime": "own", "n": n} for n in (20, 40)]}
    (tmp_path / "archived").mkdir()
    (tmp_path / "archived" / "thresholds.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "begun", "found"),
    [
        (["run"], "qui", ["quickstart"]),
        (["run"], "mi", ["mine.toml"]),
        (["report"], "q", ["quickstart"]),
        (["report"], "re", ["reports/"]),
        (["width"], "m", ["mine.csv"]),
        (["report", "quickstart", "--regime"], "ntk", ["ntk-du"]),
        (["report", "archived", "--regime"], "", ["own"]),
        (["compare", "archived", "quickstart", "--regime"], "", ["own"]),
        (["width", "mine.csv", "--label"], "", ["age", "height", "price"]),
        (["width", "mine.csv", "--drop"], "h", ["height"]),
        (["width", "gone.csv", "--drop"], "", []),
        (["width", "--labels"], "c", ["classes"]),
        (["report", "quickstart", "--format"], "la", ["latex"]),
        (["plugins", "info"], "mod", ["moderate"]),
        (["theory", "--theory"], "os-smooth-sp", ["os-smooth-sphere"]),
        ([], "wid", ["width"]),
    ],
)
def test_names_are_completed(words: list[str], begun: str, found: list[str]) -> None:
    assert completed(words, begun) == found
