"""The table of what multiply-adds and φ allow."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import Machine
from benchmarks.roofline import Roofline
from benchmarks.speed_tables import percent
from harness.components.entries import Number, Text
from harness.components.table import Column, Row, Table


def roofline_table(found: Sequence[Roofline], repetitions: int, machine: Machine) -> Table:
    """Return the table.

    Args:
        found: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    rows = [
        Row(
            (
                Text(", ".join(map(str, each.training.size))),
                Text(each.training.activation),
                Text("float64" if each.training.real == "double" else "float32"),
                Text("both, momentum" if each.training.both else "hidden"),
                Number(each.microseconds, width=False),
                Number(each.nanoseconds, width=False),
                percent(each.reached),
                percent(each.bound),
                percent(each.padded),
            )
        )
        for each in found
    ]
    return Table(
        name="roofline",
        title="What multiply-adds and φ allow",
        caption=(
            "Of the fused solver. µs: processor time of a network-step. φ: ns of φ and φ' of one vector of 64 bytes, "
            "alone. reached: 4ndk operations a step over the peak measured beside it. bound: the same for a kernel "
            "that takes no time but for 4ndk operations at the peak and for φ and φ' of nk numbers, without padding. "
            "padded: with whole vectors of samples, and of features in the gradient, as the kernel has them. "
            f"Medians of {repetitions} repetitions. {machine}."
        ),
        columns=(
            Column("n, d, k"),
            Column("φ"),
            Column("dtype"),
            Column("layers"),
            Column("µs", "right"),
            Column("φ, ns", "right"),
            Column("reached", "right"),
            Column("bound", "right"),
            Column("padded", "right"),
        ),
        rows=tuple(rows),
    )
