"""The first trials of a search, trained for an estimate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
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

ENOUGH = 4
"""Number of pilots of the search's own size that say more than those of a smaller problem."""

UNTIL_FIT = 1.0
"""Least time of pilots in seconds until some fit: what does not takes longest."""

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
        seconds: Time that is left to these pilots, in seconds.
        begin: Width of the first pilots, in starting widths.
        refines: Whether a first rehearsal is refined: by trials of the search's own size only, with other seeds.
    """

    search: ThresholdSearch
    costs: Costs
    fates: Fates | None
    seconds: float = SECONDS
    begin: float = ABOVE
    refines: bool = False

    def data(self, registry: Registry) -> list[Any]:
        """Return plain data of all that decides what becomes of the pilots.

        Args:
            registry: The plugins.
        """
        search, method = self.search, self.search.method
        kind = replace(search.setting, base_seed=0).data(registry)
        regime = {name: value for name, value in kind["regime"].items() if name not in ("name", "summary", "theory")}
        fit = search.fit and search.fit.data()
        often = "own" if self.refines else round(self.seconds / SECONDS, 3)
        decides = [often, search.tolerance_index, fit, search.fates, search.sizes]
        how = [method.name, method.version, {name: str(value) for name, value in method.options().items()}]
        return [{**kind, "regime": regime}, search.n, search.d, search.setting.dataset.contents(), *decides, *how]

    def pilots(self, watch: Stopwatch) -> Pilots:
        """Return the pilots, those of a smaller problem where the search's own takes too long.

        Args:
            watch: Times them.
        """
        search, found = self.search, list[Pilot]()
        plain = replace(search.setting, base_seed=0, spectrum=False)
        if search.fit is None:
            regime = replace(plain.regime, diagnostics=())
            plain = replace(plain, regime=regime, held_out=0, validation=0)
        size = plain, search.n, search.d
        if self.refines or self._affordable(*size, ENOUGH):
            for some in self._rounds(*size, MOST, watch):
                found += some
        own = len(found)
        if not self.refines and own < ENOUGH:
            # What some took says more than their costs, which count a usual fate.
            slower = watch.processor / (own * max(self._likely(*size), 1e-9)) if own else 1.0
            size = smaller(*size, partial(self._affordable, trials=FEWEST, slower=slower))
            for some in self._rounds(*size, MOST - own, watch):
                found += some
        return Pilots(search.n, tuple(found), own)

    def _rounds(self, setting: Setting, n: int, d: int, most: int, watch: Stopwatch) -> Iterator[list[Pilot]]:
        """Yield the pilots of each round of a search at a size, while there is time.

        There is more of it until some fit. Those of the first round are trained even where they are expected to take
        longer: without any, nothing is known.
        """
        continuation, taken, told = followed(self.search.setting), Counter[int](), None
        widths, begun, fits = self._widths(setting, n, d), watch.processor, False
        first = MOST if self.refines else 0  # other seeds than those of a first rehearsal
        while sum(taken.values()) < most:
            left = (self.seconds if fits else max(self.seconds, UNTIL_FIT)) - (watch.processor - begun)
            if left <= 0.0:
                return
            try:
                k = widths.send(told)
            except StopIteration:
                return
            most_seconds = left if taken else max(left, SECONDS)
            if AT_ONCE * self._seconds(setting, n, d, k) > most_seconds and not self.refines:
                return
            seeds = range(first + taken[k], first + taken[k] + AT_ONCE)
            ends = flown(setting, n, d, k, seeds, continuation, watch)
            taken[k] += AT_ONCE
            yield [self._pilot(setting, n, d, k, *one) for one in ends if not one[0].message]
            told = tally(self.search.verdict(outcome) for outcome, _ in ends)
            fits |= told.sure > 0

    def rounds(self) -> int:
        """Return how often the time left to the pilots suffices for a round of them at the search's own size."""
        search = self.search
        each = self._likely(search.setting, search.n, search.d)
        return int(self.seconds / max(AT_ONCE * each, 1e-9))

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
        place = max(round(self.begin * regime.starting_width(n, d) / step), floor + 1)
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

    def _affordable(self, setting: Setting, n: int, d: int, trials: int, slower: float = 1.0) -> bool:
        return trials * slower * self._likely(setting, n, d) <= self.seconds

    def _likely(self, setting: Setting, n: int, d: int) -> float:
        """Return the time of a trial of the width at which most searches begin, in seconds."""
        start, step = setting.regime.starting_width(n, d), setting.regime.initializer.width_step
        k = self.search.method.likely_width(start, step) if setting.regime.model.has_width else 0
        return self._seconds(setting, n, d, k)

    def _seconds(self, setting: Setting, n: int, d: int, k: int) -> float:
        """Return the time of a pilot with its whole budget and a usual fate, in seconds."""
        fate = 0.0 if self.fates is None else FATE * setting.steps * self.fates.step(setting.regime, n, d, k)
        return self.costs.seconds(setting, n, d, k, together=AT_ONCE) + fate


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

    ordered = [(one, pilots) for one, pilots in sorted(pairs, key=distance) if pilots.trials]
    if not ordered:
        return Pilots()
    (first, found), *others = ordered
    if first is not search:
        found = replace(found, own=0)
    for _, further in others:
        if len(found.trials) < FEWEST:
            found = replace(found, trials=found.trials + further.scaled(search.setting.regime, found.n))
    return found
