"""The trials that a search still takes: known ones, and those to expect of an adaptive search."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.adaptive import Adaptive
from harness.statistics.expectation import Expectation, expectation
from harness.statistics.search import USUAL_TRIALS

if TYPE_CHECKING:
    from harness.driver.threshold_search import ThresholdSearch
    from harness.driver.trial_times import TrialTimes
    from harness.engine.fate_costs import Outlook

FROM = 1.25
"""Width in starting widths from which the trials of a grid are taken to fit."""

MOST_OCTAVES = 20
"""Largest power of two by which the width from which trials fit is taken to exceed the starting width."""

LARGEST_BLOCK = 64
"""Largest number of trials of a grid that are taken to be trained together."""


@dataclass(frozen=True)
class ExpectedTrials:
    """Trials of one width.

    Attributes:
        k: The width.
        trials: Their number, which need not be whole if it is an expectation.
        fits: Share of them that is taken to fit.
        together: Number of them that are trained together.
    """

    k: int
    trials: float
    fits: float
    together: float


@dataclass(frozen=True)
class Kind:
    """The properties of a search that decide how many trials it takes.

    Attributes:
        bounded: Whether a theorem bounds k½ from below.
        outlook: Whether every trial fits from there or the starting width on, or stays open.
        octaves: Factor by which the width from which trials fit exceeds the starting width, as a power of two, or 0 if
            it does not or is not known.
    """

    bounded: bool
    outlook: Outlook
    octaves: int


class Expectations:
    """The expectations of the adaptive searches of a suite, one for each kind, by the search in the middle of it."""

    def __init__(self, searches: Sequence[ThresholdSearch], times: TrialTimes) -> None:
        """Simulate searches like those in the middle.

        Args:
            searches: All searches.
            times: The times of their trials, and what a few of these became. A search goes where trials fit within the
                budget, or stay open.
        """
        self._times = times
        kinds: dict[Kind, list[ThresholdSearch]] = {}
        for search in searches:
            if not search.exact:
                kinds.setdefault(self._kind(search), []).append(search)
        self._found = {kind: _in_the_middle(group, kind) for kind, group in kinds.items()}

    @property
    def brackets(self) -> dict[str, float]:
        """Ratio high/low to expect of most searches, by how fast P(fit) rises. It is empty if none goes on."""
        usual = sorted(self._found, key=lambda kind: (kind.octaves, kind.outlook, kind.bounded))
        return self._found[usual[0]].ratios if usual else {}

    def number(self, search: ThresholdSearch) -> int:
        """Return the number of trials that a search still takes, the expected number if it depends on outcomes."""
        if search.exact:
            return len(search.missing)
        known = sum(map(len, search.outcomes.values()))
        found = self._found.get(self._kind(search))
        usual = min(USUAL_TRIALS if found is None else found.trials, search.method.trials)
        return max(usual - known, len(search.waiting))

    def of(self, search: ThresholdSearch) -> list[ExpectedTrials]:
        """Return the trials that a search still takes, by width."""
        start, step = search.scale
        if search.exact:
            widths = Counter(k for k, _ in search.missing)
            return [
                ExpectedTrials(k, trials, float(k >= FROM * start), min(trials, LARGEST_BLOCK))
                for k, trials in sorted(widths.items())
            ]
        number = self.number(search)
        found = self._found.get(self._kind(search))
        if found is None or not isinstance(search.method, Adaptive):
            return [ExpectedTrials(search.method.likely_width(start, step), number, 0.5, 1.0)] if number else []
        return [
            ExpectedTrials(
                search.method.likely_width(start * one.width, step), number * one.share, one.fits, one.together
            )
            for one in found.visited
            if number
        ]

    def _kind(self, search: ThresholdSearch) -> Kind:
        bounded = search.floor > 0
        if search.exact:
            return Kind(bounded, "", 0)
        if search.fates:
            linear = bounded and search.setting.regime.model.linear()
            return Kind(bounded, "at once" if linear else self._times.outlook(search), 0)
        reach = self._times.reach(search)
        return Kind(bounded, "", min(max(round(math.log2(reach)), 0), MOST_OCTAVES) if reach > FROM else 0)


def _in_the_middle(searches: Sequence[ThresholdSearch], kind: Kind) -> Expectation:
    """Return the expectation of the search whose starting width is in the middle."""
    ordered = sorted(searches, key=lambda search: (search.scale[0] / search.scale[1], search.floor))
    middle = ordered[len(ordered) // 2]
    start, step = middle.scale
    assert isinstance(middle.method, Adaptive)
    start = round(start / step, 3)
    reach = start * 2.0**kind.octaves if kind.octaves else 0.0
    return expectation(middle.method, start, middle.sizes, middle.floor // step, reach=reach, outlook=kind.outlook)
