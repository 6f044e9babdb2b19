"""The table of compilers and instruction sets."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.builds import STEPS, TOGETHER, BuildSpeed
from benchmarks.machine import Machine
from benchmarks.speed_tables import percent
from harness.components.entries import Missing, Number, Ratio, Text
from harness.components.table import Column, Row, Table


def builds_table(found: Sequence[BuildSpeed], repetitions: int, machine: Machine) -> Table:
    """Return the table.

    Args:
        found: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    versions = "; ".join(dict.fromkeys(f"{each.build.name}: {each.version}" for each in found if not each.build.avx2))
    return Table(
        "builds",
        "The fused solver by compiler and width of vectors",
        "µs of processor time of a network-step in float32; peak: 4ndk operations over the multiply-add peak "
        "of the same width, as the better compiler reaches it; over jax: the time of the better layout of "
        "JAX, which is held to AVX2 where the kernel has 256 bits. from torch: the largest relative "
        f"difference of residuals after {STEPS} steps from those of the stacked solver, over {TOGETHER} "
        f"networks; same bits: whether each has the same residual alone and among {TOGETHER}. Medians of "
        f"{repetitions} repetitions, in each of which all builds take turns. {versions}. {machine}.",
        (
            Column("n, d, k"),
            Column("φ"),
            Column("compiler"),
            Column("bits", "right"),
            Column("µs", "right"),
            Column("peak", "right"),
            Column("over jax", "right"),
            Column("from torch", "right"),
            Column("same bits"),
        ),
        tuple(
            Row(
                (
                    Text(", ".join(map(str, each.size))),
                    Text(each.activation),
                    Text(each.build.name),
                    Text(str(each.bits)),
                    Number(each.microseconds, width=False),
                    percent(each.peak),
                    Missing() if each.over_jax is None else Ratio(each.over_jax),
                    Text(f"{each.difference:.0e}"),
                    Text("yes" if each.equal else "no"),
                )
            )
            for each in found
        ),
    )
