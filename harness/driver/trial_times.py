"""The times of the trials of a suite, from the costs and paces of their kinds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.engine.continuations import shipped
from harness.engine.costs import TOGETHER, Costs, Size
from harness.engine.fate_costs import Fates, Outlook, followed
from harness.engine.pace import Pace
from harness.plugin_host.guarded import SECONDS, guarded, is_third_party
from harness.plugin_host.plugin_process import START_SECONDS, Unanswered

if TYPE_CHECKING:
    from harness.driver.expected_trials import ExpectedTrials
    from harness.driver.threshold_search import ThresholdSearch
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

MOST_TIMED = 3
"""Number of sizes at which trials of third-party plugins are timed."""

DRIVER = 2e-4
"""Time in which a trial is handed to a worker and stored, in seconds."""

CHOICE = 5e-4
"""Time in which an adaptive search chooses a trial, in seconds."""


class TrialTimes:
    """The times of trials, from the costs of their kinds, the steps that they take and their fates.

    A suite without code of third parties takes them from the file of the machine, which is complete after the first
    plan. What a third-party plugin does may take any time, and changes: it is timed anew at a few sizes of the suite,
    and its trials count with their whole budget. If it hangs or crashes meanwhile, each trial counts with its longest
    time.

    Attributes:
        unknown: Whether something would have to be measured, and was not.
        busy: Whether some times were measured while other programs kept the machine busy.
    """

    def __init__(self, sizes: dict[str, list[Size]], registry: Registry, limit: float, *, measure: bool = True) -> None:
        """Take what decides the times.

        Args:
            sizes: Sizes (n, d, k) that may be timed, by the keys of the settings of searches.
            registry: The plugins.
            limit: Longest time of a trial, in seconds.
            measure: Whether to measure what is not known.
        """
        self.registry, self.limit, self.measure = registry, limit, measure
        self.sizes = sizes
        self.unknown = self.busy = False
        self._known: dict[str, tuple[Costs | None, Pace]] = {}
        self._followed: dict[tuple[str, int, int], Fates | None] = {}

    def reach(self, search: ThresholdSearch) -> float:
        """Return the width from which trials fit within the budget, in starting widths, or 0 if it is not known."""
        return self._measured(search)[1].reach(search.setting, search.n, search.d)

    def outlook(self, search: ThresholdSearch) -> Outlook:
        """Return whether trials of a search with fates fit from about the starting width on, or stay open there."""
        costs, pace = self._measured(search)
        fates = None if costs is None else self._fates(search, costs, pace)
        return "" if fates is None else fates.outlook

    def seconds(self, search: ThresholdSearch, expected: Sequence[ExpectedTrials]) -> float:
        """Return the time of trials of a search on one worker, in seconds.

        Args:
            search: The search.
            expected: Its trials.
        """
        costs, pace = self._measured(search)
        if costs is None:
            return self.limit * sum(one.trials for one in expected)
        fates = self._fates(search, costs, pace)
        total = 0.0
        setting, n, d, (start, _) = search.setting, search.n, search.d, search.scale
        for one in expected:
            # The networks of a stack take as long as the one that takes longest.
            fits = one.fits**one.together if costs.few else one.fits
            share = pace.share(setting, n, d, one.k / start, fits)
            each = costs.seconds(setting, n, d, one.k, share=share, together=one.together)
            fate = 0.0 if fates is None else fates.seconds(setting, n, d, one.k, one.k / start)
            total += one.trials * (DRIVER + (0.0 if search.exact else CHOICE) + each + fate)
        return total

    def _fates(self, search: ThresholdSearch, costs: Costs, pace: Pace) -> Fates | None:
        """Return the time of a search's fates, or None if no continuation decides them."""
        place = search.key, search.n, search.d
        if place not in self._followed:
            self._followed[place] = self._fates_of(search, costs, pace)
        return self._followed[place]

    def _fates_of(self, search: ThresholdSearch, costs: Costs, pace: Pace) -> Fates | None:
        setting = search.setting
        continuation = followed(setting)
        if continuation is None:
            return None
        if continuation not in shipped() or is_third_party(self.registry, setting.regime, setting.dataset):
            return Fates(costs.step)
        from harness.engine.cost_file import fates_of

        scaled = pace.scaled(setting, search.n, search.d)
        kept = fates_of(setting, self.registry, scaled, measure=self.measure)
        self.unknown |= kept is None
        self.busy |= kept is not None and not kept.trusted
        return None if kept is None else kept.found

    def _measured(self, search: ThresholdSearch) -> tuple[Costs | None, Pace]:
        """Return costs and pace of a search's trials. There are no costs if they cannot be timed."""
        if search.key not in self._known:
            self._known[search.key] = self._costs(search)
        return self._known[search.key]

    def _costs(self, search: ThresholdSearch) -> tuple[Costs | None, Pace]:
        setting = search.setting
        taking_part = (setting.regime, setting.dataset)
        if not is_third_party(self.registry, *taking_part):
            from harness.engine.cost_file import costs_of, pace_of

            kept = costs_of(setting, self.registry, measure=self.measure)
            if kept is None:
                self.unknown = True
                return None, Pace()
            self.busy |= not kept.trusted
            pace = pace_of(setting, self.registry, kept.found, measure=self.measure)
            self.unknown |= pace is None
            return kept.found, pace or Pace()
        if not self.measure:
            self.unknown = True
            return None, Pace()
        some = _spread(self.sizes[search.key])
        seconds = min(SECONDS, 4 * TOGETHER * len(some) * self.limit)
        try:
            guarded(_ready, taking_part, self.registry, subject="torch", seconds=START_SECONDS)
            call = partial(_timed, setting, some)
            return guarded(call, taking_part, self.registry, subject="a trial", seconds=seconds), Pace()
        except Unanswered:
            return None, Pace()


def _spread(sizes: Sequence[Size]) -> list[Size]:
    """Return at most ``MOST_TIMED`` sizes, from the smallest to the largest."""
    ordered = sorted(set(sizes), key=lambda size: (math.prod(max(one, 1) for one in size), size))
    last = len(ordered) - 1
    return list(dict.fromkeys(ordered[round(i * last / (MOST_TIMED - 1))] for i in range(MOST_TIMED)))


def _ready() -> None:
    """Import torch, whose time is not counted."""
    import harness.engine.work  # noqa: F401  # imported for later calls in the same process


def _timed(setting: Setting, sizes: Sequence[Size]) -> Costs:
    from harness.engine.costs import measured

    return measured(setting, sizes)
