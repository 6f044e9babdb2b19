"""The two short tables of a run: one row for each regime, and one line for each theory."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import Entry, Formula, Missing, Note, Number, Ratio, Text
from harness.components.numbers import exponent, number_of, plain
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.caption import edits_explained, problems_explained
from harness.report.claims_view import law
from harness.report.formula_entries import constant_entry
from harness.report.guarantees import group, in_order
from harness.report.law_rows import compared
from harness.report.leading import leading, weights_per_label
from harness.report.nothing_found import why_no_bracket
from harness.report.prediction_entries import UNVERIFIED, holds, why_no_scaling
from harness.report.provenance import provenance
from harness.report.thresholds_view import LIMIT, LIMITED, measured
from harness.statistics.formulas import FORMULAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Claim, Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.exponents import ExponentFit

    Predictions = Mapping[tuple[str, int, int], Sequence[Prediction]]

COLUMNS = (
    Column("regime", wrap=18),
    Column("k½", "right"),
    Column("kd/n", "right", priority=2, legend="kd/n: trained hidden weights for each label at k½."),
    Column("a", "right"),
    Column("b", "right"),
    Column("C", "right", priority=1, legend="C: constants with which k½ = ⌈C n/d⌉ lies in all brackets."),
)

THEORY_COLUMNS = (
    Column("theory", wrap=34),
    Column("scaling", wrap=12, legend="scaling: the claim up to constants; Õ hides logarithms."),
    Column("C=1", "right", legend="C=1: its value with constant and logarithms 1."),
    Column(
        "÷ k½", "right", legend="÷ k½: C=1 over the measured k½, smallest and largest over the regimes it speaks of."
    ),
    Column("on data", "right", priority=1, legend="on data: its condition on the drawn problem."),
    Column("met", "center", legend="met: ✓ all assumptions hold, ✗ one fails, ? one is not checked."),
)


def compact_view(results: Results, *, tolerance: Asked = None, steps: float | None = None) -> Table:
    """Return one row for each regime: k½ at the largest size, weights for each label, exponents and constant.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.

    Returns:
        The table.
    """
    suite = results.suite
    n, d = size_shown(results, tolerance, steps)
    kinds = list(dict.fromkeys(_fit(results, regime, tolerance, steps) for regime in suite.regimes))
    said = (
        f"k½: smallest width at which at least half of the nets fit {' or '.join(kinds)}. (low, high] misses it with a "
        "chance of at most 5 %."
    )
    rows = tuple(_row(results, regime, n, d, tolerance, steps, usual=kinds[0]) for regime in suite.regimes)
    columns = _columns(rows)
    if all(weights_per_label(regime, n, d, 1) is None for regime in suite.regimes):
        columns = tuple(column for column in columns if column.header != "kd/n")
    legends = " ".join(column.legend for column in columns if column.legend)
    table = Table(
        name="compact",
        title=f"k½ at n = {n}, d = {d} · {suite.title or suite.name}",
        caption=f"{said} {legends} Step size: {setting.steps_explained(suite.regimes)}. {problems_explained(results)}",
        brief=f"{said} {legends} {edits_explained(results.provenance)}".rstrip(),
        compact=True,
        columns=COLUMNS,
        rows=rows,
        provenance=provenance(results.provenance),
    )
    shown = {column.header for column in columns}
    table = table.without([column.header for column in COLUMNS if column.header not in shown])
    return replace(table, columns=columns).explained()


def _columns(rows: Sequence[Row]) -> tuple[Column, ...]:
    """Return the columns without exponents of what does not vary, and without a constant if nothing does."""
    powers = {"a": "n^a", "b": "d^b"}
    places = {column.header: place for place, column in enumerate(COLUMNS)}
    known = [name for name in powers if not all(isinstance(row.entries[places[name]], Missing) for row in rows)]
    formula = " ".join(powers[name] for name in known)
    legend = f"{', '.join(known)}: exponents of k½ ~ {formula} that the brackets of all sizes allow together."
    gone = {"a", "b"} - set(known) if known else {"a", "b", "C"}
    return tuple(
        replace(column, legend=legend) if [column.header] == known[:1] else column
        for column in COLUMNS
        if column.header not in gone
    )


def size_shown(results: Results, tolerance: Asked = None, steps: float | None = None) -> tuple[int, int]:
    """Return the n and d of the short tables: the largest at which a regime has a bracket, or the largest.

    Args:
        results: Results of the run.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
    """
    lead = leading(results, tolerance, steps)
    return (lead.n, lead.d) if lead is not None else setting.sizes(results.suite)[-1]


def compact_theories_view(results: Results, predictions: Predictions) -> Table:
    """Return one line for each theory: its scaling, and its width over the k½ of the regimes that it concerns.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d).

    Returns:
        The table.
    """
    suite = results.suite
    n, d = size_shown(results)
    about: dict[str, list[Prediction]] = {}
    for regime in suite.regimes:
        for prediction in predictions.get((regime.name, n, d), ()):
            about.setdefault(prediction.theory.name, []).append(prediction)
    first = in_order(several[0] for several in about.values())
    said = " ".join(column.legend for column in THEORY_COLUMNS if column.legend)
    return Table(
        name="compact-theories",
        title=f"Widths that theories ask for at n = {n}, d = {d} · {suite.title or suite.name}",
        caption=f"{said} {problems_explained(results)}",
        brief=f"{said} {edits_explained(results.provenance)}".rstrip(),
        compact=True,
        columns=THEORY_COLUMNS,
        rows=tuple(_theory_row(results, about[one.theory.name]) for one in first),
        provenance=provenance(results.provenance),
        bibtex=sources(one.theory for one in first),
    ).explained()


def scaling_text(claim: Claim, n: int, d: int) -> str:
    """Return the claimed scaling at a size as papers write it, with its logarithms.

    Logarithms that the formula has and the exponents do not declare are written as Õ.

    Args:
        claim: The claim.
        n: Number of samples.
        d: Input dimension.
    """
    if claim.exponents is None:
        return ""
    text = law(*claim.exponents.at(n, d), claim.exponents.logs)
    return f"Õ({text})" if not claim.exponents.logs and "log" in claim.formula else text


def _fit(results: Results, regime: Regime, tolerance: Asked, steps: float | None) -> str:
    asked = results.question(regime.name, tolerance, steps)
    if asked.by is not None:
        return f"({asked.by})"
    if asked.kind == "exact":
        return "exactly"
    within = f" within {number_of(int(asked.steps), 'step')}" if math.isfinite(asked.steps) else ""
    return f"to {plain(asked.tolerance)}{within}"


def _row(results: Results, regime: Regime, n: int, d: int, tolerance: Asked, steps: float | None, *, usual: str) -> Row:
    """Return the row of a regime. Where its fits are of another kind than the usual one, k½ has a note of it."""
    if not regime.model.has_width:
        none = Missing("the limit of infinite width has no threshold", notes=(LIMIT,))
        return Row((Text(regime.name), none, *(Missing(),) * 4))
    found = results.threshold(regime.name, n, d, tolerance, steps)
    entry = measured(found)
    if isinstance(entry, Missing):
        why = why_no_bracket(results, regime, n, d, tolerance, steps)
        entry = Missing(why, notes=(Note(why),))
    elif found.limited:
        entry = _noted(entry, LIMITED)
    kind = _fit(results, regime, tolerance, steps)
    if kind != usual and not isinstance(entry, Missing):
        entry = _noted(entry, Note(f"fits {kind}, where others fit {usual}"))
    share = weights_per_label(regime, n, d, found.k_half)
    unknown = "the hidden layer is not trained" if regime.model.describe().trains == "output" else "k½ has no estimate"
    fit = results.exponent_fit(regime.name, tolerance, steps)
    brackets = results.brackets(regime.name, tolerance, steps)
    several = sum(bracket.bounded for bracket in brackets) > 1
    law_entry = (
        constant_entry(compared(regime, FORMULAS[0], brackets).constant) if several else Missing("one size only")
    )
    return Row(
        (
            Text(regime.name),
            entry,
            Missing(unknown) if share is None else Number(share, width=False),
            _exponent(fit, fit.a_interval),
            _exponent(fit, fit.b_interval),
            Text(law_entry.text(), style=law_entry.style) if several else law_entry,
        )
    )


def _noted(entry: Entry, note: Note) -> Entry:
    return replace(entry, notes=(*entry.notes, note))


def _exponent(fit: ExponentFit, interval: tuple[float, float] | None) -> Entry:
    if fit.region.refuted:
        return Text("refuted", style="bad")
    if interval is None or not any(map(math.isfinite, interval)):
        return Missing("the brackets leave it free")
    return Text(f"[{exponent(interval[0])}, {exponent(interval[1])}]")


def _theory_row(results: Results, several: Sequence[Prediction]) -> Row:
    one = several[0]
    claim = one.theory.claim
    scaling = scaling_text(claim, one.n, one.d)
    widths = [p.width.value for p in several if math.isfinite(p.width.value)]
    return Row(
        (
            titled(claim, UNVERIFIED),
            Formula(scaling) if scaling else Missing("the claim has no power law"),
            Number(one.scaling) if one.scaling is not None else Missing(why_no_scaling(one)),
            _ratio(results, several),
            _range(widths, [p.width.reason for p in several]),
            min((holds(p) for p in several), key=lambda entry: "✗?✓–".find(entry.text())),
        ),
        group(one.theory),
    )


def _range(values: Sequence[float], reasons: Sequence[str]) -> Entry:
    if not values:
        return Missing(next(filter(None, reasons), "no number"))
    low, high = min(values), max(values)
    return Number(low) if low == high else Text(f"{Number(low).text()} to {Number(high).text()}")


def _ratio(results: Results, several: Sequence[Prediction]) -> Entry:
    found = [
        (p.scaling / k)
        for p in several
        if p.scaling is not None and (k := results.threshold(p.regime.name, p.n, p.d).k_half) is not None
    ]
    if not found:
        return Missing("no k½, or no scaling")
    low, high = min(found), max(found)
    return Ratio(low) if low == high else Text(f"{Ratio(low).text()[:-1]} to {Ratio(high).text()}")
