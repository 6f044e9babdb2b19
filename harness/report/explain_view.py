"""The table of the trials that a run reuses, and of the reasons to train the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.complaints import show
from harness.components.entries import Note, Number
from harness.components.entries import Text as Words
from harness.components.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.driver.explain import Change, Explained


def reason(explained: Explained) -> str:
    """Return on one line why there are trials to train."""
    changed = "; ".join(_change(change) for change in explained.changes)
    if not changed:
        return explained.why or "all is stored"
    other = explained.nearest != explained.regime
    return f"against {explained.nearest}: {changed}" if other and explained.nearest else changed


def _change(change: Change) -> str:
    if change.was is None:
        return f"{change.what} {show(change.now)} is new"
    if change.now is None:
        return f"{change.what} {show(change.was)} is gone"
    return f"{change.what} {show(change.was)} → {show(change.now)}"


def explain_table(suite: str, directory: str, explained: Sequence[Explained]) -> Table:
    """Return one row per threshold: trials to reuse, trials to train, and what differs from what is stored."""
    search = Note("those that are known to be wanted; the search may ask for more")
    rows = [
        Row(
            (
                Words(e.regime),
                Number(e.n),
                Number(e.d),
                Number(e.reused),
                Number(e.new, notes=() if e.exact else (search,)),
                Words(reason(e)),
            )
        )
        for e in explained
    ]
    return Table(
        name="explain",
        title=f"What {suite} reuses",
        caption=(
            f"reused: trials stored in {directory} that fix the same numbers. why: what changed, of all that fixes "
            "numbers, against the stored regime that is nearest (was → now); source text counts for third-party "
            "plugins, versions of components for others."
        ),
        columns=(
            Column("regime", fold=True),
            Column("n", "right"),
            Column("d", "right"),
            Column("reused", "right"),
            Column("to train", "right"),
            Column("why", wrap=60, below=True),
        ),
        rows=tuple(rows),
    )
