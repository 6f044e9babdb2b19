"""A theory about the width that is needed, and its answers about one problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from harness.components.claim import Claim, stated_by
from harness.components.component import Component
from harness.components.vocabulary import TargetKind, Weights

if TYPE_CHECKING:
    import numpy as np

    from harness.components.construction import Construction
    from harness.components.problem import Problem
    from harness.components.regime import Regime


@dataclass(frozen=True)
class Assumption:
    """One condition of a theorem, checked on the actual problem and regime.

    Attributes:
        text: The condition, short enough for a table note.
        holds: Whether it holds, or None if it cannot be checked.
        found: What was found instead, or the measured value.
    """

    text: str
    holds: bool | None
    found: str = ""


@dataclass(frozen=True)
class Width:
    """A width evaluated on data: a number, or ∞/NaN with the reason.

    Attributes:
        value: The width, ``inf`` if no width suffices, or ``nan`` if the expression does not apply.
        reason: Why it is not finite, or what it depended on.
        noted: Whether tables print the reason of a finite value too, since another draw would give another value.
    """

    value: float
    reason: str = ""
    noted: bool = False


class Theory(Component, ABC):
    """A published (or derived) claim about the width that is needed.

    A theory that also defines ``certifies``, ``certifies_in_balls``, ``construct`` or ``step_size`` is a
    :class:`Certificate`, :class:`Rigorous`, :class:`Constructive` or :class:`StepPolicy`.

    Attributes:
        claim: The statement. A class may also state it attribute by attribute, as ``title``, ``guarantee`` and so on.
        outputs: Number of outputs of the networks that the theorem is about.
        targets: Kinds of labels that the theorem is about.
        measured: Whether the theorem tests trained weights, so that a run measures its width from the fates of its
            trials: half of the nets are proved to fit.
    """

    kind: ClassVar[str] = "theory"
    claim: ClassVar[Claim]
    outputs: ClassVar[Literal["one", "any"]] = "one"
    targets: ClassVar[tuple[TargetKind, ...]] = ("numbers", "signs")
    measured: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Gather the claim of a class that states it attribute by attribute."""
        super().__init_subclass__(**options)
        if "claim" not in vars(cls) and (stated := stated_by(cls)) is not None:
            cls.claim = stated

    @abstractmethod
    def concerns(self, regime: Regime) -> bool:
        """Decide whether the theory is about networks trained as in this regime; tables then show it beside it."""

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check the theorem's conditions on the actual problem and regime."""
        return ()

    @abstractmethod
    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the data-dependent width on the actual inputs, with unknown constants set to 1."""

    def scaling(self, n: int, d: int) -> float | None:
        """Evaluate the scaling C n^a d^b, or its floor, at C = 1. Return None if the claim has no such form."""
        return None if self.claim.exponents is None else self.claim.exponents.width(n, d)


@runtime_checkable
class Certificate(Protocol):
    """A theory that tests one network at its initial weights."""

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Test the theorem's condition on this network.

        Args:
            problem: The problem.
            regime: How the network is trained.
            weights: Its initial weights, float64.

        Returns:
            Whether the condition holds, or None if the theorem is not about this regime.
        """


@runtime_checkable
class Rigorous(Protocol):
    """A certificate whose test can be repeated in ball arithmetic."""

    def certifies_in_balls(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Repeat the test of :meth:`Certificate.certifies` in ball arithmetic.

        Args:
            problem: The problem.
            regime: How the network is trained.
            weights: Its initial weights, float64.

        Returns:
            Whether it holds, or None if φ is not known in balls, or the network is too large.
        """


@runtime_checkable
class Constructive(Protocol):
    """A theory of existence whose network can be built or found."""

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction | None:
        """Return a network of the claimed width that fits the problem.

        Raises:
            ValueError: If there is none for this problem. The message says why.
        """


@runtime_checkable
class StepPolicy(Protocol):
    """A theory that gives the step size of its theorem, which optimizers take with ``step_size = "theory"``."""

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return the step size for the loss ½‖f − y‖², or None if the theorem gives none for this problem."""
