"""Certificates: theorems whose conditions hold at a point, with the numbers that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PROVED = 2.0
"""Smallest margin of a proof. A smaller one above 1 is certified up to rounding only, and decides nothing."""


@dataclass(frozen=True)
class Certificate:
    """A theorem about exact gradient descent from a point.

    Attributes:
        name: Name of the theorem.
        margin: Quotient by which its condition holds. At least 1 means that it holds.
        radius: Radius of the ball around the point that no iterate leaves.
        rate: Bound below 1 of the factor by which each step shrinks what the theorem measures.
        floor: Lower bound of ‖r_t‖ for ever; 0 for a certificate of a fit.
        constants: Further numbers by name.
    """

    name: str
    margin: float
    radius: float
    rate: float
    floor: float = 0.0
    constants: Mapping[str, float] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        """Whether the margin is large enough for a proof."""
        return self.margin >= PROVED
