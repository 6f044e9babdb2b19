"""The table of claims: what was measured, the verdict by a margin written before, and the knobs that flip it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.components.entries import Entry, Interval, Missing, Number, Spread, Style, Text
from harness.components.numbers import decimal
from harness.components.table import Column, Row, Table
from harness.driver.replication import replications
from harness.report.caption import problems_explained, unfinished
from harness.report.map_view import explained
from harness.report.provenance import provenance
from harness.report.questions import question_explained
from harness.suite.claim import FITS

if TYPE_CHECKING:
    from harness.driver.replication import Replication, Tested
    from harness.driver.results import Results

NONE = "This suite makes no claims: write them as [[claims]] in its file."

SEEN = {
    "read": "read",
    "derived": "derived here",
    "abstract": "from the abstract",
    "secondary": "second-hand",
    "memory": "from memory",
}
"""Words for how the text of a claim is known."""

STYLES: dict[str, Style] = {"replicated": "good", "opposite": "bad", "equivalent": "doubt", "inconclusive": "dim"}

EXPECTED = {"smaller": "first smaller", "larger": "first larger", "equal": "no difference"}


def replication_view(results: Results) -> Table:
    """Return the verdict on each claim of a suite, or a table without rows if it makes none."""
    rows = [_row(one) for one in replications(results)]
    suite = results.suite
    return Table(
        name="replication",
        title=f"Claims and what was measured · {suite.title or suite.name}",
        caption=_caption(results) if rows else NONE,
        columns=(
            Column("claim", fold=True),
            Column("source", fold=True),
            Column("measure", wrap=18),
            Column("claimed", wrap=13),
            Column("first", "right"),
            Column("second", "right"),
            Column("difference", "right"),
            Column("margin", "right"),
            Column("seeds", "right", priority=1),
            Column("p", "right", priority=2),
            Column("verdict"),
            Column("flips", below=True, wrap=60),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def _row(one: Replication) -> Row:
    section, found = one.section, one.tested
    return Row(
        (
            Text(section.text),
            Text(f"{section.source} ({SEEN[section.certainty]})"),
            Text(f"{section.measure}, {section.mark}" if section.mark else section.measure),
            Text(EXPECTED[section.expect]),
            _number(found.first),
            _number(found.second),
            _measured(found),
            Text(decimal(section.margin, 3) + "×" * section.as_ratio),
            Number(found.pairs),
            Missing("the sign-flip test is about single trials, not about thresholds")
            if found.p_value is None
            else Number(found.p_value, width=False),
            Text(found.verdict, style=STYLES[found.verdict]),
            Text(flips(one)),
        )
    )


def flips(one: Replication) -> str:
    """Return the knobs that change the verdict, with the verdicts that they give, or how many were tried."""
    if one.flips:
        return "; ".join(f"{found.knob}: {found.verdict}" for found in one.flips)
    tried = len(one.others)
    return f"none of {tried} knobs tried" if tried else "no knob tried"


def _number(value: float | None) -> Entry:
    return Missing("not known") if value is None else Number(value, width=False)


def _measured(found: Tested) -> Entry:
    if found.claim.as_ratio:
        low = found.low if found.low > 0 else None
        high = found.high if math.isfinite(found.high) else None
        if found.value is None and low is None and high is None:
            return Missing("nothing is known of one of the two")
        return Interval(found.value, low, high, ratio=True)
    return Missing("no trial has the measure") if found.value is None else Spread(found.value, found.low, found.high)


def _caption(results: Results) -> str:
    claims = results.suite.claims
    measures = dict.fromkeys(claim.measure for claim in claims if claim.measure not in FITS)
    thresholds = any(claim.measure == "k_half" for claim in claims)
    marks = any(regime.criterion.marks() for regime in results.suite.regimes)
    said = [
        *unfinished(results),
        "difference: mean over seeds of first − second on the same problems, each averaged over the cells of the "
        "claim, or their quotient (×), with Student's interval at 95 % (of quotients, of their logarithms; shares of "
        "fits have one that holds at any number of seeds).",
        *(
            ["Quotients of k½ have intervals that contain the true one at 95 %, from both brackets."]
            if thresholds
            else []
        ),
        "margin: smallest difference that matters, written in the suite before the run. p: sign-flip test of no "
        "difference, not corrected for the number of claims.",
        "verdict: equivalent, the interval lies within ± margin; replicated, it lies on the claimed side of zero; "
        "opposite, on the other side; inconclusive, neither. A claim of no difference is replicated within ± "
        "margin and opposite outside of it.",
        "flips: changes that give another verdict, and not for want of trials: those that the suite names, each n, d "
        f"and k alone and, for fits, other tolerances{', errors or margins' if marks else ''} and half the steps.",
        *(explained(results, measure) for measure in measures),
        *([question_explained(results)] if len(measures) < len({claim.measure for claim in claims}) else []),
        problems_explained(results),
    ]
    return " ".join(said)
