"""Brackets of k½ at all sizes of a suite that hold together, with which formulas for k½ are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components import Cell
from harness.driver.question import exact_floor
from harness.statistics.brackets import LEVEL
from harness.statistics.size_bracket import SizeBracket
from harness.statistics.thresholds import threshold

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.driver.question import Question
    from harness.driver.results import Results


def size_brackets(results: Results, regime: Regime, asked: Question) -> tuple[SizeBracket, ...]:
    """Return the bracket of k½ at each (n, d) of a suite, all of which hold together at a confidence of 95 %.

    Each bracket is taken at 5 %/m, where m is the number of sizes of the run, whether they have a bracket or not, and
    whether they are looked at or not.
    Lower ends that the budget made are left out: for the lower end, an unfit trial that could fit with more steps
    counts as a fit. So does a trial whose verdict is open.

    Args:
        results: Results of the run.
        regime: The regime.
        asked: What counts as a fit.
    """
    sizes = results.sizes()
    if not regime.model.has_width or (asked.by is not None and not asked.by.monotone):
        return tuple(SizeBracket(n, d) for n, d in sizes)
    found = []
    for n, d in sizes:
        outcomes = {k: results.outcomes[Cell(regime.name, n, d, k)] for k in results.widths(regime.name, n, d)}
        verdicts = {k: [asked.verdict(outcome) for outcome in several] for k, several in outcomes.items()}
        step = regime.initializer.width_step
        bracket = threshold(
            {k: (known.count("fit"), len(known) - known.count("error")) for k, known in verdicts.items()},
            level=LEVEL / (results.joint or len(sizes)),
            most_widths=results.suite.search.most_widths,
            smallest=step,
            open_trials={k: verdicts[k].count("open") + sum(map(asked.may_fit_later, outcomes[k])) for k in verdicts},
            floor=exact_floor(outcomes, regime, results.suite.dataset, n, d) if asked.kind == "exact" else 0,
            evidence=results.evidence(
                regime.name, n, d, lambda one: "open" if asked.may_fit_later(one) else asked.verdict(one)
            ),
        )
        found.append(SizeBracket.of(n, d, bracket.low, bracket.high, step=step))
    return tuple(found)
