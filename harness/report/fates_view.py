"""The table of fates: what becomes of the trials of each regime, n and d with unlimited steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Entry, Missing, Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.driver.question import FATES, counted, fate_counts, proved
from harness.report import setting
from harness.report.caption import problems_explained
from harness.report.provenance import provenance
from harness.report.questions import why_undecided

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.results import Results

CAPTION = (
    "Number of trials by their end, as gradient descent goes on for ever from where training ended. proved: a theorem, "
    "whose conditions were checked with all rounding, shows that it ends in an exact fit (fit) or stays away from one "
    "(stuck). limit: it was followed along the gradient flow, and the end point was certified. open: nothing decides "
    "it within ten times the work of the budget. too few weights: of the open ones, those that cannot fit exactly, "
    "since they have fewer effective weights than labels. certified: trials of which an exact fit is proved or "
    "excluded by a theorem."
)


def fates_view(results: Results) -> Table:
    """Return how many trials of each regime, n and d end in which way.

    Args:
        results: Results of the run.

    Returns:
        The table. Regimes whose fates are not decided have one row with the reason.
    """
    rows: list[Row] = []
    for regime in results.suite.regimes:
        if why := why_undecided(results, regime):
            none = Missing(why, notes=(Note(f"not decided: {why}"),))
            rows.append(Row((Text(regime.name), none, *(Missing(why) for _ in range(len(FATES) + 4)))))
            continue
        rows += [_row(results, regime, n, d) for n, d in setting.sizes(results.suite)]
    return Table(
        name="fates",
        title=f"What becomes of the trials · {results.suite.title or results.suite.name}",
        caption=f"{CAPTION} {problems_explained(results)}",
        columns=(
            Column("regime", fold=True),
            Column("n", "right"),
            Column("d", "right"),
            *(Column(name.replace(" in the", ","), "right") for name in FATES),
            Column("too few weights", "right", priority=1),
            Column("diverged", "right", priority=2),
            Column("certified", "right"),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _row(results: Results, regime: Regime, n: int, d: int) -> Row:
    trials = [trial for trial in results.at(regime.name, n, d).trials if not trial.message]
    found = fate_counts(trials)
    hopeless = sum(counted(trial) and trial.fate is not None and trial.fate.kind == "open" for trial in trials)
    entries: list[Entry] = [Number(found[name]) for name in FATES]
    ends = (Number(hopeless), Number(found.get("diverged", 0)), Number(sum(map(proved, trials))))
    return Row((Text(regime.name), Number(n), Number(d), *entries, *ends))
