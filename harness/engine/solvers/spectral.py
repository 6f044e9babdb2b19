"""Solves models that are linear in their trained weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.components import Budget, Outcome, Recorder, Regime, ResidualCriterion, Solver, Trial

if TYPE_CHECKING:
    from harness.components import Array, Params
    from harness.engine.linear_fate import Linear
    from harness.engine.spectral import Decay


ROUNDINGS = 100
"""Roundings of an entry of a kernel beside those of its sums, where the model gives no bound."""

CLOSED_FORM = 1e-7
"""Relative error of the entries of a kernel of infinite width: arccos loses half of the digits where inputs are almost
parallel."""


class Spectral(Solver):
    """Gradient descent by the spectral measure of the kernel at the initial residual, in closed form."""

    name: ClassVar[str] = "spectral"
    version: ClassVar[int] = 4
    summary: ClassVar[str] = "models linear in their trained weights, by gradient descent, solved exactly"
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")
    preference: ClassVar[int] = 10
    closed_form: ClassVar[bool] = True
    decides_fates: ClassVar[bool] = True

    def refuses(self, regime: Regime) -> str:
        """Return why the descent has no closed form, or an empty string."""
        if not regime.model.linear():
            return f"model {regime.model.name} is not linear in its trained weights"
        if regime.optimizer.heavy_ball() != 0.0 or not regime.optimizer.full_batch():
            return f"optimizer {regime.optimizer.name} is not gradient descent on full batches"
        if not isinstance(regime.criterion, ResidualCriterion):
            return f"criterion {regime.criterion.name} is no function of the residual norm"
        return ""

    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> list[Outcome]:
        """Solve one trial after the other."""
        recorder = Recorder(regime, trials, budget)
        return [_solve(recorder, run) for run in range(len(trials))]


def _solve(recorder: Recorder, run: int) -> Outcome:
    import torch

    from harness.components.recorder import length
    from harness.engine.fates import in_measures
    from harness.engine.one_thread import one_thread_of_blas
    from harness.engine.spectral import Decay, solve

    regime, trial, budget = recorder.regime, recorder.trials[run], recorder.budget
    criterion, problem, params = regime.criterion, trial.problem, trial.params
    assert isinstance(criterion, ResidualCriterion)
    assert trial.kernel is not None
    residual = regime.model.forward(params, torch.from_numpy(problem.x)) - torch.from_numpy(problem.y)
    rate = criterion.curvature(problem.n) * regime.model.loss_weight() * trial.step_size
    decay = Decay.of(torch.from_numpy(trial.kernel), residual, rate)
    y_norm = float(np.linalg.norm(problem.y))
    course = solve(decay, lambda norm: criterion.measure_norm(norm, y_norm, problem.n), budget.tolerances, budget.steps)
    size = length([params[name] for name in regime.model.moved(params)])
    movement = decay.movement(course.steps, rate) / size if size and not course.diverged else None
    weights = None
    if regime.diagnostics and size:
        for step in (step for step in recorder.marks if recorder.watches and step <= course.steps):
            recorder.visit(run, step, _weights(regime, trial, decay, rate, step))
        weights = _weights(regime, trial, decay, rate, course.steps)
    outcome = recorder.outcome(run, course, weights=weights, movement=movement)
    if not budget.limit or outcome.diverged:
        return outcome
    with one_thread_of_blas():
        fate = _linear(regime, trial, decay, residual.numpy(), rate).fate()
    fate = replace(fate, continuation=f"{Spectral.name} {Spectral.version}")
    return replace(outcome, fate=in_measures(fate, regime, problem))


def _linear(regime: Regime, trial: Trial, decay: Decay, residual: Array, rate: float) -> Linear:
    """Return what decides the fate of a trial."""
    import torch

    from harness.engine.linear_fate import EPS, Linear
    from harness.engine.spectrum import initial_jacobian

    assert trial.kernel is not None
    params = trial.params
    shapes = [params[name].shape for name in regime.model.moved(params)]
    terms = ROUNDINGS + trial.problem.d + sum(sum(shape) for shape in shapes)
    error = regime.model.kernel_error(params, torch.from_numpy(trial.problem.x), torch.from_numpy(trial.kernel))
    if error is None:
        entries = terms * EPS if regime.model.has_width else CLOSED_FORM
        error = trial.problem.n * entries * float(trial.kernel.diagonal().max())
    return Linear(
        kernel=trial.kernel,
        values=decay.eigenvalues,
        weight=decay.weight,
        residual=residual,
        rate=rate,
        y_norm=float(np.linalg.norm(trial.problem.y)),
        kernel_error=error,
        columns=sum(shape.numel() for shape in shapes) if regime.model.has_width else None,
        jacobian=lambda rows: initial_jacobian(regime.model, params, torch.from_numpy(trial.problem.x[rows])).numpy(),
    )


def _weights(regime: Regime, trial: Trial, decay: Decay, rate: float, step: int) -> Params:
    """Return the weights after so many steps, exactly: the model is affine in those that move."""
    import torch

    params = trial.params
    moved = {name: params[name].detach().requires_grad_() for name in regime.model.moved(params)}
    outputs = regime.model.forward({**params, **moved}, torch.from_numpy(trial.problem.x))
    gradients = torch.autograd.grad(outputs, list(moved.values()), torch.from_numpy(decay.total(step, rate)))
    return {**params, **{name: params[name] - rate * g for name, g in zip(moved, gradients, strict=True)}}
