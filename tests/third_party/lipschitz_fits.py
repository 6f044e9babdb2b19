"""A continuation for nets that no shipped one decides: activations whose slope is Lipschitz and has kinks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import (
    Continuation,
    Descend,
    Fate,
    Regime,
    ResidualCriterion,
    TrainedTrial,
    Trial,
    Weights,
    hookimpl,
)


@dataclass(frozen=True)
class LipschitzFits(Continuation):
    """Fits of hidden layers by the length of the path, with sup |φ''| alone."""

    name: ClassVar[str] = "lipschitz-fits"
    summary: ClassVar[str] = "fits of hidden layers whose φ' is Lipschitz"

    def refuses(self, regime: Regime, q: int) -> str:
        """Return why the net is something else, or an empty string."""
        form = regime.model.shallow_form()
        if q > 1 or form is None or form.trains != "hidden" or form.biases or form.centred or form.scale != 1.0:
            return "it takes plain nets of one output whose hidden layer is trained"
        return "" if math.isfinite(form.activation.b2) else "it takes activations with a bound of φ''"

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        """Go on with gradient descent until the condition holds with twice the margin."""
        weights, spent, reached = trained.weights, 0, 1.0
        while (margin := self.margin(regime, trained.trial, weights)) < 2.0:
            if spent >= most or not math.isfinite(reached):
                return Fate("open", work=spent)
            weights, taken, reached = descend(weights, max((trained.steps + spent) // 5, 200), 0.0)
            spent += taken
            if not taken:
                return Fate("open", work=spent)
        return Fate("fit proved", self.name, margin=float(f"{margin:.4g}"), residual=0.0, work=spent)

    def margin(self, regime: Regime, trial: Trial, weights: Weights) -> float:
        """Return R a c/‖r‖ of certificate D1g, with R half of the distance at which the bound of σ vanishes."""
        criterion, form, problem = regime.criterion, regime.model.shallow_form(), trial.problem
        assert isinstance(criterion, ResidualCriterion)
        assert form is not None
        phi, v, z = form.activation, weights["v"], problem.x @ weights["W"].T
        eta = trial.step_size * criterion.curvature(problem.n) * regime.model.loss_weight()
        r = float(np.linalg.norm(phi.phi(z) @ v - problem.y)) + 1e-12
        jacobian = ((phi.dphi(z) * v)[:, :, None] * problem.x[:, None, :]).reshape(problem.n, -1)
        if jacobian.shape[1] < problem.n:
            return 0.0
        sizes = np.linalg.svd(jacobian, compute_uv=False)
        bend = phi.b2 * float(np.abs(v).max()) * math.sqrt(np.linalg.norm((problem.x @ problem.x.T) ** 2, 2))
        a = 0.5 * (float(sizes[-1]) - 1e-9 * float(sizes[0]))
        radius, b = a / bend, float(sizes[0]) + a
        return radius * a * (1.0 - 0.5 * eta * b * b - 0.5 * eta * bend * r) / r if a > 0.0 else 0.0


@hookimpl
def harness_continuations() -> Iterable[type[Continuation]]:
    """Provide it."""
    return [LipschitzFits]
