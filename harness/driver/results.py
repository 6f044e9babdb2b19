"""The results of a run: outcomes by cell, and everything that follows from them."""

from __future__ import annotations

import math
import os
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.complaints import nearest
from harness.components import Cell, Mark, Outcome, Regime
from harness.driver.question import Asked, Question
from harness.driver.size_outcomes import SizeOutcomes
from harness.plugin_host.registry import Registry
from harness.statistics.brackets import LEVEL
from harness.statistics.exponents import ExponentFit, fit_exponents
from harness.statistics.size_bracket import SizeBracket
from harness.suite import Suite, shipped_suites

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.statistics.choice import Choice
    from harness.statistics.thresholds import Threshold
    from harness.store import Round


@dataclass(frozen=True)
class Results:
    """The outcomes of a suite, and the thresholds in them.

    Attributes:
        suite: The suite that was run.
        registry: The plugins that it was run with.
        outcomes: The trials of each cell, ordered by seed: those that the search asked for, whatever else is stored.
        provenance: Versions, device and date of the run.
        missing: Number of trials that the search still wants.
        directory: Run directory of the results, or None if they are not stored.
        trained: Number of trials that this run trained, or 0 for results that were loaded.
        reused: Number of trials that this run took from the run directory.
        unreached: Number of missing trials that this run was to train, of its shard or of the whole suite, and did not
            because its time was up.
        faults: Faults of plugins in this run that cost no trial, one line each: theories without an answer, and what
            was left running.
        rounds: Complete rounds of each search by (regime, n, d), in which its trials were asked for.
        endings: Why each adaptive search is over in words, by (regime, n, d).
        choices: Chosen step size of each cell of a tuned regime.
        joint: Number of sizes whose brackets hold together: those of the whole run, also where only some of them are
            looked at, or None for those of the suite.
    """

    suite: Suite
    registry: Registry
    outcomes: dict[Cell, tuple[Outcome, ...]]
    provenance: dict[str, Any] = field(default_factory=dict)
    missing: int = 0
    directory: Path | None = None
    trained: int = 0
    reused: int = 0
    unreached: int = 0
    faults: tuple[str, ...] = ()
    rounds: Mapping[tuple[str, int, int], Sequence[Round]] = field(default_factory=dict)
    endings: Mapping[tuple[str, int, int], str] = field(default_factory=dict)
    choices: Mapping[Cell, Choice] = field(default_factory=dict)
    joint: int | None = None

    @property
    def places(self) -> list[tuple[str, int, int]]:
        """The suite's (regime, n, d)."""
        return [(regime.name, n, d) for regime in self.suite.regimes for n, d in sorted(self.sizes())]

    @property
    def lacking(self) -> str:
        """Number of missing trials as text. A search that is not over asks for more trials later."""
        return f"{'' if self.suite.search.decided_beforehand else 'at least '}{self.missing} trials are missing"

    def regime(self, name: str) -> Regime:
        """Return the suite's regime of this name.

        Raises:
            ValueError: If it has none.
        """
        for regime in self.suite.regimes:
            if regime.name == name:
                return regime
        known = [regime.name for regime in self.suite.regimes]
        raise ValueError(f"the suite has no regime {name!r}{in_place_of(name, known)}")

    def sizes(self) -> list[tuple[int, int]]:
        """Return the suite's (n, d) pairs."""
        return self.suite.sizes

    @cached_property
    def _by_size(self) -> dict[tuple[str, int, int], dict[int, tuple[Outcome, ...]]]:
        found: dict[tuple[str, int, int], dict[int, tuple[Outcome, ...]]] = {}
        for cell in sorted(self.outcomes):
            found.setdefault((cell.regime, cell.n, cell.d), {})[cell.k] = self.outcomes[cell]
        return found

    def by_width(self, regime: str, n: int, d: int) -> dict[int, tuple[Outcome, ...]]:
        """Return the trials of each width that was tried, ordered by seed."""
        return self._by_size.get((regime, n, d), {})

    def widths(self, regime: str, n: int, d: int) -> list[int]:
        """Return the widths that were tried."""
        return list(self.by_width(regime, n, d))

    def at(self, regime: str, n: int, d: int) -> SizeOutcomes:
        """Return the outcomes of a regime at one size."""
        trials, rounds = self.by_width(regime, n, d), self.rounds.get((regime, n, d), ())
        return SizeOutcomes(self.suite, self.regime(regime), n, d, trials, rounds, self.decides_fates(regime))

    def rung(self, tolerance: float | None = None) -> int:
        """Return the index of a tolerance, or of the reported one by default.

        Raises:
            ValueError: If the tolerance was not recorded.
        """
        budget = self.suite.budget
        wanted, _ = budget.criterion(tolerance)
        for i, rung in enumerate(budget.tolerances):
            if math.isclose(rung, wanted, rel_tol=1e-9):
                return i
        known = ", ".join(f"{t:g}" for t in budget.tolerances)
        raise ValueError(f"tolerance {wanted:g} was not recorded; the suite's tolerances are {known}")

    @cached_property
    def _fated(self) -> set[str]:
        """Names of the regimes of which a trial has a fate."""
        return {cell.regime for cell, outcomes in self.outcomes.items() if any(o.fate is not None for o in outcomes)}

    def decides_fates(self, regime: str) -> bool:
        """Return whether the run knows what becomes of the trials of a regime with unlimited steps.

        It does not if the suite turns this off, if nothing decides the fates of the regime, or if the trials were
        trained before fates were recorded.
        """
        return self.suite.budget.limit and regime in self._fated

    def question(self, regime: str, tolerance: Asked = None, steps: float | None = None) -> Question:
        """Return what counts as a fit.

        Args:
            regime: Name of the regime.
            tolerance: A recorded tolerance, 0 for an exact fit, a mark of a further measure, or None for the reported
                tolerance.
            steps: A number of steps within the budget, infinity, or None for all of the budget. If both are None, the
                question is the leading one: an exact fit with unlimited steps where the run decides fates, else the
                reported tolerance within the budget. Where a diagnostic decides, it takes the place of the latter.

        Raises:
            ValueError: If the tolerance or the mark was not recorded, an exact fit is asked for within a number of
                steps, or a mark with unlimited ones.
        """
        fit, budget = self.suite.budget.fit, self.suite.budget
        if isinstance(tolerance, Mark):
            return self._of_mark(regime, tolerance, steps)
        if fit is not None and tolerance in (None, budget.report_tolerance) and steps in (None, budget.steps):
            return Question(budget.report_tolerance, budget.steps, self.rung(), fit)
        if tolerance is None and steps is None and self.decides_fates(regime):
            tolerance = 0.0
        if tolerance == 0.0:
            if steps is not None and math.isfinite(steps):
                raise ValueError(f"an exact fit takes unlimited steps, found {steps}; leave the steps out")
            return Question(0.0, math.inf, None)
        index = self.rung(tolerance)
        return Question(budget.tolerances[index], budget.steps if steps is None else steps, index)

    def _of_mark(self, regime: str, mark: Mark, steps: float | None) -> Question:
        recorded = {one: one for one in self.regime(regime).criterion.marks()}
        if mark not in recorded:
            known = ", ".join(map(str, recorded)) or "no further measures"
            raise ValueError(f"{mark} was not recorded; the criterion of regime {regime!r} records {known}")
        if steps is not None and not math.isfinite(steps):
            raise ValueError(f"{mark} is known within the budget alone, found {steps:g} steps")
        budget = self.suite.budget
        return Question(budget.report_tolerance, budget.steps if steps is None else steps, self.rung(), recorded[mark])

    def counts(
        self, regime: str, n: int, d: int, tolerance: Asked = None, steps: float | None = None
    ) -> dict[int, tuple[int, int]]:
        """Return (fits, trials) by width as :meth:`question` defines a fit, errors left out. Trials may be open."""
        tallies = self.at(regime, n, d).tallies(self.question(regime, tolerance, steps))
        return {k: (one.sure, one.trials) for k, one in tallies.items()}

    def threshold(self, regime: str, n: int, d: int, tolerance: Asked = None, steps: float | None = None) -> Threshold:
        """Return k½ with its bracket, computed once for each question.

        Args:
            regime: Name of the regime.
            n: Number of samples.
            d: Input dimension.
            tolerance: See :meth:`question`.
            steps: See :meth:`question`. Without both the threshold is the leading one.

        Raises:
            ValueError: If the tolerance was not recorded, or an exact fit is asked for within a number of steps.
        """
        key = (regime, n, d, self.question(regime, tolerance, steps))
        if key not in self._thresholds:
            self._thresholds[key] = self.at(regime, n, d).threshold(key[-1])
        return self._thresholds[key]

    @cached_property
    def _thresholds(self) -> dict[tuple[str, int, int, Question], Threshold]:
        return {}

    def exponent_fit(self, regime: str, tolerance: Asked = None, steps: float | None = None) -> ExponentFit:
        """Return the exponents of k½ in n and d, computed once for each question."""
        key = (regime, self.question(regime, tolerance, steps))
        if key not in self._exponent_fits:
            self._exponent_fits[key] = fit_exponents(self.brackets(regime, tolerance, steps))
        return self._exponent_fits[key]

    def brackets(self, regime: str, tolerance: Asked = None, steps: float | None = None) -> tuple[SizeBracket, ...]:
        """Return the brackets of k½ at all sizes of the suite, which hold together at a confidence of 95 %.

        Each bracket is taken at 5 %/m, where m is the number of sizes of the run, whether they have a bracket or not,
        and whether they are looked at or not. See :meth:`harness.driver.size_outcomes.SizeOutcomes.bracket`.
        """
        key = (regime, self.question(regime, tolerance, steps))
        if key not in self._brackets:
            level = LEVEL / (self.joint or len(self.sizes()))
            self._brackets[key] = tuple(self.at(regime, n, d).bracket(key[1], level) for n, d in self.sizes())
        return self._brackets[key]

    @cached_property
    def _brackets(self) -> dict[tuple[str, Question], tuple[SizeBracket, ...]]:
        return {}

    @cached_property
    def _exponent_fits(self) -> dict[tuple[str, Question], ExponentFit]:
        return {}

    def fits(
        self, regime: str, n: int, d: int, tolerance: Asked = None, steps: float | None = None
    ) -> dict[int, list[bool | None]]:
        """Return for each width whether the trial of each seed 0, 1, 2, … fit; None where that is not known."""
        asked = self.question(regime, tolerance, steps)
        return {k: self._fits(Cell(regime, n, d, k), asked) for k in self.widths(regime, n, d)}

    def _fits(self, cell: Cell, asked: Question) -> list[bool | None]:
        known = {outcome.seed: asked.fit(outcome) for outcome in self.outcomes[cell] if not outcome.message}
        return [known.get(seed) for seed in range(max(known, default=-1) + 1)]

    def falling(self, cell: Cell, tolerance: float | None = None) -> int:
        """Count the unfit trials of a cell that were still falling when the budget ended."""
        rung = self.rung(tolerance)
        return sum(o.falling and o.verdict(rung) == "unfit" for o in self.outcomes.get(cell, ()))

    @property
    def trial_count(self) -> int:
        """Number of trials."""
        return sum(len(outcomes) for outcomes in self.outcomes.values())

    def repeat(self, cell: Cell, outcome: Outcome) -> str:
        """Return the command that trains a trial again, alone, and shows all that goes wrong in it.

        Where the suite's text came with the results, the command names the file that it is to be kept in.
        """
        place = ["--n", str(cell.n), "--d", str(cell.d), "--k", str(cell.k), "--seed", str(outcome.seed)]
        files = [os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else file for file in self._files()]
        extra = [argument for file in files for argument in ("--plugin", file)]
        device = str(self.provenance.get("device", self.suite.budget.device))
        extra += ["--device", device] if device != self.suite.budget.device else []
        return shlex.join(["harness", "trial", self._named, "--regime", cell.regime, *place, *extra])

    @cached_property
    def _named(self) -> str:
        """Return the suite's path, or its name where a suite of that name and text is known."""
        suite = self.suite
        if suite.path is not None:
            return str(suite.path)
        known = shipped_suites().get(suite.name)
        same = known is not None and known.read_text(encoding="utf-8") == suite.text
        return suite.name if same else f"{suite.name}.toml"

    def _files(self) -> list[str]:
        return [str(file) for file in self.provenance.get("plugin_files", ())]

    def errors(self) -> list[tuple[Cell, Outcome]]:
        """Return the trials that ended in an error."""
        return [(cell, o) for cell, outcomes in self.outcomes.items() for o in outcomes if o.message]


def in_place_of(name: str, known: Sequence[str]) -> str:
    """Return what to write in place of a name that is not known."""
    close = nearest(name, known)
    return f"; did you mean {close!r}?" if close else f"; there are {', '.join(known)}"
