"""Stacks of B arrays, one a lane, laid out so that a lane's numbers do not depend on the other lanes.

A batched product computes each lane by itself, but the kernel that does it may depend on where the lane starts in
memory, and an elementwise operation may treat the last few elements of a buffer in another way than the rest.
Either changes the last bit of a result, and near a threshold the last bit decides a verdict. Lanes that all start
on a 128-byte boundary and fill whole blocks of 128 bytes have neither problem. One thing is left: a batch of one
is multiplied by other kernels than a batch of several, so stacks have at least two lanes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.components import Optimizer, Params

BLOCK = 128
"""Bytes: two vectors of the widest instruction set, which is what elementwise kernels consume at a time."""

FEWEST = 2
"""Lanes of the smallest stack."""


def zeros(lanes: int, *shape: int, like: Tensor) -> Tensor:
    """Return zeros of shape (lanes, *shape), each lane contiguous and starting on a block boundary.

    Args:
        lanes: Number of lanes.
        shape: Shape of a lane.
        like: Gives dtype and device.

    >>> zeros(3, 5, 7, like=torch.empty((), dtype=torch.float32)).stride()
    (64, 7, 1)
    """
    block = BLOCK // like.element_size()
    count = 1
    strides = [1]
    for size in reversed(shape):
        count *= size
        strides.insert(0, count)
    lane = -(-count // block) * block
    buffer = torch.zeros(lanes * lane, dtype=like.dtype, device=like.device)
    return buffer.as_strided((lanes, *shape), (lane, *strides[1:]))


def put(source: Tensor, lanes: Sequence[int] | None = None) -> Tensor:
    """Copy a stack (B, …), or the given lanes of it, into the aligned layout."""
    chosen = source if lanes is None else source[torch.as_tensor(lanes, device=source.device)]
    target = zeros(*chosen.shape, like=source)
    target.copy_(chosen)
    return target


def flat(stack: Tensor) -> Tensor:
    """Return the whole buffer of an aligned stack, padding included, as one vector sharing its memory.

    Elementwise work on it has no remainder, so no lane is treated differently. The padding starts at zero.
    """
    return stack.as_strided((stack.shape[0] * stack.stride(0),), (1,))


@dataclass
class Lanes:
    """The networks that are still in training, one a lane, in the aligned layout.

    Attributes:
        runs: Index of the run in each lane, also of padding lanes.
        x: Inputs (B, n, d).
        y: Labels (B, n), or (B, n·q) for q > 1 outputs, those of a sample side by side.
        scale: (B, 1), what ∂loss/∂f is multiplied by before it is pulled back: −η, or 1 for optimizers with an update
            of their own; times a for residual criteria, whose f − y it then multiplies.
        step_size: η, (B,).
        params: Weights.
        velocity: What the heavy ball remembers, for the weights that move. Empty without momentum.
        state: The state of any other optimizer.
        taken: Steps taken.
        padding: Index of the run of padding lanes.
    """

    runs: NDArray[np.int64]
    x: Tensor
    y: Tensor
    scale: Tensor
    step_size: Tensor
    params: Params
    velocity: Params
    state: Params
    taken: int = 0
    padding: int = -1

    def rates(self, optimizer: Optimizer) -> Tensor:
        """Return the step size of each network at the next step, (B,), and count the step."""
        factor = optimizer.rate(self.taken)
        self.taken += 1
        return self.step_size if factor == 1.0 else self.step_size * factor

    def keep(self, chosen: list[int], padding: int) -> Lanes:
        """Return these lanes, copied. A lane named again only fills up."""
        index = torch.as_tensor(chosen, device=self.x.device)
        runs = self.runs[chosen]
        runs[[i for i, lane in enumerate(chosen) if lane in chosen[:i]]] = padding

        def copies(tensors: Params) -> Params:
            return {name: put(value, chosen) for name, value in tensors.items()}

        return Lanes(
            runs,
            self.x[index] if self.x.stride(0) else self.x[: len(index)],
            self.y[index],
            self.scale[index],
            self.step_size[index],
            copies(self.params),
            copies(self.velocity),
            copies(self.state),
            self.taken,
            padding,
        )
