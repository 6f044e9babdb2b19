"""Trials of one size that are timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.engine.costs import FEW, TOGETHER
from harness.engine.machine_load import Stopwatch
from harness.engine.operations import visits
from harness.engine.timed import PREPARED, Size, Timed

if TYPE_CHECKING:
    from harness.components import Outcome, Solver, Trial
    from harness.engine.setting import Setting

SHORT = 10
"""Steps of the trials with which preparation and diagnostics are timed, unless a closed form solves them."""

USUAL_STEPS = 30_000
"""Steps of trials that a closed form solves: it evaluates their course at more steps the more there are."""

LONG_ENOUGH = 8e-3
"""Difference of two times in seconds from which the time of a step is taken."""

REPETITIONS, LONG = 3, 0.3
"""Largest number of times that a call is timed, and seconds in all from which it is timed no further. The shortest time
counts, which other programs disturb least."""

FEWEST = 2
"""Sizes at which visits of diagnostics are timed in any case."""

SLOW = 0.02
"""Time of a visit in seconds from which no larger sizes are timed."""

MOST_STEPS = 20_000
"""Most steps that are timed."""


def measured(setting: Setting, sizes: Iterable[Size], watch: Stopwatch | None = None) -> tuple[Timed, ...]:
    """Return the times of a setting's trials, measured in this process.

    Nothing that is trained is kept. Sizes at which preparation or training raises have no times: such trials end in
    errors that take none.

    Args:
        setting: What is trained. Its dataset must have problems of these sizes.
        sizes: Sizes to measure at.
        watch: Times the trials, by default in processor time, or on the clock where a GPU trains.
    """
    from harness.engine.one_thread import one_thread, one_thread_of_blas

    watch = watch or Stopwatch(on_clock=setting.device != "cpu")
    plain = replace(setting, regime=replace(setting.regime, diagnostics=()))
    found: list[Timed] = []
    visited: list[float] = []
    with one_thread(), one_thread_of_blas():
        for size in sizes:
            seconds: dict[str, float] = {}
            found.append(Timed(size, seconds))
            probe = Probe(plain, size, watch, cheap=size[0] > PREPARED)
            if (probe.cheap and probe.solver.closed_form) or not probe.works():
                continue
            if not probe.cheap:
                seconds["prepare"] = probe.once()
            if setting.regime.diagnostics and not probe.cheap and not (len(visited) >= FEWEST and visited[-1] > SLOW):
                watched = Probe(setting, size, watch)
                if watched.works():
                    more = max(watched.once() - seconds["prepare"], 0.0)
                    seconds["visit"] = more / visits(setting.regime, probe.short)
                    visited.append(seconds["visit"])
            if not probe.solver.closed_form:
                seconds["step"] = probe.step()
            if not probe.solver.closed_form and probe.count > FEW:
                seconds["few"] = probe.step(FEW)
    return tuple(found)


class Probe:
    """Trials of one size that are timed."""

    def __init__(self, setting: Setting, size: Size, watch: Stopwatch, *, cheap: bool = False) -> None:
        """Take what is timed.

        Args:
            setting: What is trained.
            size: The size.
            watch: Times the trials.
            cheap: Whether no spectrum is computed, not even for the step size.
        """
        from harness.engine.solvers import choose

        self.size, self.watch, self.regime, self.cheap = size, watch, setting.regime, cheap
        self.solver: Solver = setting.solver or choose(setting.regime, setting.dtype, setting.device, q=setting.q)
        decides = self.solver.decides_fates
        optimizer = setting.regime.optimizer
        regime = replace(setting.regime, optimizer=replace(optimizer, step_size=1.0)) if cheap else setting.regime
        self.setting = replace(
            setting,
            regime=regime,
            spectrum=setting.spectrum and not cheap,
            tolerances=(1e-300,),  # no trial meets it, so none stops early
            limit=setting.limit and decides,
        )
        self.trials: list[Trial] = []
        n = size[0]
        grouping = self.solver.grouping(self.setting.regime, self.setting.budget, *size)
        self.count = 1 if grouping.alone else min(TOGETHER, grouping.batch)
        self.epoch = setting.regime.optimizer.epoch(n)
        self.short = USUAL_STEPS if self.solver.closed_form else SHORT

    def works(self) -> bool:
        """Return whether trials of the size can be prepared and trained. The first call is not timed."""
        try:
            trial = self._prepared(0)
            self.trials = [replace(trial, seed=seed) for seed in range(self.count)]  # preparation may take seconds
            self._train(self.epoch)
        except Exception:  # code of plugins may raise anything; such trials end in errors when they are trained
            return False
        return True

    def _prepared(self, seed: int) -> Trial:
        from harness.engine.trial import prepare

        trial = prepare(self.setting, *self.size, seed)
        # Steps that are next to none keep every network from diverging, which would end it.
        return trial if self.solver.closed_form else replace(trial, step_size=1e-9 * trial.step_size)

    def _train(self, steps: int, count: int | None = None) -> Iterable[Outcome]:
        budget = replace(self.setting.budget, steps=steps)
        return list(self.solver.train(self.setting.regime, self.trials[:count], budget))

    def once(self) -> float:
        """Return the time of all that one trial does once, in seconds."""

        def call() -> None:
            self.trials[0] = self._prepared(0)
            budget = replace(self.setting.budget, steps=self.short)
            list(self.solver.train(self.setting.regime, self.trials[:1], budget))

        return least(call, self.watch)

    def step(self, count: int | None = None) -> float:
        """Return the time of one step of one trial, in seconds: the slope between two numbers of steps.

        Args:
            count: Number of networks that are trained together, by default all.
        """
        low = self.epoch * math.ceil(SHORT / self.epoch)
        return slope(lambda steps: self._train(steps, count), low, self.watch) / (count or self.count)


def slope(call: Callable[[int], object], low: int, watch: Stopwatch) -> float:
    """Return the time that a call takes for each of its steps, in seconds: the slope between two numbers of steps.

    Args:
        call: Takes a number of steps.
        low: The smaller number of steps, and the divisor of the larger.
        watch: Times the calls.
    """
    high = 4 * low
    while True:
        before: list[float] = []
        after: list[float] = []
        while len(after) < REPETITIONS and sum(after) < LONG:  # in turn, so that both meet the same other programs
            before.append(watch.time(partial(call, low)))
            after.append(watch.time(partial(call, high)))
            if after[-1] - before[-1] < LONG_ENOUGH and high < MOST_STEPS:
                break
        else:
            return max(min(after) - min(before), 0.0) / (high - low)
        each = max(after[-1] - before[-1], LONG_ENOUGH / 16) / (high - low)  # a time so short is uncertain
        high = low * math.ceil(1 + 1.5 * LONG_ENOUGH / each / low)


def least(call: Callable[[], object], watch: Stopwatch) -> float:
    """Return the shortest of a few times of a call in seconds.

    Args:
        call: What is timed.
        watch: Times it.
    """
    times: list[float] = []
    while len(times) < REPETITIONS and sum(times) < LONG:
        times.append(watch.time(call))
    return min(times)
