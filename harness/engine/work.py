"""Trains one batch, for every executor. :mod:`harness.engine.stages` does the same in parts, for several batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from harness.components import Budget, Cell, Continuation, LastWeights, Outcome, Problem, Solver, Trial
from harness.components.fault import error_outcome, is_out_of_memory, said
from harness.engine.continuations import continuation_of
from harness.engine.fates import with_fate
from harness.engine.one_thread import one_thread, one_thread_of_blas
from harness.engine.setting import Setting, rebuild
from harness.engine.solvers import choose
from harness.engine.trial import draw_of, prepare

if TYPE_CHECKING:
    from harness.components.executor import Batch
    from harness.plugin_host.registry import Registry

T = TypeVar("T")


def train_batch(
    batch: Batch, registry: Registry, turn: Callable[[int | None], None] = lambda _seed: None
) -> list[Outcome]:
    """Train the trials of a batch; what fails in one trial by itself costs that trial only.

    Args:
        batch: The trials.
        registry: The plugins.
        turn: Called with the seed of each trial that is prepared or trained by itself next, and with None before what
            is done for all of them.

    Returns:
        One outcome per seed, in the order of ``batch.seeds``.

    Raises:
        Exception: Whatever went wrong with several trials at once, or for want of memory: who submitted the batch
            splits it until the trial at fault stands alone.
    """
    setting = rebuild(batch.setting, registry)
    with one_thread():
        return _train(setting, batch.cell, batch.seeds, turn=turn)


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


def _train(
    setting: Setting,
    cell: Cell,
    seeds: Sequence[int],
    *,
    isolate: bool = True,
    turn: Callable[[int | None], None] = lambda _seed: None,
) -> list[Outcome]:
    start = time.perf_counter()
    solver, regime, budget = solver_of(setting), setting.regime, budget_of(setting, cell.n)
    errors: dict[int, Outcome] = {}

    def each(seeds: Sequence[int], work: Callable[[int], T]) -> list[T]:
        return each_alone(setting, seeds, work, errors) if isolate else [work(seed) for seed in seeds]

    def group(seeds: Sequence[int]) -> list[Outcome]:
        outcomes = list(solver.train(regime, [trials[seed] for seed in seeds], budget))
        if [outcome.seed for outcome in outcomes] != list(seeds):
            raise ValueError(f"solver {solver.name!r} returned other trials than it was given")
        return outcomes

    def trained_one(seed: int) -> Outcome:
        turn(seed)
        return group([seed])[0]

    trials = {trial.seed: trial for trial in each(seeds, preparation(setting, cell, turn))}
    turn(None)
    grouping = solver.grouping(regime, budget, cell.n, cell.d, cell.k)
    outcomes: list[Outcome] = []
    if grouping.alone:
        outcomes = each(list(trials), trained_one)
        turn(None)
    elif trials:
        for some in [list(trials)] if solver.pools else grouping.split(list(trials)):
            outcomes += group(some)
    seconds = time.perf_counter() - start
    total = sum(outcome.steps + 1 for outcome in outcomes)
    outcomes = share_seconds(outcomes, seconds, total, solver, setting)
    outcomes = taken_on(setting, budget, [trials[o.seed] for o in outcomes], outcomes, isolate=isolate)
    by_seed = errors | {o.seed: o for o in outcomes}
    return [by_seed[seed] for seed in seeds]


def preparation(setting: Setting, cell: Cell, turn: Callable[[int], None]) -> Callable[[int], Trial]:
    """Return the function that prepares the trial of a seed. Trials of one problem share it in memory.

    Args:
        setting: What is trained.
        cell: Cell of the trials.
        turn: Called with each seed before.
    """
    common: list[Problem] = []

    def prepared(seed: int) -> Trial:
        turn(seed)
        if setting.resample:
            return prepare(setting, cell.n, cell.d, cell.k, seed)
        common[:] = common or [draw_of(setting, cell.n, cell.d, cell.k, seed)]
        return prepare(setting, cell.n, cell.d, cell.k, seed, common[0])

    return prepared


def budget_of(setting: Setting, n: int) -> Budget:
    """Return the budget of a setting at n samples, with a place for last weights if a continuation needs them."""
    wanted = setting.limit and continuation_for(setting) is not None
    steps = setting.regime.optimizer.most_steps(n, setting.steps)
    return replace(setting.budget, steps=steps, last_weights=LastWeights() if wanted else None)


def decides_fates(setting: Setting) -> Continuation | None:
    """Return what decides the fates of trained trials, or None if they are not wanted, or were decided before."""
    return continuation_for(setting) if setting.limit and not solver_of(setting).decides_fates else None


def taken_on(
    setting: Setting, budget: Budget, trials: Sequence[Trial], outcomes: Sequence[Outcome], *, isolate: bool = True
) -> list[Outcome]:
    """Return the outcomes of trials with their fates, if these are wanted and can be decided."""
    if not setting.limit:
        return [replace(outcome, fate=None) if outcome.fate is not None else outcome for outcome in outcomes]
    continuation = decides_fates(setting)
    if continuation is None:
        return list(outcomes)
    with one_thread_of_blas():
        return [
            with_fate(setting.regime, budget, continuation, trial, outcome, isolate=isolate)
            for trial, outcome in zip(trials, outcomes, strict=True)
        ]


def continuation_for(setting: Setting) -> Continuation | None:
    """Return what decides the fates of a setting's trials, or None if nothing does."""
    return setting.continuation or continuation_of(setting.regime, setting.q)


def solver_of(setting: Setting) -> Solver:
    """Return the solver of a setting, or the first that can train its regime.

    Raises:
        ValueError: If the solver refuses the regime.
    """
    if setting.solver is None:
        return choose(setting.regime, setting.dtype, setting.device, q=setting.q)
    if reason := setting.solver.unfit(setting.regime, setting.q):
        raise ValueError(f"solver {setting.solver.name} cannot train it: {reason}")
    return setting.solver


def each_alone(setting: Setting, seeds: Sequence[int], work: Callable[[int], T], errors: dict[int, Outcome]) -> list[T]:
    """Do for each trial what concerns it alone; one that raises twice ends in an error, and the others go on.

    Raises:
        Exception: If memory runs out. The batch may be too large, so the error is not recorded against this trial.
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


def share_seconds(
    outcomes: Sequence[Outcome], seconds: float, total: int, solver: Solver, setting: Setting
) -> list[Outcome]:
    """Return outcomes with their shares of the training time, and with what trained them.

    Args:
        outcomes: Of one setting.
        seconds: Time of all that were trained together.
        total: Their steps and one more each, by which time is shared.
        solver: What trained them.
        setting: Where.
    """
    return [
        replace(o, seconds=seconds * (o.steps + 1) / total, solver=solver.name, device=setting.device) for o in outcomes
    ]
