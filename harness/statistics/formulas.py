"""Formulas for k½ with one free constant, and the constants that the brackets allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

from harness.statistics.exact_number import ExactNumber, power
from harness.statistics.size_bracket import SizeBracket


@dataclass(frozen=True)
class Formula:
    """A formula k½ = ⌈C g(n, d)⌉ in which C is free.

    Attributes:
        name: The formula as text, such as ``C n/d``.
        shape: g, a positive number for each n ≥ 2 and d ≥ 1.
    """

    name: str
    shape: Callable[[int, int], ExactNumber]


def _larger(n: int, d: int) -> ExactNumber:
    ratio, log = power(n, 1, d, -1), ExactNumber(Fraction(1), argument=n)
    return log if ratio.below(log) else ratio


FORMULAS = (
    Formula("C n/d", lambda n, d: power(n, 1, d, -1)),
    Formula("C n/(d+1)", lambda n, d: power(n, 1, d + 1, -1)),
    Formula("C max(n/d, log n)", _larger),
    Formula("C (n/d) log n", lambda n, d: ExactNumber(Fraction(n, d), argument=n)),
    Formula("C √n", lambda n, d: power(n, 0.5, d, 0)),
    Formula("C n", lambda n, d: power(n, 1, d, 0)),
    Formula("C n^1.5/d", lambda n, d: power(n, 1.5, d, -1)),
    Formula("C n²/d", lambda n, d: power(n, 2, d, -1)),
)
"""Formulas that are compared with the brackets of every run."""


@dataclass(frozen=True)
class Constant:
    """The values of C for which a formula lies in every bracket: low < C ≤ high.

    Attributes:
        low: Lower end, or 0 if C may be as small as one likes.
        high: Upper end, or ∞ if C may be as large as one likes.
        conflict: Two sizes whose brackets no C meets together, or () if the formula is allowed.
        met: Largest number of brackets that one C meets.
    """

    low: float
    high: float
    conflict: tuple[SizeBracket, ...]
    met: int

    @property
    def allowed(self) -> bool:
        """Whether some C meets all brackets."""
        return not self.conflict

    @property
    def free(self) -> bool:
        """Whether every C meets all brackets."""
        return self.low == 0 and math.isinf(self.high)


def constant(brackets: Sequence[SizeBracket], formula: Formula) -> Constant:
    """Return the values of C for which ⌈C g(n, d)⌉ lies in every bracket. Comparisons are exact.

    Args:
        brackets: Brackets of k½. Sizes without a bound are allowed.
        formula: The formula.

    >>> found = constant([SizeBracket(50, 10, 5, 6), SizeBracket(100, 10, 10, 13)], FORMULAS[0])
    >>> found.low, found.high, found.met
    (1.0, 1.2, 2)
    >>> tie = constant([SizeBracket(50, 10, 5, 6), SizeBracket(100, 10, 9, 10)], FORMULAS[0])  # C > 1 and C ≤ 1
    >>> tie.allowed, tie.met
    (False, 1)
    """
    ends = [
        _End(end, upper, bracket, formula.shape(bracket.n, bracket.d))
        for bracket in brackets
        for upper, end in ((False, bracket.low), (True, bracket.high))
        if end
    ]
    ends.sort(key=cmp_to_key(_order))
    last = next((end for end in reversed(ends) if not end.upper), None)
    first = next((end for end in ends if end.upper), None)
    met = most = sum(not bracket.low for bracket in brackets)  # a small C meets those without a lower end
    for end in ends:
        met += -1 if end.upper else 1
        most = max(most, met)
    refuted = last is not None and first is not None and _order(last, first) > 0
    return Constant(
        low=last.value if last else 0.0,
        high=first.value if first else math.inf,
        conflict=(first.size, last.size) if refuted and first and last else (),
        met=most,
    )


@dataclass(frozen=True)
class _End:
    """An end of the values of C that one bracket allows: a width over g(n, d)."""

    width: int
    upper: bool
    size: SizeBracket
    shape: ExactNumber

    @property
    def value(self) -> float:
        return self.width / float(self.shape)


def _order(one: _End, two: _End) -> int:
    """Compare two ends. Of equal ones an upper end comes first, since C may equal it but no lower one."""
    first, second = two.shape.times(one.width), one.shape.times(two.width)
    if first.below(second):
        return -1
    return 1 if second.below(first) else two.upper - one.upper
