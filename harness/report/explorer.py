"""The data of the explorer of a page: counts, brackets and theories of every regime, size and question."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from harness.components import Mark
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
    ladder: list[float | Mark] = list(results.suite.budget.tolerances)
    marks = {regime.name: regime.criterion.marks() for regime in results.suite.regimes}
    if len(places) * len(ladder) + sum(len(marks[place[0]]) for place in places) > MOST_ANSWERS:
        ladder, marks = [results.suite.budget.report_tolerance], dict.fromkeys(marks, ())
    record = [
        {
            "regime": clean(regime),
            "n": n,
            "d": d,
            "answers": [
                _answer(results, regime, n, d, asked)
                for asked in (*([0.0] if results.decides_fates(regime) else []), *ladder, *marks[regime])
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


def _answer(results: Results, regime: str, n: int, d: int, asked: float | Mark) -> dict[str, Any]:
    found = results.threshold(regime, n, d, asked)
    named = str(asked) if isinstance(asked, Mark) else plain(asked)
    return {
        "fit": f"{named} within {results.suite.budget.steps} steps" if asked else "exact fits, unlimited steps",
        "k": measured(found).text(),
        "low": found.low,
        "high": found.high,
        "limited": found.limited,
        "counts": [[k, m, found.open.get(k, 0), trials] for k, (m, trials) in sorted(found.counts.items())],
    }
