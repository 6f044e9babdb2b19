"""Claimed scalings of theories as formulas for k½ with a free constant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.statistics.exact_number import ExactNumber, power
from harness.statistics.formulas import Formula

if TYPE_CHECKING:
    from harness.components import Theory


def claimed_formula(theory: Theory) -> Formula | None:
    """Return the scaling n^a d^b that a theory claims, times a free constant, or None if it claims none.

    The exponents are those that apply at each size (:meth:`harness.components.claim.Exponents.at`). Logarithms that the
    claim leaves out are left out here too, and so are powers of log n other than the first.

    Args:
        theory: The theory.
    """
    exponents = theory.claim.exponents
    if exponents is None:
        return None

    def shape(n: int, d: int) -> ExactNumber:
        a, b = exponents.at(n, d)
        found = power(n, a, d, b)
        return replace(found, argument=n) if exponents.logs == 1 and n > 1 else found

    return Formula(theory.claim.title, shape)
