"""Gradient descent of a trial in a plain loop, in double precision."""

from __future__ import annotations

import numpy as np

from harness.components import Cell, Weights
from harness.engine.setting import Setting
from harness.engine.trial import prepare


def plain_descent(where: Setting, cell: Cell, seed: int, steps: int) -> tuple[float, float]:
    """Return the relative residual of a shallow net after so many steps from the start, and the smallest that was met.

    Args:
        where: Setting of the trial, with a squared loss.
        cell: Cell of the trial.
        seed: Its seed.
        steps: Number of steps.
    """
    trial, regime = prepare(where, cell.n, cell.d, cell.k, seed), where.regime
    form = regime.model.shallow_form()
    assert form is not None
    phi, x, y = form.activation, trial.problem.x, trial.problem.y
    weight = regime.criterion.curvature(len(y)) * regime.model.loss_weight()  # type: ignore[operator]  # known here

    def at(weights: Weights) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z = x @ weights["W"].T + weights.get("b", 0.0)
        values = phi.phi(z)
        return z, values, values @ weights["v"] + weights.get("c", 0.0)

    now = {name: value.copy() for name, value in trial.weights.items()}
    first = at(now)[-1] if form.centred else 0.0
    moved, norms = regime.model.moved(now), []
    for _ in range(steps + 1):
        z, values, h = at(now)
        r = form.scale * (h - first) - y
        norms.append(float(np.linalg.norm(r)))
        pull = form.scale * weight * trial.step_size * r
        gradient = (phi.dphi(z) * now["v"]).T * pull
        moves = {"W": gradient @ x, "b": gradient.sum(axis=1), "v": values.T @ pull, "c": pull.sum()}
        for name in moved:
            now[name] -= moves[name]
    return norms[-1] / float(np.linalg.norm(y)), min(norms) / float(np.linalg.norm(y))
