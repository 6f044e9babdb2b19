"""A shallow net that fits a problem: built as a proof builds it, or found where a proof says that there is one."""

from __future__ import annotations

from dataclasses import dataclass

from harness.components.vocabulary import Weights


@dataclass(frozen=True)
class Construction:
    """A shallow net that fits a problem: built as a proof builds it, or found where the proof says that there is one.

    Attributes:
        weights: W (k, d) and v (k,), and b (k,) and c () where it has biases.
        activation: Name in :mod:`harness.mathematics.activations`, or ``threshold`` for 1 where z > 0, else 0.
        residual: ‖f − y‖/‖y‖ that it reaches in float64.
        method: How it was made, as one line.
        note: What a reader must know besides, such as that labels were changed.
    """

    weights: Weights
    activation: str
    residual: float
    method: str
    note: str = ""

    @property
    def neurons(self) -> int:
        """Number of hidden neurons, k."""
        return len(self.weights["v"])

    @property
    def biases(self) -> bool:
        """Whether it has biases."""
        return "b" in self.weights
