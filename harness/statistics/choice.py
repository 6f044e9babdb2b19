"""The choice of the best of several candidates by the trials of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Attempted:
    """The tuning trials of one candidate.

    Attributes:
        scores: Score of each trial that did not diverge or fail. Smaller is better.
        failed: Number of trials that diverged or ended in an error.
        steps: Steps of all its trials.
    """

    scores: tuple[float, ...]
    failed: int
    steps: int

    @property
    def mean(self) -> float:
        """Mean score, or infinity if every trial failed."""
        return math.fsum(self.scores) / len(self.scores) if self.scores else math.inf


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, and what is known of all.

    Attributes:
        index: Index of the chosen candidate.
        value: Value of the chosen candidate.
        option: Option that was chosen: ``step_size`` or ``c``.
        edge: End of the grid at which the choice lies, or an empty string inside of it.
        scores: Mean score of each candidate.
        failed: Share of all tuning trials that diverged or ended in an error.
        steps: Steps of all tuning trials.
        trials: Number of all tuning trials.
    """

    index: int
    value: float
    option: str
    edge: Literal["", "smallest", "largest"]
    scores: tuple[float, ...]
    failed: float
    steps: int
    trials: int


def choose(option: str, values: Sequence[float], found: Sequence[Attempted]) -> Choice:
    """Return the candidate with the fewest failed trials, among those with the best mean, and then the fewest steps.

    Args:
        option: Name of the option.
        values: Candidates, increasing.
        found: Trials of each candidate.

    >>> tried = [Attempted((0.3, 0.2), 0, 80), Attempted((0.1, 0.2), 0, 60), Attempted((0.0,), 1, 90)]
    >>> chosen = choose("c", [0.5, 1.0, 2.0], tried)
    >>> chosen.value, chosen.edge, round(chosen.failed, 3), chosen.steps
    (1.0, '', 0.167, 230)
    """
    index = min(range(len(found)), key=lambda i: (found[i].failed, found[i].mean, found[i].steps, i))
    trials = sum(len(one.scores) + one.failed for one in found)
    return Choice(
        index=index,
        value=values[index],
        option=option,
        edge="smallest" if index == 0 else "largest" if index == len(found) - 1 else "",
        scores=tuple(one.mean for one in found),
        failed=sum(one.failed for one in found) / trials if trials else 0.0,
        steps=sum(one.steps for one in found),
        trials=trials,
    )
