"""The table of exponents in n and d: of measured thresholds, and of the scalings that theories claim."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.claims.claimed_formula import claimed_formula
from harness.claims.predictions import concerned
from harness.components.entries import Count, Entry, Exponent, Missing, Note, Text
from harness.components.table import Column, Row, Table
from harness.report.bibliography import sources, titled
from harness.report.caption import problems_explained, unfinished
from harness.report.formula_entries import EXPONENTS, REFUTED, constant_entry, exponent_entry
from harness.report.guarantees import GROUPS, group
from harness.report.prediction_entries import UNVERIFIED
from harness.report.provenance import provenance
from harness.report.questions import question_explained
from harness.statistics.formulas import constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Regime, Theory
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.exponents import ExponentFit
    from harness.statistics.size_bracket import SizeBracket

UNIT = "unit: what the source counts, converted to widths here."
COLUMNS = (
    Column("regime", fold=True),
    Column("measured a, b", "right", fold=True),
    Column("sizes", "right", fold=True),
    Column("theory", wrap=44),
    Column("guarantee", wrap=12, priority=1),
    Column("unit", priority=2, legend=UNIT),
    Column("claimed a, b", "right"),
    Column("C", "right"),
    Column("a within", "center"),
    Column("b within", "center"),
)

CAPTION = (
    f"a, b: {EXPONENTS} A point is least squares on the middles of the brackets, and is given where each of these "
    "sizes has both ends and the variable has three values. sizes: how many n and d have a bound, of those of the "
    f"suite. {REFUTED} claimed a, b: of the width k that the theory asks for, up to logarithms and constants, at the "
    "sizes used (at all sizes where none has a bound); theories without such a law are left out. C: the constants "
    "with which the claimed width, taken as an equation for k½, lies in the brackets of all sizes, or “refuted”. "
    f"{UNIT} within: ✓ where the claimed exponent lies among those that the brackets allow, else above or below them. "
    "An upper bound on the width that is needed is not refuted where its exponents lie above: it is loose. A necessary "
    "condition is not refuted either while the width it asks for lies below k½: its exponents hold for large n and d."
)


def exponents_view(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> Table:
    """Return the measured exponents of every regime with a width, and those that its theories claim.

    Args:
        results: Results of the run.
        tolerance: A tolerance that the run records, 0 for an exact fit, or None.
        steps: A number of steps within the budget, infinity, or None. Without both the question is the leading one.

    Returns:
        The table.
    """
    suite = results.suite
    theories = results.registry.theories()
    rows: list[Row] = []
    bibtex: dict[str, None] = {}
    for regime in suite.regimes:
        if regime.model.has_width:
            fit = results.exponent_fit(regime.name, tolerance, steps)
            about = concerned(theories, regime, suite.dataset)
            lawful = [theory for theory in about if theory.claim.exponents is not None]
            rows += _rows(regime, fit, results.brackets(regime.name, tolerance, steps), lawful)
            bibtex |= dict.fromkeys(sources(lawful))
    said = [*unfinished(results), CAPTION, question_explained(results, tolerance, steps), problems_explained(results)]
    return Table(
        name="exponents",
        title=f"How k½ scales with n and d, measured and claimed · {suite.title or suite.name}",
        caption=" ".join(said),
        columns=COLUMNS,
        rows=tuple(rows),
        provenance=provenance(results.provenance),
        bibtex=tuple(bibtex),
    )


def has_exponents(results: Results) -> bool:
    """Return whether the brackets of any regime say anything about an exponent."""
    return any(
        results.exponent_fit(regime.name).informative for regime in results.suite.regimes if regime.model.has_width
    )


def _rows(regime: Regime, fit: ExponentFit, brackets: Sequence[SizeBracket], theories: list[Theory]) -> list[Row]:
    measured = exponent_entry(fit)
    if fit.note and not isinstance(measured, Missing):
        measured = replace(measured, notes=(*measured.notes, Note(fit.note)))
    elif isinstance(measured, Missing):
        measured = replace(measured, notes=(Note(measured.reason),))
    where = (Text(regime.name), measured, Count(len(fit.sizes), len(brackets)))
    if not theories:
        none = Missing("no theory with a power law concerns this regime")
        return [Row((*where, replace(none, notes=(Note(none.reason),)), *(none,) * (len(COLUMNS) - len(where) - 1)))]
    claims = [(theory, claim, said) for theory in theories for claim, said in _claims(brackets, fit, theory)]
    claims.sort(key=lambda one: (GROUPS.index(group(one[0])), one[1], one[0].claim.title))
    return [
        Row((*where, *_entries(fit, brackets, theory, claim, said)), group(theory)) for theory, claim, said in claims
    ]


def _claims(brackets: Sequence[SizeBracket], fit: ExponentFit, theory: Theory) -> list[tuple[tuple[float, float], str]]:
    """Return the exponents that a theory claims at the sizes used, with the size if it claims several."""
    sizes = fit.sizes or [(bracket.n, bracket.d) for bracket in brackets]
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


def _entries(
    fit: ExponentFit, brackets: Sequence[SizeBracket], theory: Theory, claim: tuple[float, float], said: str
) -> tuple[Entry, ...]:
    a, b = claim
    return (
        titled(theory.claim, UNVERIFIED),
        Text(theory.claim.guarantee),
        Text(theory.claim.unit),
        Exponent(a, b, notes=tuple(Note(text) for text in (said, _of(theory)) if text)),
        _constant(brackets, theory),
        _within(a, fit.a_interval, fit),
        _within(b, fit.b_interval, fit),
    )


def _of(theory: Theory) -> str:
    """Return the inputs for which the scaling is claimed, or an empty string."""
    where = theory.claim.exponents.where if theory.claim.exponents is not None else ""
    return f"claimed for: {where}" if where else ""


def _constant(brackets: Sequence[SizeBracket], theory: Theory) -> Entry:
    formula = claimed_formula(theory)
    try:
        assert formula is not None  # theories without exponents are left out
        return constant_entry(constant(brackets, formula))
    except (ValueError, OverflowError) as error:
        return Missing(str(error), notes=(Note(f"{theory.claim.title}: {error}", error=True),))


def _within(claimed: float, interval: tuple[float, float] | None, fit: ExponentFit) -> Entry:
    if fit.region.refuted:
        return Missing("no power law meets the brackets")
    if interval is None or not any(map(math.isfinite, interval)):
        return Missing("the brackets leave the exponent free")
    low, high = interval
    if low <= claimed <= high:
        return Text("✓", style="good")
    return Text("above" if claimed > high else "below")
