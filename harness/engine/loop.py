"""The training loop: a stack of networks, advanced step by step until each is done.

Nothing in it depends on which networks share the stack. Measures are taken of every step (every epoch for
minibatches) but looked at once a chunk, so that exact first-hitting steps cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad, vmap

from harness import lanes
from harness.components import Criterion, Optimizer, Params, ResidualCriterion, Stack
from harness.engine.ladder import Ladder, curve_steps
from harness.engine.minibatches import Minibatches

CHUNK = 25
"""Check points between two looks at the measures."""

COMPACT_BELOW = 0.75
"""Finished networks are removed once fewer than this fraction of the lanes go on."""


def whole_epochs(budget: int, n: int, batch: int) -> int:
    """Return the steps that are taken of a budget: all, or with minibatches as many whole epochs as it holds.

    Networks are measured once an epoch; a measure in the middle of one would be missing from longer runs, which are
    to answer for every smaller budget.

    >>> whole_epochs(100, n=30, batch=30), whole_epochs(100, n=30, batch=7), whole_epochs(3, n=30, batch=7)
    (100, 100, 3)
    >>> whole_epochs(104, n=30, batch=7)
    100
    """
    epoch = 1 if batch == n else -(-n // batch)
    return budget - budget % epoch if budget >= epoch else budget


StackOf = Callable[[Params, Tensor], Stack]
"""Makes the stack of given weights (B, …) on inputs (B, n, d)."""


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


class Loop:
    """Trains one stack of networks.

    Args:
        stack_of: Makes the fast path of the model.
        moved: Names of the weights that training moves.
        optimizer: The method.
        criterion: The loss and the measure.
        budget: Steps.
        compacts: Whether lanes may be removed; where results could depend on the number of lanes they are not.
    """

    def __init__(
        self,
        stack_of: StackOf,
        moved: tuple[str, ...],
        optimizer: Optimizer,
        criterion: Criterion,
        budget: int,
        compacts: bool,
    ) -> None:
        self.stack_of = stack_of
        self.moved = moved
        self.optimizer = optimizer
        self.criterion = criterion
        self.budget = budget
        self.compacts = compacts
        self.residual = criterion if isinstance(criterion, ResidualCriterion) else None
        self.momentum = optimizer.heavy_ball()

    def train(
        self,
        live: Lanes,
        ladder: Ladder,
        minibatches: Minibatches | None,
        ended: Callable[[int, Params, int], None],
        visit: Callable[[int, Params, NDArray[np.int64]], None] | None = None,
    ) -> None:
        """Train until every run has ended, recording into ``ladder``.

        ``ended(run, params, lane)`` is called once for each run, at the end of the chunk in which it ended;
        ``visit(step, params, runs)`` at the steps of the curve (with minibatches the check points after them), with
        the run in each lane, or the filler where it has ended.
        """
        n = live.y.shape[1]
        batch = self.optimizer.batch_size(n)
        stride = 1 if batch == n else -(-n // batch)
        told: set[int] = {ladder.filler}
        step = 0
        marks = curve_steps(self.budget) if visit else []
        work = Workspace(self, live, batch)
        while True:
            points = [step + i * stride for i in range(CHUNK)]
            points = [s for s in points if s < self.budget]
            final = points[-1] + stride >= self.budget
            for i, at in enumerate(points):
                work.measure(i)
                if visit and marks and at >= marks[0]:
                    visit(at, live.params, np.where(ladder.open(live.runs), live.runs, ladder.filler))
                    marks = [mark for mark in marks if mark > at]
                updates = min(stride, self.budget - at)
                if minibatches is None:
                    work.full_step(i)
                else:
                    for index in torch.from_numpy(np.ascontiguousarray(minibatches.take(updates))):
                        work.minibatch_step(index)
            if final:
                work.measure(len(points))
                points.append(self.budget)
            ladder.record(points, work.measures(len(points)), live.runs)
            step = points[-1] + stride
            going = ladder.open(live.runs)
            for lane, run in enumerate(live.runs):
                if not going[lane] and run not in told:
                    told.add(int(run))
                    ended(int(run), live.params, lane)
            if not going.any():
                return
            if self.compacts and going.mean() < COMPACT_BELOW and len(going) > lanes.FEWEST:
                chosen = [int(lane) for lane in np.flatnonzero(going)]
                chosen += [chosen[0]] * (lanes.FEWEST - len(chosen))
                if minibatches is not None:
                    minibatches.keep(chosen)
                live = live.keep(chosen, ladder.filler)
                work = Workspace(self, live, batch)


class Workspace:
    """Buffers and fast paths for the lanes at hand."""

    def __init__(self, loop: Loop, live: Lanes, batch: int) -> None:
        """Allocate for these lanes."""
        count, n, d = live.x.shape
        self.loop, self.live = loop, live
        self.n, self.batch = n, batch
        self.stack = loop.stack_of(live.params, live.x)
        self.ring = lanes.zeros((CHUNK + 1) * count, n, like=live.x)
        self.rows = list(
            self.ring.as_strided((CHUNK + 1, count, n), (count * self.ring.stride(0), *self.ring.stride()))
        )
        self.cotangent = lanes.zeros(count, n, like=live.x)
        self.y_norm = torch.linalg.vector_norm(live.y, dim=1)
        # Residual criteria read f − y off the ring, others f.
        self.offset = lanes.put(-live.y) if loop.residual else lanes.zeros(count, n, like=live.x)
        self.small: Stack | None = None
        if batch < n:
            self.small_x = lanes.zeros(count, batch, d, like=live.x)
            self.small = loop.stack_of(live.params, self.small_x)
            self.small_out = lanes.zeros(count, batch, like=live.x)
            self.small_cotangent = lanes.zeros(count, batch, like=live.x)
            self.small_offset = lanes.zeros(count, batch, like=live.x)
        self.gradients = (
            {name: lanes.zeros(*live.params[name].shape, like=live.x) for name in loop.moved}
            if loop.momentum is None
            else {}
        )

    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples into row i of the ring."""
        self.stack.forward(self.rows[i], self.offset)

    def measures(self, count: int) -> NDArray[np.float64]:
        """Return the criterion's measure of the first rows, (count, B)."""
        rows = self.ring.as_strided(
            (count, *self.rows[0].shape), (self.rows[0].shape[0] * self.ring.stride(0), *self.ring.stride())
        )
        if self.loop.residual is not None:
            norms = torch.linalg.vector_norm(rows, dim=2)
            values = self.loop.residual.measure_norm(norms, self.y_norm, self.n)
        else:
            mapped = vmap(vmap(self.loop.criterion.measure), in_dims=(0, None))
            values = mapped(rows, self.live.y)
            if values.shape != rows.shape[:2]:
                name = self.loop.criterion.name
                raise ValueError(
                    f"measure of criterion {name!r} returned shape {tuple(values.shape[2:])}, not a number"
                )
        measured: NDArray[np.float64] = values.double().cpu().numpy()
        return measured

    def full_step(self, i: int) -> None:
        """Step on the gradient of all samples, at the outputs in row i."""
        self._cotangent(self.rows[i], self.live.y, self.cotangent, 1.0)
        self._step(self.stack, self.cotangent)

    def minibatch_step(self, index: Tensor) -> None:
        """Step on the samples ``index`` (B, b)."""
        assert self.small is not None
        index = index.to(self.live.x.device)
        labels = torch.gather(self.live.y, 1, index)
        self.small.load(torch.gather(self.live.x, 1, index.unsqueeze(2).expand(-1, -1, self.live.x.shape[2])))
        if self.loop.residual is not None:
            torch.neg(labels, out=self.small_offset)
        self.small.forward(self.small_out, self.small_offset)
        self._cotangent(self.small_out, labels, self.small_cotangent, self.n / self.batch)
        self._step(self.small, self.small_cotangent)

    def _cotangent(self, outputs: Tensor, labels: Tensor, out: Tensor, weight: float) -> None:
        """Write the cotangent that is pulled back: ∂loss/∂f, scaled."""
        scale = self.live.scale
        if self.loop.residual is not None:
            torch.mul(outputs, scale, out=out)
        else:
            torch.mul(vmap(grad(self.loop.criterion.loss))(outputs, labels), scale, out=out)
        if weight != 1.0:
            out.mul_(weight)

    def _step(self, stack: Stack, cotangent: Tensor) -> None:
        live, momentum = self.live, self.loop.momentum
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
            moved = {name: live.params[name] for name in self.loop.moved}
            update = vmap(self.loop.optimizer.update)
            new, state = update(moved, self.gradients, live.state, live.step_size)
            for name, value in new.items():
                live.params[name].copy_(value)
            for name, value in state.items():
                live.state[name].copy_(value)
