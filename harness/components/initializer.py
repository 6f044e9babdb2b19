"""Initializers: the random weights at the start."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from harness.components.component import Component
from harness.components.vocabulary import Outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from harness.components.model import Model
    from harness.components.problem import Problem
    from harness.components.vocabulary import Weights


class Initializer(Component, ABC):
    """A distribution of initial weights.

    Attributes:
        width_step: Widths must be multiples of it (2 for mirrored pairs); the search keeps to them.
        sees_labels: Whether weights depend on the labels by more than their norm ‖y‖. Exact fits can only be ruled out
            by counting weights where they do not.
        outputs: ``any`` if weights are drawn in the shapes of ``model.shapes_for(problem.d, k, problem.q)``.
    """

    kind: ClassVar[str] = "initializer"
    width_step: ClassVar[int] = 1
    sees_labels: ClassVar[bool] = True
    outputs: ClassVar[Outputs] = "one"

    def accepts(self, model: Model) -> bool:
        """Return whether the initializer can draw weights for a model.

        The suite reader asks before anything is trained. A suite that composes the two nevertheless is refused, with
        :attr:`~harness.components.Component.needs` as the reason.
        """
        return True

    def stream(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        """Return plain data that names the random numbers of :meth:`draw`, beside n and the seeds.

        Initializers that return equal data get the same random numbers. The default has the whole spec, so that every
        option gives numbers of its own. An initializer whose options only scale what it draws leaves them out, so that
        regimes that differ in scale alone start from the same directions.

        Args:
            shapes: Shape of each weight of the model at the width.
        """
        return {"initializer": self.spec(), "shapes": {name: list(shape) for name, shape in shapes.items()}}

    @abstractmethod
    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw the weights of one network of width k, float64, in the shapes of ``model.shapes(problem.d, k)``."""
