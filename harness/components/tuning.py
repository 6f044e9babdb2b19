"""The choice of a step size by trials that are trained for nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.components.vocabulary import Positive, PositiveInt

if TYPE_CHECKING:
    from harness.components.optimizer import Optimizer

Select = Literal["validation-error", "training-loss"]
"""The measure by which a step size is chosen: the smallest mean over the tuning trials."""


@dataclass(frozen=True)
class Tuning:
    """Step sizes of which the best is chosen for each n, d and k, by trials with seeds of their own.

    Attributes:
        step_size: Increasing step sizes η, or an empty tuple if factors are given.
        c: Increasing factors of the stable step c/λ_max(J₀J₀ᵀ), or an empty tuple if step sizes are given.
        select: Measure by which the best is chosen.
        trials: Number of tuning trials of each candidate.
    """

    kind: ClassVar[str] = "table"
    name: ClassVar[str] = "tune"
    step_size: tuple[Positive, ...] = ()
    c: tuple[Positive, ...] = ()
    select: Select = "validation-error"
    trials: PositiveInt = 8

    def __post_init__(self) -> None:
        if bool(self.step_size) == bool(self.c):
            raise ValueError("write either step_size = [...] or c = [...], the candidates, and not both")
        if len(self.candidates) < 2 or any(a >= b for a, b in zip(self.candidates, self.candidates[1:], strict=False)):
            raise ValueError(f"{self.option} needs at least two candidates, each larger than the one before")

    @property
    def option(self) -> Literal["step_size", "c"]:
        """Option of the optimizer that is chosen."""
        return "step_size" if self.step_size else "c"

    @property
    def candidates(self) -> tuple[float, ...]:
        """Values of the option, increasing."""
        return self.step_size or self.c

    def with_candidate(self, optimizer: Optimizer, index: int) -> Optimizer:
        """Return an optimizer with one of the candidates.

        Args:
            optimizer: The optimizer of the regime.
            index: Index of the candidate.
        """
        value = self.candidates[index]
        return (
            replace(optimizer, step_size=value) if self.step_size else replace(optimizer, step_size="stable", c=value)
        )

    def data(self) -> dict[str, object]:
        """Return the table as a suite has it, with every option."""
        return {self.option: list(self.candidates), "select": self.select, "trials": self.trials}
