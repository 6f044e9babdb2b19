"""The data of the explorer of a page: counts, brackets and theories of every regime, size and question."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from harness.components.numbers import clean, plain
from harness.report.rows import finite
from harness.report.thresholds_view import measured

if TYPE_CHECKING:
    from harness.driver.results import Results
    from harness.report.summary import Predictions

MOST_ANSWERS = 2000
"""Number of answers from which only the reported question of each size is kept, so that pages stay small."""


def explorer_data(results: Results, predictions: Predictions) -> str:
    """Return the data of the explorer as JSON without signs that end a script or an element.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d).
    """
    places = [place for place in results.places if results.regime(place[0]).model.has_width]
    ladder: list[float | None] = list(results.suite.budget.tolerances)
    if len(places) * len(ladder) > MOST_ANSWERS:
        ladder = [results.suite.budget.report_tolerance]
    record = [
        {
            "regime": clean(regime),
            "n": n,
            "d": d,
            "answers": [
                _answer(results, regime, n, d, tolerance)
                for tolerance in ([0.0, *ladder] if results.decides_fates(regime) else ladder)
            ],
            "theories": [
                [clean(p.theory.claim.title), finite(p.scaling), p.applies, p.theory.claim.guarantee]
                for p in predictions.get((regime, n, d), ())
                if p.scaling is not None and math.isfinite(p.scaling)
            ],
        }
        for regime, n, d in places
    ]
    return harmless(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


def harmless(text: str) -> str:
    """Return JSON without signs that end a script or an element."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _answer(results: Results, regime: str, n: int, d: int, tolerance: float | None) -> dict[str, Any]:
    found = results.threshold(regime, n, d, tolerance)
    exact = tolerance == 0.0
    return {
        "fit": "exact fits, unlimited steps"
        if exact
        else f"{plain(tolerance or 0)} within {results.suite.budget.steps} steps",
        "k": measured(found).text(),
        "low": found.low,
        "high": found.high,
        "limited": found.limited,
        "counts": [[k, m, found.open.get(k, 0), trials] for k, (m, trials) in sorted(found.counts.items())],
    }
