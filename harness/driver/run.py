"""The driver: suite → searches → batches → executor → store → results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.components.executor import Batch, BatchFailed, Executor
from harness.components.fault import error_outcome
from harness.driver.batching import batches
from harness.driver.loading import lookup, results_of, stored_outcomes
from harness.driver.provenance import mixture, provenance
from harness.driver.recovery import Recovery
from harness.driver.results import Results
from harness.driver.sharding import Shard
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.threshold_searches import threshold_searches
from harness.plugin_host.registry import Registry
from harness.statistics.search import USUAL_TRIALS
from harness.store import Store
from harness.suite import Suite


@dataclass
class Run:
    """A run in progress.

    Attributes:
        suite: What is run.
        registry: The plugins.
        store: Where outcomes go; None for a plan, which keeps nothing.
        device: Where networks are trained.
        workers: Batches trained at a time.
        found: The searches.
        trained: Trials trained by this run.
        reused: Trials taken from the store.
        started: When it began.
        shard: The part of the grid that is trained; all of it if not given.
    """

    suite: Suite
    registry: Registry
    store: Store | None
    device: str
    workers: int = 1
    found: list[ThresholdSearch] = field(default_factory=list)
    trained: int = 0
    started: float = field(default_factory=time.monotonic)
    shard: Shard | None = None

    def __post_init__(self) -> None:
        last = self.store.last_run() if self.store is not None else None
        earlier = last.provenance.get("solvers") if last is not None else None
        self.found = threshold_searches(self.suite, self.registry, self.device, earlier=earlier)
        self.solvers = {search.setting.regime.name: search.solver.name for search in self.found}
        if self.shard is not None:
            self.found = self.shard.part(self.found)
        self._stored = stored_outcomes(self.store, self.found)
        self._open: dict[int, list[tuple[int, int]]] = {}
        self._recovery = Recovery()
        # Regimes that differ in name only share their trials: the first of them trains, the others follow.
        leaders: dict[tuple[str, int, int], int] = {}
        self._followers: dict[int, list[int]] = {}
        self._following: set[int] = set()
        for i, search in enumerate(self.found):
            leader = leaders.setdefault((search.key, search.n, search.d), i)
            if leader != i:
                self._followers.setdefault(leader, []).append(i)
                self._following.add(i)
            if missing := search.advance(lookup(self._stored, search)):
                self._open[i] = missing

    @property
    def leading(self) -> list[ThresholdSearch]:
        """The searches without those that take all their trials from another one of the suite."""
        return [search for i, search in enumerate(self.found) if i not in self._following]

    @property
    def reused(self) -> int:
        """Trials taken from the store."""
        return sum(search.reused for search in self.leading)

    @property
    def finished(self) -> list[ThresholdSearch]:
        """The searches that are over."""
        return [search for i, search in enumerate(self.found) if i not in self._open]

    @property
    def missing(self) -> int:
        """Trials that are known to be wanted and not there yet."""
        return sum(outcome is None for search in self.leading for outcome in search.waiting.values())

    def expected(self) -> int:
        """Return the trials that the whole run will take, as far as can be told.

        A grid knows; a search that is not over is taken to need as many as those that are, and never fewer than it
        has asked for.
        """
        over = [sum(map(len, p.outcomes.values())) for p in self.finished]
        usual = sum(over) / len(over) if over else USUAL_TRIALS
        total = 0
        for i, search in enumerate(self.found):
            if i in self._following:
                continue
            asked = sum(map(len, search.outcomes.values())) + len(search.waiting)
            known = search.expected()
            likely = min(max(asked, round(usual)), search.method.trials) if i in self._open else asked
            total += known if known is not None else likely
        return total

    def done(self) -> int:
        """Return the trials that are there."""
        known = sum(len(o) for p in self.leading for o in p.outcomes.values())
        return known + sum(outcome is not None for p in self.leading for outcome in p.waiting.values())

    def results(self) -> Results:
        """Return what is known by now; of a shard, what is stored of the whole suite."""
        origin = provenance(self.suite, self.registry, self.device, self.solvers) | mixture(self.store)
        directory = self.store.path.parent if self.store else None
        found = self.found
        if self.shard is not None:
            origin["shard"] = str(self.shard)
            found = threshold_searches(self.suite, self.registry, self.device, self.solvers)
            stored = stored_outcomes(self.store, found, errors=True)
            for search in found:
                search.advance(lookup(stored, search))
        return results_of(self.suite, self.registry, found, origin, directory)

    def go(self, executor: Executor, listen: Callable[[Run], None] | None = None) -> Results:
        """Train what is missing; call ``listen`` after each batch. What is finished is on disk at any moment."""
        if self.store is None:
            raise RuntimeError("a run without a store trains nothing")
        by_cell = {(p.setting.regime.name, p.n, p.d): i for i, p in enumerate(self.found)}
        in_hand = 0
        ready = self._ready(0)
        if ready and len(ready) < executor.workers:
            ready = self._ready(-(-executor.workers // len(ready)))
        for batch in sorted(ready, key=self._cost, reverse=True):
            executor.submit(batch)
            in_hand += 1
        if listen:
            listen(self)
        while in_hand:
            try:
                batch, outcomes = executor.next_done()
            except BatchFailed as failed:
                again = self._recovery.after(failed.batch, failed.fault)
                for smaller in again:
                    executor.submit(smaller)
                in_hand += len(again) - 1
                if again:
                    continue
                batch = failed.batch
                outcomes = [error_outcome(batch.seeds[0], len(self.suite.budget.tolerances), failed.fault.message)]
                in_hand += 1
            in_hand -= 1
            self.store.put(batch.key, batch.setting, batch.cell, outcomes)
            cell = batch.cell
            self._stored[batch.key] |= {(cell.n, cell.d, cell.k, outcome.seed): outcome for outcome in outcomes}
            self.trained += len(outcomes)
            i = by_cell[batch.cell.regime, batch.cell.n, batch.cell.d]
            search = self.found[i]
            if search.accept(batch.cell.k, outcomes):
                missing = search.advance(lookup(self._stored, search))
                if not missing:
                    self._close(i)
                for further in self._batches(search, missing, max(executor.workers - in_hand, 0)):
                    executor.submit(further)
                    in_hand += 1
            if listen:
                listen(self)
        return self.results()

    def _ready(self, hungry: int) -> list[Batch]:
        """Return the batches that can be trained at once, each width split for so many hungry workers."""
        leading = [(self.found[i], missing) for i, missing in self._open.items() if i not in self._following]
        return [batch for search, missing in leading for batch in self._batches(search, missing, hungry)]

    def _batches(self, search: ThresholdSearch, missing: list[tuple[int, int]], hungry: int) -> Iterator[Batch]:
        return batches(search, missing, hungry, self._recovery, self.suite.budget.trial_seconds)

    def _close(self, leader: int) -> None:
        """Note that a search is over, and with it those that follow it."""
        for i in (leader, *self._followers.get(leader, ())):
            if i == leader or not self.found[i].advance(lookup(self._stored, self.found[i])):
                self._open.pop(i, None)

    def _cost(self, batch: Batch) -> float:
        cell = batch.cell
        return float(len(batch.seeds)) * cell.n * cell.d * cell.k
