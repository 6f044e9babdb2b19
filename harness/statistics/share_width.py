"""The width from which a share of the trials fits, such as 95 %, with a bracket from tests in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

from harness.statistics.brackets import LEVEL, Counts
from harness.statistics.paired import clopper_pearson

SHARE = 0.95
"""Share of trials that counts as nearly all."""


@dataclass(frozen=True)
class ShareWidth:
    """The bracket low < k ≤ high of the smallest width from which a share of the trials fits.

    Attributes:
        low: Largest width at which fewer fit for certain, or None if there is none.
        high: Smallest width from which at least that share fits for certain, or None if there is none.
        counts: Fits and trials by width.
        open: Number of trials by width whose end nothing decides.
    """

    low: int | None
    high: int | None
    counts: dict[int, tuple[int, int]]
    open: dict[int, int]


def share_width(
    counts: Counts,
    *,
    share: float = SHARE,
    level: float = LEVEL,
    most_widths: int | None = None,
    open_trials: dict[int, int] | None = None,
    floor: int | None = None,
) -> ShareWidth:
    """Return the bracket of the smallest width from which a share of the trials fits.

    Each width is tested by the exact interval of Clopper and Pearson (1934) at level/most_widths. As for k½, the chance
    of a fit is taken not to fall with the width. An open trial is a fit for the lower end and a failure for the upper.

    Args:
        counts: Fits and trials by width. Open trials are among the trials.
        share: The share.
        level: Chance that the bracket misses.
        most_widths: Number of widths that might have been tested, or None for those in ``counts``.
        open_trials: Number of trials by width whose end nothing decides.
        floor: Width below the bracket that is known otherwise, such as the lower end of the bracket of k½.

    >>> found = share_width({10: (50, 110), 20: (109, 110), 40: (110, 110)}, most_widths=5)
    >>> found.low, found.high
    (10, 40)
    """
    tests = max(most_widths or 0, len(counts), 1)
    undecided = {k: number for k, number in (open_trials or {}).items() if number}
    low, high = floor, None
    for k, (fits, trials) in sorted(counts.items()):
        if not trials:
            continue
        least = clopper_pearson(fits, trials, level=level / tests)[0]
        most = clopper_pearson(fits + undecided.get(k, 0), trials, level=level / tests)[1]
        if most < share and high is None:
            low = max(low or 0, k)
        if least >= share and high is None and k > (low or 0):
            high = k
    return ShareWidth(low, high, dict(sorted(counts.items())), undecided)


def fewest_fits(share: float = SHARE, level: float = LEVEL, most_widths: int = 1) -> int:
    """Return the number of trials that certify a share if all of them fit.

    Args:
        share: The share.
        level: Chance that the bracket misses.
        most_widths: Number of widths that might be tested.

    >>> fewest_fits(), fewest_fits(most_widths=5)
    (72, 104)
    """
    return next(m for m in range(1, 100_000) if clopper_pearson(m, m, level=level / most_widths)[0] >= share)
