"""Theories of fully connected nets of several hidden layers, which state their condition on the layers' widths."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.claims.certified import first_width
from harness.claims.conditions import stochastic
from harness.claims.shallow import ShallowTheory
from harness.components import Assumption, Problem, Regime, Width

if TYPE_CHECKING:
    from harness.mathematics.activations import Activation

LARGEST = 2**512
"""Largest width that is looked at: above n²⁴L¹² for all problems of a suite."""


def home(activation: str) -> dict[str, Any]:
    """Return two hidden layers of width k trained from LeCun's initialization, as in a suite.

    Args:
        activation: Name of φ.
    """
    return {
        "name": f"deep {activation}",
        "model": {"use": "deep", "activation": activation, "hidden": 2},
        "initializer": {"use": "fan-in"},
        "optimizer": {"use": "gd", "c": 0.1},
        "criterion": {"use": "quadratic"},
    }


def least_width(holds: Callable[[int], bool]) -> int | None:
    """Return the least width at which a condition holds, or None if it holds at none up to :data:`LARGEST`.

    Args:
        holds: A condition that holds from some width on.
    """
    return first_width(holds, step=1, most=LARGEST)


def widths_at(regime: Regime, k: int) -> list[int]:
    """Return the widths of the hidden layers of a deep net of width k, or an empty list for other models.

    Args:
        regime: The regime.
        k: The width that is tried.
    """
    return [k if width is None else width for width in regime.model.describe().layers]


class DeepTheory(ShallowTheory):
    """A theory of nets of at least two hidden layers, all of them trained.

    Its width is the least k at which the layers are as wide as :meth:`wide` asks for. Layers of a fixed width stay as
    they are, so that a theorem about all layers may ask for no k at all.

    Attributes:
        activation_name: Name of φ, or ``smooth`` for bounded φ' and φ''.
        batches: Samples in a step: all (``full``), or ``any`` number.
        reason: The reason that its widths give.
    """

    activation_name: ClassVar[str]
    batches: ClassVar[Literal["full", "any"]] = "full"
    reason: ClassVar[str] = "at C = 1; the data are not used"

    @abstractmethod
    def wide(self, widths: Sequence[int], n: int) -> bool:
        """Decide whether hidden layers are as wide as the theorem asks for, unknown constants set to 1.

        Args:
            widths: Widths from the first hidden layer to the last. More neurons never make a wide net narrow.
            n: Number of samples.
        """

    def phi(self, regime: Regime) -> Activation | None:
        """Return φ of a net of several hidden layers, or None for other models."""
        traits = regime.model.describe()
        return traits.phi if len(traits.layers) > 1 else None

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains a net of several hidden layers with the activation of the theorem."""
        activation = self.phi(regime)
        if activation is None or (self.batches == "full" and stochastic(regime)):
            return False
        return activation.smooth if self.activation_name == "smooth" else self.activation_name == activation.name

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return the least width k at which the layers are wide enough."""
        k = least_width(lambda k: self.wide(widths_at(regime, k), problem.n))
        if k is None:
            return Width(math.inf, "the layers of fixed width are too narrow")
        return Width(float(k), self.reason)

    def at_its_width(self, problem: Problem, regime: Regime) -> list[int]:
        """Return the widths of the hidden layers at the width of the theorem, or at n if it has none."""
        k = self.width(problem, regime).value
        return widths_at(regime, problem.n if math.isinf(k) else int(k))

    def narrowing(self, problem: Problem, regime: Regime, *, loosely: bool = False) -> Assumption:
        """Check that no layer is wider than the one before it, at the width of the theorem.

        Args:
            problem: The problem.
            regime: How the network is trained.
            loosely: Whether a layer may be wider by a factor that is not known. A wider one then leaves it open.
        """
        found = self.at_its_width(problem, regime)
        holds = all(after <= before for before, after in pairwise(found))
        text = "no layer much wider than the one before" if loosely else "no layer wider than the one before"
        return Assumption(text, True if holds else None if loosely else False, "-".join(map(str, found)))
