"""Where problems come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.components.component import Component

if TYPE_CHECKING:
    import numpy as np

    from harness.components.vocabulary import Array


@dataclass(frozen=True)
class Dataset(Component, ABC):
    """A distribution of problems."""

    kind: ClassVar[str] = "dataset"

    @abstractmethod
    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d) and labels (n,) in float64, using no other source of randomness than ``rng``."""
