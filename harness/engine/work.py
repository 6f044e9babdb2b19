"""Trains one batch: the only entrance to the engine, the same for every executor."""

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


def train_together(
    batches: Sequence[Batch],
    registry: Registry,
    begun: Callable[[int | None], None] = lambda _place: None,
    turn: Callable[[int, int], None] = lambda _place, _seed: None,
) -> list[list[Outcome]]:
    """Train several batches of a solver that pools them; if one trial fails, all do.

    Outcomes are those of :func:`train_batch`; only how time is shared is not.

    Args:
        batches: What is trained.
        registry: The plugins.
        begun: Given the index of each batch whose trials are prepared from now on, then None before the launches.
        turn: Given the index of the batch and the seed of each trial that is prepared next.

    Returns:
        One list of outcomes per batch, each in the order of its seeds.
    """
    start = time.perf_counter()
    settings = [rebuild(batch.setting, registry) for batch in batches]
    tasks = []
    with one_thread():
        for place, (batch, setting) in enumerate(zip(batches, settings, strict=True)):
            begun(place)
            cell, trials = batch.cell, []
            for seed in batch.seeds:
                turn(place, seed)
                trials.append(prepare(setting, cell.n, cell.d, cell.k, seed))
            tasks.append((setting.regime, trials, _budget(setting, cell.n)))
        begun(None)
        solver = _solver(settings[0])
        found = solver.train_several(tasks)
        seconds = time.perf_counter() - start
        total = sum(outcome.steps + 1 for outcomes in found for outcome in outcomes)
        shared = [
            share_seconds(outcomes, seconds, total, solver, setting)
            for outcomes, setting in zip(found, settings, strict=True)
        ]
        return [
            _taken_on(setting, budget, trials, outcomes)
            for setting, (_, trials, budget), outcomes in zip(settings, tasks, shared, strict=True)
        ]


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
    solver, regime, budget = _solver(setting), setting.regime, _budget(setting, cell.n)
    errors: dict[int, Outcome] = {}

    def each(seeds: Sequence[int], work: Callable[[int], T]) -> list[T]:
        return _each(setting, seeds, work, errors) if isolate else [work(seed) for seed in seeds]

    def group(seeds: Sequence[int]) -> list[Outcome]:
        outcomes = list(solver.train(regime, [trials[seed] for seed in seeds], budget))
        if [outcome.seed for outcome in outcomes] != list(seeds):
            raise ValueError(f"solver {solver.name!r} returned other trials than it was given")
        return outcomes

    size = (cell.n, cell.d, cell.k)
    common: list[Problem] = []

    def prepared_one(seed: int) -> Trial:
        turn(seed)
        if setting.resample:
            return prepare(setting, *size, seed)
        common[:] = common or [draw_of(setting, *size, seed)]  # one in memory, however many trials
        return prepare(setting, *size, seed, common[0])

    def trained_one(seed: int) -> Outcome:
        turn(seed)
        return group([seed])[0]

    prepared: list[Trial] = each(seeds, prepared_one)
    turn(None)
    trials = {trial.seed: trial for trial in prepared}
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
    outcomes = _taken_on(setting, budget, [trials[o.seed] for o in outcomes], outcomes, isolate=isolate)
    by_seed = errors | {o.seed: o for o in outcomes}
    return [by_seed[seed] for seed in seeds]


def _budget(setting: Setting, n: int) -> Budget:
    """Return the budget of a setting at n samples, with a place for last weights if a continuation needs them."""
    wanted = setting.limit and _continuation(setting) is not None
    steps = setting.regime.optimizer.most_steps(n, setting.steps)
    return replace(setting.budget, steps=steps, last_weights=LastWeights() if wanted else None)


def _taken_on(
    setting: Setting, budget: Budget, trials: Sequence[Trial], outcomes: Sequence[Outcome], *, isolate: bool = True
) -> list[Outcome]:
    """Return the outcomes of trials with their fates, if these are wanted and can be decided."""
    if not setting.limit:
        return [replace(outcome, fate=None) if outcome.fate is not None else outcome for outcome in outcomes]
    continuation = None if _solver(setting).decides_fates else _continuation(setting)
    if continuation is None:
        return list(outcomes)
    with one_thread_of_blas():
        return [
            with_fate(setting.regime, budget, continuation, trial, outcome, isolate=isolate)
            for trial, outcome in zip(trials, outcomes, strict=True)
        ]


def _continuation(setting: Setting) -> Continuation | None:
    """Return what decides the fates of a setting's trials, or None if nothing does."""
    return setting.continuation or continuation_of(setting.regime, setting.q)


def _solver(setting: Setting) -> Solver:
    """Return the solver of a setting, or the first that can train its regime.

    Raises:
        ValueError: If the solver refuses the regime.
    """
    if setting.solver is None:
        return choose(setting.regime, setting.dtype, setting.device, q=setting.q)
    if reason := setting.solver.unfit(setting.regime, setting.q):
        raise ValueError(f"solver {setting.solver.name} cannot train it: {reason}")
    return setting.solver


def _each(setting: Setting, seeds: Sequence[int], work: Callable[[int], T], errors: dict[int, Outcome]) -> list[T]:
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
