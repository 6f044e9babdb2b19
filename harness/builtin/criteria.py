"""Losses and what counts as a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness import Criterion, ResidualCriterion, TargetKind

if TYPE_CHECKING:
    from torch import Tensor

Measured = Literal["loss", "error"]
"""The measure: the mean loss of a sample, or the share of samples that are classified wrongly."""


@dataclass(frozen=True)
class Quadratic(ResidualCriterion):
    """Loss ½‖f − y‖² (a sum, as in the theorems); fit when the relative residual ‖f − y‖/‖y‖ meets the tolerance."""

    name: ClassVar[str] = "quadratic"

    def curvature(self, n: int) -> float:
        """Return 1."""
        return 1.0

    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return ‖f − y‖/‖y‖."""
        return norm / y_norm


@dataclass(frozen=True)
class MeanSquareOverRoot(ResidualCriterion):
    """Loss ‖f − y‖²/n; fit when MSE/√n meets the tolerance.

    The success rule of the published grid script of Polaczyk and Cyranka (TMLR, arXiv 2201.12052). For n = 200
    and ±1 labels, MSE/√n < 2.5e-3 is a relative residual below 0.188.
    """

    name: ClassVar[str] = "mse-over-root-n"
    reduction: ClassVar[Literal["sum", "mean"]] = "mean"

    def curvature(self, n: int) -> float:
        """Return 2/n."""
        return 2.0 / n

    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return ‖f − y‖²/n^{3/2}."""
        return norm * norm / n**1.5


@dataclass(frozen=True)
class _Classification(Criterion):
    """A loss of classes, summed over the samples.

    Attributes:
        measured: ``loss`` compares the mean loss of a sample with the tolerances, ``error`` the share of samples whose
            class is wrong.
    """

    measured: Measured = "loss"

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss, or the share of wrong classes."""
        return (self.loss(outputs, y) if self.measured == "loss" else self.wrong(outputs, y)) / y.shape[0]

    def bounded(self) -> bool:
        """Return whether the share of wrong classes is measured."""
        return self.measured == "error"


@dataclass(frozen=True)
class Logistic(_Classification):
    """Loss Σ log(1 + exp(−y f)) for labels ±1, summed over the samples."""

    name: ClassVar[str] = "logistic"
    targets: ClassVar[tuple[TargetKind, ...]] = ("signs",)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return Σ log(1 + exp(−y f))."""
        from torch.nn.functional import softplus

        return softplus(-outputs * y).sum()

    def curvature(self, n: int) -> float:
        """Return 1/4, the largest derivative of the logistic function."""
        return 0.25


@dataclass(frozen=True)
class CrossEntropy(_Classification):
    """Loss −Σ log softmax(f)_c of the class c of each sample, summed over the samples."""

    name: ClassVar[str] = "cross-entropy"
    targets: ClassVar[tuple[TargetKind, ...]] = ("one-hot",)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return −Σ y · log softmax(f), for outputs and one-hot rows (n, q)."""
        return -(outputs.log_softmax(-1) * y).sum()

    def curvature(self, n: int) -> float:
        """Return 1/2: diag(p) − ppᵀ has no larger eigenvalue [Böhning 1992]."""
        return 0.5
