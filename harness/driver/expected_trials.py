"""The trials that a search still takes: known ones, and those to expect of an adaptive search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.adaptive import Adaptive
from harness.statistics.expectation import Expectation, expectation
from harness.statistics.search import USUAL_TRIALS

if TYPE_CHECKING:
    from harness.driver.threshold_search import ThresholdSearch

FROM = 1.25
"""Width in starting widths from which the trials of a grid are taken to fit."""

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


class Expectations:
    """The expectations of the adaptive searches of a suite, by those in the middle of them.

    A search with a theorem that bounds k½ from below takes fewer trials than one without, so that there are two.
    """

    def __init__(self, searches: Sequence[ThresholdSearch]) -> None:
        """Simulate searches like those in the middle.

        Args:
            searches: All searches.
        """
        self._found: dict[bool, Expectation] = {}
        going = [search for search in searches if not search.exact]
        for bounded in (False, True):
            group = [search for search in going if (search.floor > 0) == bounded]
            if group:
                self._found[bounded] = _in_the_middle(group)

    @property
    def brackets(self) -> dict[str, float]:
        """Ratio high/low to expect of most searches, by how fast P(fit) rises. It is empty if none goes on."""
        found = self._found.get(False) or self._found.get(True)
        return {} if found is None else found.ratios

    def number(self, search: ThresholdSearch) -> int:
        """Return the number of trials that a search still takes, the expected number if it depends on outcomes."""
        if search.exact:
            return len(search.missing)
        known = sum(map(len, search.outcomes.values()))
        found = self._found.get(search.floor > 0)
        usual = min(USUAL_TRIALS if found is None else found.trials, search.method.trials)
        return max(usual - known, len(search.waiting))

    def of(self, search: ThresholdSearch, reach: float = 0.0) -> list[ExpectedTrials]:
        """Return the trials that a search still takes, by width.

        Args:
            search: The search.
            reach: Width in starting widths from which trials fit within the budget, if it is known. A search goes there
                where the budget decides what fits.
        """
        start, step = search.scale
        if search.exact:
            widths = Counter(k for k, _ in search.missing)
            return [
                ExpectedTrials(k, trials, float(k >= FROM * start), min(trials, LARGEST_BLOCK))
                for k, trials in sorted(widths.items())
            ]
        number = self.number(search)
        found = self._found.get(search.floor > 0)
        if found is None or not isinstance(search.method, Adaptive):
            return [ExpectedTrials(search.method.likely_width(start, step), number, 0.5, 1.0)] if number else []
        further = 1.0 if search.fates else max(reach / FROM, 1.0)
        return [
            ExpectedTrials(
                search.method.likely_width(further * start * one.width, step),
                number * one.share,
                one.fits,
                one.together,
            )
            for one in found.visited
            if number
        ]


def _in_the_middle(searches: Sequence[ThresholdSearch]) -> Expectation:
    """Return the expectation of the search whose starting width is in the middle."""
    ordered = sorted(searches, key=lambda search: (search.scale[0] / search.scale[1], search.floor))
    middle = ordered[len(ordered) // 2]
    start, step = middle.scale
    assert isinstance(middle.method, Adaptive)
    return expectation(middle.method, round(start / step, 3), middle.sizes, middle.floor // step)
