"""The driver: suite → plan → batches → executor → store → results."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.components.executor import Batch, BatchFailed, Executor, LostWorkers
from harness.components.fault import error_outcome
from harness.driver.batching import batches
from harness.driver.loading import replay, results_of
from harness.driver.plan import Plan
from harness.driver.provenance import mixture, provenance
from harness.driver.recovery import Recovery
from harness.driver.threshold_searches import threshold_searches
from harness.engine.continuations import compile_ahead
from harness.engine.machine_load import MachineLoad
from harness.suite.resolved import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.components import Outcome
    from harness.driver.results import Results
    from harness.driver.sharding import Shard
    from harness.driver.threshold_search import ThresholdSearch
    from harness.plugin_host.registry import Registry
    from harness.store import Store
    from harness.suite import Suite


class Run:
    """One execution of a suite, which trains what its plan lacks.

    Attributes:
        plan: The searches, with what is known and what is missing.
        store: Where outcomes are kept.
        trained: Number of trials trained by this run.
        started: Time of the start, of the monotonic clock.
        foreseen: Time that training can be expected to take, in seconds, beside the other programs that ran at the
            start, or None before training starts and where a kind of trial was not measured on this machine.
    """

    def __init__(
        self,
        suite: Suite,
        registry: Registry,
        store: Store,
        device: str,
        *,
        shard: Shard | None = None,
        reuse_edited: bool = False,
    ) -> None:
        """Plan the run from what the store holds.

        Args:
            suite: The suite.
            registry: The plugins.
            store: Where outcomes are kept.
            device: Where networks are trained.
            shard: The part of the grid to train, or None for the whole of it.
            reuse_edited: Whether to take trials of third-party plugins that other code trained than that of now.

        Raises:
            StoreError: If the store cannot be read.
            RegimeError: If a component of a regime raises when it is asked for its properties.
            ShardError: If a shard is asked for and the suite is no grid.
        """
        self.plan = Plan(suite, registry, device, store, shard, reuse_edited=reuse_edited)
        self.store = store
        self.trained = 0
        self.started = time.monotonic()
        self.foreseen: float | None = None
        self._load = MachineLoad.now()
        self._recovery = Recovery()

    @cached_property
    def _origin(self) -> dict[str, Any]:
        """Provenance of what this run trains."""
        return provenance(self.plan.suite, self.plan.registry, self.plan.device, self.plan.solvers)

    def begin(self) -> None:
        """Write into the store that this run begins, with its suite as it is read today.

        Raises:
            WriteError: If the file cannot be written.
        """
        plan = self.plan
        origin = self._origin | ({"shard": str(plan.shard)} if plan.shard else {})
        keys = {search.setting.regime.name: search.key for search in (*plan.searches, *plan.tuning)}
        self.store.began(plan.suite.text, origin, {**resolve(plan.suite, plan.registry), "keys": keys})

    def results(self) -> Results:
        """Return what is known by now. For a shard, that is what is stored of the whole suite."""
        plan = self.plan
        origin = dict(self._origin)
        found = plan.searches
        if plan.shard is not None:
            origin["shard"] = str(plan.shard)
            found = threshold_searches(plan.suite, plan.registry, plan.device, plan.solvers)
            replay(self.store, found)
        origin |= mixture(self.store, found)
        return results_of(plan.suite, plan.registry, found, origin, self.store.path.parent)

    def go(self, executor: Executor, listen: Callable[[Run], None] | None = None) -> Results:
        """Train what is missing. Each batch is stored before the next one is waited for.

        Args:
            executor: What trains the batches. It has been started.
            listen: Called with this run at the start and after each batch.

        Returns:
            The results.

        Raises:
            LostWorkers: If the executor has no workers left, or a plugin was changed since the run began.
        """
        self.store.forget_rounds(self.plan.void)
        self._compile_ahead()
        in_hand = 0
        ready = self._ready(0)
        if ready and len(ready) < executor.workers:
            ready = self._ready(-(-executor.workers // len(ready)))
        for batch in sorted(ready, key=_cost, reverse=True):
            executor.submit(batch)
            in_hand += 1
        if listen:
            from harness.driver.estimate import known_seconds  # imported late: a run without trials estimates nothing

            known, workers = known_seconds(self.plan), max(executor.workers, 1)  # workers train meanwhile
            self.foreseen = None if known is None else known / workers * self._load.slowdown(workers)
            listen(self)
        while in_hand:
            try:
                batch, outcomes = executor.next_done()
            except BatchFailed as failed:
                if failed.fault.kind == "changed":
                    raise LostWorkers(failed.fault.message) from failed
                again = self._recovery.after(failed.batch, failed.fault)
                for smaller in again:
                    executor.submit(smaller)
                in_hand += len(again)
                batch, outcomes = self._at_fault(failed, again)
                if not outcomes:
                    in_hand -= 1
                    continue
            in_hand -= 1
            if batch.plugins:
                outcomes = [replace(outcome, plugins=batch.plugins) for outcome in outcomes]
            # A round is recorded no later than its first outcome, and costs no transaction of its own.
            self.store.put(batch.key, batch.setting, batch.cell, outcomes, self.plan.unrecorded())
            self.trained += len(outcomes)
            for search, missing in self.plan.take(batch.key, batch.cell, outcomes):
                for further in self._batches(search, missing, max(executor.workers - in_hand, 0)):
                    executor.submit(further)
                    in_hand += 1
            if listen:
                listen(self)
        self.store.append_rounds(self.plan.unrecorded())  # those of which every trial was stored
        return self.results()

    def _compile_ahead(self) -> None:
        """Compile what continuations go on with, before several workers need it."""
        wanted = {repr(s.setting.regime): s.setting for s, missing in self.plan.ready() if missing and s.setting.limit}
        for setting in wanted.values():
            compile_ahead(setting.regime, setting.q)

    def _at_fault(self, failed: BatchFailed, again: Sequence[Batch]) -> tuple[Batch, list[Outcome]]:
        """Return the trials of a failed batch that are not trained again, with their errors."""
        trained = {seed for batch in again for seed in batch.seeds}
        batch = replace(failed.batch, seeds=tuple(seed for seed in failed.batch.seeds if seed not in trained))
        count = len(self.plan.suite.budget.tolerances)
        return batch, [error_outcome(seed, count, failed.fault.message) for seed in batch.seeds]

    def _ready(self, idle: int) -> list[Batch]:
        """Return the batches that can be trained at once, each width split for a number of idle workers."""
        return [batch for search, missing in self.plan.ready() for batch in self._batches(search, missing, idle)]

    def _batches(self, search: ThresholdSearch, missing: list[tuple[int, int]], idle: int) -> Iterator[Batch]:
        return batches(search, missing, idle, self._recovery, self.plan.suite.budget.trial_seconds)


def _cost(batch: Batch) -> float:
    """Return a number that grows with the time of a batch, so that long batches start first."""
    cell = batch.cell
    return float(len(batch.seeds)) * cell.n * cell.d * cell.k
