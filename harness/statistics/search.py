"""Rules for the next trials of a threshold, and the first of them: a fixed grid of widths.

Decisions are taken from the outcomes of complete rounds, so that the order in which workers finish cannot change a
result. Trials at a width always take the seeds 0, 1, 2, …
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from harness.components import Positive, PositiveInt  # suites validate the fields by their annotations
from harness.components.expression import value_of
from harness.statistics.rounds import Rounds, asked_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Regime
    from harness.statistics.evidence import Evidence

WIDTHLESS_TRIALS = 20
"""Trials of a model without width. Nothing is searched there: the result is the share of fits."""

USUAL_TRIALS = 60
"""Trials that an adaptive search usually takes."""


class Search(ABC):
    """A rule that chooses the next trials of one threshold from the rounds so far.

    Attributes:
        name: Value of ``method`` in the ``[search]`` section of a suite.
        version: Number that is raised when the same options and rounds give other trials.
        decided_beforehand: Whether the trials follow from the options alone, and not from outcomes.
        problems: Whether the trials of one seed have the same problem at all widths, or one of their own at each.
        trials: Largest number of trials at a width of a grid, or in an adaptive search.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    decided_beforehand: ClassVar[bool] = False
    problems: ClassVar[Literal["shared", "by-width"]] = "shared"
    trials: int

    @property
    def most_widths(self) -> int | None:
        """Number of widths that may be tested, for a bracket by counts, or None if it follows from the rounds."""
        return None

    @property
    def largest(self) -> int | None:
        """Largest width that may be tried, or None if the widths are decided beforehand."""
        return None

    @property
    def most_recorded(self) -> int:
        """Largest number of trials in a ledger of the search."""
        return self.trials

    @abstractmethod
    def next(
        self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the number of further trials by width, or an empty dict when the search is over.

        Args:
            rounds: The outcomes of each round by width.
            start: Width to begin with, such as n/d. It is rounded to an admissible width.
            step: Distance of admissible widths, which are its multiples.
            sizes: Number of sizes (n, d) that the suite searches for the regime.
            floor: Width that k½ exceeds by a theorem, or 0.
        """

    @abstractmethod
    def inadmissible(self, step: int) -> tuple[str, Any] | None:
        """Return the option that asks for widths that are not multiples of ``step``, and its value, if there is one."""

    @abstractmethod
    def may_try(self, regime: Regime, n: int, d: int, k: int) -> bool:
        """Say whether the search may ask for a width at a size."""

    def frozen(self, start: float, step: int) -> dict[str, Any]:
        """Return what may not change while rounds are added to a ledger.

        Args:
            start: Width to begin with.
            step: Distance of admissible widths.
        """
        return {**self.options(), "start": start, "step": step}

    def options(self) -> dict[str, Any]:
        """Return the options that the trials depend on, by name."""
        return dict(vars(self))

    def likely_width(self, start: float, step: int) -> int:
        """Return the admissible width near which a threshold is expected.

        Args:
            start: Width to begin with.
            step: Distance of admissible widths.
        """
        return step * max(round(start / step), 1)

    def evidence(self, rounds: Rounds, start: float, step: int) -> Evidence | None:
        """Return the evidence of the rounds, or None if brackets follow from the counts.

        Args:
            rounds: The outcomes of each round by width.
            start: Width that the search began with.
            step: Distance of admissible widths.
        """
        return None

    def ending(self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0) -> str:
        """Return why the search is over in words, or an empty string while it is not, or where it is no question.

        Args:
            rounds: The outcomes of each round by width.
            start: Width that the search began with.
            step: Distance of admissible widths.
            sizes: Number of sizes (n, d) that the suite searches for the regime.
            floor: Width that k½ exceeds by a theorem, or 0.
        """
        return ""

    def restricted(self, widths: Sequence[int]) -> Self:
        """Return the search at some of its widths only.

        Raises:
            TypeError: If the widths depend on outcomes.
        """
        raise TypeError(f"the widths of the {self.name} search depend on outcomes")

    def wanted(
        self, regime: Regime, n: int, d: int, rounds: Rounds = (), sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the number of further trials by width for a regime at a size.

        A model without width is trained a fixed number of times, as k = 0.

        Args:
            regime: The regime.
            n: Number of samples.
            d: Input dimension.
            rounds: The outcomes of each round by width.
            sizes: Number of sizes (n, d) that the suite searches for the regime.
            floor: Width that k½ exceeds by a theorem, or 0.
        """
        if regime.model.has_width:
            start, step = regime.starting_width(n, d), regime.initializer.width_step
            return self.next(rounds, start=start, step=step, sizes=sizes, floor=floor)
        more = min(self.trials, WIDTHLESS_TRIALS) - asked_in(rounds).get(0, 0)
        return {0: more} if more > 0 else {}

    def expected(self, regime: Regime, n: int, d: int) -> int | None:
        """Return the number of trials for a regime at a size, or None if it depends on outcomes."""
        if self.decided_beforehand or not regime.model.has_width:
            return sum(self.wanted(regime, n, d).values())
        return None


@dataclass(frozen=True)
class Grid(Search):
    """The same number of trials at every width of a list.

    Attributes:
        widths: Hidden widths to try. The grid skips those that the initializer does not admit.
        trials: Number of trials at each width.
        multiples: Further widths as multiples of the starting width, which is n/d, or n if only the output layer is
            trained. They are rounded up to admissible widths.
        formulas: Further widths as formulas of n and d, rounded up likewise. A suite lists them among ``widths``.
    """

    name: ClassVar[str] = "grid"
    decided_beforehand: ClassVar[bool] = True

    widths: tuple[PositiveInt, ...] = ()
    trials: PositiveInt = 20
    multiples: tuple[Positive, ...] = ()
    formulas: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.widths and not self.multiples and not self.formulas:
            raise ValueError("search.widths is empty: a grid needs at least one width, such as widths = [4, 8, 16]")
        if len(set(self.widths)) < len(self.widths):
            twice = sorted({k for k in self.widths if self.widths.count(k) > 1})
            raise ValueError(f"search.widths names {twice} more than once: give each width once")

    @property
    def most_widths(self) -> int:
        """Number of widths that may be tested, for the union bound of the bracket."""
        return len(self.widths) + len(self.multiples) + len(self.formulas)

    def next(
        self, rounds: Rounds, *, start: float = 1, step: int = 1, sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the trials still missing at each width.

        >>> from harness.statistics.rounds import Tally
        >>> Grid((4, 6, 9), trials=10).next([{4: Tally(0, 0, 10), 6: Tally(3, 3, 7)}], step=1)
        {6: 3, 9: 10}
        """
        scaled = {_admissible(m * start, step) for m in self.multiples}
        widths = sorted(scaled.union(k for k in self.widths if k % step == 0))
        asked = asked_in(rounds)
        missing = {k: self.trials - asked.get(k, 0) for k in widths}
        return {k: more for k, more in missing.items() if more > 0}

    def wanted(
        self, regime: Regime, n: int, d: int, rounds: Rounds = (), sizes: int = 1, floor: int = 0
    ) -> dict[int, int]:
        """Return the trials still missing at each width, those of the formulas at this size among them."""
        if not self.formulas or not regime.model.has_width:
            return super().wanted(regime, n, d, rounds, sizes, floor)
        step = regime.initializer.width_step
        given = {_admissible(value_of(formula, n=n, d=d), step) for formula in self.formulas}
        widths = given.union(k for k in self.widths if k % step == 0)
        return replace(self, widths=tuple(sorted(widths)), formulas=()).wanted(regime, n, d, rounds, sizes, floor)

    def options(self) -> dict[str, Any]:
        """Return the options, without formulas where there are none, as ledgers had them before."""
        return {name: value for name, value in vars(self).items() if name != "formulas" or value}

    def inadmissible(self, step: int) -> tuple[str, Any] | None:
        """Return ``widths`` and those of them that are not multiples of ``step``, if there are any."""
        odd = [k for k in self.widths if k % step]
        return ("widths", odd) if odd else None

    def may_try(self, regime: Regime, n: int, d: int, k: int) -> bool:
        """Say whether the grid has a width at a size."""
        return k in self.wanted(regime, n, d)

    def restricted(self, widths: Sequence[int]) -> Self:
        """Return the grid of these widths."""
        return replace(self, widths=tuple(widths), multiples=(), formulas=())


def _admissible(width: float, step: int) -> int:
    """Return the smallest admissible width that is not below a width."""
    return step * max(math.ceil(round(width / step, 9)), 1)
