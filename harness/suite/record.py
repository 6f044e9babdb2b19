"""Records of what a suite contains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from harness.components.expression import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.components import Dataset, Outcome, Regime, Verdict
    from harness.plugin_host.registry import Registry
    from harness.statistics.search import Search
    from harness.suite.claim import ClaimSection


@dataclass(frozen=True)
class DiagnosticFit:
    """A diagnostic that decides in place of the reported tolerance whether a trial fits.

    Attributes:
        diagnostic: Name of the diagnostic.
        at_least: Smallest value of a fit, or None.
        at_most: Largest value of a fit, or None. Exactly one of the two is given.
        monotone: Whether the chance of a fit is declared not to fall with the width.
    """

    diagnostic: str
    at_least: float | None = None
    at_most: float | None = None
    monotone: bool = False

    def data(self) -> dict[str, Any]:
        """Return the table as a suite has it."""
        bound = {"at_most": self.at_most} if self.at_least is None else {"at_least": self.at_least}
        return {"diagnostic": self.diagnostic, **bound}

    def verdict(self, outcome: Outcome) -> Verdict:
        """Return the verdict on a trial. Trials without a value do not fit.

        >>> from harness.components import Outcome
        >>> trial = Outcome(0, (None,), 10, 1.0, diagnostics={"held-out-accuracy": 0.9})
        >>> [DiagnosticFit("held-out-accuracy", at_least=level).verdict(trial) for level in (0.9, 0.95)]
        ['fit', 'unfit']
        """
        if outcome.message:
            return "error"
        value = outcome.diagnostics.get(self.diagnostic, math.nan)
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        if low <= value <= high:
            return "fit"
        return "diverged" if outcome.diverged else "unfit"

    def __str__(self) -> str:
        """Return the condition in words."""
        sign, bound = ("≤", self.at_most) if self.at_least is None else ("≥", self.at_least)
        return f"{self.diagnostic} {sign} {bound:g}"


@dataclass(frozen=True)
class Budget:
    """The largest number of steps, and how closely networks must fit.

    Attributes:
        steps: Largest number of steps of a trial.
        tolerances: Decreasing losses. The step at which a trial first meets each is recorded.
        report_tolerance: The tolerance that counts as a fit.
        dtype: Number format of training.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        spectrum: Whether the eigenvalues of J₀J₀ᵀ are computed.
        trial_seconds: Longest time of a trial in seconds before it counts as hanging. It changes no result.
        limit: Whether fates with unlimited steps are decided, where a solver or a continuation can.
        fit: The diagnostic that counts as a fit in place of the report tolerance, or None.
    """

    steps: int
    tolerances: tuple[float, ...]
    report_tolerance: float
    dtype: Literal["float32", "float64"] = "float32"
    device: str = "auto"
    spectrum: bool = True
    trial_seconds: float = 3600.0
    limit: bool = True
    fit: DiagnosticFit | None = None

    def criterion(self, tolerance: float | None = None, steps: int | None = None) -> tuple[float, int]:
        """Return the tolerance and the number of steps that decide whether a trial fits.

        Args:
            tolerance: Tolerance, or None for the suite's own.
            steps: Number of steps, or None for the suite's own.

        Returns:
            Tolerance and steps.
        """
        return self.report_tolerance if tolerance is None else tolerance, self.steps if steps is None else steps


def samples(given: Iterable[int | str], d: int) -> tuple[int, ...]:
    """Return the numbers of samples at an input dimension, each once.

    Args:
        given: Numbers, and formulas of d. Values that are no whole numbers are rounded up.
        d: Input dimension.

    Raises:
        ValueError: If a formula has no value.

    >>> samples([40, "2*d", "d^1.5"], 20)
    (40, 90)
    """
    found = (n if isinstance(n, int) else math.ceil(round(value_of(n, d=d), 9)) for n in given)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Suite:
    """One bench of problems, widths, budget and regimes.

    Attributes:
        name: Name of the folder of its results.
        title: One line for the head of tables.
        description: Text that says what the suite shows.
        seed: Seed of all random numbers.
        dataset: Dataset that problems are drawn from.
        resample: Whether each trial draws its own problem.
        each_cell: Whether the trials of each cell share a problem of their own, where trials draw none.
        held_out: Number of held-out samples of a problem.
        validation: Number of validation samples of a problem.
        n: Numbers of samples, those of formulas among them.
        d: Input dimensions.
        budget: Steps and tolerances.
        search: Search that chooses the widths.
        regimes: Regimes that are trained, with unique names.
        plugin_files: Absolute paths of files with further components.
        path: File of the suite, or None for a text.
        text: Text of the suite.
        registry: Plugins that the suite was read with.
        n_given: Numbers of samples as they were given, formulas of d among them, or an empty tuple without formulas.
        claims: Claims of papers that the results are compared with.
    """

    name: str
    title: str
    description: str
    seed: int
    dataset: Dataset
    resample: bool
    n: tuple[int, ...]
    d: tuple[int, ...]
    budget: Budget
    search: Search
    regimes: tuple[Regime, ...]
    plugin_files: tuple[Path, ...] = ()
    held_out: int = 0
    validation: int = 0
    path: Path | None = None
    text: str = ""
    registry: Registry | None = field(default=None, repr=False, compare=False)
    n_given: tuple[int | str, ...] = ()
    claims: tuple[ClaimSection, ...] = ()
    each_cell: bool = False

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Every (n, d). The formulas of n have one n for each d."""
        return [(n, d) for d in self.d for n in samples(self.n_given or self.n, d)]

    @property
    def further(self) -> dict[str, int]:
        """Numbers of samples that no network is trained on."""
        return {"held_out": self.held_out, "validation": self.validation}

    def with_limit(self, limit: bool | None) -> Suite:
        """Return the suite with fates decided or not; None leaves it as it is."""
        return self if limit is None else replace(self, budget=replace(self.budget, limit=limit))

    @property
    def problems(self) -> Literal["shared", "by-width"]:
        """Whether the trials of one seed have the same problem at all widths, or one of their own at each."""
        if self.each_cell:
            return "by-width"
        return self.search.problems if self.resample else "shared"

    @property
    def repeated(self) -> list[list[str]]:
        """Names of regimes that differ in nothing but name and summary, one list for each group of such regimes."""
        groups: dict[str, list[Regime]] = {}
        for regime in self.regimes:
            groups.setdefault(repr(replace(regime, name="", summary="")), []).append(regime)
        return [[regime.name for regime in group] for group in groups.values() if len(group) > 1]

    @property
    def q(self) -> int:
        """Number of outputs of the networks."""
        return self.dataset.targets().outputs
