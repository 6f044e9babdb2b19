"""Trials trained by the compiled solvers, with the movement and the diagnostics that the solvers do not know of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from harness.components import Outcome, Params
from harness.engine.descent import ShallowTrial, Visit
from harness.engine.setting import Setting
from harness.engine.solvers import SolverName, fused_form
from harness.engine.spectrum import trained_names
from harness.engine.trial import Trial, length
from harness.engine.watch import Watch


def run_fused(solver: SolverName, trials: Sequence[tuple[Setting, Trial]]) -> list[Outcome]:
    """Train trials, of one setting or of several, each to its end; return outcomes in their order."""
    nets = [_net(setting, trial) for setting, trial in trials]
    watches = [Watch(setting.regime, [trial]).start() for setting, trial in trials]
    visits = [_visit(watch) if watch.path else None for watch in watches]
    if solver == "fused-gpu":
        from harness.engine.gpu.solver import solve_all

        found = solve_all(nets, visits, trials[0][0].device)
    else:
        from harness.engine.fused.solver import solve

        found = [solve(net, visit) for net, visit in zip(nets, visits, strict=True)]
    return [_complete(net, watch, *end) for net, watch, end in zip(nets, watches, found, strict=True)]


def _net(setting: Setting, trial: Trial) -> ShallowTrial:
    form = fused_form(setting.regime)
    assert form is not None
    return ShallowTrial.of(setting, trial, form)


def _visit(watch: Watch) -> Visit:
    def visit(step: int, params: Params) -> None:
        watch.visit(step, {name: value.unsqueeze(0) for name, value in params.items()}, np.zeros(1, dtype=np.int64))

    return visit


def _complete(net: ShallowTrial, watch: Watch, outcome: Outcome, after: Params) -> Outcome:
    """Add how far the weights moved, and what the diagnostics found."""
    trial = net.trial
    moved = trained_names(net.setting.regime.model, trial.params)
    dtype = torch.float64 if net.setting.dtype == "float64" else torch.float32
    size = length([trial.params[name] for name in moved])
    change = length([after[name] - trial.params[name].to(dtype).double() for name in moved])
    watch.end(0, {name: value.unsqueeze(0) for name, value in after.items()}, 0, outcome.steps)
    movement = change / size if size and not outcome.diverged else None
    return replace(outcome, movement=movement, diagnostics=watch.found(0))
