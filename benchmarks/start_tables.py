"""Tables of starts: of trials, plans, second runs and workers."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import Machine
from benchmarks.set_up import DIMENSION, FEW, SEEDS, SetUp
from benchmarks.starts import Start
from harness.components.entries import Missing, Number, Ratio, Text
from harness.components.table import Column, Row, Table

WORDS = {
    "step": "a stable step",
    "spectrum": "λ_min and a stable step",
    "exact": "both, and an exact solution",
}
"""What is wanted of the kernel."""


def set_up_table(found: Sequence[SetUp], repetitions: int, machine: Machine) -> Table:
    """Return the table of set-ups.

    Args:
        found: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    return Table(
        "set-up",
        "Set-up of a trial",
        "Milliseconds of processor time of drawing a trial, forming its kernel, and taking from it what is wanted, now "
        "and in the way before: all eigenvalues for λ_min, a power iteration for the step, and all eigenvectors where "
        f"a linear model is solved exactly. d = {DIMENSION}, k = n/10, softplus, one thread; means of {SEEDS} trials "
        f"up to n = {FEW}, and one trial beyond; medians of {repetitions} repetitions, in each of which all take "
        f"turns, and of the ratios within each. {machine}.",
        (
            Column("n", "right"),
            Column("wanted"),
            Column("before, ms", "right"),
            Column("now, ms", "right"),
            Column("times less", "right"),
        ),
        tuple(
            Row(
                (
                    Text(str(each.n)),
                    Text(WORDS[each.wanted]),
                    Number(each.before, width=False),
                    Number(each.milliseconds, width=False),
                    Ratio(each.ratio),
                )
            )
            for each in found
        ),
    )


def starts_table(found: Sequence[Start], repetitions: int, machine: Machine) -> Table:
    """Return the table of starts.

    Args:
        found: What was found.
        repetitions: Rounds in which everything was measured in turn.
        machine: Where.
    """
    return Table(
        "starts",
        "Starts",
        "Seconds of processor time of a command with all processes that it starts, and of workers: the difference of "
        "programs that start more and fewer. The first plan on a machine measures what steps cost there. Medians of "
        f"{repetitions} repetitions. {machine}.",
        (Column("what"), Column("s", "right"), Column("goal, s", "right")),
        tuple(
            Row(
                (
                    Text(each.name),
                    Number(each.seconds, width=False),
                    Missing() if each.goal is None else Text(f"< {each.goal:g}"),
                )
            )
            for each in found
        ),
    )
