"""Regimes: the four ingredients of training together."""

from __future__ import annotations

from dataclasses import dataclass

from harness.components.criterion import Criterion
from harness.components.diagnostic import Diagnostic
from harness.components.initializer import Initializer
from harness.components.model import Model
from harness.components.optimizer import Optimizer
from harness.components.tuning import Tuning


@dataclass(frozen=True)
class Regime:
    """A composition of the four ingredients under a name.

    Attributes:
        name: What tables call it.
        theory: Name of the theory whose step size ``step_size = "theory"`` means; empty where there is none.
        summary: One line for ``harness plugins info``.
        diagnostics: What is measured on each trial besides.
        solver: Name of the solver that must train it, or an empty string for the usual choice.
        continuation: Name of the continuation that decides the fates of its trials, or an empty string for the shipped
            one that can.
        tune: Step sizes of which the best is chosen at each n, d and k, or None for the optimizer's own policy.
    """

    name: str
    model: Model
    initializer: Initializer
    optimizer: Optimizer
    criterion: Criterion
    theory: str = ""
    summary: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    solver: str = ""
    tune: Tuning | None = None
    continuation: str = ""

    def starting_width(self, n: int, d: int) -> float:
        """Return the width at which the trained layers have one weight a label, where a search begins.

        Args:
            n: Number of samples.
            d: Input dimension.

        Returns:
            n/d, or n where only the output layer is trained.
        """
        return n if self.model.describe().trains == "output" else n / d
