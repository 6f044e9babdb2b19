"""Trains one batch: the only entrance to the engine, the same for every executor."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from harness import lanes
from harness.components import Cell, Outcome, Params, ResidualCriterion, Stack
from harness.engine.functional import FunctionalStack
from harness.engine.ladder import Ladder
from harness.engine.loop import Lanes, Loop, whole_epochs
from harness.engine.minibatches import Minibatches
from harness.engine.setting import Setting, rebuild
from harness.engine.solvers import Solver, fused_form, solver_for
from harness.engine.spectral import Decay, solve
from harness.engine.spectrum import trained_names
from harness.engine.trial import Trial, prepare
from harness.engine.watch import Watch

if TYPE_CHECKING:
    from harness.executors.base import Batch
    from harness.registry import Registry


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, in full precision.

    One, because results must not depend on how many there are, and because threads that wait for each other are
    slowed a hundredfold by a busy neighbour; the machine is filled by processes instead.
    """
    threads, tf32 = torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = tf32


def train_batch(batch: Batch, registry: Registry) -> list[Outcome]:
    """Train the trials of a batch; a trial that fails costs itself only.

    Returns:
        One outcome per seed, in the order of ``batch.seeds``.
    """
    setting = rebuild(batch.setting, registry)
    return train(setting, batch.cell, batch.seeds)


def train(setting: Setting, cell: Cell, seeds: Sequence[int]) -> list[Outcome]:
    """Train trials of one cell; those that raise are recorded as errors with their message."""
    with one_thread():
        try:
            return _train(setting, cell, seeds)
        except Exception as error:
            if len(seeds) > 1:
                return [outcome for seed in seeds for outcome in train(setting, cell, [seed])]
            none = tuple(None for _ in setting.tolerances)
            return [Outcome(seeds[0], none, 0, float("nan"), message=f"{type(error).__name__}: {error}")]


def _train(setting: Setting, cell: Cell, seeds: Sequence[int]) -> list[Outcome]:
    start = time.perf_counter()
    solver = solver_for(setting.regime, setting.device, setting.dtype, setting.solver)
    trials = [prepare(setting, cell.n, cell.d, cell.k, seed) for seed in seeds]
    if solver.name == "spectral":
        outcomes = [_solve(setting, trial) for trial in trials]
    elif solver.name == "fused":
        outcomes = [_run_fused(setting, trial) for trial in trials]
    else:
        most = solver.lanes(setting, cell.n, cell.d, cell.k)
        outcomes = []
        for group in _groups(trials, most, solver.fixed_lanes):
            outcomes += _advance(setting, solver, group, most)
    seconds = time.perf_counter() - start
    total = sum(outcome.steps + 1 for outcome in outcomes)
    by_seed = {o.seed: _with_seconds(o, seconds * (o.steps + 1) / total, solver, setting) for o in outcomes}
    return [by_seed[seed] for seed in seeds]


def _with_seconds(outcome: Outcome, seconds: float, solver: Solver, setting: Setting) -> Outcome:
    return replace(outcome, seconds=seconds, solver=solver.name, device=setting.device)


def _groups(trials: list[Trial], most: int, fixed: bool) -> list[list[Trial]]:
    """Split trials into stacks; with fixed lanes, those of the same block of seeds go together."""
    if not fixed:
        return [trials[i : i + most] for i in range(0, len(trials), most)]
    blocks: dict[int, list[Trial]] = {}
    for trial in trials:
        blocks.setdefault(trial.seed // most, []).append(trial)
    return list(blocks.values())


def _solve(setting: Setting, trial: Trial) -> Outcome:
    """Solve one linear model exactly."""
    regime = setting.regime
    criterion = regime.criterion
    assert isinstance(criterion, ResidualCriterion)
    assert trial.kernel is not None
    problem = trial.problem
    outputs = regime.model.forward(trial.params, torch.from_numpy(problem.x))
    rate = criterion.curvature(problem.n) * regime.model.loss_weight() * trial.step_size
    decay = Decay.of(trial.kernel, outputs - torch.from_numpy(problem.y), rate)
    y_norm = float(np.linalg.norm(problem.y))
    found = solve(
        decay, lambda norm: criterion.measure_norm(norm, y_norm, problem.n), setting.tolerances, setting.steps
    )
    moved = trained_names(regime.model, trial.params)
    size = _norm([trial.params[name] for name in moved])
    return Outcome(
        seed=trial.seed,
        hits=found.hits,
        steps=found.steps,
        measure=found.measure,
        diverged=found.diverged,
        falling=found.falling,
        movement=decay.movement(found.steps, rate) / size if size else None,
        step_size=trial.step_size,
        lambda_min=trial.lambda_min,
        lambda_max=trial.lambda_max,
        rate=found.rate,
        curve=found.curve,
        diagnostics=Watch(regime, [trial]).start().found(0),
    )


def _run_fused(setting: Setting, trial: Trial) -> Outcome:
    """Train one plain shallow net with the compiled kernel."""
    from harness.engine.fused.solver import solve as run

    regime = setting.regime
    form = fused_form(regime)
    assert form is not None
    watch = Watch(regime, [trial]).start()

    def visit(step: int, params: Params) -> None:
        watch.visit(step, {name: value.unsqueeze(0) for name, value in params.items()}, np.zeros(1, dtype=np.int64))

    outcome, after = run(setting, trial, form, visit if watch.path else None)
    moved = trained_names(regime.model, trial.params)
    dtype = torch.float64 if setting.dtype == "float64" else torch.float32
    size = _norm([trial.params[name] for name in moved])
    change = _norm([after[name] - trial.params[name].to(dtype).double() for name in moved])
    watch.end(0, {name: value.unsqueeze(0) for name, value in after.items()}, 0, outcome.steps)
    movement = change / size if size and not outcome.diverged else None
    return replace(outcome, movement=movement, diagnostics=watch.found(0))


def _advance(setting: Setting, solver: Solver, trials: list[Trial], most: int) -> list[Outcome]:
    """Train the trials of one stack step by step."""
    regime = setting.regime
    model, optimizer = regime.model, regime.optimizer
    budget = whole_epochs(setting.steps, trials[0].problem.n, optimizer.batch_size(trials[0].problem.n))
    ladder = Ladder(len(trials), setting.tolerances, budget)
    if solver.fixed_lanes:
        lane_of = {trial.seed % most: run for run, trial in enumerate(trials)}
        runs = np.array([lane_of.get(lane, ladder.filler) for lane in range(most)])
    else:
        runs = np.arange(max(len(trials), lanes.FEWEST))
        runs[len(trials) :] = ladder.filler
    shown = [trials[run if run < len(trials) else 0] for run in runs]
    moved = trained_names(model, trials[0].params)
    live = _lanes(setting, shown, runs, moved)
    movement: dict[int, float | None] = {}
    watch = Watch(regime, trials).start()

    def ended(run: int, params: Params, lane: int) -> None:
        watch.end(run, params, lane, int(ladder.end[run]))
        before = trials[run].params
        after = {name: params[name][lane].double().cpu() for name in moved}
        size = _norm([before[name] for name in moved])
        change = _norm([after[name] - before[name].to(live.x.dtype).double() for name in moved])
        movement[run] = change / size if size and not ladder.diverged[run] else None

    def stack_of(params: Params, x: Tensor) -> Stack:
        if solver.name == "functional":
            return FunctionalStack(model, params, x, moved)
        stack = model.stack(params, x)
        if stack is None:
            raise TypeError(f"model {model.name!r} defines stack() but it returned None")
        return stack

    minibatches = None
    if optimizer.batch_size(live.y.shape[1]) < live.y.shape[1]:
        n = live.y.shape[1]
        minibatches = Minibatches([t.seed for t in shown], n, optimizer.batch_size(n), setting.base_seed)
    loop = Loop(stack_of, moved, optimizer, regime.criterion, budget, compacts=not solver.fixed_lanes)
    with torch.no_grad():
        loop.train(live, ladder, minibatches, ended, watch.visit if watch.path else None)
    return [
        Outcome(
            seed=trial.seed,
            hits=tuple(int(hit) if hit >= 0 else None for hit in ladder.hits[run]),
            steps=int(ladder.end[run]),
            measure=float(ladder.measure[run]),
            diverged=bool(ladder.diverged[run]),
            falling=ladder.falling(run),
            movement=movement[run],
            step_size=trial.step_size,
            lambda_min=trial.lambda_min,
            lambda_max=trial.lambda_max,
            rate=ladder.rate(run),
            curve=ladder.curve(run),
            diagnostics=watch.found(run),
        )
        for run, trial in enumerate(trials)
    ]


def _lanes(setting: Setting, trials: list[Trial], runs: NDArray[np.int64], moved: tuple[str, ...]) -> Lanes:
    """Stack the trials in the suite's dtype on its device."""
    optimizer, criterion = setting.regime.optimizer, setting.regime.criterion
    dtype = torch.float64 if setting.dtype == "float64" else torch.float32

    def stacked(values: list[Tensor]) -> Tensor:
        return torch.stack(values).to(dtype).to(setting.device)

    x = stacked([torch.from_numpy(trial.problem.x) for trial in trials])
    y = stacked([torch.from_numpy(trial.problem.y) for trial in trials])
    step_size = torch.tensor([trial.step_size for trial in trials], dtype=torch.float64)
    # Other criteria have their gradient taken as it is; a curvature of theirs bounds it, for the step size only.
    curvature = criterion.curvature(y.shape[1]) if isinstance(criterion, ResidualCriterion) else 1.0
    curvature *= setting.regime.model.loss_weight()
    own_update = optimizer.heavy_ball() is None
    scale = torch.full_like(step_size, curvature) if own_update else -curvature * step_size
    params = {name: lanes.put(stacked([trial.params[name] for trial in trials])) for name in trials[0].params}
    weights = {name: params[name] for name in moved}
    state = vmap(optimizer.start)(weights) if own_update else {}
    return Lanes(
        runs=runs,
        x=x,
        y=y,
        scale=scale.to(dtype).to(setting.device).unsqueeze(1),
        step_size=step_size.to(dtype).to(setting.device),
        params=params,
        velocity={name: lanes.put(torch.zeros_like(value)) for name, value in weights.items()}
        if optimizer.heavy_ball()
        else {},
        state={name: lanes.put(value) for name, value in state.items()},
    )


def _norm(parts: list[Tensor]) -> float:
    if not parts:  # a model without weights
        return 0.0
    return float(torch.sqrt(sum((part.double() ** 2).sum() for part in parts)))  # type: ignore[arg-type]
