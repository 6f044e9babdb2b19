"""The table of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Note, Number
from harness.components.entries import Text as Words
from harness.components.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.driver.estimate import Planned


RISES = {"sharp": "sharply with the width", "medium": "less sharply", "slow": "slowly"}
"""Words for how fast P(fit) rises with the width."""


def duration(seconds: float) -> str:
    """Return a time in a suitable unit.

    >>> duration(0.4), duration(75), duration(7200), duration(500_000)
    ('< 1 s', '75 s', '2.0 h', '5.8 days')
    """
    if seconds < 1:
        return "< 1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * 86400 else f"{seconds / 86400:.1f} days"


def _refused(reasons: Mapping[str, str]) -> tuple[Note, ...]:
    """Return a note that says why faster solvers do not train a regime."""
    return (Note("; ".join(f"not {name}: {reason}" for name, reason in reasons.items())),) if reasons else ()


def _brackets(planned: Planned) -> str:
    """Return the brackets that searches can be expected to find, in words."""
    said = [
        f"{'an open end' if ratio is None else f'high/low = {ratio:.2g}'} where P(fit) rises {RISES[rise]}"
        for rise, ratio in planned.brackets.items()
    ]
    return ", ".join(said)


def _beside(planned: Planned) -> str:
    """Return how long a run takes beside the other programs on the machine, or an empty string while it is quiet."""
    if not planned.load.busy:
        return ""
    return f", about {duration(planned.seconds_now)} beside other programs (load {planned.load.others:.1f})"


def plan_table(planned: Planned) -> Table:
    """Return one row per threshold: stored trials, missing trials, and their time."""
    usual = Note("what a search can be expected to take; it stops when the bracket is narrow enough")
    rows = [
        Row(
            (
                Words(t.regime),
                Number(t.n),
                Number(t.d),
                Words(t.solver, notes=_refused(planned.why_not.get(t.regime, {}))),
                Number(t.stored),
                Number(t.missing, notes=(*(() if t.exact else (usual,)), *((Note(t.why),) if t.why else ()))),
                Words(duration(t.seconds) if t.missing else "–"),
            )
        )
        for t in planned.thresholds
    ]
    workers = "one worker" if planned.workers == 1 else f"{planned.workers} workers"
    missing = sum(t.missing for t in planned.thresholds)
    stored = sum(t.stored for t in planned.thresholds)
    data = f" Data: {planned.contents}." if planned.contents else ""
    expected = f" Brackets to expect: {_brackets(planned)}." if planned.brackets and missing else ""
    return Table(
        name="plan",
        title=f"Plan of {planned.suite}",
        caption=(
            f"{missing} trials to train, {stored} stored in {planned.directory}; "
            f"roughly {duration(planned.seconds)} on {workers}{_beside(planned)}. "
            "time: training on one worker while the machine is quiet, from its times and the widths and steps that a "
            "search can be expected to take; it may be half or twice as long."
            + (
                " Times were measured while the machine was busy, and are measured again when it is quiet."
                if planned.measured_busy
                else ""
            )
            if missing
            else f"Nothing to train: all {stored} trials are stored in {planned.directory}."
        )
        + expected
        + data,
        columns=(
            Column("regime", fold=True),
            Column("n", "right"),
            Column("d", "right"),
            Column("solver", priority=2),
            Column("stored", "right"),
            Column("to train", "right"),
            Column("time", "right"),
        ),
        rows=tuple(rows),
    )
