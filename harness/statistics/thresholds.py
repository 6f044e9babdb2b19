"""Thresholds from counts: the width k½ at which half the trials fit, with a bracket that holds at any stopping time.

All functions are pure functions of counts, ``{width: (m, M)}``: m of M trials fit. A trial that diverged counts
as one that did not fit. The caller leaves out trials that ended in an error.

The only assumption is that wider is no worse: on each problem, the chance of a fit does not fall with the width.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from harness.statistics.evidence import Evidence

Counts = Mapping[int, tuple[int, int]]
"""Width → (m, M): m of M trials fit."""

Bound = Literal["", "<=", ">", "none"]

LEVEL = 0.05
"""Chance that a bracket may miss k½."""


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


def next_width(k: int, step: int) -> int:
    """Return the smallest multiple of a step above k."""
    return (k // step + 1) * step


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


def isotonic(counts: Counts) -> dict[int, float]:
    """Fit the fractions by a sequence that does not decrease with the width, weighted by trials.

    Pools adjacent violators (Ayer et al. 1955): the least-squares, and the maximum-likelihood, monotone fit.

    >>> isotonic({4: (1, 10), 8: (6, 10), 16: (4, 10), 32: (10, 10)})
    {4: 0.1, 8: 0.5, 16: 0.5, 32: 1.0}
    """
    blocks: list[tuple[int, int, list[int]]] = []
    for k in sorted(k for k, (_, trials) in counts.items() if trials):
        fits, trials, members = *counts[k], [k]
        while blocks and blocks[-1][0] * trials > fits * blocks[-1][1]:
            m, t, before = blocks.pop()
            fits, trials, members = m + fits, t + trials, before + members
        blocks.append((fits, trials, members))
    return {k: fits / trials for fits, trials, members in blocks for k in members}


def half_width(counts: Counts) -> float | None:
    """Return the width at which the monotone fit first reaches ½, or None if it lies on one side of ½.

    The fit is interpolated in log k.

    >>> half_width({8: (1, 4), 16: (3, 4)}) == 8 * 2**0.5
    True
    """
    for (k0, p0), (k1, p1) in pairwise(isotonic(counts).items()):
        if p0 < 0.5 <= p1:
            return float(k0 * (k1 / k0) ** ((0.5 - p0) / (p1 - p0)))
    return None


def point_in(counts: Counts, low: int, high: int, *, step: int = 1) -> int:
    """Return the admissible width in (low, high] that lies nearest to where the monotone fit reaches ½.

    :func:`half_width` lies between two widths, but k½ is a width. The fit is thus rounded up to the next admissible
    one, and clamped into the bracket: contradictory or few counts can put it outside.

    Args:
        counts: Fits and trials by width.
        low: Lower end of the bracket.
        high: Upper end of the bracket, an admissible width.
        step: Distance of admissible widths, which are its multiples.

    >>> point_in({5: (0, 20), 6: (20, 20)}, 5, 6), point_in({8: (0, 20), 16: (20, 20)}, 8, 16, step=2)
    (6, 12)
    """
    point = half_width(counts)
    if point is None:
        fitted = isotonic(counts)
        point = low if fitted and min(fitted.values()) >= 0.5 else high
    # The float of a point that lies at a width may exceed it.
    rounded = math.ceil(point / step - 1e-9) * step
    return min(max(rounded, next_width(low, step)), high)


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
        most_widths: Number of widths that might have been tested (see :func:`bracket`).
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
