"""Where problems come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from harness.components.component import Component
from harness.components.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from harness.components.vocabulary import Array


class Dataset(Component, ABC):
    """A distribution of problems."""

    kind: ClassVar[str] = "dataset"

    def targets(self) -> Targets:
        """Return the form of the labels; the default is (n,) of a kind that is known only once drawn."""
        return Targets()

    @property
    def labels_have_density(self) -> bool:
        """Whether the labels have a density on R^n given the inputs, as Gaussian ones and those with Gaussian noise.

        The default is False. Signs, classes and functions of the inputs have none.
        """
        return False

    @property
    def label_equations(self) -> int:
        """Number of equations that the labels of every problem meet, such as ‖y‖ = 1, or 0.

        With m of them :attr:`labels_have_density` says that the labels have a density on the surface of dimension
        n − m.
        """
        return 0

    def contents(self) -> str:
        """Return what of a file is used, for plans, captions and provenance. The default is an empty string."""
        return ""

    def stream(self) -> dict[str, Any]:
        """Return plain data that names the random numbers of problems, beside n, d and the seeds.

        The default is the whole spec. A dataset that draws its inputs before its labels leaves out the options of the
        labels, so that each kind of labels comes with the same inputs.
        """
        return self.spec()

    @abstractmethod
    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d) and labels in float64, using no other source of randomness than ``rng``.

        Labels are (n,), or (n, q) for the q > 1 outputs of :meth:`targets`.
        """

    def split(
        self, n: int, d: int, rng: np.random.Generator, further: Sequence[tuple[int, np.random.Generator]]
    ) -> list[tuple[Array, Array]]:
        """Draw a problem and further samples from the same distribution, which share its teacher if there is one.

        Whatever is fitted to data, such as a mean or principal components, is fitted to the rows of the problem alone.
        The problem must not depend on ``further``, and must be that of :meth:`draw` where nothing is fitted.

        Args:
            n: Samples of the problem.
            d: Input dimension.
            rng: Source of the problem's randomness.
            further: For each further set of samples its size and the source of its own randomness.

        Returns:
            Inputs and labels of the problem, then those of each further set.

        Raises:
            ValueError: If there are not enough samples. The default raises wherever ``further`` is not empty.
        """
        if further:
            raise ValueError(f"dataset {self.name!r} does not define split(), so it has no held-out samples")
        return [self.draw(n, d, rng)]
