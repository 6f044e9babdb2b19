"""The bracket of k½ at one size, with which formulas for k½ are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class SizeBracket:
    """low < k½ ≤ high at n samples in d dimensions.

    A formula f gives the width k½ = ⌈f⌉, and k½ = s⌈f/s⌉ if widths are multiples of s. Where both ends are such
    multiples, k½ lies in the bracket exactly if low < f ≤ high: ends that are given otherwise are moved to the
    multiples that say the same.

    Attributes:
        n: Number of samples.
        d: Input dimension.
        low: Lower end, or 0 if it is open.
        high: Upper end, or None if it is open.

    >>> SizeBracket.of(50, 10, 7, 12, step=2)
    SizeBracket(n=50, d=10, low=6, high=12)
    """

    n: int
    d: int
    low: int = 0
    high: int | None = None

    @classmethod
    def of(cls, n: int, d: int, low: int | None, high: int | None, *, step: int = 1) -> SizeBracket:
        """Return the bracket with ends at admissible widths.

        Args:
            n: Number of samples.
            d: Input dimension.
            low: Width that k½ exceeds, or None.
            high: Width that k½ does not exceed, or None.
            step: Distance of admissible widths, which are its multiples.
        """
        below = (low or 0) // step * step
        return cls(n, d, below, None if high is None else high // step * step)

    @property
    def bounded(self) -> bool:
        """Whether an end is known."""
        return self.low > 0 or self.high is not None

    @property
    def closed(self) -> bool:
        """Whether both ends are known."""
        return self.low > 0 and self.high is not None

    @property
    def logs(self) -> tuple[float, float]:
        """The ends as logarithms, −∞ and ∞ where they are open."""
        return (
            math.log(self.low) if self.low else -math.inf,
            math.log(self.high) if self.high else math.inf,
        )

    @property
    def middle(self) -> float:
        """The middle of a closed bracket as a logarithm."""
        low, high = self.logs
        return (low + high) / 2

    def __str__(self) -> str:
        high = "∞)" if self.high is None else f"{self.high}]"
        return f"n = {self.n}, d = {self.d} ({self.low}, {high}"
