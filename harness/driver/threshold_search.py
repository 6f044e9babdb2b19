"""The search for one threshold, replayed from its outcomes.

A search never depends on which trials are stored. In each round it asks for trials, and gets every outcome from the
store or from training. So an interrupted run takes the same decisions again and ends with the same threshold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.components import Cell, Outcome, Solver, Verdict
from harness.driver.question import counting_floor, floor_of
from harness.engine.setting import Setting
from harness.statistics.rounds import Tally, tally
from harness.statistics.search import Search
from harness.store import LedgerKey, Round

if TYPE_CHECKING:
    from harness.driver.step_tuning import StepTuning
    from harness.statistics.evidence import Evidence
    from harness.store.ledger import LedgerEntry
    from harness.suite import DiagnosticFit

Lookup = Callable[[Cell, int], Outcome | None]
"""(cell, seed) → the stored outcome, if there is one."""


@dataclass
class ThresholdSearch:
    """The search for the threshold of one regime at one size.

    Attributes:
        setting: Everything that fixes the numbers of a trial but n, d, k and its seed.
        data: The setting as plain data.
        key: Semantic key of the setting.
        solver: The solver that trains the trials.
        n: Number of samples.
        d: Input dimension.
        method: The rule that chooses the next trials.
        tolerance_index: Index of the tolerance that counts as a fit.
        outcomes: Outcomes of complete rounds by width, ordered by seed.
        waiting: Trials (width, seed) of the present round, with the outcomes that are known.
        reused: Number of trials that came from the store.
        over: Whether the search needs no more trials.
        recorded: Rounds in the store's ledger. The search takes these before it decides on others.
        rounds: Rounds asked for so far.
        plugins: Digest of the code of each third-party plugin that provides a component, by the plugin's name.
        outdated: Number of stored trials that are not used, by the plugin that was edited since.
        fates: Name and version of what decides the fates of the trials, or an empty string if nothing does. If they are
            decided, an exact fit with unlimited steps counts as a fit.
        undecided: Number of stored trials that are not used because their fate is not known.
        sizes: Number of sizes (n, d) that the suite searches for the regime.
        fit: The diagnostic that decides whether a trial fits, or None for the tolerance.
        tuning: The trials that choose the step size at each width, or None if the regime has one policy for all.
    """

    setting: Setting
    data: dict[str, Any]
    key: str
    solver: Solver
    n: int
    d: int
    method: Search
    tolerance_index: int
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    waiting: dict[tuple[int, int], Outcome | None] = field(default_factory=dict)
    reused: int = 0
    over: bool = False
    recorded: list[Round] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    plugins: Mapping[str, str] = field(default_factory=dict)
    outdated: dict[str, int] = field(default_factory=dict)
    fates: str = ""
    undecided: int = 0
    sizes: int = 1
    fit: DiagnosticFit | None = None
    tuning: StepTuning | None = None

    def anew(self, **changes: Any) -> ThresholdSearch:
        """Return the search before its first round, with other values of some attributes."""
        known: dict[str, Any] = {"outcomes": {}, "waiting": {}, "recorded": [], "rounds": [], "outdated": {}}
        return replace(self, **known, reused=0, undecided=0, over=False, **changes)

    @property
    def ledger(self) -> LedgerKey:
        """The search as the ledger of rounds names it."""
        method, regime = self.method, self.setting.regime
        settings = method.frozen(*self.scale) if regime.model.has_width else method.options()
        settings |= {"fates": self.fates} if self.fates else {}
        settings |= {"fit": self.fit.data()} if self.fit else {}
        text = json.dumps(settings, sort_keys=True)
        return LedgerKey(self.key, self.n, self.d, self.tolerance_index, method.name, method.version, text)

    @property
    def scale(self) -> tuple[float, int]:
        """Starting width and distance of admissible widths."""
        regime = self.setting.regime
        return regime.starting_width(self.n, self.d), regime.initializer.width_step

    @property
    def most(self) -> int:
        """Largest number of trials that the search may have asked for."""
        expected = self.expected()
        return self.method.most_recorded if expected is None else expected

    def unrecorded(self) -> list[LedgerEntry]:
        """Return the rounds that the ledger lacks. Each is returned once, so the caller has to write it."""
        first = len(self.recorded)
        if not (new := self.rounds[first:]):
            return []
        self.recorded += new
        key = self.ledger
        return [(key, first + i, asked) for i, asked in enumerate(new)]

    @property
    def missing(self) -> list[tuple[int, int]]:
        """The trials (width, seed) of the present round that have no outcome yet."""
        return [trial for trial, outcome in self.waiting.items() if outcome is None]

    @property
    def trainable(self) -> list[tuple[int, int]]:
        """The missing trials whose step size is known."""
        if self.tuning is None:
            return self.missing
        missing = self.missing
        chosen = {k for k in {k for k, _ in missing} if self.tuning.choice(k) is not None}
        return [(k, seed) for k, seed in missing if k in chosen]

    def training(self, k: int) -> dict[str, Any]:
        """Return the plain data of the setting that the trials of a width are trained with.

        Args:
            k: Width of which the step size is chosen, if the regime is tuned.
        """
        if self.tuning is None:
            return self.data
        chosen = self.tuning.choice(k)
        assert chosen is not None
        part = self.data["regime"]["optimizer"]
        step = {"step_size": "stable", chosen.option: chosen.value}
        regime = {key: value for key, value in self.data["regime"].items() if key != "tune"}
        return {**self.data, "regime": {**regime, "optimizer": {**part, **step}}}

    def by_seed(self, k: int) -> dict[int, Outcome]:
        """Return the known outcomes of a width by seed, those of an incomplete round included."""
        known = {outcome.seed: outcome for outcome in self.outcomes.get(k, ())}
        known.update((seed, one) for (width, seed), one in self.waiting.items() if width == k and one is not None)
        return known

    @property
    def asked(self) -> int:
        """Number of trials asked for so far."""
        return sum(map(len, self.outcomes.values())) + len(self.waiting)

    @property
    def exact(self) -> bool:
        """Whether the search needs no trials but those that it has asked for."""
        return self.over or self.expected() is not None

    def cell(self, k: int) -> Cell:
        """Return the cell of a width."""
        return Cell(self.setting.regime.name, self.n, self.d, k)

    def verdict(self, outcome: Outcome) -> Verdict:
        """Return the verdict that the search goes by."""
        if self.fit is not None:
            return self.fit.verdict(outcome)
        return outcome.limit_verdict() if self.fates else outcome.verdict(self.tolerance_index)

    @property
    def complete(self) -> tuple[Round, ...]:
        """The rounds of which every trial has an outcome."""
        return tuple(self.rounds[: len(self.rounds) - bool(self.waiting)])

    def tallies(self) -> list[dict[int, Tally]]:
        """Return the numbers of fits and trials of each complete round by width."""
        return [
            {k: tally(self.verdict(one) for one in self.outcomes[k][first : first + more]) for k, first, more in asked}
            for asked in self.complete
        ]

    @property
    def floor(self) -> int:
        """Width that k½ exceeds by the counting of effective weights, or 0.

        Some widths are counted before there is a trial. The largest width is not one of them, so that it is tried.
        """
        return max(self._counted, floor_of(self.outcomes)) if self.fates else 0

    @cached_property
    def _counted(self) -> int:
        largest, regime = self.method.largest, self.setting.regime
        if largest is None or not regime.model.has_width:
            return 0
        step = regime.initializer.width_step
        return counting_floor(regime, self.setting.dataset, self.n, self.d, largest // step * step - step)

    def evidence(self) -> Evidence | None:
        """Return the evidence of the complete rounds, or None if brackets follow from counts."""
        return self.method.evidence(self.tallies(), *self.scale) if self.setting.regime.model.has_width else None

    @property
    def ending(self) -> str:
        """Why an adaptive search is over in words, or an empty string."""
        if not self.over or not self.setting.regime.model.has_width:
            return ""
        start, step = self.scale
        return self.method.ending(self.tallies(), start=start, step=step, sizes=self.sizes, floor=self.floor)

    def counts(self) -> dict[int, tuple[int, int]]:
        """Return (fits, trials) by width, without errors."""
        found = {k: tally(map(self.verdict, known)) for k, known in self.outcomes.items()}
        return {k: (one.sure, one.trials) for k, one in found.items()}

    def known(self) -> dict[int, list[Outcome]]:
        """Return the known outcomes by width, ordered by seed.

        The outcomes of an incomplete round are included for a grid only. In an adaptive search the trials that are
        missing may depend on them.
        """
        if not self.method.decided_beforehand:
            return self.outcomes
        found = {k: list(known) for k, known in self.outcomes.items()}
        for (k, _), outcome in sorted(self.waiting.items(), key=lambda item: item[0]):
            if outcome is not None:
                found.setdefault(k, []).append(outcome)
        return found

    def advance(self, lookup: Lookup) -> list[tuple[int, int]]:
        """Continue as far as known outcomes allow.

        Args:
            lookup: Function that returns the stored outcome of a trial.

        Returns:
            The trials (width, seed) that must be trained before the search continues. The list is empty if the search
            is over.
        """
        while True:
            for (k, seed), outcome in self.waiting.items():
                if outcome is None and (stored := lookup(self.cell(k), seed)) is not None:
                    self.waiting[k, seed] = stored
                    self.reused += 1
            if missing := self.missing:
                return missing
            for (k, _), outcome in sorted(self.waiting.items(), key=lambda item: item[0]):
                assert outcome is not None
                self.outcomes.setdefault(k, []).append(outcome)
            self.waiting = {}
            asked = self._next_round()
            self.waiting = {(k, seed): None for k, first, more in asked for seed in range(first, first + more)}
            if not self.waiting:
                self.over = True
                return []
            self.rounds.append(asked)

    def _next_round(self) -> Round:
        """Return the next round, or an empty one when the search is over."""
        if len(self.rounds) < len(self.recorded):
            return self.recorded[len(self.rounds)]
        wanted = self.method.wanted(self.setting.regime, self.n, self.d, self.tallies(), self.sizes, self.floor)
        return tuple((k, len(self.outcomes.get(k, ())), more) for k, more in wanted.items())

    def accept(self, k: int, outcomes: list[Outcome]) -> bool:
        """Add outcomes of a width. Return whether the present round is complete."""
        for outcome in outcomes:
            self.waiting[k, outcome.seed] = outcome
        return all(outcome is not None for outcome in self.waiting.values())

    def expected(self) -> int | None:
        """Return the number of trials, or None if it depends on outcomes."""
        return self.method.expected(self.setting.regime, self.n, self.d)
