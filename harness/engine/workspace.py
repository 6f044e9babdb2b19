"""The networks still in training, their buffers, and a step of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad, vmap

from harness.components import Params, Stack
from harness.engine import lanes
from harness.engine.feature_major import sample_last
from harness.engine.method import Method

if TYPE_CHECKING:
    from harness.engine.minibatches import Minibatches

CHUNK = 25
"""Check points between two looks at the measures."""


@dataclass
class Lanes:
    """The networks that are still in training, one a lane, in the aligned layout.

    Attributes:
        runs: Which run each lane holds; the ladder's filler where a lane only fills up the stack.
        x: Inputs (B, n, d).
        y: Labels (B, n).
        scale: (B, 1), what ∂loss/∂f is multiplied by before it is pulled back: −η, or 1 for optimizers with an update
            of their own; times a for residual criteria, whose f − y it then multiplies.
        step_size: η, (B,).
        params: Weights.
        velocity: What the heavy ball remembers, for the weights that move; empty without momentum.
        state: The state of any other optimizer.
    """

    runs: NDArray[np.int64]
    x: Tensor
    y: Tensor
    scale: Tensor
    step_size: Tensor
    params: Params
    velocity: Params
    state: Params

    def keep(self, chosen: list[int], filler: int) -> Lanes:
        """Return these lanes, copied; a lane named again only fills up."""
        index = torch.as_tensor(chosen, device=self.x.device)
        runs = self.runs[chosen]
        runs[[i for i, lane in enumerate(chosen) if lane in chosen[:i]]] = filler

        def copies(tensors: Params) -> Params:
            return {name: lanes.put(value, chosen) for name, value in tensors.items()}

        return Lanes(
            runs,
            self.x[index],
            self.y[index],
            self.scale[index],
            self.step_size[index],
            copies(self.params),
            copies(self.velocity),
            copies(self.state),
        )


class Workspace:
    """Buffers and fast paths for the lanes at hand."""

    def __init__(self, method: Method, live: Lanes, batch: int) -> None:
        """Allocate for these lanes."""
        count, n, d = live.x.shape
        self.method, self.live = method, live
        self.n, self.batch = n, batch
        # The gradient of a sum over a minibatch is scaled up to all samples, that of a mean is not.
        averaged = method.residual is None and method.criterion.reduction == "mean"
        self.weight = 1.0 if averaged else n / batch
        self.stack = method.stack_of(live.params, live.x)
        self.ring = lanes.zeros((CHUNK + 1) * count, n, like=live.x)
        self.rows = list(
            self.ring.as_strided((CHUNK + 1, count, n), (count * self.ring.stride(0), *self.ring.stride()))
        )
        self.cotangent = lanes.zeros(count, n, like=live.x)
        self.x = sample_last(live.x) if method.compiled is not None else live.x
        self.y_norm = torch.linalg.vector_norm(live.y, dim=1)
        # Residual criteria read f − y off the ring, others f.
        self.offset = lanes.put(-live.y) if method.residual else lanes.zeros(count, n, like=live.x)
        self.small: Stack | None = None
        if batch < n:
            self.small_x = lanes.zeros(count, batch, d, like=live.x)
            self.small = method.stack_of(live.params, self.small_x)
            self.small_out = lanes.zeros(count, batch, like=live.x)
            self.small_cotangent = lanes.zeros(count, batch, like=live.x)
            self.small_offset = lanes.zeros(count, batch, like=live.x)
        self.gradients = (
            {name: lanes.zeros(*live.params[name].shape, like=live.x) for name in method.moved}
            if method.momentum is None
            else {}
        )

    def epoch(self, i: int, minibatches: Minibatches | None, steps: int) -> None:
        """Evaluate the networks on all samples into row i of the ring, and take the steps up to the next time."""
        if minibatches is None:
            self.advance(i)
            return
        self.measure(i)
        for index in torch.from_numpy(np.ascontiguousarray(minibatches.take(steps))):
            self.minibatch_step(index)

    def advance(self, i: int) -> None:
        """Evaluate the networks on all samples into row i of the ring, and step on the gradient."""
        if self.method.compiled is None:
            self.measure(i)
            self._cotangent(self.rows[i], self.live.y, self.cotangent, 1.0)
            self._step(self.stack, self.cotangent)
        else:
            live = self.live
            self.rows[i].copy_(self._compiled(live.params, live.velocity, live.state, self.x, live.y, 1.0))

    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples into row i of the ring."""
        if self.method.compiled is None or self.batch < self.n:
            self.stack.forward(self.rows[i], self.offset)
            return
        # Outputs have the bits of the compiled step only if it computes them: it does so on weights to throw away.
        live = self.live
        params, velocity, state = (
            {name: value.clone() for name, value in kept.items()} for kept in (live.params, live.velocity, live.state)
        )
        self.rows[i].copy_(self._compiled(params, velocity, state, self.x, live.y, 1.0))

    def _compiled(
        self, params: Params, velocity: Params, state: Params, x: Tensor, labels: Tensor, weight: float
    ) -> Tensor:
        assert self.method.compiled is not None
        scale = self.live.scale.squeeze(1)
        return self.method.compiled(
            params, velocity, state, x, labels, scale if weight == 1.0 else weight * scale, self.live.step_size
        )

    def measures(self, count: int) -> NDArray[np.float64]:
        """Return the criterion's measure of the first rows, (count, B)."""
        rows = self.ring.as_strided(
            (count, *self.rows[0].shape), (self.rows[0].shape[0] * self.ring.stride(0), *self.ring.stride())
        )
        if self.method.residual is not None:
            norms = torch.linalg.vector_norm(rows, dim=2)
            values = self.method.residual.measure_norm(norms, self.y_norm, self.n)
        else:
            mapped = vmap(vmap(self.method.criterion.measure), in_dims=(0, None))
            values = mapped(rows, self.live.y)
            if values.shape != rows.shape[:2]:
                name = self.method.criterion.name
                raise ValueError(
                    f"measure of criterion {name!r} returned shape {tuple(values.shape[2:])}, not a number"
                )
        measured: NDArray[np.float64] = values.double().cpu().numpy()
        return measured

    def losses(self, count: int) -> NDArray[np.float64] | None:
        """Return the loss of the first rows, (count, B), where the measure is bounded; None where it is not."""
        criterion = self.method.criterion
        if not criterion.bounded():
            return None
        rows = torch.stack(self.rows[:count])
        if self.method.residual is not None:
            rows = rows + self.live.y
        values: NDArray[np.float64] = (
            vmap(vmap(criterion.loss), in_dims=(0, None))(rows, self.live.y).double().cpu().numpy()
        )
        return values

    def minibatch_step(self, index: Tensor) -> None:
        """Step on the samples ``index`` (B, b)."""
        assert self.small is not None
        index = index.to(self.live.x.device)
        labels = torch.gather(self.live.y, 1, index)
        x = torch.gather(self.live.x, 1, index.unsqueeze(2).expand(-1, -1, self.live.x.shape[2]))
        if self.method.compiled is not None:
            live = self.live
            self._compiled(live.params, live.velocity, live.state, sample_last(x), labels, self.weight)
            return
        self.small.load(x)
        if self.method.residual is not None:
            torch.neg(labels, out=self.small_offset)
        self.small.forward(self.small_out, self.small_offset)
        self._cotangent(self.small_out, labels, self.small_cotangent, self.weight)
        self._step(self.small, self.small_cotangent)

    def _cotangent(self, outputs: Tensor, labels: Tensor, out: Tensor, weight: float) -> None:
        """Write the cotangent that is pulled back: ∂loss/∂f, scaled."""
        scale = self.live.scale
        if self.method.residual is not None:
            torch.mul(outputs, scale, out=out)
        else:
            torch.mul(vmap(grad(self.method.criterion.loss))(outputs, labels), scale, out=out)
        if weight != 1.0:
            out.mul_(weight)

    def _step(self, stack: Stack, cotangent: Tensor) -> None:
        live, momentum = self.live, self.method.momentum
        if momentum == 0.0:
            stack.vjp(cotangent, live.params, 1.0)
        elif momentum is not None:
            stack.vjp(cotangent, live.velocity, momentum)
            for name, velocity in live.velocity.items():
                lanes.flat(live.params[name]).add_(lanes.flat(velocity))
        else:
            for gradient in self.gradients.values():
                gradient.zero_()
            stack.vjp(cotangent, self.gradients, 1.0)
            moved = {name: live.params[name] for name in self.method.moved}
            update = vmap(self.method.optimizer.update)
            new, state = update(moved, self.gradients, live.state, live.step_size)
            for name, value in new.items():
                live.params[name].copy_(value)
            for name, value in state.items():
                live.state[name].copy_(value)
