"""Pairs of widths whose counts contradict that wider is no worse."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.statistics.brackets import LEVEL

if TYPE_CHECKING:
    from harness.statistics.brackets import Counts


def violations(counts: Counts, *, level: float = LEVEL) -> tuple[tuple[int, int], ...]:
    """Return the pairs of widths between which the fraction falls by more than chance explains.

    Fisher's exact test, one-sided, at ``level`` over the number of pairs. A warning, not part of the bracket: the
    numbers of trials are taken as given. Of nested pairs the innermost is reported.

    >>> violations({8: (18, 20), 16: (2, 20), 32: (20, 20)})
    ((8, 16),)
    """
    widths = sorted(k for k, (_, trials) in counts.items() if trials)
    tests = len(widths) * (len(widths) - 1) / 2
    found: list[tuple[int, int]] = []
    for i, a in enumerate(widths):
        for b in widths[i + 1 :]:
            if _fall(counts[a], counts[b]) * tests <= level:
                found.append((a, b))
                break
    return tuple((a, b) for a, b in found if not any((a < c and e <= b) for c, e in found))


def _fall(narrow: tuple[int, int], wide: tuple[int, int]) -> float:
    """Return the chance, under equal P, of at least so many of all fits falling to the narrower width."""
    (m, trials), (m_wide, trials_wide) = narrow, wide
    if m * trials_wide <= m_wide * trials:
        return 1.0
    fits, everything = m + m_wide, trials + trials_wide
    ways = sum(math.comb(trials, j) * math.comb(trials_wide, fits - j) for j in range(m, min(trials, fits) + 1))
    return ways / math.comb(everything, fits)
