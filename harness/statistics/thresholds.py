"""The threshold k½, the width at which half of the trials fit: its estimate, its bracket, and what they rest on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from harness.statistics.brackets import LEVEL, bracket
from harness.statistics.half_width import next_width, point_in
from harness.statistics.violations import violations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.statistics.brackets import Counts
    from harness.statistics.evidence import Evidence

Bound = Literal["", "<=", ">", "none"]


@dataclass(frozen=True)
class Threshold:
    """An estimate of k½, the smallest width at which at least half of the trials fit.

    Attributes:
        k_half: Point estimate, an admissible width with low < k_half ≤ high, or None if an end of the bracket is open.
        low: Largest width certified below ½, so k½ > low, or None if there is none.
        high: Smallest width certified above ½, so k½ ≤ high, or None if there is none.
        bound: An empty string if both ends are known, ``>`` if only ``low`` is, ``<=`` if only ``high`` is, or ``none``
            if neither is.
        counts: Fits and trials by width that it was computed from. Open trials are among the trials.
        trials: Number of trials.
        violations: Pairs of widths, narrow then wide, between which the observed fraction falls by more than chance.
        most_widths: Number of widths that might have been tested, or None for those in ``counts``.
        smallest: Smallest admissible width. The admissible widths are its multiples.
        open: Number of trials by width whose verdict is open. Widths without any are left out.
        floor: Width that k½ exceeds by a theorem, or 0.
        kind: The question that it answers: an ``exact`` fit, a tolerance in the ``limit`` of unlimited steps, a
            tolerance within a ``budget``, a level of a ``diagnostic`` at its end, or a ``mark`` of a further measure.
        tolerance: Largest measure of a fit, or 0 for an exact one.
        steps: Number of steps, or infinity.
        by: The diagnostic or the mark that decides in place of the tolerance in words, or an empty string.
        limited: Whether the budget made the lower end: at least half of the unfit trials there could fit with more
            steps.
        fates: Number of trials of each fate by its kind, or an empty dict where no trial has one.
        certified: Number of trials of which it is proved whether they end in an exact fit, or None where fates were
            not computed.
        evidence: Evidence that the bracket was read from, or None if it follows from the counts.
    """

    k_half: int | None
    low: int | None
    high: int | None
    bound: Bound
    counts: dict[int, tuple[int, int]]
    trials: int
    violations: tuple[tuple[int, int], ...] = ()
    most_widths: int | None = None
    smallest: int = 1
    open: dict[int, int] = field(default_factory=dict)
    floor: int = 0
    kind: Literal["exact", "limit", "budget", "diagnostic", "mark"] = "budget"
    tolerance: float = 0.0
    steps: float = math.inf
    by: str = ""
    limited: bool = False
    fates: dict[str, int] = field(default_factory=dict)
    certified: int | None = None
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    def at(self, level: float) -> Threshold:
        """Return the threshold with its bracket at another level.

        Args:
            level: Chance that the bracket misses.
        """
        found = threshold(
            self.counts,
            level=level,
            most_widths=self.most_widths,
            smallest=self.smallest,
            open_trials=self.open,
            floor=self.floor,
            evidence=self.evidence,
        )
        return replace(self, k_half=found.k_half, low=found.low, high=found.high, bound=found.bound)

    @property
    def least(self) -> int | None:
        """The smallest admissible width above the lower end, or None if that is open."""
        return None if self.low is None else next_width(self.low, self.smallest)

    @property
    def crossing(self) -> tuple[int, int] | None:
        """The first two neighbouring widths between which half of the trials begin to fit, or None."""
        shares = [(k, fits / trials) for k, (fits, trials) in sorted(self.counts.items()) if trials]
        return next(((k, wider) for (k, few), (wider, many) in pairwise(shares) if few < 0.5 <= many), None)


def threshold(
    counts: Counts,
    *,
    level: float = LEVEL,
    most_widths: int | None = None,
    smallest: int = 1,
    open_trials: Mapping[int, int] | None = None,
    floor: int = 0,
    evidence: Evidence | None = None,
) -> Threshold:
    """Estimate k½ with its bracket.

    Args:
        counts: Fits and trials by width. Open trials are among the trials.
        level: Chance that the bracket misses.
        most_widths: Number of widths that might have been tested (see :func:`~harness.statistics.brackets.bracket`).
        smallest: Smallest admissible width, of which all others are multiples. If it is certified above ½, k½ is
            that width.
        open_trials: Number of trials by width whose verdict is open. For the point they are no fits: it is
            the width from which at least half are known to fit.
        floor: Width that k½ exceeds by a theorem, or 0.
        evidence: Evidence of the rounds, from which the bracket is read, or None for a bracket from the counts.

    >>> t = threshold({8: (0, 12), 12: (4, 10), 16: (12, 12)}, most_widths=12)
    >>> t.low, t.k_half, t.high
    (8, 13, 16)
    >>> t = threshold({256: (0, 5), 512: (0, 11)}, most_widths=12)
    >>> t.bound, t.low, t.k_half
    ('>', 512, None)
    """
    tried = {k: counts[k] for k in sorted(counts) if counts[k][1]}
    undecided = {k: number for k, number in (open_trials or {}).items() if number}
    if evidence is None:
        low, high = bracket(tried, level=level, most_widths=most_widths, open_trials=undecided)
    else:
        low, high = evidence.bracket(level)
    if floor and (high is None or floor < high):
        low = max(low or 0, floor)
    if high is not None and high == smallest and low is None:
        low = smallest - 1
    point = None
    bound: Bound = ""
    if low is not None and high is not None:
        likely = {floor: (0, 1)} if floor else {}  # by the theorem none would fit there
        likely |= tried
        point = point_in(likely, low, high, step=smallest)
    elif low is not None:
        bound = ">"
    else:
        bound = "none" if high is None else "<="
    return Threshold(
        k_half=point,
        low=low,
        high=high,
        bound=bound,
        counts=tried,
        trials=sum(trials for _, trials in tried.values()),
        violations=() if undecided else violations(tried, level=level),
        most_widths=most_widths,
        smallest=smallest,
        open=undecided,
        floor=floor,
        evidence=evidence,
    )
