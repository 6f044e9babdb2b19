"""Counts of the reasons why trials of a run do not fit, by width."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.components.reason import REASONS, reason

if TYPE_CHECKING:
    from harness.components.vocabulary import Reason
    from harness.driver.question import Asked
    from harness.driver.results import Results


def reasons(
    results: Results, regime: str, n: int, d: int, tolerance: Asked = None, steps: float | None = None
) -> dict[int, dict[Reason, int]]:
    """Return for each width that was tried how many trials do not fit for which reason.

    Args:
        results: Results of the run.
        regime: Name of the regime.
        n: Number of samples.
        d: Input dimension.
        tolerance: See :meth:`Results.question`, whose leading question is asked without it and ``steps``.
        steps: Likewise.

    Returns:
        Counts by width, then by reason, in the order of :data:`harness.components.reason.REASONS`.
    """
    asked, trained = results.question(regime, tolerance, steps), results.regime(regime)
    found: dict[int, dict[Reason, int]] = {}
    if asked.by is not None:
        return found  # the reasons are those of losses
    for k, trials in results.by_width(regime, n, d).items():
        counts = Counter(reason(outcome, asked.tolerance, asked.index, trained, asked.steps) for outcome in trials)
        found[k] = {name: counts[name] for name in REASONS if counts[name]}
    return found


def near(by_width: dict[int, dict[Reason, int]], low: int | None) -> dict[Reason, int]:
    """Return the counts of all widths from the lower end of a bracket on, the most frequent reason first.

    Args:
        by_width: Counts by width.
        low: Lower end, or None for all widths.

    >>> near({2: {"plateau": 9}, 4: {"plateau": 1}, 5: {"dead samples": 3, "plateau": 1}}, 4)
    {'dead samples': 3, 'plateau': 2}
    """
    total: Counter[Reason] = Counter()
    for k, counts in by_width.items():
        if k >= (low or 0):
            total.update(counts)
    return dict(sorted(total.items(), key=lambda item: (-item[1], REASONS.index(item[0]))))
