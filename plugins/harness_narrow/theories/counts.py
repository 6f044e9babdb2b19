"""Claims in multiples of n/d."""

from __future__ import annotations

import math
from typing import ClassVar

from harness import Problem, Regime, Width
from harness.claims.shallow import ShallowTheory


def ratio(problem: Problem) -> float:
    """Return n/d, or 1 if there are fewer samples than dimensions."""
    return max(problem.n / problem.d, 1.0)


class Count(ShallowTheory):
    """A claim whose width is a number printed in its source, such as 2⌈n/d⌉.

    Attributes:
        each: Neurons for each d samples.
        reason: The reason that its widths give.
    """

    each: ClassVar[int] = 1
    reason: ClassVar[str] = "existence: it says nothing about training"

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return so many neurons for each d samples."""
        return Width(float(self.each * math.ceil(problem.n / problem.d)), self.reason)
