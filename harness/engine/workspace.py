"""Networks still in training, their buffers, and a step of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.components import FACTORS, Params, Regime, Stack
from harness.engine import lanes
from harness.engine.lanes import Lanes
from harness.engine.losses import loss_of
from harness.engine.updates import update_of

StackOf = Callable[[Params, Tensor], Stack]
"""Makes the stack of given weights (B, …) on inputs (B, n, d)."""

CHUNK = 25
"""Check points between two looks at the measures."""


class Workspace(ABC):
    """Buffers of the networks at hand, and the ways to evaluate and move them.

    Attributes:
        live: The networks.
        q: Number of outputs.
        loss: The criterion on stacks.
        captures: Whether all steps are the same operations with the same numbers, so that they can be recorded once.
    """

    def __init__(self, regime: Regime, live: Lanes) -> None:
        """Take the networks."""
        self.live = live
        self.q = live.y.shape[1] // live.x.shape[1]
        self.loss = loss_of(regime.criterion, self.q)
        self._marks = regime.criterion.further()
        self._bounded = regime.criterion.bounded()
        noise = regime.model.activation_noise()
        self.captures = regime.optimizer.schedule == "constant" and not (noise is not None and noise.fresh)

    @abstractmethod
    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples at check point i."""

    @abstractmethod
    def advance(self, i: int) -> None:
        """Evaluate the networks on all samples at check point i, and step on the gradient."""

    def full_batches(self, i: int, points: int) -> None:
        """Do so at so many check points from i on."""
        for at in range(i, i + points):
            self.advance(at)

    @abstractmethod
    def minibatches(self, i: int, counts: Sequence[int], index: NDArray[np.int64]) -> None:
        """Evaluate the networks on all samples and step on minibatches, at one check point after another.

        Args:
            i: The first check point.
            counts: Steps after each.
            index: Samples of all steps, (steps, B, b).
        """

    def step_with(self, i: int, factors: NDArray[np.float64]) -> None:
        """Evaluate the networks without noise at check point i, and step on the gradient with noise, as at i + 1.

        Args:
            i: The check point.
            factors: Factors of the activations at this step, (B, k, n).
        """
        self.measure(i)
        own = self.live.params[FACTORS]
        own.copy_(torch.from_numpy(factors))
        self.advance(i + 1)
        own.fill_(1.0)

    def ended(self, lane: int) -> None:  # noqa: B027  # most workspaces advance all lanes at once
        """Take note that the network in a lane has ended, so that no more steps of it are needed."""

    @abstractmethod
    def measures(self, points: int) -> NDArray[np.float64]:
        """Return the criterion's measure at the first check points, (points, B)."""

    @abstractmethod
    def losses(self, points: int) -> NDArray[np.float64] | None:
        """Return the loss at the first check points, (points, B), or None if the measure is not bounded."""

    def further(self, points: int) -> dict[str, NDArray[np.float64]]:
        """Return the further measures at the first check points by name, (points, B), if there are marks of them."""
        if not self._marks:
            return {}
        wrong, margin = self._further(points)
        # Divided in float64, so that the share of one sample in ten is 0.1 whatever the precision of training.
        found = {"error": wrong / self.live.x.shape[1], "margin": margin}
        return {name: found[name] for name in self._marks}

    @abstractmethod
    def _further(self, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the numbers of wrong samples and the smallest margins at the first check points, (points, B) each."""


class OutputsWorkspace(Workspace):
    """Networks whose outputs are kept at every check point, and measured by torch.

    Attributes:
        rows: Outputs plus offset (B, n·q) at consecutive check points.
    """

    def __init__(self, regime: Regime, live: Lanes) -> None:
        """Allocate for these networks."""
        super().__init__(regime, live)
        count, n = live.y.shape
        self._ring = lanes.zeros((CHUNK + 1) * count, n, like=live.x)
        self.rows = list(self._block(CHUNK + 1))
        self._label_norms = torch.linalg.vector_norm(live.y, dim=1)

    def _block(self, points: int) -> Tensor:
        """Return the first check points of the ring, (points, B, n·q)."""
        count, n = self.live.y.shape
        stride = self._ring.stride(0)
        return self._ring.as_strided((points, count, n), (count * stride, *self._ring.stride()))

    @abstractmethod
    def minibatch_step(self, index: Tensor) -> None:
        """Step on the samples ``index`` (B, b)."""

    def minibatches(self, i: int, counts: Sequence[int], index: NDArray[np.int64]) -> None:
        """Evaluate the networks on all samples and step on minibatches, at one check point after another."""
        steps = iter(torch.from_numpy(np.ascontiguousarray(index)))
        for at, count in enumerate(counts, start=i):
            self.measure(at)
            for samples in islice(steps, count):
                self.minibatch_step(samples)

    def measures(self, points: int) -> NDArray[np.float64]:
        """Return the criterion's measure of the first rows, (points, B)."""
        values = self.loss.measures(self._block(points), self.live.y, self._label_norms)
        measured: NDArray[np.float64] = values.double().cpu().numpy()
        return measured

    def losses(self, points: int) -> NDArray[np.float64] | None:
        """Return the loss of the first rows, (points, B), or None if the measure is not bounded."""
        if not self._bounded:
            return None
        losses: NDArray[np.float64] = self.loss.losses(self._block(points), self.live.y).double().cpu().numpy()
        return losses

    def _further(self, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the numbers of wrong samples and the smallest margins of the first rows, (points, B) each."""
        found = self.loss.further(self._block(points), self.live.y)
        wrong, margin = (found[name].double().cpu().numpy() for name in ("wrong", "margin"))
        return wrong, margin

    def samples(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return inputs (B, b, d) and labels (B, b·q) of the samples ``index`` (B, b)."""
        x, y = self.live.x, self.live.y
        index = index.to(x.device)
        if self.q == 1:
            labels = torch.gather(y, 1, index)
        else:
            rows = index.unsqueeze(2).expand(-1, -1, self.q)
            labels = torch.gather(torch.unflatten(y, 1, (-1, self.q)), 1, rows).flatten(1)
        return torch.gather(x, 1, index.unsqueeze(2).expand(-1, -1, x.shape[2])), labels


@dataclass(frozen=True)
class Pass:
    """A stack on some samples, with the buffers of its outputs.

    Attributes:
        stack: The networks.
        offset: What is added to their outputs, (B, b).
        out: Outputs plus offset, (B, b).
        cotangent: What is pulled back, (B, b).
    """

    stack: Stack
    offset: Tensor
    out: Tensor
    cotangent: Tensor


class StackWorkspace(OutputsWorkspace):
    """Steps through a model's stack: forward, cotangent, vector-Jacobian product, update."""

    def __init__(self, regime: Regime, stack_of: StackOf, moved: tuple[str, ...], live: Lanes, batch: int) -> None:
        """Allocate for these networks.

        Args:
            regime: What is trained.
            stack_of: Makes the stack of the model.
            moved: Names of the weights that training moves.
            live: The networks.
            batch: Samples of a step.
        """
        super().__init__(regime, live)
        self.update = update_of(regime.optimizer, live, moved)
        self._whole = self._pass(stack_of, live.x)
        self.loss.set_offset(live.y, self._whole.offset)
        count, n, d = live.x.shape
        self._weight = self.loss.weight(n, batch)
        self._part = self._pass(stack_of, lanes.zeros(count, batch, d, like=live.x)) if batch < n else self._whole

    def _pass(self, stack_of: StackOf, x: Tensor) -> Pass:
        count, samples, _ = x.shape
        buffers = (lanes.zeros(count, samples * self.q, like=x) for _ in range(3))
        return Pass(stack_of(self.live.params, x), *buffers)

    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples into row i."""
        self._whole.stack.forward(self.rows[i], self._whole.offset)

    def advance(self, i: int) -> None:
        """Evaluate the networks on all samples into row i, and step on the gradient."""
        self._whole.stack.forward(self.rows[i], self._whole.offset)
        self.loss.cotangent(self.rows[i], self.live.y, self.live.scale, self._whole.cotangent)
        self.update.step(self._whole.stack, self._whole.cotangent, self.live)

    def minibatch_step(self, index: Tensor) -> None:
        """Step on some samples; the gradient is scaled by n/b."""
        part = self._part
        x, labels = self.samples(index)
        part.stack.load(x)
        self.loss.set_offset(labels, part.offset)
        part.stack.forward(part.out, part.offset)
        self.loss.cotangent(part.out, labels, self.live.scale, part.cotangent)
        part.cotangent.mul_(self._weight)
        self.update.step(part.stack, part.cotangent, self.live)
