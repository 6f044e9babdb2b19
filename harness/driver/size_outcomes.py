"""The outcomes of one regime at one size, and the thresholds in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.driver.question import counting_floor, fate_counts, floor_of, proved
from harness.statistics.brackets import LEVEL
from harness.statistics.rounds import tally
from harness.statistics.size_bracket import SizeBracket
from harness.statistics.thresholds import Threshold, threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.components import Outcome, Regime, Verdict
    from harness.driver.question import Question
    from harness.statistics.evidence import Evidence
    from harness.statistics.rounds import Tally
    from harness.statistics.search import Search
    from harness.store import Round
    from harness.suite import Suite

    Judge = Callable[[Outcome], Verdict]


@dataclass(frozen=True)
class SizeOutcomes:
    """The outcomes of one regime at one size, and the thresholds in them.

    Attributes:
        suite: The suite that was run.
        regime: The regime.
        n: Number of samples.
        d: Input dimension.
        by_width: The trials of each width that was tried, ordered by seed.
        rounds: Complete rounds of the search, in which the trials were asked for.
        decided: Whether the run knows what becomes of the trials with unlimited steps.
    """

    suite: Suite
    regime: Regime
    n: int
    d: int
    by_width: Mapping[int, Sequence[Outcome]]
    rounds: Sequence[Round]
    decided: bool

    @property
    def trials(self) -> list[Outcome]:
        """The trials of all widths."""
        return [trial for several in self.by_width.values() for trial in several]

    def tallies(self, asked: Question) -> dict[int, Tally]:
        """Return the numbers of fits and trials by width."""
        return self._tallies(asked.verdict)

    def threshold(self, asked: Question) -> Threshold:
        """Return k½ with its bracket, and what became of the trials."""
        has_width = self.regime.model.has_width
        if self._has_half(asked):
            found = self._half(asked.verdict, floor=self._floor(asked) if self.decided else 0)
        else:
            counts = {k: (one.sure, one.trials) for k, one in self.tallies(asked).items()}
            found = Threshold(None, None, None, "none", counts, sum(trials for _, trials in counts.values()))
        trials = self.trials
        return replace(
            found,
            kind=asked.kind,
            tolerance=asked.tolerance,
            steps=asked.steps,
            by="" if asked.by is None else str(asked.by),
            limited=has_width and self._limited(asked, self.by_width.get(found.low or 0, ())),
            fates=fate_counts(trials) if self.decided else {},
            certified=sum(map(proved, trials)) if self.decided else None,
        )

    def certified_half(self) -> Threshold:
        """Return the least width at which at least half of the trials are proved to end in an exact fit.

        Fits that were followed along the gradient flow, and trials that nothing decides, do not count.
        """

        def judge(outcome: Outcome) -> Verdict:
            if outcome.message:
                return "error"
            return "fit" if outcome.fate is not None and outcome.fate.kind == "fit proved" else "unfit"

        return self._half(judge)

    def bracket(self, asked: Question, level: float) -> SizeBracket:
        """Return the bracket of k½ with which formulas are compared, whose lower end the budget does not make.

        For the lower end, an unfit trial that could fit with more steps counts as a fit. So does a trial whose verdict
        is open.

        Args:
            asked: What counts as a fit.
            level: Chance that the bracket misses.
        """
        if not self._has_half(asked):
            return SizeBracket(self.n, self.d)

        def judge(outcome: Outcome) -> Verdict:
            return "open" if asked.may_fit_later(outcome) else asked.verdict(outcome)

        found = self._half(judge, level=level, floor=self._floor(asked))
        return SizeBracket.of(self.n, self.d, found.low, found.high, step=self.regime.initializer.width_step)

    def _has_half(self, asked: Question) -> bool:
        """Return whether the model has a width, and the chance of a fit does not fall with it."""
        return self.regime.model.has_width and (asked.by is None or asked.by.monotone)

    def _half(self, judge: Judge, *, level: float = LEVEL, floor: int = 0) -> Threshold:
        """Return k½ with its bracket, where a function decides whether a trial fits."""
        tallies = self._tallies(judge)
        return threshold(
            {k: (one.sure, one.trials) for k, one in tallies.items()},
            level=level,
            most_widths=self.suite.search.most_widths,
            smallest=self.regime.initializer.width_step,
            open_trials={k: one.possible - one.sure for k, one in tallies.items()},
            floor=floor,
            evidence=self._evidence(judge),
        )

    def _tallies(self, judge: Judge) -> dict[int, Tally]:
        return {k: tally(map(judge, trials)) for k, trials in self.by_width.items()}

    def _evidence(self, judge: Judge) -> Evidence | None:
        """Return the evidence of the rounds, or None if brackets follow from counts."""
        regime = self.regime
        if not self.rounds or not regime.model.has_width:
            return None
        trials = {(k, one.seed): one for k, several in self.by_width.items() for one in several}
        tallies = tuple(
            tuple((k, tally(judge(trials[k, seed]) for seed in range(first, first + more))) for k, first, more in asked)
            for asked in self.rounds
        )
        start, step = regime.starting_width(self.n, self.d), regime.initializer.width_step
        return _replayed(self.suite.search, tallies, start, step)

    def _floor(self, asked: Question) -> int:
        """Return the largest admissible width that is known to have too few effective weights for an exact fit, or 0.

        Beside the widths at which every trial is counted, these are the widths up to the widest tried at which counting
        needs no trial: labels with a density, and fewer weights than labels whatever the inputs.
        """
        if asked.kind != "exact" or not self.by_width:
            return 0
        narrower = max(self.by_width) - 1
        return max(floor_of(self.by_width), counting_floor(self.regime, self.suite.dataset, self.n, self.d, narrower))

    def _limited(self, asked: Question, below: Sequence[Outcome]) -> bool:
        """Return whether the budget made the lower end. Whether trials decreased is known of the whole budget only."""
        whole = asked.steps >= self.suite.budget.steps or any(outcome.fate is not None for outcome in below)
        return whole and asked.budget_makes(below)


@lru_cache(maxsize=128)
def _replayed(
    search: Search, tallies: tuple[tuple[tuple[int, Tally], ...], ...], start: float, step: int
) -> Evidence | None:
    """Return the evidence of rounds, computed once: the tallies of many questions are the same."""
    return search.evidence([dict(asked) for asked in tallies], start, step)
