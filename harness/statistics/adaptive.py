"""The adaptive search: bets that certify, and a working model that chooses the trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Gt

from harness.components import PositiveInt  # suites validate the fields by their annotations
from harness.statistics.betting_search import BettingSearch, Ending
from harness.statistics.brackets import LEVEL
from harness.statistics.evidence import Evidence, replay
from harness.statistics.search import Search

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.statistics.rounds import Rounds

MOST_RECORDED = 1_000_000
"""Number of trials in a ledger from which it counts as damaged."""


@dataclass(frozen=True)
class Adaptive(Search):
    """A search that asks for the trials which are expected to shrink the bracket most for their work.

    Evidence against each k½ is gathered from the trials at all widths (:mod:`harness.statistics.evidence`). The search
    goes on while a trial that it may still ask for can shrink a bracket that is coarser than asked for.

    Attributes:
        trials: Largest number of trials to spend on a threshold.
        precision: Ratio high/low of the bracket (low, high] at which the search stops. It also stops at a bracket of
            one admissible width.
        max_width: Largest width to try.
        joint: Whether the search certifies at a level of 5 % for all sizes of a regime together, and not at each.
    """

    name: ClassVar[str] = "adaptive"
    version: ClassVar[int] = 3
    problems: ClassVar[Literal["shared", "by-width"]] = "by-width"

    trials: PositiveInt = 80
    precision: Annotated[float, Gt(1)] = 1.25
    max_width: PositiveInt = 4096
    joint: bool = False

    @property
    def largest(self) -> int:
        """Largest width that may be tried."""
        return self.max_width

    @property
    def most_recorded(self) -> int:
        """Largest number of trials in a ledger of the search, which may have begun with a larger number of trials."""
        return max(self.trials, MOST_RECORDED)

    def next(
        self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the number of further trials by width, or an empty dict when the search is over.

        Args:
            rounds: The outcomes of each round by width.
            start: Width near which the threshold is expected, such as n/d.
            step: Distance of admissible widths, which are its multiples.
            sizes: Number of sizes (n, d) that the suite searches for the regime, for ``joint``.
            floor: Width that k½ exceeds by a theorem, or 0.

        Raises:
            ValueError: If no multiple of ``step`` is as small as ``max_width``.

        >>> from harness.statistics.rounds import Tally
        >>> Adaptive().next([{19: Tally(0, 0, 10), 20: Tally(10, 10, 10)}] * 2, start=10)
        {}
        """
        return self._state(rounds, start, step, sizes, floor).ask()

    def ending(self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0) -> Ending:
        """Return why the search is over in words, or an empty string while it is not.

        Args:
            rounds: The outcomes of each round by width.
            start: Width near which the threshold was expected.
            step: Distance of admissible widths.
            sizes: Number of sizes (n, d) that the suite searches for the regime.
            floor: Width that k½ exceeds by a theorem, or 0.

        Raises:
            ValueError: If no multiple of ``step`` is as small as ``max_width``.
        """
        return self._state(rounds, start, step, sizes, floor).ending

    def evidence(self, rounds: Rounds, start: float, step: int) -> Evidence:
        """Return the evidence of the rounds.

        Args:
            rounds: The outcomes of each round by width.
            start: Width that the search began with.
            step: Distance of admissible widths.

        Raises:
            ValueError: If no multiple of ``step`` is as small as ``max_width``.
        """
        return replay(rounds, start, self.max_width, step=step)

    def frozen(self, start: float, step: int) -> dict[str, Any]:
        """Return what the bets depend on. The number of trials, precision and level may change in a ledger.

        Args:
            start: Width to begin with.
            step: Distance of admissible widths.
        """
        return {"max_width": self.max_width, "start": start, "step": step}

    def likely_width(self, start: float, step: int) -> int:
        """Return the admissible width near which a threshold is expected, at most ``max_width``.

        Args:
            start: Width to begin with.
            step: Distance of admissible widths.
        """
        return min(super().likely_width(start, step), self.max_width // step * step)

    def level(self, sizes: int) -> float:
        """Return the level at which the ends of a bracket are certified.

        Args:
            sizes: Number of sizes (n, d) that the suite searches for the regime.
        """
        return LEVEL / sizes if self.joint else LEVEL

    def inadmissible(self, step: int) -> tuple[str, Any] | None:
        """Return ``max_width`` and its value if no multiple of ``step`` is as small."""
        return ("max_width", self.max_width) if self.max_width < step else None

    def may_try(self, regime: Regime, n: int, d: int, k: int) -> bool:
        """Say whether a width is at most ``max_width``, at any size."""
        return k <= self.max_width

    def _state(self, rounds: Rounds, start: float, step: int, sizes: int, floor: int) -> BettingSearch:
        evidence = replay(rounds, start, self.max_width, step=step, floor=floor)
        return BettingSearch(evidence, self.trials, self.precision, self.level(sizes))
