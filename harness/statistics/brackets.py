"""Brackets of k½ from counts, which hold at any stopping time.

A function of this module is a pure function of counts. A trial that diverged counts as one that did not fit. The caller
leaves out trials that ended in an error.

The only assumption is that wider is no worse: on each problem, the chance of a fit does not fall with the width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

Counts = Mapping[int, tuple[int, int]]
"""Width → (m, M): m of M trials fit."""

LEVEL = 0.05
"""Chance that a bracket may miss k½."""


def log_e_value(m: float, trials: float) -> float:
    """Return the log evidence of m fits in so many trials against P = ½.

    The likelihood ratio of a Beta(½, ½) mixture of all P against P = ½ (Krichevsky & Trofimov 1981),

        e(m, M) = 2^M B(m + ½, M − m + ½) / B(½, ½).

    Under P = ½ it is a martingale over the trials, so the chance that it ever reaches 1/α is at most α, whatever
    rule decides when to stop (Ville 1939). Real arguments are allowed, for planning.

    >>> round(math.exp(log_e_value(2, 2)), 12)   # 4 · 3/8
    1.5
    >>> round(math.exp(log_e_value(1, 2)), 12)   # 4 · 1/8
    0.5
    """
    lg = math.lgamma
    return lg(m + 0.5) + lg(trials - m + 0.5) - lg(trials + 1.0) - math.log(math.pi) + trials * math.log(2.0)


def log_evidence_threshold(most_widths: int, level: float = LEVEL) -> float:
    """Return the log evidence that certifies a width: log(most_widths / level)."""
    return math.log(most_widths / level)


def certified(m: int, trials: int, needed: float) -> int:
    """Return +1 if P > ½ is certified, −1 if P < ½ is, and 0 if neither is.

    Args:
        m: Number of fits.
        trials: Number of trials.
        needed: Log evidence that certifies a width.

    >>> needed = log_evidence_threshold(12)
    >>> certified(11, 11, needed), certified(10, 10, needed), certified(1, 16, needed)
    (1, 0, -1)
    """
    if 2 * m == trials or log_e_value(m, trials) < needed:
        return 0
    return 1 if 2 * m > trials else -1


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


def bracket(
    counts: Counts,
    *,
    level: float = LEVEL,
    most_widths: int | None = None,
    open_trials: Mapping[int, int] | None = None,
) -> tuple[int | None, int | None]:
    """Return (low, high): at a confidence of 1 − level, low < k½ ≤ high.

    Each width is tested against ½ by :func:`log_e_value`. A union bound shares the level among the ``most_widths``
    that may be tested, a number fixed before the first trial. The evidence at several widths is not multiplied,
    because trials of one seed have the same problem at every width, so evidence at different widths is dependent.
    Along the seeds of one width the trials are independent, so Ville's inequality holds there for every stopping
    rule, including one that looks at other widths.

    Which widths are tested may depend on results at others. Given the problems, trials at different widths are
    independent (their weights are drawn separately), and where the chance of a fit on each problem does not fall
    with the width, a wrong "above" at any k < k½ is at most as likely, problem by problem, as one at k½ − 1, and a
    wrong "below" at any k ≥ k½ as one at k½. So each of the widths that were opened adds at most level/most_widths, up
    to the chance of a width that is certified on both sides in turn (of second order).

    Without monotony the bracket still says that P(low) < ½ < P(high). Where certificates contradict each other,
    it stretches over all of them: low lies below every width certified above ½, high above every one below ½.

    A trial whose verdict is open counts as a fit where a width is tested to lie below ½, and as a failure where it is
    tested to lie above. So a bracket holds whatever the verdicts will be.

    Args:
        counts: Fits and trials by width. Open trials are among the trials.
        level: Chance that the bracket misses.
        most_widths: Number of widths that might have been tested, or None for the number in ``counts``.
        open_trials: Number of trials by width whose verdict is open.

    Returns:
        ``low`` and ``high``, each of them None if no width is certified.
    """
    needed = log_evidence_threshold(max(most_widths or 0, len(counts), 1), level)
    undecided = open_trials or {}
    below = [k for k, (m, trials) in counts.items() if certified(m + undecided.get(k, 0), trials, needed) < 0]
    above = [k for k, (m, trials) in counts.items() if certified(m, trials, needed) > 0]
    low = max((k for k in below if k < min(above, default=math.inf)), default=None)
    high = min((k for k in above if k > max(below, default=-math.inf)), default=None)
    return low, high
