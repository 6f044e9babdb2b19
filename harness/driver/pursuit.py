"""The search for one threshold, replayed from its outcomes.

A pursuit never looks at what happens to be stored. It asks, round after round, for the trials that its search
wants, and is given each from the store or from training. So a run that was interrupted anywhere takes the same
decisions again, and ends with the same threshold, as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.components import Cell, Outcome, Regime
from harness.engine.setting import Setting
from harness.engine.solvers import Solver
from harness.statistics.search import Adaptive, Grid

WIDTHLESS_TRIALS = 20
"""Trials of a model without width, whose share of fits is all there is to measure."""

USUAL_TRIALS = 60
"""Trials that an adaptive search usually takes."""

Lookup = Callable[[Cell, int], Outcome | None]
"""(cell, seed) → the stored outcome, if there is one."""


def starting_width(regime: Regime, n: int, d: int) -> float:
    """Return where to begin looking: as many weights as labels (in the trained layers)."""
    return n if regime.model.describe().trains == "output" else n / d


def expected_trials(search: Grid | Adaptive, regime: Regime, n: int, d: int) -> int | None:
    """Return the trials that a grid asks for; None for a search, which cannot know."""
    if not regime.model.has_width:
        return min(search.trials, WIDTHLESS_TRIALS)
    if isinstance(search, Grid):
        start = starting_width(regime, n, d)
        return sum(search.next({}, start=start, step=regime.initializer.width_step).values())
    return None


@dataclass
class Pursuit:
    """One threshold in the making.

    Attributes:
        setting: What is trained.
        data: The setting as plain data.
        key: Its semantic key.
        solver: What trains it.
        n: Samples.
        d: Input dimension.
        search: Which trials next.
        rung: Index of the tolerance that the search goes by.
        outcomes: What is known, by width, ordered by seed.
        waiting: Trials asked for and not yet known.
        reused: Trials that came from the store.
    """

    setting: Setting
    data: dict[str, Any]
    key: str
    solver: Solver
    n: int
    d: int
    search: Grid | Adaptive
    rung: int
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    waiting: dict[tuple[int, int], Outcome | None] = field(default_factory=dict)
    reused: int = 0

    def cell(self, k: int) -> Cell:
        """Return the cell of a width."""
        return Cell(self.setting.regime.name, self.n, self.d, k)

    def counts(self) -> dict[int, tuple[int, int]]:
        """Return (fits, trials) by width as the search sees them: an error is a trial that did not fit.

        The search must not ask for ever more trials where all fail; thresholds leave errors out.
        """
        return {
            k: (sum(o.verdict(self.rung) == "fit" for o in known), len(known)) for k, known in self.outcomes.items()
        }

    def known(self) -> dict[int, list[Outcome]]:
        """Return the outcomes there are, by width, ordered by seed.

        For a grid those of a round that is not over count too; a search's do not, since which trials are missing
        might depend on how they go.
        """
        if not isinstance(self.search, Grid):
            return self.outcomes
        found = {k: list(known) for k, known in self.outcomes.items()}
        for (k, _), outcome in sorted(self.waiting.items(), key=lambda item: item[0]):
            if outcome is not None:
                found.setdefault(k, []).append(outcome)
        return found

    def advance(self, lookup: Lookup) -> list[tuple[int, int]]:
        """Go on as far as known outcomes allow; return the trials (width, seed) that must be trained for more.

        An empty list means that the search is over.
        """
        while True:
            for (k, seed), outcome in self.waiting.items():
                if outcome is None and (stored := lookup(self.cell(k), seed)) is not None:
                    self.waiting[k, seed] = stored
                    self.reused += 1
            missing = [trial for trial, outcome in self.waiting.items() if outcome is None]
            if missing:
                return missing
            for (k, _), outcome in sorted(self.waiting.items(), key=lambda item: item[0]):
                assert outcome is not None
                self.outcomes.setdefault(k, []).append(outcome)
            wanted = self._wanted()
            self.waiting = {}
            for k, more in wanted.items():
                known = len(self.outcomes.get(k, ()))
                self.waiting |= {(k, seed): None for seed in range(known, known + more)}
            if not self.waiting:
                return []

    def _wanted(self) -> dict[int, int]:
        """Return how many further trials the search wants at which widths."""
        regime = self.setting.regime
        if not regime.model.has_width:
            more = min(self.search.trials, WIDTHLESS_TRIALS) - len(self.outcomes.get(0, ()))
            return {0: more} if more > 0 else {}
        start = starting_width(regime, self.n, self.d)
        return self.search.next(self.counts(), start=start, step=regime.initializer.width_step)

    def accept(self, k: int, outcomes: list[Outcome]) -> bool:
        """Take trained outcomes of a width; return whether that was all that was waited for."""
        for outcome in outcomes:
            self.waiting[k, outcome.seed] = outcome
        return all(outcome is not None for outcome in self.waiting.values())

    def expected(self) -> int | None:
        """Return the trials that a grid asks for; None for a search, which cannot know."""
        return expected_trials(self.search, self.setting.regime, self.n, self.d)
