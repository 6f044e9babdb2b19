"""The table of the widths that theories require, beside the measured thresholds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import (
    Bound,
    Entry,
    Estimate,
    Exponent,
    Interval,
    Missing,
    Note,
    Number,
    Ratio,
    Style,
    Text,
)
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.caption import bracket_explained, problems_explained
from harness.report.provenance import provenance
from harness.report.questions import asked_for, question_explained
from harness.report.thresholds_view import k_half

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Theory
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.exponents import ExponentFit
    from harness.statistics.size_bracket import SizeBracket

CertifiedWidths = dict[tuple[str, int, int, str], "Certified"]
"""Certified widths by regime, n, d and name of the theory."""

UNVERIFIED = Note(
    "unverified: known from an abstract, a secondary source or memory, not from reading statement and conditions; "
    "“harness theory” says which part is known how",
    mark="†",
)

EXPLICIT = "Guarantees training, with an explicit constant:"
REFERENCE = "Guarantees training, constant unknown and set to 1 (reference lines, no predictions):"
LINEARISED = "Guarantees a fit of the linearized net alone:"
SILENT = "Guarantees nothing about this training (existence, landscape, necessary and the like):"


def group(theory: Theory) -> str:
    """Return the heading of a theory in tables: the guarantee that it gives."""
    if theory.claim.guarantee == "linearised":
        return LINEARISED
    if theory.claim.guarantee not in ("convergence", "certificate"):
        return SILENT
    return EXPLICIT if theory.claim.explicit else REFERENCE


GROUPS = (EXPLICIT, REFERENCE, LINEARISED, SILENT)


def in_order(predictions: Iterable[Prediction]) -> list[Prediction]:
    """Return predictions sorted by guarantee, then by their widths at C = 1 and on the data."""

    def order(prediction: Prediction) -> tuple[int, float, float, str]:
        on_data = prediction.width.value if prediction.width.value == prediction.width.value else math.inf
        at_one = on_data if prediction.scaling is None else prediction.scaling
        return GROUPS.index(group(prediction.theory)), at_one, on_data, prediction.theory.claim.title

    return sorted(predictions, key=order)


def theories_view(
    results: Results,
    predictions: Mapping[tuple[str, int, int], Sequence[Prediction]],
    *,
    all_sizes: bool = False,
    tolerance: Asked = None,
    steps: float | None = None,
    certified: CertifiedWidths | None = None,
) -> Table:
    """Return the theories of each regime beside its threshold.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d) from :func:`harness.report.predicted.predict_suite`.
        all_sizes: Whether to show every (n, d) of the suite, not only the largest.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
        certified: Certified widths by regime, n, d and name of the theory, or None to leave their columns out.

    Returns:
        The table.
    """
    suite = results.suite
    sizes = setting.sizes(suite) if all_sizes else setting.sizes(suite)[-1:]
    rows: list[Row] = []
    bibtex: dict[str, None] = {}
    for regime in suite.regimes:
        fitted = exponent(results.exponent_fit(regime.name, tolerance, steps))
        for n, d in sizes:
            measured = k_half(results, regime.name, n, d, tolerance, steps)
            named = setting.entries(regime)[:3]
            beside = predictions.get((regime.name, n, d), ())
            for prediction in in_order(beside):
                where = (*named, Number(n), Number(d), measured, fitted)
                claims = _claims(prediction, measured)
                if certified is not None:
                    found = certified_width(certified.get((regime.name, n, d, prediction.theory.name)))
                    claims = (*claims, found, ratio(found, measured))
                rows.append(Row((*where, *claims), group(prediction.theory)))
                bibtex |= dict.fromkeys(sources([prediction.theory]))
    return Table(
        name="theories",
        title=f"Widths that theories ask for, beside the measured k½ · {suite.title or suite.name}",
        caption=_caption(results, tolerance, steps, certified, all_sizes=all_sizes),
        columns=(*COLUMNS, *(CERTIFIED_COLUMNS if certified is not None else ())),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
        bibtex=tuple(bibtex),
    )


EXPONENTS = (
    "exponents of k½ = ⌈C n^a d^b⌉; in brackets the exponents that the brackets of k½ at all sizes allow together, at "
    "a confidence of 95 %."
)
"""Explanation of measured exponents for captions."""

CERTIFIED = (
    "certified: width from which the theory's certificate holds for networks drawn as in the regime, found by doubling "
    "and bisection; geometric mean and range over a few draws of problem and weights. From there on, gradient "
    "descent with the theorem's step (or the flow, where the theorem is about that) is proved to fit; beside k½, the "
    "quotient is the gap between proof and measurement."
)
"""Explanation of certified widths for captions."""

COLUMNS = (
    Column("regime", fold=True),
    Column("trains", fold=True),
    Column("activation", fold=True),
    Column("n", "right", fold=True),
    Column("d", "right", fold=True),
    Column("k½", "right", fold=True),
    Column("measured a, b", "right", fold=True),
    Column("theory", wrap=44),
    Column("guarantee", wrap=12, priority=1),
    Column("C=1", "right"),
    Column("C=1 ÷ k½", "right"),
    Column("on data", "right"),
    Column("on data ÷ k½", "right"),
    Column("a, b", "right", priority=2, legend="Claimed a, b: at this n and d, up to logarithms."),
    Column("met", "center"),
)


CERTIFIED_COLUMNS = (Column("certified", "right"), Column("certified ÷ k½", "right"))

MOST_REGIMES = 3
"""Largest number of regimes that share one table on the screen and in Markdown."""


def blocks(table: Table) -> list[Table]:
    """Return one table per regime if there are many regimes. Each has its own notes, and the last has the caption."""
    names = dict.fromkeys(row.entries[0].text() for row in table.rows)
    if len(names) <= MOST_REGIMES:
        return [table]
    found: list[Table] = []
    for name in names:
        rows = tuple(row for row in table.rows if row.entries[0].text() == name)
        found.append(
            replace(table, name=f"{table.name}-{len(found) + 1}", title=name, caption="", rows=rows, bibtex=())
        )
    found[0] = replace(found[0], title=f"{table.title} · {found[0].title}")
    found[-1] = replace(found[-1], caption=table.caption, bibtex=table.bibtex)
    return found


def _claims(prediction: Prediction, measured: Entry) -> tuple[Entry, ...]:
    claim = prediction.theory.claim
    on_data = on_data_width(prediction)
    at_one = scaling_width(prediction)
    claimed = claimed_exponents(prediction)
    return (
        titled(claim, UNVERIFIED),
        Text(claim.guarantee),
        at_one,
        ratio(at_one, measured),
        on_data,
        ratio(on_data, measured),
        claimed,
        holds(prediction),
    )


def on_data_width(prediction: Prediction) -> Entry:
    """Return the width on the data. Infinite, undefined and drawn widths have their reason, and ? has an error."""
    if prediction.failed:
        return _error(prediction, prediction.width.reason)
    if math.isnan(prediction.width.value):
        return Missing(prediction.width.reason, notes=_reason(prediction))
    return Number(prediction.width.value, notes=_reason(prediction))


def certified_width(certified: Certified | None) -> Entry:
    """Return a certified width with its range over the draws, or a bound if some draw is not certified."""
    if certified is None:
        return Missing("the claim has no test of initial weights")
    if certified.width is not None:
        return Interval(certified.width, certified.low, certified.high, notes=_in_balls(certified))
    notes = (Note(certified.reason),) if certified.reason else ()
    return Missing(certified.reason, notes=notes) if certified.low is None else Bound(">", certified.low, notes=notes)


def _in_balls(certified: Certified) -> tuple[Note, ...]:
    if certified.judged is None:
        return ()
    if certified.judged == 0:
        return (Note("not repeated in ball arithmetic: φ is not known there, or the networks are too large"),)
    return (Note(f"in ball arithmetic the test holds for {certified.confirmed} of {certified.judged} draws"),)


def scaling_width(prediction: Prediction) -> Entry:
    """Return the claimed scaling at C = 1, if there is one."""
    if prediction.scaling_error:
        return _error(prediction, prediction.scaling_error)
    if prediction.scaling is None:
        return Missing(why_no_scaling(prediction))
    return Number(prediction.scaling)


def why_no_scaling(prediction: Prediction) -> str:
    """Return why a claim has no width at C = 1."""
    given = prediction.theory.claim.exponents is not None
    return "the claim's constant follows from the data" if given else "the claim has no power law"


def _error(prediction: Prediction, said: str) -> Entry:
    return Text("?", notes=(Note(f"error in theory {prediction.theory.name}: {said}", error=True),), style="bad")


def claimed_exponents(prediction: Prediction) -> Entry:
    """Return the claimed a and b of n^a d^b at this n and d."""
    if prediction.theory.claim.exponents is None:
        return Missing("the claim has no power law")
    return Exponent(*prediction.theory.claim.exponents.at(prediction.n, prediction.d))


def _reason(prediction: Prediction) -> tuple[Note, ...]:
    width = prediction.width
    finite = abs(width.value) < float("inf")
    return () if (finite and not width.noted) or not width.reason else (Note(width.reason),)


def holds(prediction: Prediction) -> Entry:
    """Return whether the theorem's assumptions hold: ✓, ✗ or ?, with those that fail or cannot be checked."""
    failed = [a for a in prediction.assumptions if a.holds is False]
    open_ = [a for a in prediction.assumptions if a.holds is None]
    if failed:
        said = "; ".join(f"{a.text} ({a.found})" if a.found else a.text for a in failed)
        return Text("✗", notes=(Note(f"does not hold: {said}", detail=True),), style="bad")
    if open_:
        said = "; ".join(f"{a.text} ({a.found})" if a.found else a.text for a in open_)
        return Text("?", notes=(Note(f"not checked: {said}", detail=True),), style="doubt")
    return Text("✓", style="good") if prediction.assumptions else Missing("the claim states no assumption")


def ratio(predicted: Entry, measured: Entry) -> Entry:
    """Return predicted over measured width, or a bound if one of them is a bound."""
    if isinstance(predicted, Bound):
        return Ratio(predicted.limit / measured.value, ">") if isinstance(measured, Estimate) else Missing()
    if not isinstance(predicted, (Number, Interval)) or predicted.value is None or predicted.value != predicted.value:
        return Missing()
    if isinstance(measured, Estimate):
        return _coloured(predicted.value / measured.value)
    if isinstance(measured, Bound) and measured.limit > 0:
        return Ratio(predicted.value / measured.limit, "<" if measured.relation == ">" else ">=")
    return Missing()


def _coloured(value: float) -> Ratio:
    style: Style = "bad" if value >= 1e3 else ""
    return Ratio(value, style=style)


def exponent(fit: ExponentFit) -> Entry:
    """Return the measured a and b with their intervals, or words if no such formula meets the brackets."""
    if fit.region.refuted:
        said = in_conflict(fit.region.conflict)
        if fit.region.drop:
            said += f"; one meets the rest without {'; '.join(f'n = {one.n}, d = {one.d}' for one in fit.region.drop)}"
        return Text("no power law", notes=(Note(said),), style="bad")
    if not fit.informative:
        return Missing(fit.note or "the brackets leave both exponents free")
    return Exponent(fit.a, fit.b, fit.a_interval, fit.b_interval)


def in_conflict(brackets: Sequence[SizeBracket]) -> str:
    """Return the words that name brackets which no formula meets together."""
    return f"no such formula meets these brackets together: {'; '.join(map(str, brackets))}"


def _caption(
    results: Results,
    tolerance: Asked,
    steps: float | None,
    certified: CertifiedWidths | None,
    *,
    all_sizes: bool,
) -> str:
    suite = results.suite
    said = [
        f"k½: smallest measured width at which at least half of the trials fit{asked_for(results, tolerance, steps)}.",
        bracket_explained(),
        "C=1: the claim's power law n^a d^b with its constant and logarithms set to 1. on data: its condition "
        "evaluated on one drawn problem (trial 0), unknown constants set to 1; widths at C=1 do not rank theorems, nor "
        "two forms of one theorem, whose constants differ. ÷ k½: predicted over measured.",
        f"Measured a, b: {EXPONENTS}",
        *(column.legend for column in COLUMNS if column.legend),
        "met: the theorem's assumptions on this problem and regime, ✓ all hold, ✗ one fails, ? one cannot be checked.",
        *((CERTIFIED,) if certified is not None else ()),
        question_explained(results, tolerance, steps),
        f"Optimizer: {_optimizers(results)}; {setting.steps_explained(suite.regimes)}.",
        problems_explained(results),
    ]
    if not all_sizes and len(setting.sizes(suite)) > 1:
        said.append("Shown for the largest n and d; other sizes with --all-sizes.")
    return " ".join(said)


def _optimizers(results: Results) -> str:
    return " | ".join(dict.fromkeys(setting.optimizer(regime.optimizer) for regime in results.suite.regimes))
