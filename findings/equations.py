"""The count of equations for classes: weights at k½ by n and by the number of classes, from three reports together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from findings.markdown import table
from findings.reports import Answer, Found, Report, read
from findings.tables import exponent
from harness.statistics.brackets import LEVEL
from harness.statistics.exponents import fit_exponents
from harness.statistics.size_bracket import SizeBracket
from harness.statistics.thresholds import threshold

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLASSES = (2, 5, 10)
"""Numbers of classes q, each of a suite."""

REGIMES = ("softmax", "squared")


def equations(folder: Path) -> str:
    """Return a table of the weights at k½ for each q, and one of the exponents in n and in q.

    Args:
        folder: Where the reports are.
    """
    reports = {q: report for q in CLASSES for report in [read(f"classes-{q}", folder)] if report is not None}
    if len(reports) < len(CLASSES):
        return "No reports yet: `harness run classes-2`, `classes-5` and `classes-10` make them."
    sizes = sorted({found.n for report in reports.values() for found in report.thresholds})
    head = ["criterion, fit", "q", *(f"k½, n = {n}" for n in sizes)]
    head += ["weights ÷ n", "weights ÷ nq", "weights ÷ n log₂ q"]
    rows, laws = [], []
    for regime in REGIMES:
        for named in fits(reports[CLASSES[0]], regime):
            brackets, limited = [], 0
            for q, report in reports.items():
                answers = {one.n: fits_of(one)[named] for one in report.of(regime)}
                brackets += [bracket(n, q, report, answer, len(sizes) * len(CLASSES)) for n, answer in answers.items()]
                limited += sum(bool(answer.limited) for answer in answers.values())
                at = [weights(one.k_half, report, q) / n for n, one in answers.items() if one.k_half is not None]
                per = [spread(at, by) for by in (1, q, math.log2(q))]
                rows.append([f"{regime}, {named}", str(q), *(str(answers[n]) for n in sizes), *per])
            laws.append([f"{regime}, {named}", *exponents(brackets), f"{limited} of {len(brackets)}"])
    about = ["criterion, fit", "exponent of n", "exponent of q", "lower ends that the budget made"]
    return "\n\n".join((table(head, rows), table(about, laws)))


def fits(report: Report, regime: str) -> list[str]:
    """Return what counts as a fit in a regime, each of which has an answer."""
    return list(fits_of(report.of(regime)[0]))


def fits_of(found: Found) -> dict[str, Answer]:
    """Return the answers about a threshold by what counts as a fit."""
    return {f"measure ≤ {found.budget.tolerance:g}": found.budget, **found.marks}


def weights(k: float, report: Report, q: int) -> float:
    """Return the number of trained weights of a net of k neurons with q outputs."""
    return k * (report.thresholds[0].d + q)


def bracket(n: int, q: int, report: Report, answer: Answer, sizes: int) -> SizeBracket:
    """Return the bracket of the number of weights, one of so many that hold together at a confidence of 95 %."""
    found = threshold(answer.counts, level=LEVEL / sizes)
    high = None if found.high is None else int(weights(found.high, report, q))
    return SizeBracket(n, q, int(weights(found.low or 0, report, q)), high)


def exponents(brackets: Sequence[SizeBracket]) -> list[str]:
    """Return the exponents of n and of q with their intervals, of weights = C n^a q^b."""
    fit = fit_exponents(brackets)
    if fit.region.refuted:
        return [f"no power of n and q fits: {' and '.join(f'({one.n}, {one.d})' for one in fit.region.conflict)}"] * 2
    return [exponent(fit.a, fit.a_interval), exponent(fit.b, fit.b_interval)]


def spread(values: Sequence[float], by: float) -> str:
    """Return the smallest and the largest of some values, divided by a number."""
    if not values:
        return "–"
    return " to ".join(dict.fromkeys(f"{value / by:.2f}" for value in (min(values), max(values))))
