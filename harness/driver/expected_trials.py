"""The trials that a search still takes: known ones, and those to expect of an adaptive search."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.adaptive import Adaptive
from harness.statistics.expectation import Tried, expectation, ratios

if TYPE_CHECKING:
    from harness.driver.threshold_search import ThresholdSearch
    from harness.engine.pilots import Pilots


@dataclass(frozen=True)
class ExpectedTrials:
    """Trials of one width.

    Attributes:
        k: The width.
        trials: Their number, which need not be whole if it is an expectation.
        fits: Share of them that is taken to fit.
        together: Number of them that are asked for at once.
    """

    k: int
    trials: float
    fits: float
    together: float


@dataclass(frozen=True)
class Kind:
    """The properties of a search that decide how many trials it takes.

    Attributes:
        pilots: Its first trials, or those of a search that differs in its size only.
        bounded: Whether a theorem bounds k½ from below.
        at_once: Whether every trial fits from that bound on, as those of a linear model do unless features are zero.
        scale: Starting width in admissible widths, as a power of four. Narrow nets have few of these in a bracket.
    """

    pilots: tuple[Tried, ...]
    bounded: bool
    at_once: bool
    scale: int


class Expectations:
    """The expectations of the adaptive searches of a suite, one for each kind, by the search in the middle of it."""

    def __init__(self, searches: Sequence[ThresholdSearch], pilots: Callable[[ThresholdSearch], Pilots]) -> None:
        """Simulate searches like those in the middle.

        Args:
            searches: All searches.
            pilots: Function that returns the pilots of a search.
        """
        self._pilots = pilots
        kinds: dict[Kind, list[ThresholdSearch]] = {}
        for search in searches:
            if not search.exact:
                kinds.setdefault(self._kind(search), []).append(search)
        self._middle = {kind: _in_the_middle(group) for kind, group in kinds.items()}
        self._found = {kind: expectation(*one, kind.pilots, kind.at_once) for kind, one in self._middle.items()}

    @property
    def brackets(self) -> dict[str, float]:
        """Ratio high/low to expect of a search, by how fast P(fit) rises. It is empty if none goes on."""
        usual = sorted(self._middle, key=lambda kind: (kind.bounded, kind.scale))
        return ratios(*self._middle[usual[0]]) if usual else {}

    def number(self, search: ThresholdSearch) -> int:
        """Return the number of trials that a search still takes, the expected number if it depends on outcomes."""
        if search.exact:
            return len(search.missing)
        known = sum(map(len, search.outcomes.values()))
        usual = min(self._found[self._kind(search)].trials, search.method.trials)
        return max(usual - known, len(search.waiting))

    def of(self, search: ThresholdSearch) -> list[ExpectedTrials]:
        """Return the trials that a search still takes, by width."""
        start, step = search.scale
        if search.exact:
            widths = Counter(k for k, _ in search.missing)
            pilots = self._pilots(search)
            return [ExpectedTrials(k, trials, pilots.fits(k / start), trials) for k, trials in sorted(widths.items())]
        number = self.number(search)
        found = self._found[self._kind(search)]
        return [
            ExpectedTrials(
                search.method.likely_width(start * one.width, step), number * one.share, one.fits, one.together
            )
            for one in found.visited
            if number
        ]

    def _kind(self, search: ThresholdSearch) -> Kind:
        start, step = search.scale
        tried, bounded = self._pilots(search).tried(), search.floor > 0
        linear = bounded and search.setting.regime.model.linear()
        at_once = linear and all(one.sure == one.trials for one in tried if one.width >= 1.0)
        return Kind(tried, bounded, at_once, round(math.log(max(start / step, 1.0), 4)))


def _in_the_middle(searches: Sequence[ThresholdSearch]) -> tuple[Adaptive, float, int, int]:
    """Return the method, starting width, number of sizes and floor of the search in the middle of some."""
    ordered = sorted(searches, key=lambda search: (search.scale[0] / search.scale[1], search.floor))
    middle = ordered[len(ordered) // 2]
    start, step = middle.scale
    assert isinstance(middle.method, Adaptive)
    return middle.method, round(start / step, 3), middle.sizes, middle.floor // step
