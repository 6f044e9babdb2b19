"""Brackets of k½ at all sizes of a suite that hold together, with which formulas for k½ are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components import Cell
from harness.statistics.size_bracket import SizeBracket
from harness.statistics.thresholds import LEVEL, threshold

if TYPE_CHECKING:
    from harness.components import Outcome, Regime
    from harness.driver.results import Results


def size_brackets(
    results: Results, regime: Regime, tolerance: float | None = None, steps: int | None = None
) -> tuple[SizeBracket, ...]:
    """Return the bracket of k½ at each (n, d) of a suite, all of which hold together at a confidence of 95 %.

    Each bracket is taken at 5 %/m, where m is the number of sizes of the suite, whether they have a bracket or not.
    Lower ends that the budget made are left out: for the lower end, an unfit trial whose measure still decreased
    counts as a fit, because more steps could make it one.

    Args:
        results: Results of the run.
        regime: The regime.
        tolerance: A tolerance that the run records, or None for the reported one.
        steps: A number of steps within the budget, or None for all of it.

    Raises:
        ValueError: If the tolerance was not recorded.
    """
    sizes = results.sizes()
    if not regime.model.has_width:
        return tuple(SizeBracket(n, d) for n, d in sizes)
    index = results.rung(tolerance)
    found = []
    for n, d in sizes:
        pessimistic = results.counts(regime.name, n, d, tolerance, steps)
        optimistic = {
            k: (fits + sum(_open(o, index, steps) for o in results.outcomes[Cell(regime.name, n, d, k)]), trials)
            for k, (fits, trials) in pessimistic.items()
        }
        step = regime.initializer.width_step
        low, high = (
            threshold(counts, level=LEVEL / len(sizes), most_widths=results.suite.search.most_widths, smallest=step)
            for counts in (optimistic, pessimistic)
        )
        found.append(SizeBracket.of(n, d, low.low, high.high, step=step))
    return tuple(found)


def _open(outcome: Outcome, index: int, steps: int | None) -> bool:
    """Return whether a trial is unfit but might fit with more steps."""
    return outcome.verdict(index, steps) == "unfit" and (outcome.falling or outcome.hits[index] is not None)
