"""The trials that a suite needs: which are stored, which are missing, and how many are likely to follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.driver.edits import set_aside_edited
from harness.driver.step_tuning import with_tuning
from harness.driver.stored import follow_ledgers, lookup, stored_outcomes
from harness.driver.threshold_searches import threshold_searches
from harness.driver.undecided import set_aside_undecided
from harness.statistics.search import USUAL_TRIALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Cell, Outcome
    from harness.driver.sharding import Shard
    from harness.driver.threshold_search import ThresholdSearch
    from harness.plugin_host.registry import Registry
    from harness.store import Store
    from harness.store.ledger import LedgerEntry
    from harness.suite import Suite


class Plan:
    """The searches of a suite with the outcomes that are known.

    Regimes that differ in name only share their trials: the first of them leads, the others take its outcomes.

    Attributes:
        suite: The suite.
        registry: The plugins.
        device: Where networks are trained.
        shard: The part of the grid that is planned, or None for the whole of it.
        solvers: Name of the solver of each regime.
        searches: One search per regime, n and d.
        tuning: The searches that only choose step sizes of others.
        leading: The searches, tuning included, without those that take their trials from an earlier one.
        void: Searches whose rounds in the store were decided by trials of plugins that were edited since.
    """

    def __init__(
        self,
        suite: Suite,
        registry: Registry,
        device: str,
        store: Store | None = None,
        shard: Shard | None = None,
        *,
        reuse_edited: bool = False,
    ) -> None:
        """Read what is stored. The plan keeps the outcomes, but not the store.

        Args:
            suite: The suite.
            registry: The plugins.
            device: Where networks are trained.
            store: Where outcomes of earlier runs are, or None if there are none.
            shard: The part of the grid to plan, or None for the whole of it.
            reuse_edited: Whether to take trials of third-party plugins that other code trained than that of now.

        Raises:
            StoreError: If the store cannot be read.
            RegimeError: If a component of a regime raises when it is asked for its properties.
            ShardError: If a shard is planned and the suite is no grid.
        """
        self.suite, self.registry, self.device, self.shard = suite, registry, device, shard
        last = store.last_run() if store is not None else None
        earlier = last.provenance.get("solvers") if last is not None else None
        found = threshold_searches(suite, registry, device, earlier=earlier)
        self.solvers: dict[str, str] = {search.setting.regime.name: search.solver.name for search in found}
        self.searches = shard.part(found) if shard is not None else found
        every = with_tuning(self.searches)
        mine = set(map(id, self.searches))
        self.tuning = [search for search in every if id(search) not in mine]
        self._stored = stored_outcomes(store, every)
        if store is not None:
            follow_ledgers(store, every)
        set_aside_undecided(self._stored, every)
        self.void = [] if reuse_edited else set_aside_edited(self._stored, every)
        self._same: dict[tuple[str, int, int], list[ThresholdSearch]] = {}
        for search in every:
            self._same.setdefault((search.key, search.n, search.d), []).append(search)
            search.advance(lookup(self._stored, search))
        self.leading = [first for first, *_ in self._same.values()]

    @property
    def finished(self) -> list[ThresholdSearch]:
        """The searches that are over."""
        return [search for search in self.searches if search.over]

    @property
    def reused(self) -> int:
        """Number of trials taken from the store."""
        return sum(search.reused for search in self.leading)

    @property
    def undecided(self) -> int:
        """Number of stored trials that are not used because their fates are not known."""
        return sum(search.undecided for search in self.leading)

    @property
    def missing(self) -> int:
        """Number of trials that are known to be needed and have no outcome yet."""
        return sum(len(search.missing) for search in self.leading)

    @property
    def done(self) -> int:
        """Number of trials that have an outcome."""
        return sum(search.asked - len(search.missing) for search in self.leading)

    def expected(self) -> int:
        """Return the likely number of trials of the whole run.

        It is exact for a grid. An adaptive search that is not over is expected to need as many trials as those that
        are over did on average, and at least as many as it has asked for.
        """
        over = [search.asked for search in self.finished]
        usual = sum(over) / len(over) if over else USUAL_TRIALS
        total = 0
        for search in self.leading:
            known = search.expected()
            likely = min(max(search.asked, round(usual)), search.method.trials)
            total += known if known is not None else search.asked if search.over else likely
        return total

    def unrecorded(self) -> list[LedgerEntry]:
        """Return the rounds that the ledger lacks. Each is returned once, so the caller has to write it."""
        return [entry for search in self.leading for entry in search.unrecorded()]

    def ready(self) -> Iterator[tuple[ThresholdSearch, list[tuple[int, int]]]]:
        """Yield each search that needs trials now, with their widths and seeds, as far as their step size is known."""
        for search in self.leading:
            if not search.over and (trainable := search.trainable):
                yield search, trainable

    def take(
        self, key: str, cell: Cell, outcomes: list[Outcome]
    ) -> Iterator[tuple[ThresholdSearch, list[tuple[int, int]]]]:
        """Take new outcomes of a cell.

        Args:
            key: Semantic key of the setting.
            cell: The cell.
            outcomes: The outcomes of some of its trials.

        Yields:
            The searches that need further trials, and these trials (width, seed): the next round of the search of the
            cell if this one is complete, and those whose step size is chosen by the trials of the cell.
        """
        self._stored[key] |= {(cell.n, cell.d, cell.k, outcome.seed): outcome for outcome in outcomes}
        search, *followers = self._same[key, cell.n, cell.d]
        complete = search.accept(cell.k, outcomes)
        if complete and (missing := search.advance(lookup(self._stored, search))):
            yield search, missing
        if search.over:
            for follower in followers:
                follower.advance(lookup(self._stored, follower))
        for one in self.leading:
            if one.tuning is not None and one.tuning.chosen_by(search, cell.k):
                yield one, [(k, seed) for k, seed in one.missing if k == cell.k]
