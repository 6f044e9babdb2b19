"""The tutorial's commands do what it shows, from an empty directory."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = (Path(__file__).parent.parent / "docs/tutorial.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, list[str]]]:
    """Return each command with the lines of output shown below it; what is left out is left out."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", TUTORIAL, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line not in ("…", ""):
                found[-1][1].append(line)
    return found


def cells(line: str) -> str:
    """Return a line with one blank between its cells."""
    return " ".join(line.split())


def replay(command: str, shown: list[str], folder: Path, *further: str) -> None:
    """Run a command with further arguments, and look for the lines that are shown in what it prints."""
    program, *arguments = shlex.split(command)
    assert program == "harness"
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments, *further],
        cwd=folder,
        env={**os.environ, "COLUMNS": "88"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    for line in shown:
        if further or "…" in line:  # other rows make other columns, and numbers are of other lengths
            pattern = re.compile(r"\S+".join(map(re.escape, cells(line).split("…"))))
            assert any(pattern.fullmatch(cells(one)) for one in printed), line
        else:
            assert line in printed


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """An empty directory in which the plugin was begun and the theorem written down."""
    replay(*commands()[1], tmp_path)
    (plugin,) = re.findall(r"```python\n(.*?)```", TUTORIAL, re.DOTALL)
    assert (tmp_path / "log_width.py").exists()
    (tmp_path / "log_width.py").write_text(plugin, encoding="utf-8")
    return tmp_path


def test_there_are_five_commands() -> None:
    assert [command.split()[:2] for command, _ in commands()] == [
        ["pip", "install"],
        ["harness", "new"],
        ["harness", "plugins"],
        ["harness", "theory"],
        ["harness", "run"],
    ]


def test_the_theorem_is_checked_and_evaluated_without_training(written: Path) -> None:
    for command, shown in commands()[2:4]:
        replay(command, shown, written)


def test_the_row_stands_below_the_widths_of_its_regime(written: Path) -> None:
    """The quickstart at its largest n, with the ReLU regime alone, to which the theorem belongs."""
    replay(*commands()[4], written, "--n", "120", "--regime", "relu")
    note = "… does not hold: d ≥ n² (d = 20, n² = 14400); both layers are trained"
    replay("harness report quickstart --plugin log_width.py --legend", [note], written)


@pytest.mark.slow  # the whole quickstart
def test_the_row_stands_in_the_table_of_the_quickstart(written: Path) -> None:
    replay(*commands()[4], written)
