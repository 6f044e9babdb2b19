"""Losses and what counts as a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness import Criterion, ResidualCriterion, TargetKind

if TYPE_CHECKING:
    from torch import Tensor

Measured = Literal["loss", "error"]
"""The measure: the mean loss of a sample, or the share of samples that are classified wrongly."""


class Quadratic(ResidualCriterion):
    """Loss ½‖f − y‖² (a sum, as in the theorems); fit when the relative residual ‖f − y‖/‖y‖ meets the tolerance."""

    name: ClassVar[str] = "quadratic"

    def curvature(self, n: int) -> float:
        """Return 1."""
        return 1.0

    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return ‖f − y‖/‖y‖."""
        return norm / y_norm


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
        """Return the mean loss, or the share of wrong classes.

        The share is rounded down, so that one sample in ten meets a tolerance of 0.1 in float32 too.
        """
        if self.measured == "loss":
            return self.loss(outputs, y) / y.shape[0]
        from torch import finfo

        return self.wrong(outputs, y) / y.shape[0] * (1.0 - finfo(outputs.dtype).eps)

    def per_sample(self) -> Measured:
        """Return what is measured."""
        return self.measured

    def bounded(self) -> bool:
        """Return whether the share of wrong classes is measured."""
        return self.measured == "error"


class Logistic(_Classification):
    """Loss Σ log(1 + exp(−y f)) for labels ±1, summed over the samples."""

    name: ClassVar[str] = "logistic"
    version: ClassVar[int] = 2
    targets: ClassVar[tuple[TargetKind, ...]] = ("signs",)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return Σ log(1 + exp(−y f))."""
        from torch.nn.functional import softplus

        return softplus(-outputs * y).sum()

    def derivative(self) -> Literal["logistic"]:
        """Return that it is −y/(1 + exp(y f))."""
        return "logistic"

    def curvature(self, n: int) -> float:
        """Return 1/4, the largest derivative of the logistic function."""
        return 0.25


class CrossEntropy(_Classification):
    """Loss −Σ log softmax(f)_c of the class c of each sample, summed over the samples."""

    name: ClassVar[str] = "cross-entropy"
    version: ClassVar[int] = 2
    targets: ClassVar[tuple[TargetKind, ...]] = ("one-hot",)

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return −Σ y · log softmax(f), for outputs and one-hot rows (n, q)."""
        return -(outputs.log_softmax(-1) * y).sum()

    def derivative(self) -> Literal["softmax"]:
        """Return that it is softmax(f) − y."""
        return "softmax"

    def curvature(self, n: int) -> float:
        """Return 1/2: diag(p) − ppᵀ has no larger eigenvalue [Böhning 1992]."""
        return 0.5


class Hinge(_Classification):
    """Loss Σ max(0, 1 − s f), with s = y for labels ±1, and for classes one output against all others: s = ±1.

    It is zero where every s f is 1 at least. It has no bounded curvature, so the step size must be a number.
    """

    name: ClassVar[str] = "hinge"
    targets: ClassVar[tuple[TargetKind, ...]] = ("signs", "one-hot")

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return Σ max(0, 1 − s f)."""
        return _shortfall(outputs, y).sum()


class SquaredHinge(_Classification):
    """Loss ½ Σ max(0, 1 − s f)², with s as for the hinge [Tang 2013, arXiv 1306.0239, has the sum without ½]."""

    name: ClassVar[str] = "squared-hinge"
    targets: ClassVar[tuple[TargetKind, ...]] = ("signs", "one-hot")

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return ½ Σ max(0, 1 − s f)²."""
        short = _shortfall(outputs, y)
        return 0.5 * (short * short).sum()

    def curvature(self, n: int) -> float:
        """Return 1, the slope of the gradient where s f < 1."""
        return 1.0


def _shortfall(outputs: Tensor, y: Tensor) -> Tensor:
    """Return max(0, 1 − s f) of each output, (n,) or (n, q)."""
    signs = y if y.dim() == 1 else 2.0 * y - 1.0
    return (1.0 - signs * outputs).clamp(min=0.0)
