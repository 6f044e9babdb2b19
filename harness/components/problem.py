"""Inputs and labels."""

from __future__ import annotations

from dataclasses import dataclass

from harness.components.vocabulary import Array


@dataclass(frozen=True)
class Problem:
    """One draw of inputs and labels that networks are asked to fit.

    Attributes:
        x: Inputs, (n, d), float64, one sample a row.
        y: Labels, (n,), float64.
        seed: The trial's seed, or -1 for data not drawn at random.
        dataset: Name of the dataset it was drawn from.
    """

    x: Array
    y: Array
    seed: int = -1
    dataset: str = ""

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """Input dimension."""
        return int(self.x.shape[1])
