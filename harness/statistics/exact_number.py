"""Positive numbers that occur in formulas for widths, compared without rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

LARGEST_ROOT = 1000
"""Largest root of a rational that is compared exactly. Exponents of formulas are fractions with small denominators."""

CLOSE = 1e-9
"""Distance of logarithms from which floats decide. Their error is below 1e-12 for bases of up to a thousand digits."""

DIGITS = 60
"""Decimal digits in comparisons of numbers that cannot be equal."""


@dataclass(frozen=True)
class ExactNumber:
    """The positive number base^(1/root), times log(argument) if there is one.

    Attributes:
        base: A positive rational.
        root: Degree of the root.
        argument: Integer ≥ 2 whose natural logarithm is a factor, or 1 for no such factor.

    >>> twice = ExactNumber(Fraction(4), argument=3), ExactNumber(Fraction(2), argument=9)  # 4 log 3 = 2 log 9
    >>> twice[0].below(twice[1]), twice[1].below(twice[0])
    (False, False)
    """

    base: Fraction
    root: int = 1
    argument: int = 1

    def times(self, factor: int) -> ExactNumber:
        """Return the product with a positive integer."""
        return ExactNumber(self.base * factor**self.root, self.root, self.argument)

    def below(self, other: ExactNumber) -> bool:
        """Return whether this number is smaller than another.

        Floats decide where they differ by more than their error. Else powers are compared as integers. Logarithms have
        a rational quotient exactly if their arguments are powers of one integer, and then that quotient is used. All
        other pairs differ: a logarithm of an integer is transcendental (Lindemann 1882), and so is an irrational
        quotient of two (Gelfond 1934, Schneider 1934).
        """
        distance = self.log() - other.log()
        if abs(distance) > CLOSE:
            return distance < 0
        if self.argument == other.argument:
            first, second = self.base, other.base
        else:
            (one, e), (two, f) = (_primitive(number.argument) for number in (self, other))
            if one != two:
                return self._decimal() < other._decimal()
            first, second = self.base * e**self.root, other.base * f**other.root
        common = math.lcm(self.root, other.root)
        if common > LARGEST_ROOT:
            return self._decimal() < other._decimal()
        return first ** (common // self.root) < second ** (common // other.root)

    def log(self) -> float:
        """Return the natural logarithm as a float, with an error far below ``CLOSE``."""
        found = (math.log(self.base.numerator) - math.log(self.base.denominator)) / self.root
        return found if self.argument == 1 else found + math.log(math.log(self.argument))

    def __float__(self) -> float:
        return float(self._decimal())

    def _decimal(self) -> Decimal:
        with localcontext() as context:
            context.prec = DIGITS
            found = Decimal(self.base.numerator) / Decimal(self.base.denominator)
            if self.root > 1:
                found = (found.ln() / self.root).exp()
            return found if self.argument == 1 else found * Decimal(self.argument).ln()


def power(n: int, a: float, d: int, b: float) -> ExactNumber:
    """Return n^a d^b. Exponents are read as fractions: 0.3333333333333333 is ⅓.

    >>> power(100, 1.5, 10, -1)
    ExactNumber(base=Fraction(10000, 1), root=2, argument=1)
    """
    above, below = (_fraction(exponent) for exponent in (a, b))
    root = math.lcm(above.denominator, below.denominator)
    return ExactNumber(Fraction(n) ** int(above * root) * Fraction(d) ** int(below * root), root)


def _fraction(exponent: float) -> Fraction:
    simple = Fraction(exponent).limit_denominator(LARGEST_ROOT)
    if abs(simple - Fraction(exponent)) > Fraction(1, 10**14):
        raise ValueError(f"exponent {exponent!r} is no fraction with a denominator up to {LARGEST_ROOT}")
    return simple


def _primitive(argument: int) -> tuple[int, int]:
    """Return (m, e) with the argument m^e and the smallest such m.

    >>> _primitive(64), _primitive(50), _primitive(1)
    ((2, 6), (50, 1), (1, 1))
    """
    for e in range(argument.bit_length(), 1, -1):
        root = round(argument ** (1 / e))
        if root > 1 and root**e == argument:
            return root, e
    return argument, 1
