"""Diagnostics: numbers that are recorded while networks train."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from harness.components.component import Component
from harness.components.criterion import Criterion
from harness.components.model import Model
from harness.components.optimizer import Optimizer
from harness.components.problem import Problem
from harness.components.vocabulary import Params


@dataclass(frozen=True)
class Network:
    """One network at some moment of its training, as diagnostics see it: float64, on the CPU.

    Attributes:
        model: What it is.
        optimizer: How it is trained.
        criterion: On what.
        problem: To fit what.
        params: Its weights now.
        start: Its weights before training.
        step_size: η.
        step: Steps taken.
    """

    model: Model
    optimizer: Optimizer
    criterion: Criterion
    problem: Problem
    params: Params
    start: Params
    step_size: float
    step: int

    def loss_gradient(self, params: Params) -> tuple[float, Params]:
        """Return the loss as it is trained, and its gradient in the trained weights, at given weights.

        By plain reverse differentiation, as the first transform of ``torch.func`` in a process loads torch's compiler,
        which takes over a second.

        Args:
            params: All weights by name.
        """
        import torch

        x, y = torch.from_numpy(self.problem.x), torch.from_numpy(self.problem.y)
        moved = {name: params[name].detach().requires_grad_() for name in self.model.moved(params)}
        with torch.enable_grad():
            outputs = self.model.forward({**params, **moved}, x)
            loss = self.model.loss_weight() * self.criterion.loss(outputs, y)
        gradients = torch.autograd.grad(loss, list(moved.values()), materialize_grads=True)
        return float(loss.detach()), dict(zip(moved, gradients, strict=True))


class Diagnostic(Component, ABC):
    """A number that is measured on networks while they train, beside what is always recorded.

    Attributes:
        summary: What is kept of a trial: the value at its start (``first``), at its end (``last``), or the smallest
            or largest of those at steps 0, 1, 2, 5, 10, 20, 50, … and the end (``min``, ``max``). Trials that are
            solved exactly have a start only.
        monotone: Whether the chance to exceed any level never falls with the width, so that thresholds of it have
            brackets.
        samples: Key of ``[problems]`` that gives the number of the samples that it looks at, ``held_out`` or
            ``validation``, or an empty string if it needs none. Suites that draw none of them are refused.
    """

    kind: ClassVar[str] = "diagnostic"
    summary: ClassVar[Literal["first", "last", "min", "max"]]
    monotone: ClassVar[bool] = False
    samples: ClassVar[Literal["", "held_out", "validation"]] = ""

    @abstractmethod
    def measure(self, network: Network) -> float:
        """Return the number; NaN where it makes no sense."""
