"""A large network on the device, which is trained alone by matrix products of torch's libraries.

A program of the kernels has one multiprocessor of the device to itself. A network whose products fill the device by
themselves is trained step by step from the host instead. The device keeps the residual norm of every step, decides by
itself when the network ends, and leaves the weights as they are from then on. The host reads the norms once a launch.

Products are in full precision: :mod:`harness.engine.one_thread` switches TF32 off. No network shares a product with
another, since a library may choose another algorithm for another number of networks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from harness.engine.descent import Floats, ShallowTrial, Trained
from harness.engine.gpu.launch import CHUNK, steps_of_library
from harness.engine.graphs import CapturedSteps


class Large:
    """A network that is trained alone. It has the methods of :class:`harness.engine.gpu.fleet.Fleet`.

    Attributes:
        nets: The network.
    """

    def __init__(self, net: ShallowTrial, device: str, *, graphs: bool = True) -> None:
        """Bring the network to the device.

        Args:
            net: The network.
            device: A CUDA device, or ``cpu``, where the same operations run on the processor.
            graphs: Whether a CUDA device replays a captured step, if its first replay has the bits of the step.
        """
        self.nets: Sequence[ShallowTrial] = [net]
        descent, real = net.descent, torch.float64 if net.budget.dtype == "float64" else torch.float32

        def there(values: Floats | float) -> torch.Tensor:
            return torch.tensor(values, dtype=real, device=device)

        self._x, self._y = there(net.x), there(net.labels)
        self._w, self._v, self._c = there(net.w), there(net.v), there(net.c or 0.0)
        self._moves = [torch.zeros_like(weight) for weight in (self._w, self._v, self._c)]
        self._phi = torch.mm(self._w, self._x.mT)
        self._slope = torch.empty_like(self._phi)
        self._gradient = torch.empty_like(self._w)
        if not descent.hidden:  # φ does not change
            descent.activation.activate_(self._phi, self._slope)
        self._norms = torch.zeros(CHUNK + 1, dtype=torch.float64, device=device)
        self._at = torch.zeros(1, dtype=torch.int64, device=device)
        self._ended = torch.zeros((), dtype=torch.bool, device=device)
        self._found = _Found(net)
        self._go_on = self._step
        if graphs and self._x.is_cuda:
            changes = (self._w, self._v, self._c, *self._moves, self._norms, self._at, self._ended)
            self._go_on = CapturedSteps(lambda _: self._step(), 1, self._x.device, changes).run

    @staticmethod
    def bytes_of(net: ShallowTrial) -> int:
        """Return the memory that a network takes on the device."""
        n, k = len(net.x), len(net.v)
        reals = net.x.size + 3 * n + 2 * n * k + 4 * net.w.size
        return reals * (8 if net.budget.dtype == "float64" else 4)

    @property
    def running(self) -> NDArray[np.int64]:
        """The networks that have not ended: none, or the first."""
        return np.arange(0 if self._found.ended else 1)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps that the network has taken."""
        return np.array([self._found.step])

    @property
    def most_steps(self) -> int:
        """Most steps of a launch."""
        net = self.nets[0]
        return steps_of_library(net.x.size * len(net.v), double=self._w.dtype == torch.float64)

    def advance(self, until: NDArray[np.int64]) -> None:
        """Begin to train up to a step. :meth:`wait` must follow."""
        budget = self.nets[0].descent.steps
        moves = min(int(until[0]), budget) - self._found.step
        self._at.zero_()
        for _ in range(moves):
            self._go_on()
        last = int(until[0]) > budget
        if last:  # the norm after the last step, which nothing follows
            self._ended.fill_(True)
            self._go_on()
        self._measured = moves + last

    def wait(self) -> None:
        """Wait for the steps, and read the norms before each."""
        self._found.record(self._norms[: self._measured].cpu().numpy())

    def weights(self, i: int) -> tuple[Floats, Floats, float]:
        """Return W with biases, v and c, now."""
        assert i == 0
        return self._w.cpu().numpy().copy(), self._v.cpu().numpy().copy(), float(self._c)

    def trained(self) -> list[Trained]:
        """Return what was found, when the network has ended."""
        return [self._found.trained(*self.weights(0))]

    def _step(self) -> None:
        """Record the residual norm, and take a step unless the network has ended. Nothing waits for the device."""
        descent, (w_move, v_move, c_move) = self.nets[0].descent, self._moves
        if descent.hidden:
            torch.mm(self._w, self._x.mT, out=self._phi)
            descent.activation.activate_(self._phi, self._slope)
        r = torch.mv(self._phi.mT, self._v).add_(self._c).sub_(self._y)
        norm = torch.linalg.vector_norm(r, dtype=torch.float64)
        self._norms.index_copy_(0, self._at, norm.reshape(1))
        self._at.add_(1)
        self._ended.logical_or_(norm <= descent.norms[-1]).logical_or_(~(norm < descent.diverged))  # NaN diverges too
        if descent.hidden:
            self._slope.mul_(self._v[:, None]).mul_(r)
            torch.mm(self._slope, self._x, out=self._gradient)
            w_move.mul_(descent.momentum).sub_(self._gradient, alpha=descent.step_size)
            self._w.add_(w_move.masked_fill(self._ended, 0.0))
        if descent.output:
            v_move.mul_(descent.momentum).sub_(torch.mv(self._phi, r), alpha=descent.step_size)
            self._v.add_(v_move.masked_fill(self._ended, 0.0))
            if self.nets[0].c is not None:
                c_move.mul_(descent.momentum).sub_(r.sum(), alpha=descent.step_size)
                self._c.add_(c_move.masked_fill(self._ended, 0.0))


class _Found:
    """The record of a network's residual norms: hits, history and curve, up to the step at which it ended."""

    def __init__(self, net: ShallowTrial) -> None:
        descent = net.descent
        self._descent = descent
        self._marks = np.array(descent.marks, dtype=np.int64)
        self._history = np.zeros(descent.steps // descent.every + 1)
        self._curve = np.zeros(len(descent.marks))
        self._hits: list[int | None] = [None] * len(descent.norms)
        self._norm = np.nan
        self.step = 0
        self.ended = self.diverged = False

    def record(self, norms: NDArray[np.float64]) -> None:
        """Note the norms before each step from the present one on; those after the end are left out."""
        descent = self._descent
        diverged = ~(norms < descent.diverged)
        over = (norms <= descent.norms[-1]) | diverged
        over |= self.step + np.arange(len(norms)) == descent.steps
        count = int(over.argmax()) + 1 if over.any() else len(norms)
        steps, norms = self.step + np.arange(count), norms[:count]
        kept = steps % descent.every == 0
        self._history[steps[kept] // descent.every] = norms[kept]
        marked = np.isin(self._marks, steps)
        self._curve[marked] = norms[self._marks[marked] - self.step]
        for i, tolerance in enumerate(descent.norms):
            met = norms <= tolerance
            if self._hits[i] is None and met.any():
                self._hits[i] = int(steps[met.argmax()])
        self._norm = float(norms[-1])
        self.ended = bool(over.any())
        self.diverged = bool(diverged[:count].any())
        self.step += count - self.ended

    def trained(self, w: Floats, v: Floats, c: float) -> Trained:
        """Return what was found, with the last weights."""
        return Trained(
            hits=tuple(self._hits),
            steps=self.step,
            norm=self._norm,
            diverged=self.diverged,
            history=self._history[: self.step // self._descent.every + 1],
            curve=self._curve[self._marks <= self.step],
            w=w,
            v=v,
            c=c,
        )
