"""Losses of a stack: what is pulled back through the networks, and what is measured of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import grad, vmap

from harness.components import Criterion, ResidualCriterion


class Loss(ABC):
    """A criterion on the outputs of B networks plus an offset.

    Outputs and labels are (B, n), or (B, n·q) for q > 1 outputs, those of a sample side by side.
    """

    criterion: Criterion
    q: int = 1
    """Number of outputs."""

    def _several(self, of_networks: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        """Return a function of outputs and labels (…, n, q) as one of (…, n·q)."""
        if self.q == 1:
            return of_networks
        return lambda rows, labels: of_networks(
            torch.unflatten(rows, -1, (-1, self.q)), torch.unflatten(labels, -1, (-1, self.q))
        )

    def _further(self, outputs: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the further measures of outputs (T, B, n)."""
        criterion = self.criterion
        named = {"wrong": criterion.wrong, "margin": lambda f, y: criterion.margins(f, y).amin()}
        return {name: self._several(vmap(vmap(of), in_dims=(0, None)))(outputs, labels) for name, of in named.items()}

    @abstractmethod
    def set_offset(self, labels: Tensor, out: Tensor) -> None:
        """Write what is added to the outputs into ``out``, which is zero at first."""

    @abstractmethod
    def cotangent(self, rows: Tensor, labels: Tensor, scale: Tensor, out: Tensor) -> None:
        """Write ∂loss/∂f times the scale (B, 1) into ``out``."""

    @abstractmethod
    def measures(self, rows: Tensor, labels: Tensor, label_norms: Tensor) -> Tensor:
        """Return the criterion's measure of outputs plus offset (T, B, n) as (T, B)."""

    @abstractmethod
    def losses(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of outputs plus offset (T, B, n) as (T, B)."""

    @abstractmethod
    def further(self, rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return further measures of outputs plus offset (T, B, n), each as (T, B).

        These are ``wrong``, the number of samples whose label is wrong, and ``margin``, the smallest margin.
        """

    @abstractmethod
    def weight(self, n: int, batch: int) -> float:
        """Return the factor from the gradient on a minibatch to an estimate of that on all n samples."""


class ResidualLoss(Loss):
    """A criterion of the residual norm: outputs come as f − y, and the scale includes the factor a of the loss."""

    def __init__(self, criterion: ResidualCriterion, q: int) -> None:
        self.criterion: ResidualCriterion = criterion
        self.q = q
        self._loss = self._several(vmap(vmap(criterion.loss), in_dims=(0, None)))

    def set_offset(self, labels: Tensor, out: Tensor) -> None:
        """Write −y."""
        torch.neg(labels, out=out)

    def cotangent(self, rows: Tensor, labels: Tensor, scale: Tensor, out: Tensor) -> None:
        """Write (f − y) times the scale."""
        torch.mul(rows, scale, out=out)

    def measures(self, rows: Tensor, labels: Tensor, label_norms: Tensor) -> Tensor:
        """Return the measures of the residual norms."""
        norms = torch.linalg.vector_norm(rows, dim=2)
        measured: Tensor = self.criterion.measure_norm(norms, label_norms, rows.shape[2] // self.q)
        return measured

    def losses(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Return the losses at the outputs f."""
        return self._loss(rows + labels, labels)

    def further(self, rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the further measures at the outputs f."""
        return self._further(rows + labels, labels)

    def weight(self, n: int, batch: int) -> float:
        """Return n/b: the loss is a sum."""
        return n / batch


class GeneralLoss(Loss):
    """Any other criterion, differentiated by torch."""

    def __init__(self, criterion: Criterion, q: int) -> None:
        self.criterion, self.q = criterion, q
        self._gradient = self._several(vmap(grad(criterion.loss)))
        self._measure = self._several(vmap(vmap(criterion.measure), in_dims=(0, None)))
        self._loss = self._several(vmap(vmap(criterion.loss), in_dims=(0, None)))

    def set_offset(self, labels: Tensor, out: Tensor) -> None:
        """Leave zero."""

    def cotangent(self, rows: Tensor, labels: Tensor, scale: Tensor, out: Tensor) -> None:
        """Write the gradient times the scale."""
        gradient = self._gradient(rows, labels)
        torch.mul(gradient if self.q == 1 else gradient.flatten(1), scale, out=out)

    def measures(self, rows: Tensor, labels: Tensor, label_norms: Tensor) -> Tensor:
        """Return the measures.

        Raises:
            ValueError: If the criterion returns something else than a number for one network.
        """
        values = self._measure(rows, labels)
        if values.shape != rows.shape[:2]:
            shape = tuple(values.shape[2:])
            raise ValueError(f"measure of criterion {self.criterion.name!r} returned shape {shape}, not a number")
        return values

    def losses(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Return the losses."""
        return self._loss(rows, labels)

    def further(self, rows: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the further measures."""
        return self._further(rows, labels)

    def weight(self, n: int, batch: int) -> float:
        """Return n/b for a sum over samples, and 1 for a mean."""
        return 1.0 if self.criterion.reduction == "mean" else n / batch


def loss_of(criterion: Criterion, q: int = 1) -> Loss:
    """Return the loss of a criterion on networks of q outputs."""
    return ResidualLoss(criterion, q) if isinstance(criterion, ResidualCriterion) else GeneralLoss(criterion, q)
