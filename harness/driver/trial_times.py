"""The times of the trials of a suite, from the costs of their kinds and a few of the trials themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.driver import rehearsal
from harness.driver.expected_trials import ExpectedTrials
from harness.driver.rehearsal import AT_ONCE, FEWEST, Rehearsal, nearest, representatives
from harness.engine.continuations import shipped
from harness.engine.costs import TOGETHER, Costs
from harness.engine.fate_costs import Fates, followed
from harness.engine.pilots import Pilots
from harness.engine.timed import Size, spread
from harness.plugin_host.guarded import SECONDS, guarded, is_third_party
from harness.plugin_host.plugin_process import START_SECONDS, Unanswered

if TYPE_CHECKING:
    from harness.driver.threshold_search import ThresholdSearch
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

USUAL = (1.0, 2.5)
"""Widths at which trials of an adaptive search are timed, in starting widths."""

DRIVER = 2e-4
"""Time in which a trial is handed to a worker and stored, in seconds."""

CHOICE = 5e-4
"""Time in which an adaptive search chooses a trial, in seconds."""


HEAVY = 0.1
"""Share of the time of a suite from which a search has pilots of its own."""

PART, MOST_SECONDS = 0.06, 6.0
"""Time of such pilots as a part of that of the suite, and at most, in seconds."""

Known = tuple["Costs | None", "Fates | None", "Sequence[tuple[ThresholdSearch, Pilots]]"]
"""Costs, time of fates, and pilots of some searches. There are no costs if trials cannot be timed."""


class TrialTimes:
    """The times of trials, from the costs of their kinds, and the course that pilots took.

    A suite without code of third parties takes them from the file of the machine, which is complete after the first
    plan. What a third-party plugin does may take any time, and changes: it is timed anew at a few sizes of the suite,
    and its trials count with their whole budget. If it hangs or crashes meanwhile, each trial counts with its longest
    time.

    Attributes:
        unknown: Whether something would have to be measured, and was not.
        busy: Whether some times were measured while other programs kept the machine busy.
    """

    def __init__(
        self,
        searches: Sequence[ThresholdSearch],
        registry: Registry,
        limit: float,
        *,
        measure: bool = True,
    ) -> None:
        """Take what decides the times.

        Args:
            searches: The searches whose trials may be timed.
            registry: The plugins.
            limit: Longest time of a trial, in seconds.
            measure: Whether to measure what is not known.
        """
        self._registry, self._limit, self._measure = registry, limit, measure
        self.unknown = self.busy = False
        self._searches: dict[str, list[ThresholdSearch]] = {}
        for search in searches:
            self._searches.setdefault(search.key, []).append(search)
        self._known: dict[str, Known] = {}
        self._refined: set[int] = set()
        self._left: float | None = None

    def pilots(self, search: ThresholdSearch) -> Pilots:
        """Return the first trials of a search, or of one that differs in its size only, if there are any.

        Args:
            search: The search.
        """
        return nearest(self._measured(search)[2], search)

    def seconds(self, search: ThresholdSearch, expected: Sequence[ExpectedTrials]) -> float:
        """Return the time of trials of a search on one worker, in seconds.

        Args:
            search: The search.
            expected: Its trials.
        """
        costs, fates, _ = self._measured(search)
        if costs is None:
            return self._limit * sum(one.trials for one in expected)
        total, pilots = 0.0, self.pilots(search)
        setting, n, d, (start, _) = search.setting, search.n, search.d, search.scale
        for one in expected:
            together = min(one.together, search.solver.grouping(setting.regime, setting.budget, n, d, one.k).batch)
            # The networks of a stack take as long as the one that takes longest.
            course = pilots.course(setting.regime, n, one.k / start, one.fits, together if costs.few else 1.0)
            each = costs.seconds(setting, n, d, one.k, share=course.steps, together=together)
            fate = 0.0 if fates is None else fates.seconds(setting, n, d, one.k, course)
            total += one.trials * (DRIVER + (0.0 if search.exact else CHOICE) + each + fate)
        return total

    def refine(self, expected: Sequence[tuple[ThresholdSearch, float]]) -> bool:
        """Train pilots of the searches that take most of the time, at their own sizes.

        Args:
            expected: Searches with the time that each still takes, in seconds.

        Returns:
            Whether some have such pilots that had none before, so that their time changes.
        """
        whole = sum(seconds for _, seconds in expected)
        if self._left is None:
            self._left = min(PART * whole, MOST_SECONDS)
        heavy = [one for one in expected if one[1] > HEAVY * whole and self._refines(one[0])]
        left, among = self._left, sum(seconds for _, seconds in heavy)
        refined = False
        for search, seconds in heavy:
            part, pilots = left * seconds / among, self.pilots(search)
            begin = pilots.half()
            k = search.method.likely_width(begin * search.scale[0], search.scale[1])
            if self.seconds(search, [ExpectedTrials(k, AT_ONCE, pilots.fits(begin), AT_ONCE)]) > part:
                continue
            costs, fates, others = self._known[search.key]
            assert costs is not None
            found = self._trained(Rehearsal(search, costs, fates, part, begin, refines=True))
            self._refined.add(id(search))
            self._left -= part
            if found is not None:
                self._known[search.key], refined = (costs, fates, (found, *others)), True
        return refined

    def _refines(self, search: ThresholdSearch) -> bool:
        """Return whether a search has pilots, too few of which have its size, and none trained for it alone."""
        return id(search) not in self._refined and self.pilots(search).n > 0 and self.pilots(search).own < FEWEST

    def _measured(self, search: ThresholdSearch) -> Known:
        """Return costs, time of fates and pilots of a search's trials. There are no costs if they cannot be timed."""
        if search.key not in self._known:
            own = is_third_party(self._registry, search.setting.regime, search.setting.dataset)
            self._known[search.key] = self._of_third_party(search) if own else self._of_file(search)
        return self._known[search.key]

    def _of_file(self, search: ThresholdSearch) -> Known:
        """Return what the file has of a search's trials, or what is measured now."""
        from harness.engine.cost_file import costs_of, fates_of

        setting, measure = search.setting, self._measure
        sizes = [size for one in self._searches[search.key] for size in _sizes(one)]
        costs = costs_of(setting, self._registry, sizes, measure=measure)
        continuation, fates = followed(setting), None
        if costs is not None and continuation in shipped():
            fates = fates_of(setting, self._registry, sizes, measure=measure)
            self.unknown |= fates is None
        if costs is None:
            self.unknown = True
            return None, None, ()
        self.busy |= not costs.trusted or (fates is not None and not fates.trusted)
        found = None if fates is None else fates.found
        if continuation is not None and continuation not in shipped():
            return costs.found, Fates(costs.found.step), ()
        mine, settings = self._searches[search.key], len(self._searches)
        (largest,) = representatives(mine, 1)
        seconds = rehearsal.SECONDS / settings
        rounds = Rehearsal(largest, costs.found, found, seconds).rounds()
        some = representatives(mine, min(int(seconds / rehearsal.LEAST), rounds))
        trained = [self._trained(Rehearsal(one, costs.found, found, seconds / len(some))) for one in some]
        return costs.found, found, tuple(one for one in trained if one is not None)

    def _trained(self, begun: Rehearsal) -> tuple[ThresholdSearch, Pilots] | None:
        """Return a search with its pilots, from the file or trained now."""
        from harness.engine.cost_file import pilots_of

        search = begun.search
        pilots = pilots_of(begun.data(self._registry), search.setting.device, begun.pilots, measure=self._measure)
        self.unknown |= pilots is None
        return None if pilots is None else (search, pilots)

    def _of_third_party(self, search: ThresholdSearch) -> Known:
        setting = search.setting
        if not self._measure:
            self.unknown = True
            return None, None, ()
        taking_part = (setting.regime, setting.dataset)
        some = spread([size for one in self._searches[search.key] for size in _sizes(one)])
        seconds = min(SECONDS, 4 * TOGETHER * len(some) * self._limit)
        try:
            guarded(_ready, taking_part, self._registry, subject="torch", seconds=START_SECONDS)
            call = partial(_timed, setting, some)
            costs = guarded(call, taking_part, self._registry, subject="a trial", seconds=seconds)
        except Unanswered:
            return None, None, ()
        return costs, Fates(costs.step) if followed(setting) else None, ()


def _sizes(search: ThresholdSearch) -> list[Size]:
    """Return sizes (n, d, k) of trials of a search: all of a grid, or where an adaptive search usually goes."""
    if search.exact:
        widths = {k for k, _ in search.waiting} | set(search.outcomes)
    elif not search.setting.regime.model.has_width:
        widths = {0}
    else:
        start, step = search.scale
        widths = {search.method.likely_width(scale * start, step) for scale in USUAL}
    return [(search.n, search.d, k) for k in widths]


def _ready() -> None:
    """Import torch, whose time is not counted."""
    import harness.engine.work  # noqa: F401  # imported for later calls in the same process


def _timed(setting: Setting, sizes: Sequence[Size]) -> Costs:
    from harness.engine.probe import measured

    return Costs.of(setting, measured(setting, sizes))
