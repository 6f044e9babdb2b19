"""Records of what a suite contains."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.components import Dataset, Regime
    from harness.plugin_host.registry import Registry
    from harness.statistics.search import Search


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
    """

    steps: int
    tolerances: tuple[float, ...]
    report_tolerance: float
    dtype: Literal["float32", "float64"] = "float32"
    device: str = "auto"
    spectrum: bool = True
    trial_seconds: float = 3600.0
    limit: bool = True

    def criterion(self, tolerance: float | None = None, steps: int | None = None) -> tuple[float, int]:
        """Return the tolerance and the number of steps that decide whether a trial fits.

        Args:
            tolerance: Tolerance, or None for the suite's own.
            steps: Number of steps, or None for the suite's own.

        Returns:
            Tolerance and steps.
        """
        return self.report_tolerance if tolerance is None else tolerance, self.steps if steps is None else steps


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
        held_out: Number of held-out samples of a problem.
        validation: Number of validation samples of a problem.
        n: Numbers of samples.
        d: Input dimensions.
        budget: Steps and tolerances.
        search: Search that chooses the widths.
        regimes: Regimes that are trained, with unique names.
        plugin_files: Absolute paths of files with further components.
        path: File of the suite, or None for a text.
        text: Text of the suite.
        registry: Plugins that the suite was read with.
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
