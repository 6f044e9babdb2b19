"""Paired comparisons of two regimes on the same problems."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.statistics.brackets import LEVEL
from harness.statistics.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

Trial = TypeVar("Trial")


@dataclass(frozen=True)
class Comparison:
    """The numbers of trials at which one regime fits and the other does not.

    Attributes:
        both: Trials that fit in both regimes.
        only_first: Trials that fit in the first alone.
        only_second: Trials that fit in the second alone.
        neither: Trials that fit in neither.
        share: Share of the discordant trials that only the first fits, or None if there are none.
        interval: Exact interval of that share, which is (0, 1) if there are no discordant trials.
        p_value: p-value of the two-sided sign test of equal regimes.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    share: float | None
    interval: tuple[float, float]
    p_value: float


@dataclass(frozen=True)
class Ratio:
    """The quotient of two thresholds, first over second.

    Attributes:
        value: Quotient of the point estimates, or None if one is missing.
        low: Lower end of the interval, or None if there is no positive lower bound.
        high: Upper end of the interval, or None if there is no upper bound.
    """

    value: float | None
    low: float | None
    high: float | None


def compare(first: Mapping[Trial, bool], second: Mapping[Trial, bool], *, level: float = LEVEL) -> Comparison:
    """Compare verdicts on the trials that both regimes have.

    Given the discordant trials, the number that the first wins is binomial. The interval is Clopper and Pearson's
    (1934), and the test is the exact sign test (McNemar 1947). If the two regimes are equally good on every problem,
    each discordant trial is a fair coin, so the test holds for trials of one cell and for several cells together.
    For several cells the interval is about the mean share, and conservative if the share differs between cells. Both
    take the number of trials as given. That is exact for a grid, and approximate if a search chose the trials.

    Args:
        first: Whether each trial fit in the first regime, by anything that names the trial, such as (n, d, k, seed).
        second: The same for the second regime.
        level: Chance that the interval misses.

    >>> verdicts = {seed: seed >= 2 for seed in range(10)}
    >>> c = compare(verdicts, {seed: seed >= 8 for seed in range(10)})
    >>> c.both, c.only_first, c.only_second, c.neither, c.p_value
    (2, 6, 0, 2, 0.03125)
    """
    table = Counter((bool(first[trial]), bool(second[trial])) for trial in first.keys() & second.keys())
    wins, losses = table[True, False], table[False, True]
    discordant = wins + losses
    return Comparison(
        both=table[True, True],
        only_first=wins,
        only_second=losses,
        neither=table[False, False],
        share=wins / discordant if discordant else None,
        interval=clopper_pearson(wins, discordant, level=level),
        p_value=_sign_test(min(wins, losses), discordant),
    )


def _sign_test(fewer: int, trials: int) -> float:
    """Return 2 P(B ≤ fewer) for B ~ Bin(trials, ½), at most 1. The cumulated sum is I_½(trials − fewer, fewer + 1)."""
    from scipy.special import betainc  # takes longer to import than all of the harness without it

    return 1.0 if 2 * fewer + 1 >= trials else 2.0 * float(betainc(trials - fewer, fewer + 1, 0.5))


def clopper_pearson(m: int, trials: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval for a probability after m successes (Clopper & Pearson 1934).

    Args:
        m: Number of successes.
        trials: Number of trials.
        level: Chance that the interval misses.

    >>> low, high = clopper_pearson(0, 10)
    >>> low, round(high, 6), round(1 - 0.025 ** (1 / 10), 6)
    (0.0, 0.308497, 0.308497)
    """
    from scipy.special import betaincinv

    low = float(betaincinv(m, trials - m + 1, level / 2)) if m > 0 else 0.0
    high = float(betaincinv(m + 1, trials - m, 1 - level / 2)) if m < trials else 1.0
    return low, high


def threshold_ratio(first: Threshold, second: Threshold, *, level: float = LEVEL) -> Ratio:
    """Return the quotient of two thresholds with an interval.

    Each threshold gets its anytime-valid bracket low < k½ ≤ high at half the level. Both hold together at a
    confidence of 1 − level, whatever the dependence between the regimes (Bonferroni). As k½ is an admissible
    width, the quotient then lies between least₁/high₂ and high₁/least₂, where least is the next width above low.

    Args:
        first: The numerator.
        second: The denominator.
        level: Chance that the interval misses.

    Returns:
        The ratio, all of whose values are None for a model without width.

    >>> from harness.statistics.thresholds import threshold
    >>> few = threshold({9: (0, 20), 10: (20, 20)})
    >>> threshold_ratio(threshold({19: (0, 20), 20: (20, 20)}), few).low
    2.0
    """
    if 0 in first.counts or 0 in second.counts:
        return Ratio(None, None, None)
    one, two = first.at(level / 2), second.at(level / 2)
    return Ratio(
        value=None if first.k_half is None or second.k_half is None else first.k_half / second.k_half,
        low=None if one.least is None or two.high is None else one.least / two.high,
        high=None if one.high is None or two.least is None else one.high / two.least,
    )
