"""The contract of continuations: what becomes of a trained trial with unlimited steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from harness.components.criterion import ResidualCriterion
from harness.components.outcome import Fate, Outcome
from harness.components.regime import Regime
from harness.components.solver import Trial
from harness.components.vocabulary import Weights

Descend = Callable[[Weights, int, float], tuple[Weights, int, float]]
"""Goes on with the same gradient descent, in float64: from all weights by name, at most so many steps, until the
relative residual ‖r‖/‖y‖ is at most a number (0 for never). Returns the last weights, the steps taken and the relative
residual there, not finite where the descent diverged."""


@dataclass(frozen=True)
class TrainedTrial:
    """A trial after training, as a continuation gets it.

    Attributes:
        trial: The trial. Its inputs, labels and initial weights are the values that were trained with: in the
            precision of the training, as float64. ``step_size`` is η. Held-out samples are left out.
        weights: All weights after ``steps`` steps by name, likewise.
        steps: Steps after which the network had them: those of the outcome, and up to 25 more from stacks.
        outcome: What training recorded.
    """

    trial: Trial
    weights: Weights
    steps: int
    outcome: Outcome


@dataclass(frozen=True)
class Continuation(ABC):
    """Decides the fate of trained trials: a fit, stuck, or open.

    It runs in float64 on the CPU in one thread after each trial that did not diverge, whatever solver trained it. The
    fate must depend on the trial alone, and not on the last bits of a linear algebra library: what is close to a
    boundary is decided with a margin.

    Attributes:
        name: Lower-case letters, digits and hyphens.
        version: Raised when the continuation gives other fates. Stored trials are then trained again.
        summary: One line: what it decides.
        preference: Place in the order in which continuations are asked, increasing.
    """

    name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    summary: ClassVar[str] = ""
    preference: ClassVar[int] = 1000

    @classmethod
    def identity(cls) -> str:
        """Return name and version, as fates are signed with them."""
        return f"{cls.name} {cls.version}"

    def why_not(self, regime: Regime, q: int = 1) -> str:
        """Return why the fates of a regime cannot be decided, or an empty string if they can.

        Args:
            regime: What is trained.
            q: Number of outputs.
        """
        optimizer = regime.optimizer
        if optimizer.heavy_ball() != 0.0 or not optimizer.full_batch() or optimizer.constraint() is not None:
            return f"optimizer {optimizer.name} is not gradient descent on full batches"
        if not isinstance(regime.criterion, ResidualCriterion):
            return f"criterion {regime.criterion.name} is no function of the residual norm"
        return self.refuses(regime, q)

    @abstractmethod
    def refuses(self, regime: Regime, q: int) -> str:
        """Return a further reason why the fates of a regime cannot be decided, or an empty string if there is none.

        The optimizer is gradient descent on full batches, and the criterion a function of the residual norm.

        Args:
            regime: What is trained.
            q: Number of outputs.
        """

    @abstractmethod
    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        """Return the fate of a trial.

        Args:
            regime: What was trained.
            trained: The trial after training.
            descend: Goes on with gradient descent.
            most: Number of steps that may be taken, in all calls of ``descend`` together or in what else costs as much.

        Returns:
            The fate. The engine fills in ``continuation``.
        """
