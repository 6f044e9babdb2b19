"""Inputs and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.components.vocabulary import Array


@dataclass(frozen=True)
class Samples:
    """Inputs and labels that no network is trained on.

    Attributes:
        x: Inputs, (m, d), float64.
        y: Labels in the form of the problem's: (m,) or (m, q).
    """

    x: Array
    y: Array


@dataclass(frozen=True)
class Problem:
    """One draw of inputs and labels that networks are asked to fit.

    Attributes:
        x: Inputs, (n, d), float64, one sample a row.
        y: Labels, float64: (n,) for one output, (n, q) for q > 1 outputs. Classes are one-hot rows.
        seed: The trial's seed, or -1 for data not drawn at random.
        dataset: Name of the dataset it was drawn from.
        classes: Number of classes, or None where labels are not one-hot rows.
        held_out: Samples to evaluate a trained network on, or None. Diagnostics see them. Initializers, optimizers,
            step sizes and theories do not.
        validation: Samples to choose a setting by, or None. They are hidden in the same way.
        labels_have_density: Whether the dataset draws labels with a density given the inputs.
        label_equations: Number of equations that all labels of the dataset meet, such as 1 for ‖y‖ = 1. The density
            is then on the surface of their solutions.
    """

    x: Array
    y: Array
    seed: int = -1
    dataset: str = ""
    classes: int | None = None
    held_out: Samples | None = None
    validation: Samples | None = None
    labels_have_density: bool = False
    label_equations: int = 0

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.x.shape[0])

    @property
    def d(self) -> int:
        """Input dimension."""
        return int(self.x.shape[1])

    @property
    def q(self) -> int:
        """Number of outputs."""
        return 1 if self.y.ndim == 1 else int(self.y.shape[1])

    def training(self) -> Problem:
        """Return the problem without held-out and validation samples."""
        return replace(self, held_out=None, validation=None)
