"""The table that compares every two regimes on the problems that both have."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from harness.components.entries import Entry, Interval, Missing, Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import bracket_explained, problems_explained
from harness.report.provenance import provenance
from harness.report.questions import common, question_explained
from harness.report.thresholds_view import measured
from harness.statistics.paired import compare, threshold_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Regime
    from harness.driver.question import Asked, Question
    from harness.driver.results import Results


NONE = "There is nothing to compare: fewer than two regimes of this suite have a width."


WITHIN = Note("both within the budget, at the reported tolerance: exact fits are not decided in one of the two")


def comparison_view(
    results: Results, *, tolerance: Asked = None, steps: float | None = None, all_sizes: bool = False
) -> Table:
    """Return the ratio of thresholds and the wins on shared trials of every two regimes with a width.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
        all_sizes: Whether to show every n and d, not only the largest.

    Returns:
        The table.
    """
    suite = results.suite
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


def _row(results: Results, first: Regime, second: Regime, n: int, d: int, tolerance: Asked, steps: float | None) -> Row:
    asked = common(results, (first, second), tolerance, steps)
    notes = within_explained(results, (first, second), tolerance, steps)
    one, two = (results.threshold(regime.name, n, d, *asked.arguments) for regime in (first, second))
    quotient = threshold_ratio(one, two)
    known = (quotient.value, quotient.low, quotient.high)
    ratio: Entry = Missing("nothing is known of one of the two")
    if any(part is not None for part in known):
        ratio = Interval(*known, ratio=True, notes=notes)
    mine, its = (verdicts(results, regime.name, n, d, asked) for regime in (first, second))
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


def verdicts(results: Results, regime: str, n: int, d: int, asked: Question) -> dict[tuple[int, int], bool]:
    """Return whether each trial (k, seed) fits. Trials with errors and open ones are left out."""
    own = results.question(regime, *asked.arguments)  # regimes may record a mark at different places
    return {
        (k, trial.seed): fit
        for k, trials in results.by_width(regime, n, d).items()
        for trial in trials
        if (fit := own.fit(trial)) is not None
    }


def within_explained(
    results: Results, pair: Sequence[Regime], tolerance: Asked, steps: float | None
) -> tuple[Note, ...]:
    """Return a note if two regimes are compared within the budget although one of them has decided exact fits."""
    kinds = {results.question(regime.name, tolerance, steps).kind for regime in pair}
    return (WITHIN,) if len(kinds) > 1 else ()


def _caption(results: Results, tolerance: Asked, steps: float | None, *, all_sizes: bool) -> str:
    suite = results.suite
    said = [
        "ratio: k½ over its k½; the interval contains the quotient of the two with a confidence of 95 %, whenever the "
        "searches stopped and however the two depend on each other.",
        "shared: trials of equal width and seed that are open in neither, which face the same problem in both regimes; "
        "wins: those that only the first fits, losses: those that only the other fits; p: two-sided sign test that "
        "wins and losses are equally likely, not corrected for the number of pairs, and exact where the widths were "
        "not chosen by their results.",
        bracket_explained(),
        question_explained(results, tolerance, steps),
        problems_explained(results),
    ]
    if not all_sizes and len(setting.sizes(suite)) > 1:
        said.append("Shown for the largest n and d; other sizes with --all-sizes.")
    return " ".join(said)
