"""The table of theories, each evaluated on one problem of its own regime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Entry, Missing, Note, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.guarantees import group, in_order
from harness.report.prediction_entries import (
    CERTIFIED,
    certified_width,
    claimed_exponents,
    holds,
    on_data_width,
    scaling_width,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Claim

CERTAINTY = {
    "read": "read",
    "derived": "derived here",
    "abstract": "abstract only",
    "secondary": "from a secondary source",
    "memory": "from memory",
}
"""Words for the certainty of a claim."""


def known(claim: Claim, mark: str = ";") -> str:
    """Return how the text of a claim is known, with the claim's own note after the mark."""
    words = CERTAINTY[claim.certainty]
    return f"{words}{mark} {claim.certainty_note}" if claim.certainty_note else words


DOUBT = Note(
    "unverified: known from an abstract, a secondary source or memory, not from reading the statement; see “known”",
    mark="†",
)

SCALING = (
    "C=1: the power law n^a d^b of the claim with its constant and logarithms set to 1, or its floor if higher; "
    "numbers at C=1 do not rank theorems, nor two forms of one theorem, whose constants differ."
)
EXPONENTS = "a, b: its exponents at this n and d."
CAPTION = (
    f"Each theory on the regime it speaks of; nothing was trained. {SCALING} {EXPONENTS} on data: the formula "
    "evaluated on the drawn problem, unknown constants set to 1. Every number is a width k, whatever the source "
    "counts. met: the theorem's assumptions on this problem and regime, ✓ all hold, ✗ one fails, ? one cannot be "
    "checked. known: how the text of the statement is known."
)

NO_ROWS = "No theory speaks of these networks on these labels."

COLUMNS = (
    Column("theory", wrap=44),
    Column("guarantee", wrap=12, priority=1),
    Column("trains"),
    Column("activation", priority=2),
    Column("init", priority=4, wrap=20),
    Column("algorithm", priority=3, wrap=20),
    Column("C=1", "right"),
    Column("on data", "right"),
    Column("a, b", "right", priority=2, legend=EXPONENTS),
    Column("met", "center"),
    Column("formula", below=True, wrap=44),
    Column("known", below=True, wrap=30),
)

CERTIFIED_COLUMN = Column("certified", "right")
PLACE = [column.header for column in COLUMNS].index("a, b")
"""Position of the certified width: after the widths that theories require."""


def overview_view(
    predictions: Sequence[Prediction],
    *,
    problem: str,
    provenance: Mapping[str, str] | None = None,
    certified: Mapping[str, Certified] | None = None,
) -> Table:
    """Return one row per prediction: setting, formula, both readings of the width, assumptions, and certainty.

    Args:
        predictions: Prediction of each theory for its home regime.
        problem: Text for the title that describes the problem: ``n = 200, d = 20, sphere``.
        provenance: Lines about the run, for exports.
        certified: Certified widths by name of the theory, or None to leave their column out.

    Returns:
        The table.
    """
    ordered = in_order(predictions)
    marks = {text: f"[{i}]" for i, text in enumerate(dict.fromkeys(p.theory.claim.reference.text for p in ordered), 1)}
    rows = []
    for p in ordered:
        entries = _entries(p, marks[p.theory.claim.reference.text])
        if certified is not None:
            entries = (*entries[:PLACE], certified_width(certified.get(p.theory.name)), *entries[PLACE:])
        rows.append(Row(entries, group(p.theory)))
    columns = COLUMNS if certified is None else (*COLUMNS[:PLACE], CERTIFIED_COLUMN, *COLUMNS[PLACE:])
    return Table(
        name="overview",
        title=f"Widths that theories ask for · {problem}",
        caption=(CAPTION if certified is None else f"{CAPTION} {CERTIFIED}") if rows else NO_ROWS,
        columns=columns,
        rows=tuple(rows),
        provenance=dict(provenance or {}),
        bibtex=sources(p.theory for p in ordered),
    )


def _entries(prediction: Prediction, mark: str) -> tuple[Entry, ...]:
    claim, regime = prediction.theory.claim, prediction.regime
    traits = regime.model.describe()
    return (
        titled(claim, DOUBT, Note(claim.reference.text, mark=mark)),
        Text(claim.guarantee),
        Text(setting.trains(regime)),
        Text(traits.activation) if traits.activation else Missing(),
        Text(setting.component(regime.initializer)),
        Text(setting.optimizer(regime.optimizer)),
        scaling_width(prediction),
        on_data_width(prediction),
        claimed_exponents(prediction),
        holds(prediction),
        Text(claim.formula),
        Text(known(claim)),
    )
