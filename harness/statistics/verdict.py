"""Verdicts on claims about a difference, from its interval and a margin that was chosen before."""

from __future__ import annotations

from typing import Literal, get_args

Expected = Literal["smaller", "larger", "equal"]
"""The claim: the first is smaller or larger than the second, or the two differ by less than the margin."""

ClaimVerdict = Literal["replicated", "opposite", "equivalent", "inconclusive"]
"""Verdicts on a claim."""

VERDICTS: tuple[ClaimVerdict, ...] = get_args(ClaimVerdict)


def verdict(expected: Expected, low: float, high: float, margin: float) -> ClaimVerdict:
    """Return the verdict on a claim about first − second.

    A claim that one is smaller or larger is ``equivalent`` if the whole interval lies within ±margin, ``replicated``
    if it lies on the claimed side of zero, and ``opposite`` if on the other side. A claim that the two are equal is
    ``replicated`` if the interval lies within ±margin, and ``opposite`` if it lies outside of it. All else is
    ``inconclusive``. With intervals at 95 %, a difference that is zero is called replicated or opposite with a chance
    of 2.5 % each, and one of at least the margin is called equivalent with a chance of at most 2.5 %.

    Args:
        expected: The claim.
        low: Lower end of the interval of first − second.
        high: Upper end.
        margin: Smallest difference that matters, positive.

    >>> verdict("smaller", -0.03, -0.01, 0.005), verdict("larger", -0.03, -0.01, 0.005)
    ('replicated', 'opposite')
    >>> verdict("smaller", -0.003, -0.001, 0.005), verdict("smaller", -0.02, 0.01, 0.005)
    ('equivalent', 'inconclusive')
    """
    within = -margin < low and high < margin
    if expected == "equal":
        outside = low >= margin or high <= -margin
        return "replicated" if within else "opposite" if outside else "inconclusive"
    if within:
        return "equivalent"
    below, above = high < 0, low > 0
    if not below and not above:
        return "inconclusive"
    return "replicated" if below == (expected == "smaller") else "opposite"
