"""What plugins print goes to standard error, so that standard output has only what the harness writes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

NOISY = '''
"""Prints wherever it is called."""

import atexit
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

from harness import Dataset, Theory, Width, hookimpl
from harness.builtin.datasets import Sphere


def noise():
    print("noise by Python")
    print("noise by the first stream", file=sys.__stdout__, flush=True)
    os.write(1, b"noise by C\\n")


noise()
subprocess.run(["echo", "noise by a child"], check=True)
atexit.register(noise)


@dataclass(frozen=True)
class Loud(Sphere):
    """The sphere, with noise."""

    name: ClassVar[str] = "loud"

    def draw(self, n, d, rng):
        noise()
        return super().draw(n, d, rng)


@dataclass(frozen=True)
class Guess(Theory):
    """k = n."""

    name: ClassVar[str] = "guess"
    title: ClassVar[str] = "a guess"
    reference: ClassVar[str] = "none"
    guarantee: ClassVar[str] = "convergence"
    certainty: ClassVar[str] = "memory"
    formula: ClassVar[str] = "k >= n"
    home: ClassVar[dict] = {"use": "moderate"}

    def concerns(self, regime):
        noise()
        return True

    def width(self, problem, regime):
        noise()
        return Width(problem.n)


@hookimpl
def harness_datasets():
    noise()
    return [Loud]


@hookimpl
def harness_theories():
    return [Guess]
'''

SUITE = """
plugins = ["noisy.py"]
[suite]
name = "noisy"
[problems]
dataset = "loud"
n = 8
d = 4
[budget]
steps = 20
[search]
method = "grid"
widths = [2, 4]
trials = 2
[[regimes]]
use = "moderate"
"""

EACH = """
import json, os, sys
import torch
from harness.cli import main

for number, line in enumerate(json.loads(sys.argv[1])):
    child = os.fork()
    if child == 0:
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{number}.{name}", os.O_CREAT | os.O_WRONLY), descriptor)
        sys.argv = ["harness", *line.split()]
        main()
    os.waitpid(child, 0)
"""
"""A program that calls the command line once for each line, in a process of its own that has torch already."""

TABLES = ["run noisy.toml --quiet --workers 1", "report reports/noisy", "report reports/noisy --view trials"]
JSON = [
    "report reports/noisy --view theories --format json",
    "theory --n 8 --d 4 --dataset loud --plugin noisy.py --json",
    "plan noisy.toml --json",
    "plugins list --plugin noisy.py --json",
    "plugins trace --plugin noisy.py --json",
    "trial noisy.toml --regime moderate --k 2 --json",
    "compare reports/noisy reports/noisy --json",
    "verify reports/noisy --trials 2 --workers 1 --json",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Return output and errors of each call."""
    folder: Path = tmp_path_factory.mktemp("noisy")
    (folder / "noisy.py").write_text(NOISY, encoding="utf-8")
    (folder / "noisy.toml").write_text(SUITE, encoding="utf-8")
    calls = [*TABLES, *JSON]
    subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(calls)],
        cwd=folder,
        check=True,
        timeout=240,
    )
    names = ("out", "err")
    return {
        call: (texts[0], texts[1])
        for number, call in enumerate(calls)
        for texts in [[(folder / f"{number}.{name}").read_text(encoding="utf-8") for name in names]]
    }


@pytest.mark.parametrize("call", JSON)
def test_json_is_json_whatever_a_plugin_prints(call: str, written: dict[str, tuple[str, str]]) -> None:
    out, err = written[call]
    assert json.loads(out)
    assert all(f"noise by {source}\n" in err for source in ("Python", "the first stream", "C", "a child"))


def test_noise_of_workers_is_not_in_the_tables(written: dict[str, tuple[str, str]]) -> None:
    for call in TABLES:
        out, err = written[call]
        assert out
        assert "noise" not in out.replace("noisy", "")
        assert "noise by C" in err
    trials = csv.reader(io.StringIO(written["report reports/noisy --view trials"][0]))
    assert len({len(row) for row in trials}) == 1
