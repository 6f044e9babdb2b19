"""Goes on with the gradient descent of one trained network, in float64 on the CPU, from given weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from harness.components import Budget, LastWeights, Regime, ResidualCriterion, Trial, Weights
from harness.engine.solvers.functional import Functional
from harness.engine.solvers.fused import Fused
from harness.engine.solvers.stacked import Stacked


class FurtherDescent:
    """Gradient descent that goes on from weights that it is given, up to a number of steps in all.

    The compiled kernel takes the steps where it can train the regime, else the model's stack. The network
    is alone in either, so what it becomes depends on its trial only.

    Attributes:
        left: Number of steps that may still be taken.
    """

    def __init__(self, regime: Regime, trial: Trial, most: int) -> None:
        """Choose what takes the steps.

        Args:
            regime: What is trained, with a criterion of the residual.
            trial: Problem and initial weights as training had them, and the step size.
            most: Number of steps that may be taken in all.
        """
        self.regime, self.trial, self.left = replace(regime, diagnostics=()), trial, most
        self.solver = next(s for s in (Fused(), Stacked(), Functional()) if not s.why_not(regime, "float64", "cpu"))
        self.y_norm = float(np.linalg.norm(trial.problem.y))

    def __call__(self, weights: Weights, steps: int, residual: float) -> tuple[Weights, int, float]:
        """Take steps until the relative residual is at most ``residual``; see :data:`harness.components.Descend`."""
        steps = max(min(steps, self.left), 0)
        follow = self._fused if isinstance(self.solver, Fused) else self._stacked
        after, taken, reached = follow(weights, steps, residual)
        self.left -= taken
        return after, taken, reached

    def _fused(self, weights: Weights, steps: int, residual: float) -> tuple[Weights, int, float]:
        from harness.engine.descent import ShallowTrial
        from harness.engine.fused.binding import train

        form = Fused.form(self.regime)
        assert form is not None
        # Labels of h − h₀ come from the initial weights, so the net is made of those.
        net = ShallowTrial.of(self.regime, Budget(steps, (1.0,), "float64"), self.trial, form)
        start = ShallowTrial.of(self.regime, net.budget, replace(self.trial, weights=weights), form)
        descent = replace(net.descent, norms=(residual * self.y_norm / abs(form.scale),))
        found = train(net.x, net.labels, start.w, start.v, start.c, descent, "double")
        after = {name: np.array(value.numpy()) for name, value in net.params(found.w, found.v, found.c).items()}
        reached = math.inf if found.diverged else abs(form.scale) * found.norm / self.y_norm
        return {**weights, **{name: after[name] for name in self._moved(weights)}}, found.steps, reached

    def _stacked(self, weights: Weights, steps: int, residual: float) -> tuple[Weights, int, float]:
        if steps == 0:
            return weights, 0, self.residual(weights)
        criterion, n, kept = self.regime.criterion, self.trial.problem.n, LastWeights()
        assert isinstance(criterion, ResidualCriterion)
        measure = float(criterion.measure_norm(residual * self.y_norm, self.y_norm, n))
        trial = replace(self.trial, weights=weights)
        (outcome,) = self.solver.train(self.regime, [trial], Budget(steps, (measure,), "float64", last_weights=kept))
        last = kept.take(trial)
        assert last is not None
        after, taken = last
        reached = math.inf if outcome.diverged else self.residual(after)
        return {**weights, **{name: after[name] for name in self._moved(weights)}}, taken, reached

    def residual(self, weights: Weights) -> float:
        """Return the relative residual ‖f − y‖/‖y‖ at weights."""
        problem = self.trial.problem
        params = {name: torch.from_numpy(value) for name, value in weights.items()}
        with torch.no_grad():
            outputs = self.regime.model.forward(params, torch.from_numpy(problem.x))
        return float(np.linalg.norm(outputs.numpy() - problem.y)) / self.y_norm

    def _moved(self, weights: Weights) -> tuple[str, ...]:
        return self.regime.model.moved(weights)
