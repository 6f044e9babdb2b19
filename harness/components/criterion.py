"""What is minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.components.component import Component

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Criterion(Component, ABC):
    """What is minimised, and what counts as a fit."""

    kind: ClassVar[str] = "criterion"

    @abstractmethod
    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the scalar loss of one network from outputs (n,) and labels (n,)."""

    @abstractmethod
    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the number that is compared with the tolerances, zero on a fit, from outputs (n,) and labels (n,)."""

    def curvature(self, n: int) -> float | None:
        """Return an upper bound of ∂²loss/∂f², which the stable step size needs; None where none is known."""
        return None


@dataclass(frozen=True)
class ResidualCriterion(Criterion, ABC):
    """A criterion that depends on the residual norm alone: loss a/2 ‖f − y‖², measure increasing in ‖f − y‖."""

    @abstractmethod
    def curvature(self, n: int) -> float:
        """Return a in loss = a/2 ‖f − y‖²."""

    @abstractmethod
    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return the measure from ‖f − y‖ and ‖y‖ (arrays or tensors of equal shape)."""

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return a/2 ‖f − y‖²."""
        residual = outputs - y
        return (0.5 * self.curvature(y.shape[-1])) * (residual * residual).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return ``measure_norm`` of the residual norm over the last axis."""
        import torch

        norm = torch.linalg.vector_norm(outputs - y, dim=-1)
        measured: Tensor = self.measure_norm(norm, torch.linalg.vector_norm(y, dim=-1), y.shape[-1])
        return measured
