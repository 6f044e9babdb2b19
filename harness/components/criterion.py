"""Criteria: the loss that training minimises, and the measure that defines a fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.components.component import Component
from harness.components.mark import Mark
from harness.components.vocabulary import Fraction, TargetKind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Criterion(Component, ABC):
    """The loss that is minimised, with the measure that decides what counts as a fit.

    Outputs and labels are (n,) for one output and (n, q) for q > 1.

    Attributes:
        targets: The kinds of labels that the loss is defined on. A suite whose dataset draws others is refused.
        reduction: Whether the loss adds up or averages over the samples. The engine multiplies the
            gradient of a sum over a minibatch of b samples by n/b, and leaves that of a mean alone.
        at_errors: Shares of wrong labels whose first steps are recorded beside those of the tolerances, decreasing.
            0 is the first step at which all labels are right.
        at_margins: Smallest margins over the samples whose first steps are recorded likewise, increasing. A run goes on
            until all tolerances and all of these are met, or the budget ends.
    """

    kind: ClassVar[str] = "criterion"
    targets: ClassVar[tuple[TargetKind, ...]] = ("numbers", "signs")
    reduction: ClassVar[Literal["sum", "mean"]] = "sum"
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(("at_errors", "at_margins"), "0.2")
    at_errors: tuple[Fraction, ...] = field(default=(), kw_only=True)
    at_margins: tuple[float, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        """Refuse marks that are out of order, or that the labels have no meaning for.

        Raises:
            ValueError: If there are such marks.
        """
        for option, further in (("at_errors", [-mark for mark in self.at_errors]), ("at_margins", self.at_margins)):
            if any(not below < above for below, above in pairwise(further)):
                order = "decreasing" if option == "at_errors" else "increasing"
                raise ValueError(f"{option} must be {order}, found {list(getattr(self, option))}")
        if self.further() and not {"signs", "one-hot"} & set(self.targets):
            raise ValueError("at_errors and at_margins need labels that are signs or classes")

    def further(self) -> dict[str, tuple[float, ...]]:
        """Return the marks of further measures by their names, ``error`` and ``margin``."""
        marks = {"error": self.at_errors, "margin": self.at_margins}
        return {name: values for name, values in marks.items() if values}

    def marks(self) -> tuple[Mark, ...]:
        """Return the marks of further measures one by one, as what counts as a fit."""
        errors = (Mark("error", value, index) for index, value in enumerate(self.at_errors))
        return (*errors, *(Mark("margin", value, index) for index, value in enumerate(self.at_margins)))

    @abstractmethod
    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the scalar loss of one network from outputs and labels, both (n,) or (n, q)."""

    @abstractmethod
    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the number that is compared with the tolerances, zero on a fit, from outputs and labels."""

    def bounded(self) -> bool:
        """Return whether the measure has an upper bound, such as the share of wrong labels.

        A bounded measure says neither that training diverged nor that it is still falling, so the engine reads both
        off the loss.
        """
        return False

    def curvature(self, n: int) -> float | None:
        """Return an upper bound of the eigenvalues of ∂²loss/∂f², or None where none is known.

        The stable step size needs it.
        """
        return None

    def derivative(self) -> Literal["logistic", "softmax"] | None:
        """Return the form of ∂loss/∂f if a compiled solver knows it, or None, which lets torch differentiate.

        ``logistic`` is −y/(1 + exp(y f)) for labels ±1, and ``softmax`` is softmax(f) − y for one-hot rows. The loss is
        then a sum over samples.
        """
        return None

    def per_sample(self) -> Literal["loss", "error"] | None:
        """Return what the measure is the mean of over the samples, or None if it is something else.

        ``loss`` is the mean loss of a sample, and ``error`` the share of wrong samples. A compiled solver that knows
        the derivative of the loss takes the measure by itself then.
        """
        return None

    def wrong(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the number of samples that are classified wrongly, as a scalar of the dtype of the outputs.

        A sample is right where f and the sign y agree, or where the output of its class is larger than all others.
        Ties are wrong, and so are outputs that are no numbers. It has no meaning for labels that are neither signs nor
        one-hot.

        Args:
            outputs: (n,) or (n, q).
            y: Signs (n,), or one-hot rows (n, q).

        >>> from harness.builtin.criteria import Quadratic
        >>> import torch
        >>> float(Quadratic().wrong(torch.tensor([0.5, 0.5, 0.0, float("nan")]), torch.tensor([1.0, -1.0, 1.0, 1.0])))
        3.0
        """
        return (~(self.margins(outputs, y) > 0)).to(outputs.dtype).sum()

    def margins(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return the margins (n,): y f for signs, the output of the class less the largest other one for one-hot rows.

        Args:
            outputs: (n,) or (n, q).
            y: Signs (n,), or one-hot rows (n, q).
        """
        if y.dim() == 1:
            return outputs * y
        others = outputs.masked_fill(y > 0.5, -float("inf"))
        return (outputs * y).sum(-1) - others.amax(-1)


class ResidualCriterion(Criterion, ABC):
    """A criterion that depends on the residual norm alone: loss a/2 ‖f − y‖², measure increasing in ‖f − y‖.

    With q outputs the norm is that of all n·q entries.
    """

    targets: ClassVar[tuple[TargetKind, ...]] = ("numbers", "signs", "values", "one-hot")

    @abstractmethod
    def curvature(self, n: int) -> float:
        """Return a in loss = a/2 ‖f − y‖²."""

    @abstractmethod
    def measure_norm(self, norm: Any, y_norm: Any, n: int) -> Any:
        """Return the measure from ‖f − y‖ and ‖y‖ (arrays or tensors of equal shape)."""

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return a/2 ‖f − y‖²."""
        residual = outputs - y
        return (0.5 * self.curvature(y.shape[0])) * (residual * residual).sum()

    def measure(self, outputs: Tensor, y: Tensor) -> Tensor:
        """Return ``measure_norm`` of the residual norm."""
        import torch

        norm = torch.linalg.vector_norm(outputs - y)
        measured: Tensor = self.measure_norm(norm, torch.linalg.vector_norm(y), y.shape[0])
        return measured
