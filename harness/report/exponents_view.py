"""The table of exponents in n and d: of measured thresholds, and of the scalings that theories claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.claims.predictions import concerned
from harness.components.entries import Count, Entry, Exponent, Missing, Note, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.caption import problems_explained
from harness.report.provenance import provenance
from harness.report.theories_view import GROUPS, UNVERIFIED, exponent, group

if TYPE_CHECKING:
    from harness.components import Regime, Theory
    from harness.driver.results import Results
    from harness.statistics.exponents import ExponentFit

UNIT = "unit: what the source counts, converted to widths here."
COLUMNS = (
    Column("regime", fold=True),
    Column("measured a, b", "right", fold=True),
    Column("sizes", "right", fold=True),
    Column("theory", wrap=44),
    Column("guarantee", wrap=12, priority=1),
    Column("unit", priority=2, legend=UNIT),
    Column("claimed a, b", "right"),
    Column("a within", "center"),
    Column("b within", "center"),
)

CAPTION = (
    "a, b: exponents of k½ ~ n^a d^b, fitted over the sizes whose k½ is known, with 95 % intervals from resampled "
    "trials in brackets; each needs at least three values of its variable. sizes: how many n and d were used, of those "
    "of the suite. claimed a, b: of the width k that the theory asks for, up to logarithms and constants, at the sizes "
    "used (at all sizes where none has a k½); theories without such a law are left out. "
    f"{UNIT} within: ✓ where the claimed exponent lies in the measured interval, else above or below it. An upper "
    "bound on the width that is needed is not refuted where its exponents lie above: it is loose. A necessary "
    "condition is not refuted either while the width it asks for lies below k½: its exponents hold for large n and d."
)


def exponents_view(results: Results, *, tolerance: float | None = None, steps: int | None = None) -> Table:
    """Return the measured exponents of every regime with a width, and those that its theories claim.

    Args:
        results: Results of the run.
        tolerance: A tolerance that the run records, or None for the reported one.
        steps: A number of steps within the budget, or None for all of it.

    Returns:
        The table.
    """
    suite = results.suite
    tolerance, steps = suite.budget.criterion(tolerance, steps)
    theories = results.registry.theories()
    rows: list[Row] = []
    bibtex: dict[str, None] = {}
    for regime in suite.regimes:
        if regime.model.has_width:
            fit = results.exponent_fit(regime.name, tolerance, steps)
            about = concerned(theories, regime, suite.dataset)
            lawful = [theory for theory in about if theory.claim.exponents is not None]
            rows += _rows(results, regime, fit, lawful)
            bibtex |= dict.fromkeys(sources(lawful))
    unfinished = f"UNFINISHED: {results.lacking}. " if results.missing else ""
    said = setting.criteria_explained(suite.regimes, tolerance, steps)
    return Table(
        name="exponents",
        title=f"How k½ scales with n and d, measured and claimed · {suite.title or suite.name}",
        caption=f"{unfinished}{CAPTION} {said} {problems_explained(results)}",
        columns=COLUMNS,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
        bibtex=tuple(bibtex),
    )


def has_exponents(results: Results) -> bool:
    """Return whether the sizes of any regime suffice for an exponent."""
    fits = (results.exponent_fit(regime.name) for regime in results.suite.regimes if regime.model.has_width)
    return any(fit.a is not None or fit.b is not None for fit in fits)


def _rows(results: Results, regime: Regime, fit: ExponentFit, theories: list[Theory]) -> list[Row]:
    measured = exponent(fit)
    if fit.note:
        measured = replace(measured, notes=(Note(fit.note),))
    where = (Text(regime.name), measured, Count(len(fit.sizes), len(results.sizes())))
    if not theories:
        none = Missing("no theory with a power law concerns this regime")
        return [Row((*where, replace(none, notes=(Note(none.reason),)), *(none,) * (len(COLUMNS) - len(where) - 1)))]
    claims = [(theory, claim, said) for theory in theories for claim, said in _claims(results, fit, theory)]
    claims.sort(key=lambda one: (GROUPS.index(group(one[0])), one[1], one[0].claim.title))
    return [Row((*where, *_entries(fit, theory, claim, said)), group(theory)) for theory, claim, said in claims]


def _claims(results: Results, fit: ExponentFit, theory: Theory) -> list[tuple[tuple[float, float], str]]:
    """Return the exponents that a theory claims at the sizes used, with the size if it claims several."""
    sizes = fit.sizes or results.sizes()
    assert theory.claim.exponents is not None  # theories without exponents are left out
    at = {(n, d): theory.claim.exponents.at(n, d) for n, d in sizes}
    claimed = dict.fromkeys(at.values())
    if len(claimed) == 1:
        return [(claim, "") for claim in claimed]
    found = []
    for claim in claimed:
        here = [size for size, one in at.items() if one == claim]
        if theory.claim.exponents.floor is None:
            which = "with n < d" if all(n < d for n, d in here) else "with n ≥ d"
        else:
            which = "where it is the larger of law and floor"
        said = f"claimed at {len(here)} of the {len(at)} sizes, those {which}; measured over all of them"
        found.append((claim, said))
    return found


def _entries(fit: ExponentFit, theory: Theory, claim: tuple[float, float], said: str) -> tuple[Entry, ...]:
    a, b = claim
    return (
        titled(theory.claim, UNVERIFIED),
        Text(theory.claim.guarantee),
        Text(theory.claim.unit),
        Exponent(a, b, notes=tuple(Note(text) for text in (said, _of(theory)) if text)),
        _within(a, fit.a_interval),
        _within(b, fit.b_interval),
    )


def _of(theory: Theory) -> str:
    """Return the inputs for which the scaling is claimed, or an empty string."""
    where = theory.claim.exponents.where if theory.claim.exponents is not None else ""
    return f"claimed for: {where}" if where else ""


def _within(claimed: float, interval: tuple[float, float] | None) -> Entry:
    if interval is None:
        return Missing("the exponent was not measured")
    low, high = interval
    if low <= claimed <= high:
        return Text("✓", style="good")
    return Text("above" if claimed > high else "below")
