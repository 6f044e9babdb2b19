"""The column that says why trials near the threshold do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Entry, Missing, Note, Text
from harness.components.reason import MEANING
from harness.components.table import Column
from harness.driver.reasons import near, reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components.vocabulary import Reason
    from harness.driver.question import Asked
    from harness.driver.results import Results

SHORT: dict[Reason, str] = {
    "dead samples": "dead",
    "local minimum": "minimum",
    "rank": "rank",
    "too few weights": "narrow",
    "diverged": "diverged",
    "edge of stability": "edge",
    "still falling": "falling",
    "plateau": "plateau",
}
"""Reasons as a table writes them."""

SHOWN = 2
"""Largest number of reasons in an entry."""

LEGEND = "why not: reasons of the trials that do not fit, at widths from the lower end of the bracket on."

COLUMN = Column("why not", priority=2, wrap=20, legend=LEGEND)


def why_not(
    results: Results, regime: str, n: int, d: int, tolerance: Asked, steps: float | None, low: int | None
) -> Entry:
    """Return the entry of a regime at a size.

    Args:
        results: Results of the run.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        tolerance: A tolerance that the run records, 0 for exact fits, or None for the reported one.
        steps: A budget, infinity for unlimited steps, or None for the whole budget. Without both the leading question
            of the regime is asked.
        low: Lower end of the bracket, or None where it is open.
    """
    if results.question(regime, tolerance, steps).by is not None:
        return Missing("reasons are known of losses alone")
    counts = near(reasons(results, regime, n, d, tolerance, steps), low)
    return Text(listed(counts)) if counts else Missing("no trial is unfit")


def listed(counts: Mapping[Reason, int]) -> str:
    """Return the most frequent reasons with their counts, and the number of trials with others.

    >>> listed({"dead samples": 12, "still falling": 3}), listed({"plateau": 5, "diverged": 2, "rank": 1})
    ('12 dead, 3 falling', '5 plateau, 2 diverged, 1 more')
    """
    shown = [f"{count} {SHORT[name]}" for name, count in list(counts.items())[:SHOWN]]
    others = sum(list(counts.values())[SHOWN:])
    return ", ".join([*shown, *([f"{others} more"] if others else [])])


def explained(results: Results, tolerance: Asked, steps: float | None) -> str:
    """Return the sentences of a caption that explain the reasons met in a run."""
    met = {
        name
        for place in results.places
        for counts in reasons(results, *place, tolerance, steps).values()
        for name in counts
    }
    return " ".join(f"{SHORT[name]}: {meaning}." for name, meaning in MEANING.items() if name in met)


def at_the_widest(
    results: Results, regime: str, n: int, d: int, tolerance: Asked, steps: float | None
) -> tuple[Note, ...]:
    """Return the note that says why no upper end was found: the reasons at the widest width tried.

    Args:
        results: Results of the run.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        tolerance: As for :func:`why_not`.
        steps: Likewise.
    """
    by_width = reasons(results, regime, n, d, tolerance, steps)
    widest = max(by_width, default=0)
    counts = near(by_width, widest)
    return (Note(f"trials that do not fit at the widest k = {widest}: {listed(counts)}"),) if counts else ()
