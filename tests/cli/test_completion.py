"""The shell completes names: click's own protocol, asked as the shells ask it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from harness.cli import command
from harness.cli.shells import Bash, Zsh


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
    tables = "| regime | k½ at 0.01 | a, b |\n| :--- | ---: | ---: |\n| own | 3 | |\n\n| n | group |\n| ---: | :--- |\n"
    (tmp_path / "archived" / "table.md").write_text(tables, encoding="utf-8")
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
        (["report", "archived", "--columns"], "", ["regime", "k½-at-0.01", "n"]),
        (["run", "archived", "--columns"], "n,k", ["n,k½-at-0.01"]),
        (["plan", "archived", "--columns"], "", []),
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


@pytest.mark.skipif(shutil.which("bash") is None, reason="no Bash is installed")
def test_bash_escapes_blanks_and_adds_none_after_folders(tmp_path: Path) -> None:
    (tmp_path / "house prices.toml").touch()
    (tmp_path / "own folder").mkdir()
    command_file = tmp_path / "harness"
    named = "import sys; from harness.cli import main; sys.argv[0] = 'harness'; main()"
    command_file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{named}" "$@"\n', encoding="utf-8")
    command_file.chmod(0o755)
    script = """
    eval "$(_HARNESS_COMPLETE=bash_source harness)"
    compopt() { echo "compopt $1 $2"; }
    for begun in house own; do
      COMP_WORDS=(harness run $begun) COMP_CWORD=2 COMPREPLY=()
      _harness_completion harness
      printf '%s\n' "${COMPREPLY[@]}"
    done
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["house\\ prices.toml", "compopt -o nospace", "own\\ folder/"], done.stderr


def test_the_scripts_of_click_are_the_ones_that_are_changed() -> None:
    assert "read -r type" in Bash.source_template
    assert "nospace" in Bash.source_template
    assert "-V folders" in Zsh.source_template
