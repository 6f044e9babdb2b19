"""Sentences that several captions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.numbers import clean
from harness.report.setting import component

if TYPE_CHECKING:
    from harness.driver.results import Results


def bracket_explained() -> str:
    """Return the sentence that explains an estimate and its bracket."""
    return (
        "Estimates are interpolated at ½ from a monotone fit of the counts; (low, high] is a bracket that misses k½ "
        "with a chance of at most 5 %, whenever the search stops; “> k” and “≤ k” are bounds where every tried width "
        "lay on one side."
    )


def problems_explained(results: Results) -> str:
    """Return the sentence about inputs, labels, precision and seed."""
    suite, data = results.suite, clean(str(results.provenance.get("data", "")))
    draws = "" if suite.resample else ", one draw for all trials"
    labels = getattr(suite.dataset, "labels", "")
    words = f", {labels} labels" if isinstance(labels, str) and labels else ""
    inputs = component(suite.dataset, leave_out=("labels", *(("columns", "drop") if data else ())))
    inputs += f": {data}" if data else ""
    further = "".join(f"; {size} {key.replace('_', '-')} samples" for key, size in suite.further.items() if size)
    return f"Problems: {inputs}{words}{draws}{further}; {suite.budget.dtype}; seed {suite.seed}."
