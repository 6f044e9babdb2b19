"""The first trials of a search, trained for an estimate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.driver.question import counting_floor
from harness.engine.fate_costs import followed
from harness.engine.pilots import Pilot, Pilots, flown, smaller
from harness.statistics.rounds import Tally, tally

if TYPE_CHECKING:
    from harness.components import Outcome
    from harness.driver.threshold_search import ThresholdSearch
    from harness.engine.costs import Costs
    from harness.engine.fate_costs import Fates
    from harness.engine.machine_load import Stopwatch
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry

MOST = 16
"""Largest number of pilots."""

AT_ONCE = 2
"""Largest number of pilots of a width in a round."""

SECONDS = 4.0
"""Time of all pilots of a suite in seconds, of which each setting has an equal part."""

LEAST = 0.4
"""Least part of this time for the pilots of one size, in seconds."""

FEWEST = 8
"""Number of pilots that say enough of a search. Where this time does not suffice for so many, they are trained on a
smaller problem."""

FATE = 2.0
"""Time of a fate in further steps, in budgets, by which a trial is affordable or not."""

ABOVE = 2.0
"""First width of the pilots, in starting widths: one at which most kinds of trials fit."""

FINE = 1.15
"""Quotient of two widths that is not bisected further. More pilots at both show how fast P(fit) rises."""

WIDTHS = 4
"""Number of widths of a grid that pilots are trained at."""


@dataclass(frozen=True)
class Rehearsal:
    """A search that is begun for an estimate, with few trials a round.

    Attributes:
        search: The search.
        costs: The costs of its trials.
        fates: The time of their fates, or None if nothing or the solver decides these.
        share: Part of the time of all pilots that is left to these.
    """

    search: ThresholdSearch
    costs: Costs
    fates: Fates | None
    share: float = 1.0

    def data(self, registry: Registry) -> list[Any]:
        """Return plain data of all that decides what becomes of the pilots.

        Args:
            registry: The plugins.
        """
        search, method = self.search, self.search.method
        kind = replace(search.setting, base_seed=0).data(registry)
        regime = {name: value for name, value in kind["regime"].items() if name not in ("name", "summary", "theory")}
        fit = search.fit and search.fit.data()
        decides = [round(self.share, 3), search.tolerance_index, fit, search.fates, search.sizes]
        how = [method.name, method.version, {name: str(value) for name, value in method.options().items()}]
        return [{**kind, "regime": regime}, search.n, search.d, search.setting.dataset.contents(), *decides, *how]

    def pilots(self, watch: Stopwatch) -> Pilots:
        """Return the pilots, of a smaller problem where the search's own takes too long.

        Args:
            watch: Times them.
        """
        search, continuation = self.search, followed(self.search.setting)
        plain = replace(search.setting, base_seed=0, spectrum=False)
        if search.fit is None:
            regime = replace(plain.regime, diagnostics=())
            plain = replace(plain, regime=regime, held_out=0, validation=0)
        setting, n, d = smaller(plain, search.n, search.d, self._affordable)
        found: list[Pilot] = []
        taken: Counter[int] = Counter()
        widths = self._widths(setting, n, d)
        told: Tally | None = None
        most = self.share * SECONDS
        while len(found) < MOST and watch.processor < most:
            try:
                k = widths.send(told)
            except StopIteration:
                break
            # The first trials are trained even where they take longer than this part: without any, nothing is known.
            if self._seconds(setting, n, d, k) * AT_ONCE > (most if found else max(most, SECONDS)):
                break
            ends = flown(setting, n, d, k, range(taken[k], taken[k] + AT_ONCE), continuation, watch)
            taken[k] += AT_ONCE
            found += [self._pilot(setting, n, d, k, *one) for one in ends if not one[0].message]
            told = tally(search.verdict(outcome) for outcome, _ in ends)
        return Pilots(search.n, tuple(found))

    def rounds(self) -> int:
        """Return how often the time left to the pilots suffices for a round of them at the search's own size."""
        search, regime = self.search, self.search.setting.regime
        k = search.method.likely_width(*search.scale) if regime.model.has_width else 0
        each = self._seconds(search.setting, search.n, search.d, k)
        return int(self.share * SECONDS / max(AT_ONCE * each, 1e-9))

    def _widths(self, setting: Setting, n: int, d: int) -> Generator[int, Tally | None, None]:
        """Yield the widths of the next pilots, and take what became of them.

        The widths of a grid are those that are known. Else the width is doubled or halved until some fit and others do
        not, and then bisected.
        """
        search, regime, step = self.search, setting.regime, setting.regime.initializer.width_step
        if search.method.decided_beforehand or not regime.model.has_width:
            known = sorted({k for k, _ in search.waiting} | set(search.outcomes))
            some = {known[round(i * (len(known) - 1) / (WIDTHS - 1))] for i in range(WIDTHS)} if known else set()
            smaller = regime.starting_width(n, d) / search.scale[0]
            ordered = sorted(some)
            ordered = [*ordered[-1:], *ordered[:-1]]  # where time is short, the ends of the grid say most
            places = [max(round(k * smaller / step), 1) if k else 0 for k in ordered]
            yield from (place * step for _ in range(AT_ONCE) for place in places)
            return
        most = (search.method.largest or 0) // step
        floor = (counting_floor(regime, setting.dataset, n, d, (most - 1) * step) if search.fates else 0) // step
        place = max(round(ABOVE * regime.starting_width(n, d) / step), floor + 1)
        sure, trials = Counter[int](), Counter[int]()
        while True:
            place = min(max(place, 1), most)
            told = yield place * step
            sure[place] += told.sure if told else 0
            trials[place] += told.trials if told else AT_ONCE
            low = max((one for one in trials if 2 * sure[one] < trials[one]), default=floor)
            high = min((one for one in trials if one > low), default=0)
            if low == most:
                return
            if not high:
                place = 2 * low
            elif not low:
                place = high // 2
            elif high - low > 1 and high > FINE * low:
                place = round(math.sqrt(low * high))
            else:  # the end with fewer trials
                place = min((one for one in (high, low) if one > floor), key=lambda one: trials[one])

    def _pilot(self, setting: Setting, n: int, d: int, k: int, outcome: Outcome, seconds: float) -> Pilot:
        counted = tally([self.search.verdict(outcome)])
        budget = max(setting.regime.optimizer.most_steps(n, setting.steps), 1)
        work = outcome.fate.work if outcome.fate is not None else 0
        further, leaps = (0.0, 0.0) if self.fates is None else self.fates.counts(setting, n, d, k, work, seconds)
        steps, width = min(outcome.steps / budget, 1.0), k / setting.regime.starting_width(n, d)
        return Pilot(width, counted.sure > 0, counted.possible > 0, outcome.steps < budget, steps, further, leaps)

    def _affordable(self, setting: Setting, n: int, d: int) -> bool:
        start, step = setting.regime.starting_width(n, d), setting.regime.initializer.width_step
        k = self.search.method.likely_width(start, step) if setting.regime.model.has_width else 0
        return self._seconds(setting, n, d, k) <= self.share * SECONDS / FEWEST

    def _seconds(self, setting: Setting, n: int, d: int, k: int) -> float:
        """Return the time of a trial with its whole budget and a usual fate, in seconds."""
        fate = 0.0 if self.fates is None else FATE * setting.steps * self.fates.step(setting.regime, n, d, k)
        return self.costs.seconds(setting, n, d, k) + fate


def representatives(searches: Sequence[ThresholdSearch], most: int) -> list[ThresholdSearch]:
    """Return searches whose pilots count for all others.

    Args:
        searches: Searches of one setting.
        most: Their largest number. A single one has the most samples, since its trials take most of the time.
    """
    ordered = sorted(searches, key=lambda search: (search.n, search.d))
    if most <= 1:
        largest = [search for search in ordered if search.n == ordered[-1].n]
        return [largest[len(largest) // 2]]
    last, number = len(ordered) - 1, min(most, len(ordered))
    return [ordered[round(i * last / max(number - 1, 1))] for i in range(number)]


def nearest(pairs: Sequence[tuple[ThresholdSearch, Pilots]], search: ThresholdSearch) -> Pilots:
    """Return the pilots of the searches nearest to another in the logarithms of n and d, until these are enough.

    Those of further searches count as if they had the samples of the nearest.

    Args:
        pairs: Searches and their pilots.
        search: The other search.
    """

    def distance(pair: tuple[ThresholdSearch, Pilots]) -> float:
        return abs(math.log(pair[0].n / search.n)) + abs(math.log(pair[0].d / search.d))

    ordered = [pilots for _, pilots in sorted(pairs, key=distance) if pilots.trials]
    found = ordered[0] if ordered else Pilots()
    for further in ordered[1:]:
        if len(found.trials) < FEWEST:
            found = replace(found, trials=found.trials + further.scaled(search.setting.regime, found.n))
    return found
