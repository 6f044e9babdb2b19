"""What the claims about narrow nets have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Exponents, Theory

LINEAR = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
"""As many weights as labels: k ~ n/d."""


@dataclass(frozen=True)
class Count(Theory):
    """A claim whose width is a number printed in its source, such as 2⌈n/d⌉."""

    explicit: ClassVar[bool] = True
    exponents: ClassVar[Exponents | None] = LINEAR

    def scaling(self, n: int, d: int) -> float | None:
        """Return None: the constant is explicit."""
        return None


@dataclass(frozen=True)
class Order(Theory):
    """A claim known up to a constant."""

    exponents: ClassVar[Exponents | None] = LINEAR
