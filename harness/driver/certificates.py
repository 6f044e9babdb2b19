"""The number of trials without which no width of a suite can be certified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.statistics.thresholds import LEVEL, log_e_value, log_evidence_threshold

if TYPE_CHECKING:
    from harness.suite import Suite


def fewest_equal(most_widths: int, level: float = LEVEL) -> int:
    """Return the number of equal verdicts at one width that certify it.

    Args:
        most_widths: Number of widths that may be tested.
        level: Chance that the bracket misses.

    >>> fewest_equal(12), fewest_equal(1)
    (11, 7)
    """
    needed = log_evidence_threshold(max(most_widths, 1), level)
    return next(trials for trials in range(1, 1000) if log_e_value(trials, trials) >= needed)


def fewest_trials(suite: Suite, widths: int) -> int:
    """Return the number of equal verdicts at one width that certify it in a suite.

    Args:
        suite: The suite.
        widths: Number of widths that were tried.
    """
    return fewest_equal(max(suite.search.most_widths or 0, widths))


def too_few_trials(suite: Suite) -> str:
    """Return the warning about a suite with too few trials for any bracket, or an empty string."""
    search = suite.search
    if search.decided_beforehand:
        needed, what = fewest_equal(search.most_widths or 1), "trials a width"
    else:
        needed, what = 2 * fewest_equal(1), "trials a threshold"
    if search.trials >= needed:
        return ""
    return (
        f"[search] trials = {search.trials}: no width can be certified, so k½ gets no bracket; "
        f"expected at least {needed} {what}"
    )
