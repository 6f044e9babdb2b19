"""Measure and print: ``python -m benchmarks [--json FILE] [--repetitions R]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.engine_speed import MODELS, Speed, measure
from harness.report.entries import Number, Ratio, Text
from harness.report.table import Column, Row, Table
from harness.report.terminal import show


def machine() -> str:
    """Return the processor's name, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(speeds: list[Speed], repetitions: int) -> Table:
    """Return the measurements as a table."""
    cores = len(os.sched_getaffinity(0))
    rows = [
        Row(
            (
                Text(", ".join(map(str, s.size))),
                Text(s.activation),
                Number(s.microseconds["plain"], width=False),
                *(
                    entry
                    for variant in MODELS
                    for entry in (Number(s.microseconds[variant], width=False), Ratio(s.ratios[variant]))
                ),
            )
        )
        for s in speeds
    ]
    return Table(
        name="speed",
        title="Time of one network-step",
        caption=(
            f"Microseconds per network-step and core, float32, full-batch gradient descent on the hidden layer, median "
            f"of {repetitions} repetitions in which the variants take turns; {machine()}, {cores} cores, all busy with "
            f"the same variant, one thread each; torch {torch.__version__}. loop: one nn.Module and torch.optim.SGD a "
            "trial, the loss looked at in each step. fused: the compiled kernel. stacked: the closed form in torch. "
            "forward: the engine given nothing but the model's forward. All record exact first-hitting steps. ×: times "
            "faster than the loop."
        ),
        columns=(
            Column("n, d, k"),
            Column("activation"),
            Column("loop", "right"),
            Column("fused", "right"),
            Column("× fused", "right"),
            Column("stacked", "right"),
            Column("× stacked", "right"),
            Column("forward", "right", priority=1),
            Column("× forward", "right", priority=1),
        ),
        rows=tuple(rows),
    )


def main() -> None:
    """Parse arguments, measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    speeds = measure(repetitions=arguments.repetitions)
    show(table(speeds, arguments.repetitions))
    if arguments.json:
        record = {"machine": machine(), "torch": torch.__version__, "speeds": [asdict(s) for s in speeds]}
        arguments.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
