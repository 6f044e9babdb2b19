"""The training of batches in stages: set-up and fates on any processor core, launches on the device in one process.

A batch passes from one process to the next as plain data. Its outcomes are those of
:func:`harness.engine.work.train_batch`; only how time is shared is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.components import Outcome, Trial, Weights
from harness.engine.one_thread import one_thread
from harness.engine.setting import Setting, rebuild
from harness.engine.work import (
    budget_of,
    decides_fates,
    each_alone,
    preparation,
    share_seconds,
    solver_of,
    taken_on,
)

if TYPE_CHECKING:
    from harness.components.executor import Batch
    from harness.plugin_host.registry import Registry


@dataclass(frozen=True)
class SetUp:
    """The trials of a batch before training.

    Attributes:
        trials: Those that can be trained, in the order of the seeds.
        errors: Outcomes of the others, by seed.
        seconds: Time that it took.
    """

    trials: tuple[Trial, ...]
    errors: Mapping[int, Outcome]
    seconds: float

    def whole(self, batch: Batch, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return the outcomes of a batch in the order of its seeds.

        Args:
            batch: The batch.
            outcomes: Those of :attr:`trials`.
        """
        by_seed = {**self.errors, **{outcome.seed: outcome for outcome in outcomes}}
        return [by_seed[seed] for seed in batch.seeds]


@dataclass(frozen=True)
class Launched:
    """The trials of a batch after training.

    Attributes:
        outcomes: One for each trial that was set up.
        last: Their last weights and the steps after which they had them, or None for those without. Empty if nothing
            decides their fates.
    """

    outcomes: tuple[Outcome, ...]
    last: tuple[tuple[Weights, int] | None, ...] = ()


def set_up(batch: Batch, registry: Registry, turn: Callable[[int | None], None] = lambda _seed: None) -> SetUp:
    """Draw the trials of a batch and decide their step sizes. One that raises twice ends in an error.

    Args:
        batch: The batch.
        registry: The plugins.
        turn: Called with the seed of each trial that is prepared next, and with None after the last.

    Raises:
        Exception: If memory runs out.
    """
    start = time.perf_counter()
    setting = rebuild(batch.setting, registry)
    errors: dict[int, Outcome] = {}
    with one_thread():
        trials = each_alone(setting, batch.seeds, preparation(setting, batch.cell, turn), errors)
    turn(None)
    if setting.continuation is None:  # no shipped continuation reads the kernel, which is most of a trial
        trials = [replace(trial, kernel=None) for trial in trials]
    return SetUp(tuple(trials), errors, time.perf_counter() - start)


def launch(batches: Sequence[Batch], ready: Sequence[SetUp], registry: Registry) -> list[Launched]:
    """Train several batches of a solver that pools them in common launches. If one trial fails, all do.

    Args:
        batches: What is trained. Each has a trial that was set up.
        ready: Their trials.
        registry: The plugins.
    """
    start = time.perf_counter()
    names = [repr(batch.setting) for batch in batches]
    # Batches of one search have equal settings, and to rebuild one takes longer than all else here.
    built = {name: rebuild(batch.setting, registry) for name, batch in dict(zip(names, batches, strict=True)).items()}
    settings = [built[name] for name in names]
    with one_thread():
        tasks = [
            (setting.regime, one.trials, budget_of(setting, batch.cell.n))
            for batch, one, setting in zip(batches, ready, settings, strict=True)
        ]
        found = solver_of(settings[0]).train_several(tasks)
    seconds = time.perf_counter() - start
    total = sum(outcome.steps + 1 for outcomes in found for outcome in outcomes)
    launched = []
    for setting, one, (_, trials, budget), outcomes in zip(settings, ready, tasks, found, strict=True):
        shared = _timed(setting, one, outcomes, seconds, total)
        if decides_fates(setting) is None:
            launched.append(Launched(tuple(taken_on(setting, budget, trials, shared))))
        else:
            assert budget.last_weights is not None
            launched.append(Launched(tuple(shared), tuple(budget.last_weights.take(trial) for trial in trials)))
    return launched


def decide_fates(batch: Batch, ready: SetUp, launched: Launched, registry: Registry) -> list[Outcome]:
    """Return the outcomes of a batch with its fates.

    Args:
        batch: The batch.
        ready: Its trials.
        launched: What was found of them in the launches.
        registry: The plugins.
    """
    setting = rebuild(batch.setting, registry)
    budget = budget_of(setting, batch.cell.n)
    assert budget.last_weights is not None
    for trial, last in zip(ready.trials, launched.last, strict=True):
        if last is not None:
            budget.last_weights.keep(trial, *last)
    with one_thread():
        return ready.whole(batch, taken_on(setting, budget, ready.trials, launched.outcomes))


def _timed(setting: Setting, ready: SetUp, outcomes: Sequence[Outcome], seconds: float, total: int) -> list[Outcome]:
    """Return outcomes with their shares of the launches' time and of the set-up's."""
    own = ready.seconds / len(outcomes)
    shared = share_seconds(outcomes, seconds, total, solver_of(setting), setting)
    return [replace(outcome, seconds=outcome.seconds + own) for outcome in shared]
