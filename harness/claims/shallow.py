"""Theories of shallow nets, which state their networks and their conditions as data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal

from harness.claims.conditions import activation_of, stochastic
from harness.components import Assumption, Exponents, Problem, Regime, Theory, Trained, Width

if TYPE_CHECKING:
    from harness.mathematics.activations import Activation

Condition = Assumption | Callable[..., Assumption]
"""One condition of a theorem: a check, or an assumption that no check can decide.

A check takes what it needs by name, as a hook does: ``problem``, ``regime``, ``activation``.
"""


Conditions = tuple[Condition, ...]

LINEAR = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
"""As many weights as labels: k ~ n/d."""

THEORY_STEP = {"use": "gd", "step_size": "theory"}
"""Gradient descent with the step size of the theorem, as in a suite."""


@dataclass(frozen=True)
class Nets:
    """The shallow nets that a theory is about, and how they are trained.

    Attributes:
        trains: The layers that are trained, or several choices of them.
        activation: Name of the activation, ``smooth`` for bounded φ' and φ'', or an empty string for any.
        batches: Samples in a step: all (``full``), a part (``mini``), or ``any`` number.
    """

    trains: Trained | tuple[Trained, ...]
    activation: str = ""
    batches: Literal["full", "mini", "any"] = "full"

    def include(self, regime: Regime, activation: Activation | None) -> bool:
        """Decide whether a regime trains one of these nets.

        Args:
            regime: The regime.
            activation: φ of its model, or None if the model is not one that the theory knows.
        """
        choices = self.trains if isinstance(self.trains, tuple) else (self.trains,)
        if activation is None or regime.model.describe().trains not in choices:
            return False
        if self.batches != "any" and stochastic(regime) != (self.batches == "mini"):
            return False
        return activation.smooth if self.activation == "smooth" else self.activation in ("", activation.name)


class ShallowTheory(Theory):
    """A theory of shallow nets.

    Attributes:
        nets: The networks that it is about.
        conditions: The conditions of the theorem, in the order of tables.
    """

    nets: ClassVar[Nets]
    conditions: ClassVar[Conditions] = ()

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains one of :attr:`nets`."""
        return self.nets.include(regime, self.phi(regime))

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check :attr:`conditions`."""
        return self.check(self.conditions, problem, regime)

    def check(self, conditions: Iterable[Condition], problem: Problem, regime: Regime) -> list[Assumption]:
        """Check conditions in their order.

        Args:
            conditions: The conditions.
            problem: The problem.
            regime: How the network is trained.
        """
        return [self._checked(condition, problem, regime) for condition in conditions]

    def _checked(self, condition: Condition, problem: Problem, regime: Regime) -> Assumption:
        if isinstance(condition, Assumption):
            return condition
        given = {"problem": problem, "regime": regime}
        names = _parameters(condition)
        return condition(**{name: self.activation(regime) if name == "activation" else given[name] for name in names})

    def scaling(self, n: int, d: int) -> float | None:
        """Evaluate the scaling at C = 1. Return None if there is none, or if the constant is explicit."""
        return None if self.claim.explicit else super().scaling(n, d)

    def phi(self, regime: Regime) -> Activation | None:
        """Return φ of a shallow net, or None for other models."""
        return activation_of(regime)

    def activation(self, regime: Regime) -> Activation:
        """Return φ of a shallow net.

        Raises:
            ValueError: If the model is another one.
        """
        activation = self.phi(regime)
        if activation is None:
            raise ValueError("the theorem is about shallow nets")
        return activation


class ScalingTheory(ShallowTheory):
    """A theory of which the scaling is known and no width that depends on the data.

    Attributes:
        reason: The reason that its widths give.
    """

    reason: ClassVar[str] = "law at C = 1; the data are not used"

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the scaling at C = 1."""
        scaling = self.scaling(problem.n, problem.d)
        assert scaling is not None  # the claim has exponents
        return Width(scaling, self.reason)


@cache
def _parameters(check: Callable[..., Assumption]) -> tuple[str, ...]:
    parameters = inspect.signature(check).parameters.values()
    return tuple(one.name for one in parameters if one.default is one.empty)
