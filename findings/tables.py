"""Tables of findings, as Markdown, each made of one report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from findings.claims import chosen, claims, knobs
from findings.homes import at_home
from findings.markdown import brief, table
from findings.reports import Answer, Found, Report

MOST_ROWS = 10
"""Input dimensions that the table of a map shows."""


def weights_a_label(found: Found, regime: Mapping[str, Any]) -> str:
    """Return the number of trained weights a label at k½, without biases, or a dash."""
    k = found.leading.k_half
    each = {"hidden": found.d, "output": 1, "all": found.d + 1}.get(regime["trains"])
    return "–" if k is None or each is None else f"{k * each / found.n:.3g}"


def questions(report: Report) -> list[str]:
    """Return the heads of the columns of :func:`answers`."""
    budget = report.thresholds[0].budget
    within = f"k½, {budget.tolerance:g} within {budget.steps:g} steps"
    return ["k½, exact fits", within] if _decided(report) else [within]


def answers(found: Found, report: Report) -> list[str]:
    """Return k½ of exact fits, where a report decides these for any regime, and k½ within the budget."""
    exact = "–" if found.exact is None else str(found.exact)
    return [exact, str(found.budget)] if _decided(report) else [str(found.budget)]


def _decided(report: Report) -> bool:
    return any(found.exact is not None for found in report.thresholds)


def exponents(record: Mapping[str, Any] | None) -> str:
    """Return the exponents a and b with their intervals, or a dash."""
    if record is None:
        return "–"
    if record.get("refuted"):
        return "no exponents fit"
    said = [exponent(record[name], record[f"{name}_interval"]) for name in ("a", "b")]
    return ", ".join(said) if any(one != "–" for one in said) else "–"


def exponent(point: float | None, interval: Sequence[float | None] | None) -> str:
    """Return an exponent with its interval, in which open ends are dots, or a dash."""
    if interval is None or all(end is None for end in interval):
        return "–" if point is None else f"{point:.2f}"
    low, high = ("…" if end is None or math.isinf(end) else f"{end:.2f}" for end in interval)
    said = f"[{low}, {high}]" if point is None else f"{point:.2f} [{low}, {high}]"
    return said.replace("-", "−")


def by_regime(report: Report) -> str:
    """Return a row for each regime: k½ at the largest n, weights a label there, exponents, and what is certified."""
    several = len({(found.n, found.d) for found in report.thresholds}) > 1
    head = ["regime", "n, d", *questions(report), "weights a label", "certified"]
    rows = []
    for name in report.with_width():
        found = report.largest(name)
        ends = "–" if found.certified is None else f"{found.certified}/{found.trials}"
        line = [name, f"{found.n}, {found.d}", *answers(found, report)]
        line += [weights_a_label(found, report.regimes[name]), ends]
        if several:
            closed = sum(one.leading.k_half is not None for one in report.of(name))
            line += [exponents(report.exponents.get(name)), f"{closed} of {len(report.of(name))}"]
        rows.append(line)
    return table([*head, "a, b", "sizes with a bracket"] if several else head, rows)


def every_size(report: Report) -> str:
    """Return a row for each regime and size."""
    rows = [
        [
            found.regime,
            f"{found.n}, {found.d}",
            *answers(found, report),
            weights_a_label(found, report.regimes[found.regime]),
        ]
        for found in report.thresholds
        if report.regimes[found.regime]["has_width"]
    ]
    return table(["regime", "n, d", *questions(report), "weights a label"], rows)


def fractions(report: Report) -> str:
    """Return how many trials fit within the budget at each width of a grid of multiples of n/d."""
    rows = []
    for found in report.thresholds:
        for k, (fit, trials) in sorted(found.budget.counts.items()):
            rows.append(
                [f"{found.n}, {found.d}", found.regime, str(k), f"{k * found.d / found.n:.3g}", f"{fit}/{trials}"]
            )
    return table(["n, d", "regime", "k", "kd/n", "fit"], rows)


def half_from(answer: Answer) -> str:
    """Return the smallest width of a grid from which at least half of the trials fit at each width, or a dash."""
    found = "–"
    for k, (fit, trials) in sorted(answer.counts.items(), reverse=True):
        if 2 * fit < trials:
            break
        found = str(k)
    return found


def by_dimension(report: Report) -> str:
    """Return the width from which half of the trials fit, by input dimension, at no more than ten dimensions."""
    dimensions = sorted({found.d for found in report.thresholds})
    step = math.ceil(len(dimensions) / MOST_ROWS)
    places = {(found.d, found.regime): found for found in report.thresholds}
    names = list(report.regimes)
    rows = []
    for d in dimensions[::step]:
        n = places[d, names[0]].n
        rows.append([str(d), f"{n / d:.3g}", *(half_from(places[d, name].budget) for name in names)])
    return table(["d", "n/d", *(f"half fit from k, {name}" for name in names)], rows)


def asked(report: Report) -> str:
    """Return for each regime what convergence theorems ask for at the largest size, at constant 1."""
    rows = []
    for name in report.with_width():
        found = report.largest(name)
        sure = {key for key, theory in report.theories.items() if theory["guarantee"] == "convergence"}
        widths = [
            p["scaling"]
            for p in report.predictions
            if (p["regime"], p["n"], p["d"]) == (name, found.n, found.d) and p["theory"] in sure and p["scaling"]
        ]
        spread = "–" if not widths else " to ".join(dict.fromkeys((brief(min(widths)), brief(max(widths)))))
        rows.append([name, f"{found.n}, {found.d}", str(found.leading), spread])
    return table(["regime", "n, d", "k½", "theorems on training, constant 1"], rows)


def formulas(report: Report) -> str:
    """Return which formulas with a free constant the brackets of each regime allow, or which sizes refute them."""
    rows = []
    for law in report.laws:
        ends = [brief_constant(law[end]) for end in ("low", "high")]
        conflict = " and ".join(f"({size['n']}, {size['d']})" for size in law["conflict"])
        said = f"C in ({ends[0]}, {ends[1]}]" if law["allowed"] else f"refuted by {conflict}"
        rows.append([law["regime"], law["law"], said])
    return table(["regime", "formula", "C, or the sizes (n, d) in conflict"], rows)


def brief_constant(value: float | None) -> str:
    """Return a constant in three digits, or dots where an end is open."""
    return "…" if value is None else f"{value:.3g}"


TABLES: Mapping[str, Callable[[Report], str]] = {
    "by-regime": by_regime,
    "every-size": every_size,
    "fractions": fractions,
    "by-dimension": by_dimension,
    "asked": asked,
    "formulas": formulas,
    "at-home": at_home,
    "claims": claims,
    "knobs": knobs,
    "chosen": chosen,
}
"""Tables by the name that a block gives."""
