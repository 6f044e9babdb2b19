"""The form of the labels that a dataset draws."""

from __future__ import annotations

from dataclasses import dataclass

from harness.components.vocabulary import TargetKind


@dataclass(frozen=True)
class Targets:
    """The form of labels.

    Attributes:
        kind: Kind of the labels, or None if it is known only once drawn.
        outputs: Number of outputs q that a network needs: labels are (n,) for 1 and (n, q) for more.
    """

    kind: TargetKind | None = None
    outputs: int = 1

    @property
    def classes(self) -> int | None:
        """Number of classes, or None where labels are not one-hot rows."""
        return self.outputs if self.kind == "one-hot" else None
