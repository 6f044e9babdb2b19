"""The tables of docs/speed.md, made from the figures that are kept beside this module."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console

from benchmarks.build_tables import builds_table
from benchmarks.builds import BuildSpeed
from benchmarks.cores import Share
from benchmarks.estimate_tables import estimates_table
from benchmarks.estimates import Estimated
from benchmarks.machine import Machine
from benchmarks.memory import Memory
from benchmarks.method_tables import methods_table
from benchmarks.methods import MethodSpeed
from benchmarks.scaling import Axis
from benchmarks.scaling_tables import exponents_table, memory_table
from benchmarks.set_up import SetUp
from benchmarks.speed import Effort, Speed
from benchmarks.speed_tables import cores_table, tables
from benchmarks.start_tables import set_up_table, starts_table
from benchmarks.starts import Start
from harness.components.table import Table
from harness.report.terminal import lines

MEASURED = Path(__file__).with_name("measured")
"""Folder of one JSON file a command, as its option ``--json`` writes them."""

PAGE = Path(__file__).parents[1] / "docs" / "speed.md"

BLOCK = re.compile(r"(?<=<!-- measured: )([a-z-]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
"""A block of the page: the name of a command, and its tables."""

WIDTH = 100
"""Columns of the tables."""


def _read(record: dict[str, Any], name: str, kind: Any) -> Any:
    return TypeAdapter(list[kind]).validate_python(record[name])


def _speed(record: dict[str, Any], machine: Machine) -> list[Table]:
    effort = Effort(**record["effort"])
    found = tables(_read(record, "speeds", Speed), effort, record["dtype"], machine)
    shares = _read(record, "cores", Share)
    return [*found, *([cores_table(shares, effort, record["dtype"], machine)] if shares else [])]


def _scaling(record: dict[str, Any], machine: Machine) -> list[Table]:
    axes, memory = _read(record, "axes", Axis), _read(record, "memory", Memory)
    return [
        exponents_table(axes, record["dtype"], "cpu", record["repetitions"], machine),
        memory_table(memory, machine),
    ]


MAKERS: dict[str, Callable[[dict[str, Any], Machine], list[Table]]] = {
    "speed": _speed,
    "estimates": lambda record, machine: [estimates_table(_read(record, "estimates", Estimated), machine)],
    "scaling": _scaling,
    "methods": lambda record, machine: [
        methods_table(_read(record, "methods", MethodSpeed), record["repetitions"], machine)
    ],
    "builds": lambda record, machine: [
        builds_table(_read(record, "builds", BuildSpeed), record["repetitions"], machine)
    ],
    "set-up": lambda record, machine: [set_up_table(_read(record, "set_up", SetUp), record["repetitions"], machine)],
    "starts": lambda record, machine: [starts_table(_read(record, "starts", Start), record["repetitions"], machine)],
}
"""Command → what makes its tables."""


def text(record: dict[str, Any]) -> str:
    """Return the tables of what a command measured, as they are printed."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, color_system=None)
    for table in MAKERS[record["command"]](record, Machine(**record["machine"])):
        for line in lines(table, WIDTH):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
        console.print()
    return "\n".join(line.rstrip() for line in stream.getvalue().replace("\u00a0", " ").splitlines()).rstrip()


def measured(command: str) -> dict[str, Any]:
    """Return the figures that are kept of a command."""
    found: dict[str, Any] = json.loads((MEASURED / f"{command}.json").read_text(encoding="utf-8"))
    return found


def filled(page: str) -> str:
    """Return the page with its tables as the kept figures have them."""
    return BLOCK.sub(lambda block: f"{block[1]}{block[2]}```text\n{text(measured(block[1]))}\n```\n", page)


def write() -> None:
    """Write the tables of the page anew."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
