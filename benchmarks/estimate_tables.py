"""The table of estimates beside times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.estimates import outside
from harness.components.entries import Number, Text
from harness.components.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.estimates import Estimated
    from benchmarks.machine import Machine


def estimates_table(found: Sequence[Estimated], machine: Machine) -> Table:
    """Return a row for each suite.

    Args:
        found: The suites with their estimates and times.
        machine: Where they ran.
    """
    rows = [
        Row(
            (
                Text(one.suite),
                Number(one.planned_trials),
                Number(one.trials),
                Text(f"{one.planned:.1f}"),
                Text(f"{one.seconds:.1f}"),
                Text(f"{one.ratio:.2f}"),
            )
        )
        for one in found
    ]
    return Table(
        "estimates",
        "Estimates of plans beside the times of the runs",
        "planned: trials and seconds that harness plan expects on one worker. seconds: processor time from the first "
        f"batch to the last outcome, on one worker. {len(found) - len(outside(found))} of {len(found)} estimates are "
        f"within a factor of two. {machine}.",
        (
            Column("suite"),
            Column("planned trials", "right"),
            Column("trials", "right"),
            Column("planned seconds", "right"),
            Column("seconds", "right"),
            Column("planned/taken", "right"),
        ),
        tuple(rows),
    )
