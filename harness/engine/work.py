"""Trains one batch: the only entrance to the engine, the same for every executor."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from harness.components import Cell, Outcome, Params, ResidualCriterion, Stack
from harness.components.fault import error_outcome, is_out_of_memory, said
from harness.engine import lanes
from harness.engine.compiled_step import compiled_step, owned, strict
from harness.engine.functional import FunctionalStack
from harness.engine.ladder import Ladder
from harness.engine.loop import Loop, whole_epochs
from harness.engine.method import Method
from harness.engine.minibatches import Minibatches
from harness.engine.one_thread import one_thread
from harness.engine.setting import Setting, rebuild
from harness.engine.shallow import run_fused
from harness.engine.solvers import FUSED, Solver, solver_for
from harness.engine.spectral import Decay, solve
from harness.engine.spectrum import trained_names
from harness.engine.trial import Trial, length, prepare
from harness.engine.watch import Watch
from harness.engine.workspace import Lanes

if TYPE_CHECKING:
    from harness.components.executor import Batch
    from harness.plugin_host.registry import Registry

T = TypeVar("T")


def train_batch(batch: Batch, registry: Registry) -> list[Outcome]:
    """Train the trials of a batch; what fails in one trial by itself costs that trial only.

    Returns:
        One outcome per seed, in the order of ``batch.seeds``.

    Raises:
        Exception: Whatever went wrong with several trials at once, or for want of memory: who submitted the batch
            splits it until the trial at fault stands alone.
    """
    setting = rebuild(batch.setting, registry)
    with one_thread():
        return _train(setting, batch.cell, batch.seeds)


def train_together(
    batches: Sequence[Batch], registry: Registry, begun: Callable[[int | None], None] = lambda _place: None
) -> list[list[Outcome]]:
    """Train several batches of the GPU solver in the same launches; if one trial fails, all do.

    Outcomes are those of :func:`train_batch`; only how time is shared is not.

    Args:
        batches: What is trained.
        registry: The plugins.
        begun: Told the place of each batch whose trials are prepared from now on, then None for the launches.

    Returns:
        One list of outcomes per batch, each in the order of its seeds.
    """
    start = time.perf_counter()
    trials = []
    with one_thread():
        for place, batch in enumerate(batches):
            begun(place)
            setting, cell = rebuild(batch.setting, registry), batch.cell
            trials += [(setting, prepare(setting, cell.n, cell.d, cell.k, seed)) for seed in batch.seeds]
        begun(None)
        outcomes = run_fused("fused-gpu", trials)
    seconds = time.perf_counter() - start
    shared = iter(share_seconds(outcomes, seconds, "fused-gpu", trials[0][0].device))
    return [list(islice(shared, len(batch.seeds))) for batch in batches]


def train(setting: Setting, cell: Cell, seeds: Sequence[int]) -> list[Outcome]:
    """Train trials of one cell; those that raise are recorded as errors with their message."""
    with one_thread():
        try:
            return _train(setting, cell, seeds)
        except Exception as error:
            if len(seeds) > 1:
                return [outcome for seed in seeds for outcome in train(setting, cell, [seed])]
            return [error_outcome(seeds[0], len(setting.tolerances), said(error))]


def train_alone(setting: Setting, n: int, d: int, k: int, seed: int) -> Outcome:
    """Train one trial, and let whatever goes wrong in it be raised as it is."""
    with one_thread():
        (outcome,) = _train(setting, Cell("", n, d, k), [seed], isolate=False)
        return outcome


def _train(setting: Setting, cell: Cell, seeds: Sequence[int], *, isolate: bool = True) -> list[Outcome]:
    start = time.perf_counter()
    solver = solver_for(setting.regime, setting.device, setting.dtype, setting.solver)
    errors: dict[int, Outcome] = {}

    def each(seeds: Sequence[int], work: Callable[[int], T]) -> list[T]:
        return _each(setting, seeds, work, errors) if isolate else [work(seed) for seed in seeds]

    trials = each(seeds, lambda seed: prepare(setting, cell.n, cell.d, cell.k, seed))
    outcomes: list[Outcome] = []
    if solver.name in ("spectral", "fused"):  # one after the other
        by_trial = {trial.seed: trial for trial in trials}
        outcomes = each(list(by_trial), lambda seed: _alone(setting, solver, by_trial[seed]))
    elif solver.name in FUSED:
        outcomes = run_fused(solver.name, [(setting, trial) for trial in trials]) if trials else []
    else:
        most = solver.lanes(setting, cell.n, cell.d, cell.k)
        for group in _groups(trials, most, solver.fixed_lanes):
            outcomes += _advance(setting, solver, cell.k, group, most)
    seconds = time.perf_counter() - start
    by_seed = errors | {o.seed: o for o in share_seconds(outcomes, seconds, solver.name, setting.device)}
    return [by_seed[seed] for seed in seeds]


def _each(setting: Setting, seeds: Sequence[int], work: Callable[[int], T], errors: dict[int, Outcome]) -> list[T]:
    """Do for each trial what concerns it alone; one that raises twice ends in an error, and the others go on.

    Raises:
        Exception: If memory runs out, which is its company's fault as much as the trial's.
    """
    found: list[T] = []
    for seed in seeds:
        for last in (False, True):
            try:
                found.append(work(seed))
                break
            except Exception as error:
                if is_out_of_memory(error):
                    raise
                if last:
                    errors[seed] = error_outcome(seed, len(setting.tolerances), said(error))
    return found


def _alone(setting: Setting, solver: Solver, trial: Trial) -> Outcome:
    """Train one trial with a solver that takes one at a time."""
    if solver.name == "spectral":
        return _solve(setting, trial)
    (outcome,) = run_fused(solver.name, [(setting, trial)])
    return outcome


def share_seconds(outcomes: Sequence[Outcome], seconds: float, solver: str, device: str) -> list[Outcome]:
    """Return the outcomes with the time that training all of them took, shared by steps, and what trained them."""
    total = sum(outcome.steps + 1 for outcome in outcomes)
    return [replace(o, seconds=seconds * (o.steps + 1) / total, solver=solver, device=device) for o in outcomes]


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
    size = length([trial.params[name] for name in moved])
    return Outcome(
        seed=trial.seed,
        hits=found.hits,
        steps=found.steps,
        measure=found.measure,
        diverged=found.diverged,
        falling=found.falling,
        movement=decay.movement(found.steps, rate) / size if size and not found.diverged else None,
        step_size=trial.step_size,
        lambda_min=trial.lambda_min,
        lambda_max=trial.lambda_max,
        rate=found.rate,
        curve=found.curve,
        diagnostics=Watch(regime, [trial]).start().found(0),
    )


def _advance(setting: Setting, solver: Solver, k: int, trials: list[Trial], most: int) -> list[Outcome]:
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
        size = length([before[name] for name in moved])
        change = length([after[name] - before[name].to(live.x.dtype).double() for name in moved])
        movement[run] = change / size if size and not ladder.diverged[run] else None

    def stack_of(params: Params, x: Tensor) -> Stack:
        if solver.name in ("functional", "compiled"):
            return FunctionalStack(model, params, x, moved)
        stack = model.stack(params, x)
        if stack is None:
            raise TypeError(f"model {model.name!r} defines stack() but it returned None")
        return stack

    minibatches = None
    if optimizer.batch_size(live.y.shape[1]) < live.y.shape[1]:
        n = live.y.shape[1]
        minibatches = Minibatches([t.seed for t in shown], n, optimizer.batch_size(n), setting.base_seed)
    compiled = None
    if solver.name == "compiled":
        step = compiled_step(regime, setting.dtype, setting.device)
        compiled = functools.partial(step, k)
        live = replace(live, params=owned(live.params), velocity=owned(live.velocity), state=owned(live.state))
    loop = Loop(Method(stack_of, moved, optimizer, regime.criterion, compiled), budget, not solver.fixed_lanes)
    with torch.no_grad(), strict() if compiled else nullcontext():
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
