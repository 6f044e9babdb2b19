"""Where problems come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.components.component import Component
from harness.components.targets import Targets

if TYPE_CHECKING:
    import numpy as np

    from harness.components.vocabulary import Array


@dataclass(frozen=True)
class Dataset(Component, ABC):
    """A distribution of problems."""

    kind: ClassVar[str] = "dataset"

    def targets(self) -> Targets:
        """Return the form of the labels; the default is (n,) of a kind that only a draw shows it."""
        return Targets()

    @abstractmethod
    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d) and labels in float64, using no other source of randomness than ``rng``.

        Labels are (n,), or (n, q) for the q > 1 outputs of :meth:`targets`.
        """
