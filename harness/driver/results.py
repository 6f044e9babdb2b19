"""What a run found: outcomes by cell, and everything that follows from them."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.components import Cell, Outcome, Regime
from harness.plugin_host.registry import Registry
from harness.statistics.exponents import ExponentFit, fit_exponents
from harness.statistics.thresholds import Threshold, threshold
from harness.suite import Suite, shipped_suites


@dataclass(frozen=True)
class Results:
    """The outcomes of a suite, and the thresholds in them.

    Attributes:
        suite: What was asked.
        registry: The plugins it was asked of.
        outcomes: The trials of each cell, ordered by seed: those that the search asked for, whatever else is stored.
        provenance: Versions, device and date of the run.
        missing: Trials that the search still wants; 0 once it is over.
        directory: Where the results are stored.
    """

    suite: Suite
    registry: Registry
    outcomes: dict[Cell, tuple[Outcome, ...]]
    provenance: dict[str, Any] = field(default_factory=dict)
    missing: int = 0
    directory: Path | None = None

    @property
    def lacking(self) -> str:
        """How many trials are missing, in words; a search that is not over asks for more as it goes."""
        return f"{'' if self.suite.search.decided_beforehand else 'at least '}{self.missing} trials are missing"

    def regime(self, name: str) -> Regime:
        """Return the suite's regime of this name."""
        return next(regime for regime in self.suite.regimes if regime.name == name)

    def sizes(self) -> list[tuple[int, int]]:
        """Return the suite's (n, d) pairs."""
        return [(n, d) for d in self.suite.d for n in self.suite.n]

    @cached_property
    def _widths(self) -> dict[tuple[str, int, int], list[int]]:
        found: dict[tuple[str, int, int], list[int]] = {}
        for cell in sorted(self.outcomes):
            found.setdefault((cell.regime, cell.n, cell.d), []).append(cell.k)
        return found

    def widths(self, regime: str, n: int, d: int) -> list[int]:
        """Return the widths that were tried."""
        return self._widths.get((regime, n, d), [])

    def rung(self, tolerance: float | None = None) -> int:
        """Return the place of a tolerance in the ladder; that of the report by default.

        Raises:
            ValueError: If the tolerance was not recorded.
        """
        budget = self.suite.budget
        wanted, _ = budget.criterion(tolerance)
        for i, rung in enumerate(budget.tolerances):
            if abs(rung - wanted) <= 1e-9 * wanted:
                return i
        known = ", ".join(f"{t:g}" for t in budget.tolerances)
        raise ValueError(f"tolerance {wanted:g} was not recorded; the suite's ladder is {known}")

    def counts(
        self, regime: str, n: int, d: int, tolerance: float | None = None, steps: int | None = None
    ) -> dict[int, tuple[int, int]]:
        """Return (fits, trials) by width at a tolerance and a budget, errors left out."""
        rung = self.rung(tolerance)
        counts = {}
        for k in self.widths(regime, n, d):
            verdicts = [o.verdict(rung, steps) for o in self.outcomes[Cell(regime, n, d, k)]]
            judged = [v for v in verdicts if v != "error"]
            counts[k] = (judged.count("fit"), len(judged))
        return counts

    def threshold(
        self, regime: str, n: int, d: int, tolerance: float | None = None, steps: int | None = None
    ) -> Threshold:
        """Return k½ with its bracket."""
        of = self.regime(regime)
        step = of.initializer.width_step
        counts = self.counts(regime, n, d, tolerance, steps)
        if not of.model.has_width:
            return Threshold(None, None, None, "none", counts, sum(trials for _, trials in counts.values()))
        return threshold(counts, family=self.suite.search.family, smallest=step)

    def exponents(self, regime: str, tolerance: float | None = None, steps: int | None = None) -> ExponentFit:
        """Return the fitted exponents of k½ in n and d, at a tolerance and a budget."""
        verdicts = {size: self.fits(regime, *size, tolerance, steps) for size in self.sizes()}
        return fit_exponents(verdicts, seed=self.suite.seed)

    def fits(
        self, regime: str, n: int, d: int, tolerance: float | None = None, steps: int | None = None
    ) -> dict[int, list[bool | None]]:
        """Return for each width whether the trial of each seed 0, 1, 2, … fit; None where that is not known."""
        rung = self.rung(tolerance)
        return {k: self._fits(Cell(regime, n, d, k), rung, steps) for k in self.widths(regime, n, d)}

    def _fits(self, cell: Cell, rung: int, steps: int | None) -> list[bool | None]:
        judged = {outcome.seed: outcome.verdict(rung, steps) for outcome in self.outcomes[cell]}
        known = {seed: verdict == "fit" for seed, verdict in judged.items() if verdict != "error"}
        return [known.get(seed) for seed in range(max(known, default=-1) + 1)]

    def falling(self, cell: Cell, tolerance: float | None = None) -> int:
        """Count the unfit trials of a cell that were still falling when the budget ended."""
        rung = self.rung(tolerance)
        return sum(o.falling and o.verdict(rung) == "unfit" for o in self.outcomes.get(cell, ()))

    def trials(self) -> int:
        """Return how many trials there are."""
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
