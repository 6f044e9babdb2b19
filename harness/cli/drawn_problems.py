"""The problems that options of a verb describe, drawn on the spot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.cli.loading import warn_of_broken
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.components import Dataset, Problem
    from harness.plugin_host.registry import Registry


@dataclass(frozen=True)
class DrawnProblems:
    """The problems of one dataset at any n and d.

    Attributes:
        registry: Plugins of the call.
        dataset: The dataset.
        seed: Seed of the problems.
    """

    registry: Registry
    dataset: Dataset
    seed: int

    def at(self, n: int, d: int) -> Problem:
        """Return the problem of n samples in dimension d.

        Raises:
            WrongInput: If the dataset has none.
        """
        from harness.complaints import ProblemError
        from harness.session.predicting import problem_of

        try:
            return problem_of(self.registry, self.dataset, n, d, self.seed)
        except ProblemError as error:
            raise WrongInput(str(error)) from error

    def __str__(self) -> str:
        """Return dataset and seed in words."""
        from harness.report.setting import component

        return f"{component(self.dataset)}, seed {self.seed}"


def drawn_problems(dataset: str, labels: str | None, seed: int, plugin_files: tuple[str, ...]) -> DrawnProblems:
    """Load plugins, and return the problems of the dataset that ``--dataset`` and ``--labels`` name.

    Args:
        dataset: Name of a dataset, or a file.
        labels: Labels, or None for those that the dataset has by itself.
        seed: Seed of the problems.
        plugin_files: Files with further components.

    Raises:
        WrongInput: If there is no such dataset, or it has no such labels.
    """
    from harness.complaints import SpecError
    from harness.plugin_host.loading import load_plugins
    from harness.session.predicting import dataset_named

    registry = load_plugins(plugin_files)
    warn_of_broken(registry)
    try:
        return DrawnProblems(registry, dataset_named(registry, dataset, labels), seed)
    except SpecError as error:
        said = "; ".join(str(replace(c, path=()) if c.path == ("use",) else c) for c in error.complaints)
        raise WrongInput(f"--dataset {dataset}: {said}") from error
