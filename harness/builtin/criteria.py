"""Losses and what counts as a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness import ResidualCriterion


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
