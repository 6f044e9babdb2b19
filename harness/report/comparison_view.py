"""The table that compares every two regimes on the problems that both have."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.entries import Entry, Interval, Missing, Number, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import bracket_explained, problems_explained
from harness.report.provenance import provenance
from harness.report.thresholds_view import measured
from harness.statistics.paired import compare, threshold_ratio

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.results import Results


NONE = "There is nothing to compare: fewer than two regimes of this suite have a width."


def comparison_view(
    results: Results, *, tolerance: float | None = None, steps: int | None = None, all_sizes: bool = False
) -> Table:
    """Return the ratio of thresholds and the wins on shared trials of every two regimes with a width.

    Args:
        results: Results of the run.
        tolerance: A tolerance that the run records, or None for the reported one.
        steps: A number of steps within the budget, or None for all of it.
        all_sizes: Whether to show every n and d, not only the largest.

    Returns:
        The table.
    """
    suite = results.suite
    tolerance, steps = suite.budget.criterion(tolerance, steps)
    sizes = setting.sizes(suite) if all_sizes else setting.sizes(suite)[-1:]
    regimes = [regime for regime in suite.regimes if regime.model.has_width]
    rows = [
        _row(results, first, second, n, d, tolerance, steps)
        for n, d in sizes
        for first, second in combinations(regimes, 2)
    ]
    return Table(
        name="comparison",
        title=f"Regimes against each other · {suite.title or suite.name}",
        caption=_caption(results, tolerance, steps, all_sizes=all_sizes) if rows else NONE,
        columns=(
            Column("regime", fold=True),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k½", "right", fold=True),
            Column("against", wrap=30),
            Column("its k½", "right"),
            Column("ratio", "right"),
            Column("wins", "right"),
            Column("losses", "right"),
            Column("shared", "right", priority=1),
            Column("p", "right"),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _row(results: Results, first: Regime, second: Regime, n: int, d: int, tolerance: float, steps: int) -> Row:
    one, two = (results.threshold(regime.name, n, d, tolerance, steps) for regime in (first, second))
    quotient = threshold_ratio(one, two)
    known = (quotient.value, quotient.low, quotient.high)
    ratio: Entry = Missing("nothing is known of one of the two")
    if any(part is not None for part in known):
        ratio = Interval(*known, ratio=True)
    mine, its = (verdicts(results, regime.name, n, d, tolerance, steps) for regime in (first, second))
    found = compare(mine, its)
    shared = found.both + found.only_first + found.only_second + found.neither
    none = Missing("the two have no trial of equal width and seed")
    return Row(
        (
            Text(first.name),
            Number(n),
            Number(d),
            measured(one),
            Text(second.name),
            measured(two),
            ratio,
            Number(found.only_first) if shared else none,
            Number(found.only_second) if shared else none,
            Number(shared),
            Number(found.p_value, width=False) if shared else none,
        )
    )


def verdicts(
    results: Results, regime: str, n: int, d: int, tolerance: float, steps: int
) -> dict[tuple[int, int], bool]:
    """Return whether each trial (k, seed) fits. Trials with errors are left out."""
    rung = results.rung(tolerance)
    return {
        (k, trial.seed): trial.verdict(rung, steps) == "fit"
        for k in results.widths(regime, n, d)
        for trial in results.outcomes[Cell(regime, n, d, k)]
        if not trial.message
    }


def _caption(results: Results, tolerance: float, steps: int, *, all_sizes: bool) -> str:
    suite = results.suite
    said = [
        "ratio: k½ over its k½; the interval contains the quotient of the two with a confidence of 95 %, whenever the "
        "searches stopped and however the two depend on each other.",
        "shared: trials of equal width and seed, which face the same problem in both regimes; wins: those that only "
        "the first fits, losses: those that only the other fits; p: two-sided sign test that wins and losses are "
        "equally likely, not corrected for the number of pairs, and exact where the widths were not chosen by their "
        "results.",
        bracket_explained(),
        setting.criteria_explained(suite.regimes, tolerance, steps),
        problems_explained(results),
    ]
    if not all_sizes and len(setting.sizes(suite)) > 1:
        said.append("Shown for the largest n and d; other sizes with --all-sizes.")
    return " ".join(said)
