"""Sentences that several captions share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.components.numbers import clean
from harness.report.setting import component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.driver.results import Results


EDITED = "Edited code:"
"""Begins the sentence that numbers are of other code, which no shortened caption leaves out."""


def bracket_explained() -> str:
    """Return the sentence that explains an estimate and its bracket."""
    return (
        "(low, high] is a bracket that misses k½ with a chance of at most 5 %, whenever the search stops; the number "
        "before it is the width in it at which a monotone fit of the counts reaches ½; “> k” and “≤ k” are bounds, "
        "where one end is open."
    )


def edits_explained(provenance: Mapping[str, Any]) -> str:
    """Return the sentence about trials of plugins that were edited since, or an empty string if there are none.

    >>> edits_explained({"edited": {"mine": 12}})
    'Edited code: 12 trials were trained with other code of plugin mine than it has now.'
    """
    parts = [
        f"{trials} trials were trained with other code of plugin {name} than it has now"
        for name, trials in provenance.get("edited", {}).items()
    ]
    return f"{EDITED} {'; '.join(parts)}." if parts else ""


def unfinished(results: Results) -> list[str]:
    """Return the sentence that trials are missing, if any are."""
    return [f"UNFINISHED: {results.lacking}."] if results.missing else []


def problems_explained(results: Results) -> str:
    """Return the sentence about inputs, labels, precision and seed, and one about edited plugins if there are any."""
    suite, data = results.suite, clean(str(results.provenance.get("data", "")))
    draws = "" if suite.resample else f", one draw for {'each cell' if suite.each_cell else 'all trials'}"
    labels = getattr(suite.dataset, "labels", "")
    words = f", {labels} labels" if isinstance(labels, str) and labels else ""
    inputs = component(suite.dataset, leave_out=("labels", *(("columns", "drop") if data else ())))
    inputs += f": {data}" if data else ""
    further = "".join(f"; {size} {key.replace('_', '-')} samples" for key, size in suite.further.items() if size)
    edited = edits_explained(results.provenance)
    problems = f"Problems: {inputs}{words}{draws}{further}; {suite.budget.dtype}; seed {suite.seed}."
    return f"{problems} {edited}".rstrip()
