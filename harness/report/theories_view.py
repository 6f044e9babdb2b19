"""The table of the widths that theories require, beside the measured thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.components.entries import Entry, Number, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.caption import bracket_explained, problems_explained
from harness.report.formula_entries import EXPONENTS, exponent_entry
from harness.report.guarantees import group, in_order
from harness.report.prediction_entries import (
    CERTIFIED,
    UNVERIFIED,
    certified_width,
    claimed_exponents,
    holds,
    on_data_width,
    ratio,
    scaling_width,
)
from harness.report.provenance import provenance
from harness.report.questions import asked_for, question_explained
from harness.report.thresholds_view import k_half

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.driver.question import Asked
    from harness.driver.results import Results

CertifiedWidths = dict[tuple[str, int, int, str], "Certified"]
"""Certified widths by regime, n, d and name of the theory."""


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
        fitted = exponent_entry(results.exponent_fit(regime.name, tolerance, steps))
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
