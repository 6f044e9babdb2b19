"""A solver in NumPy: gradient descent on shallow tanh nets, as somebody else may write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from harness import Budget, Outcome, Recorder, Regime, ResidualCriterion, Solver, Trial, hookimpl


class NumpySolver(Solver):
    """One network after the other, in NumPy."""

    name: ClassVar[str] = "numpy"
    summary: ClassVar[str] = "shallow tanh nets without biases, hidden layer trained, by gradient descent"

    def refuses(self, regime: Regime) -> str:
        """Return why the regime is something else, or an empty string."""
        traits, optimizer = regime.model.describe(), regime.optimizer
        if not traits.shallow or traits.biases or (traits.trains, str(traits.activation)) != ("hidden", "tanh"):
            return "it takes shallow tanh nets whose hidden layer is trained"
        if optimizer.heavy_ball() != 0.0 or not optimizer.full_batch():
            return "it takes gradient descent on full batches"
        return "" if isinstance(regime.criterion, ResidualCriterion) else "the criterion is not of the residual norm"

    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> list[Outcome]:
        """Train each trial to its end."""
        recorder = Recorder(regime, trials, budget)
        criterion, dtype = regime.criterion, np.dtype(budget.dtype)
        assert isinstance(criterion, ResidualCriterion)
        for run, trial in enumerate(trials):
            n = trial.problem.n
            x, y = trial.problem.x.astype(dtype), trial.problem.y.astype(dtype)
            w, v = (trial.weights[name].astype(dtype) for name in ("W", "v"))
            rate = dtype.type(trial.step_size * criterion.curvature(n) * regime.model.loss_weight())
            y_norm = np.linalg.norm(y)
            for step in range(recorder.last + 1):
                hidden = np.tanh(x @ w.T)
                residual = hidden @ v - y
                measure = criterion.measure_norm(np.linalg.norm(residual), y_norm, n)
                if recorder.note(run, step, float(measure), {"W": w, "v": v}):
                    break
                w = w - rate * ((residual[:, None] * (1 - hidden**2) * v).T @ x)
        return recorder.outcomes()


@hookimpl
def harness_solvers() -> list[type[Solver]]:
    """Provide the solver."""
    return [NumpySolver]
