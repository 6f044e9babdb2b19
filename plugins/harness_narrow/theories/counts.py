"""Claims in multiples of n/d."""

from __future__ import annotations

import math
from typing import ClassVar

from harness import Problem, Regime, Width
from harness.claims.shallow import ShallowTheory
from harness.mathematics.spectra import rank


def ratio(problem: Problem) -> float:
    """Return n/d for inputs that span d dimensions, or 1 if there are fewer samples."""
    return max(problem.n / rank(problem.x), 1.0)


class Count(ShallowTheory):
    """A claim whose width is a number printed in its source, such as 2⌈n/d⌉, for inputs that span d dimensions.

    Attributes:
        each: Neurons for each d samples.
        affine: Whether d is the dimension of the affine hull for dependent inputs, as for slabs between hyperplanes.
        reason: The reason that its widths give.
    """

    each: ClassVar[int] = 1
    affine: ClassVar[bool] = False
    reason: ClassVar[str] = "existence: it says nothing about training"

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return so many neurons for each d samples."""
        spanned = rank(problem.x)
        if self.affine and problem.n > spanned:
            spanned = rank(problem.x, affine=True) - 1
        low = spanned < min(problem.n, problem.d)
        reason = f"{self.reason}; d = {spanned}, the dimension spanned" if low else self.reason
        return Width(float(self.each * math.ceil(problem.n / max(spanned, 1))), reason)
