"""The table of minibatches and several outputs."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.batches import SOLVERS, BatchSpeed
from benchmarks.machine import Machine
from harness.components.entries import Text as Words
from harness.components.table import Column, Row, Table


def batches_table(speeds: Sequence[BatchSpeed], repetitions: int, machine: Machine) -> Table:
    """Return the table.

    Args:
        speeds: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    rows = []
    for speed in speeds:
        case = speed.case
        times = [f"{speed.microseconds[name]:.3g}" if name in speed.microseconds else "–" for name in NAMES]
        ratios = ["–" if ratio is None else f"{ratio:.2g}×" for ratio in (speed.over_jax, speed.over_stacked)]
        loss = "classes" if case.classes else "squares"
        batch = "all" if case.batch is None else str(case.batch)
        cells = [", ".join(map(str, case.size)), str(case.outputs), batch, case.activation, case.layers, loss]
        rows.append(Row(tuple(Words(cell) for cell in (*cells, *times, *ratios))))
    left_out = {name: reason for speed in speeds for name, reason in speed.left_out.items()}
    without = "".join(f" Without {name}: {reason}." for name, reason in left_out.items())
    return Table(
        name="batches",
        title="Minibatches and several outputs",
        caption=(
            "µs of processor time of a network-step, with the draws of minibatches and a measure an epoch but for JAX, "
            "which takes none; and medians of the ratios within each repetition. float32, gradient descent, medians of "
            f"{repetitions} repetitions.{without} {machine}."
        ),
        columns=(
            Column("n, d, k"),
            Column("q", "right"),
            Column("batch", "right"),
            Column("φ"),
            Column("layers"),
            Column("loss"),
            *(Column(name, "right") for name in NAMES),
            Column("over jax", "right"),
            Column("over stacked", "right"),
        ),
        rows=tuple(rows),
    )


NAMES = (*SOLVERS, "jax")
"""What is compared."""
