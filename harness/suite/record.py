"""What a suite says, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.components import Dataset, Regime
    from harness.statistics.search import Search


@dataclass(frozen=True)
class Budget:
    """How long networks are trained and how closely they must fit.

    Attributes:
        steps: Most steps of a trial.
        tolerances: The step at which each is first met is recorded; decreasing.
        report_tolerance: The one of them that counts as a fit.
        dtype: Number format of training.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        spectrum: Whether the eigenvalues of J₀J₀ᵀ are computed.
        trial_seconds: Most time that a trial may take before it counts as hanging; fixes no number.
    """

    steps: int
    tolerances: tuple[float, ...]
    report_tolerance: float
    dtype: Literal["float32", "float64"] = "float32"
    device: str = "auto"
    spectrum: bool = True
    trial_seconds: float = 3600.0

    def criterion(self, tolerance: float | None = None, steps: int | None = None) -> tuple[float, int]:
        """Return the tolerance and the steps by which trials are judged: the suite's own, unless told."""
        return self.report_tolerance if tolerance is None else tolerance, self.steps if steps is None else steps


@dataclass(frozen=True)
class Suite:
    """One bench of problems, widths, budget and regimes.

    Attributes:
        name: Folder of its results.
        title: One line for the head of tables.
        description: What it shows.
        seed: All random numbers follow from it.
        dataset: Where problems are drawn from.
        resample: Whether each trial draws its own problem.
        n: Numbers of samples.
        d: Input dimensions.
        budget: Steps and tolerances.
        search: Which widths are tried.
        regimes: What is trained, under unique names.
        plugin_files: Files with further components, absolute.
        path: The file; None for a text.
        text: Its text.
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
    path: Path | None = None
    text: str = ""
