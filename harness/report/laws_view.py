"""The table of formulas for k½ with a free constant, and whether the brackets allow them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import Count, Entry, Missing, Text
from harness.components.numbers import decimal
from harness.components.table import Column, Row, Table
from harness.report.caption import problems_explained, unfinished
from harness.report.formula_entries import REFUTED, constant_entry
from harness.report.law_rows import compared
from harness.report.provenance import provenance
from harness.report.questions import question_explained
from harness.statistics.formulas import FORMULAS, larger_of_two
from harness.statistics.refutation import MOST_DROPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.size_bracket import SizeBracket

POWER = "C n^a d^b"
TWO = "max(A n/d, B log n)"

CAPTION = (
    "law: a formula for k½, rounded up to a width, with free constants. C: the constants with which it lies in "
    "the brackets of all sizes together, or “refuted”; of A and B the largest that the upper ends allow. met: the "
    "brackets that it meets with its best constants, of those with an end. in conflict: brackets that it does not meet "
    f"together. {REFUTED} The brackets hold together at a confidence of 95 % for each regime: each of m sizes at 5 %/m"
    ". Lower ends that the budget made are left out: there an unfit trial that still fell counts as a fit."
)

COLUMNS = (
    Column("regime", fold=True),
    Column("law"),
    Column("C", "right"),
    Column("met", "right"),
    Column("in conflict", below=True, wrap=60),
)


def laws_view(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> Table:
    """Return the formulas with one free constant, and C n^a d^b, of every regime with a width.

    Args:
        results: Results of the run.
        tolerance: A tolerance that the run records, 0 for an exact fit, or None.
        steps: A number of steps within the budget, infinity, or None. Without both the question is the leading one.

    Returns:
        The table.
    """
    suite = results.suite
    regimes = [regime for regime in suite.regimes if regime.model.has_width]
    rows = [row for regime in regimes for row in _rows(results, regime, tolerance, steps)]
    said = [*unfinished(results), CAPTION, question_explained(results, tolerance, steps), problems_explained(results)]
    return Table(
        name="laws",
        title=f"Formulas for k½ that the brackets allow · {suite.title or suite.name}",
        caption=" ".join(said),
        columns=COLUMNS,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _rows(results: Results, regime: Regime, tolerance: Asked, steps: float | None) -> list[Row]:
    brackets = results.brackets(regime.name, tolerance, steps)
    region = results.exponent_fit(regime.name, tolerance, steps).region
    bounded = sum(bracket.bounded for bracket in brackets)
    name = Text(regime.name)
    if not bounded:
        return [Row((name, *(Missing("no size has a bound"),) * (len(COLUMNS) - 1)))]
    met = bounded - len(region.drop)
    unknown = Missing(f"more than {MOST_DROPPED} sizes would have to be left out")
    found = [
        Row(
            (
                name,
                Text(POWER),
                Text("refuted", style="bad") if region.refuted else Text("allowed", style="good"),
                unknown if region.refuted and not region.drop else Count(met, bounded),
                _conflict(region.conflict),
            )
        )
    ]
    for formula in FORMULAS:
        one = compared(regime, formula, brackets)
        # The brackets in conflict have a column, so they are no note here.
        entry = replace(constant_entry(one.constant), notes=())
        found.append(
            Row((name, Text(formula.name), entry, Count(one.constant.met, one.sizes), _conflict(one.constant.conflict)))
        )
    found.append(_two_constants(name, [bracket for bracket in brackets if bracket.bounded and bracket.n > 1]))
    return found


def _two_constants(name: Entry, brackets: Sequence[SizeBracket]) -> Row:
    """Return the row of max(A n/d, B log n): a count of weights, but never fewer neurons than log n."""
    one = larger_of_two(brackets)
    said = "refuted"
    if one.allowed:
        said = f"A ≤ {decimal(one.ratio, 3)}, B ≤ {decimal(one.log, 3)}"
    entry = Text(said, style="good" if one.allowed else "bad")
    return Row((name, Text(TWO), entry, Count(one.met, len(brackets)), _conflict(one.conflict)))


def _conflict(brackets: Sequence[SizeBracket]) -> Entry:
    return Text("; ".join(map(str, brackets))) if brackets else Missing("the law is allowed")
