"""Formulas for k½ with one free constant, and the constants that the brackets allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

from harness.statistics.exact_number import ExactNumber, power
from harness.statistics.size_bracket import SizeBracket

Shape = Callable[[int, int], ExactNumber]
"""A positive number for each n and d."""


@dataclass(frozen=True)
class Formula:
    """A formula k½ = ⌈C g(n, d)⌉ in which C is free.

    Attributes:
        name: The formula as text, such as ``C n/d``.
        shape: g, a positive number for each n ≥ 2 and d ≥ 1.
    """

    name: str
    shape: Shape


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
class LargerOfTwo:
    """The values of A and B for which ⌈max(A n/d, B log n)⌉ lies in every bracket.

    Attributes:
        ratio: Largest A, or ∞ if it may be as large as one likes.
        log: Largest B, or ∞ if it may be as large as one likes.
        conflict: At most three sizes whose brackets no A and B meet together, or () if the formula is allowed.
        met: Number of brackets that the largest A and B meet.
    """

    ratio: float
    log: float
    conflict: tuple[SizeBracket, ...]
    met: int

    @property
    def allowed(self) -> bool:
        """Whether some A and B meet all brackets."""
        return not self.conflict


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


def larger_of_two(brackets: Sequence[SizeBracket]) -> LargerOfTwo:
    """Return the values of A and B for which ⌈max(A n/d, B log n)⌉ lies in every bracket.

    The upper ends bound A and B each by itself, and the largest values that they allow are the best for the lower ends.
    So the formula is refuted by one lower end that these do not pass, with the two upper ends that bound them.

    Args:
        brackets: Brackets of k½ at n ≥ 2. Sizes without a bound are allowed.

    >>> sizes = [SizeBracket(50, 10, 5, 6), SizeBracket(100, 10, 10, 12), SizeBracket(50, 50, 4, 8)]
    >>> found = larger_of_two(sizes)
    >>> found.ratio, round(found.log, 2), found.allowed
    (1.2, 1.53, True)
    >>> larger_of_two([*sizes, SizeBracket(60, 60, 7, 9)]).conflict == (sizes[0], SizeBracket(60, 60, 7, 9))
    True
    """
    shapes: list[Shape] = [FORMULAS[0].shape, lambda n, _d: ExactNumber(Fraction(1), argument=n)]
    best: list[_End | None] = []
    for shape in shapes:
        ends = [_End(b.high, True, b, shape(b.n, b.d)) for b in brackets if b.high is not None]
        best.append(min(ends, key=cmp_to_key(_order)) if ends else None)
    unmet = []
    for bracket in brackets:
        lower = [_End(bracket.low, False, bracket, shape(bracket.n, bracket.d)) for shape in shapes if bracket.low]
        passed = (end is None or _order(low, end) < 0 for low, end in zip(lower, best, strict=False))
        if lower and not any(passed):
            unmet.append(bracket)
    ratio, log = (end.value if end else math.inf for end in best)
    bounds = [end.size for end in best if end is not None]
    return LargerOfTwo(
        ratio, log, tuple(dict.fromkeys([*bounds, unmet[0]])) if unmet else (), len(brackets) - len(unmet)
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
