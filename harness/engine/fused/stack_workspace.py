"""Shallow nets of a stack, advanced by the compiled kernel: minibatches, several outputs, and losses of classes."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.components import Activation, Params, Regime, ResidualCriterion, ShallowForm
from harness.engine.fused.binding import LINE, aligned, numbers
from harness.engine.fused.build import Real, kernel
from harness.engine.lanes import Lanes
from harness.engine.workspace import CHUNK, Workspace

LOSSES = {"logistic": 1, "softmax": 2}
"""Numbers of the losses in stack.cpp, by the form of their derivative. That of a residual criterion is 0."""

MEASURES = 3
"""Numbers that the kernel measures of a network: its loss, how many samples are wrong, and the smallest margin."""


class Net(ctypes.Structure):
    """The struct of the same name in stack.cpp: one network as the kernel sees it."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("n", "d", "k", "q", "neurons", "outputs")),
        *((name, ctypes.c_int32) for name in ("hidden", "output", "bias", "loss", "batch", "active", "judged")),
        *((name, ctypes.c_void_p) for name in ("x", "y", "w", "v", "c")),
        *((name, ctypes.c_void_p) for name in ("w_velocity", "v_velocity", "c_velocity", "work")),
        ("scale", ctypes.c_double),
        ("momentum", ctypes.c_double),
    )


@functools.cache
def compiled(real: Real, activation: Activation) -> ctypes.CDLL:
    """Return the loaded kernel for a precision and an activation.

    Raises:
        NoKernel: If it cannot be built.
    """
    loaded = kernel(real, activation, "stack").loaded
    for function in (loaded.harness_network_size, loaded.harness_work_size):
        function.restype = ctypes.c_int64
    size = loaded.harness_network_size()
    assert size == ctypes.sizeof(Net), f"Net is {ctypes.sizeof(Net)} bytes here and {size} in the kernel"
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    loaded.harness_advance.restype = loaded.harness_permute.restype = None
    loaded.harness_advance.argtypes = (pointer, number, number, pointer, pointer, number, pointer, number)
    loaded.harness_permute.argtypes = (pointer, number, number, pointer)
    return loaded


def permutations(library: ctypes.CDLL, rng: np.random.Generator, n: int, count: int) -> NDArray[np.int64]:
    """Return permutations of n samples one after another, (count · n,): those of ``rng.permutation``, sooner.

    Args:
        library: A compiled kernel.
        rng: Where they come from.
        n: Samples.
        count: Permutations.
    """
    drawn = np.empty(count * n, dtype=np.int64)
    library.harness_permute(rng.bit_generator.ctypes.bit_generator, n, count, drawn.ctypes.data)
    return drawn


class FusedStackWorkspace(Workspace):
    """Buffers of networks in the layout of stack.cpp, of which the weights of ``live`` are views.

    The kernel measures the networks: at each check point their loss, or the sum of (f − y)² for a residual criterion,
    the number of wrong samples, and the smallest margin.
    """

    def __init__(self, regime: Regime, form: ShallowForm, live: Lanes, batch: int) -> None:
        """Allocate for these networks.

        Args:
            regime: What is trained.
            form: The shallow net that its model is.
            live: The networks.
            batch: Samples of a step.
        """
        super().__init__(regime, live)
        self._dtype: Any = np.float64 if live.x.dtype == torch.float64 else np.float32
        count, n, d = live.x.shape
        k, q, biases = live.params["W"].shape[1], self.q, form.biases
        self._library = compiled("double" if self._dtype is np.float64 else "float", form.activation)
        wide = numbers(self._library, self._dtype)
        features, neurons = d + biases, -(-k // wide) * wide
        outputs = 1 if q == 1 else -(-q // wide) * wide
        x, y = self._zeros(count, n, features), self._zeros(count, n, outputs)
        x[:, :, :d] = live.x.numpy()
        x[:, :, d:] = 1.0
        y[:, :, :q] = live.y.numpy().reshape(count, n, q)
        # A vector of c is read past its end for one output.
        shapes = {"w": (features, neurons), "v": (q, neurons), "c": (max(outputs, wide),)}
        weights = {name: self._zeros(count, *shape) for name, shape in shapes.items()}
        velocity = {name: self._zeros(count, *shape) for name, shape in shapes.items()}
        self._kept = [x, y, *weights.values(), *velocity.values()]
        self.live = replace(
            live,
            params={**live.params, **_filled(live.params, weights, d)},
            velocity=_filled(live.velocity, velocity, d),
        )
        beta = regime.optimizer.heavy_ball()
        assert beta is not None
        self._criterion = criterion = regime.criterion
        self._found = np.zeros((count, CHUNK + 1, MEASURES))
        self._label_norms = np.linalg.norm(live.y.double().numpy(), axis=1)
        weight = self.loss.weight(n, batch) if batch < n else 1.0
        common = {
            "n": n,
            "d": features,
            "k": k,
            "q": q,
            "neurons": neurons,
            "outputs": outputs,
            "hidden": form.trains != "output",
            "output": form.trains != "hidden",
            "bias": biases,
            "loss": 0 if isinstance(criterion, ResidualCriterion) else LOSSES[criterion.derivative() or ""],
            "batch": batch,
            "judged": bool(self._marks) or criterion.per_sample() == "error",
            "momentum": beta,
        }
        work = self._zeros(count, self._library.harness_work_size(ctypes.byref(Net(**common))))
        self._kept.append(work)
        self._nets = (Net * count)(
            *(
                Net(
                    **common,
                    active=int(live.runs[lane]) != live.padding,
                    scale=weight * float(live.scale[lane, 0]),
                    x=x[lane].ctypes.data,
                    y=y[lane].ctypes.data,
                    work=work[lane].ctypes.data,
                    **{name: array[lane].ctypes.data for name, array in weights.items()},
                    **{f"{name}_velocity": array[lane].ctypes.data for name, array in velocity.items()},
                )
                for lane in range(count)
            )
        )

    def _zeros(self, count: int, *shape: int) -> NDArray[Any]:
        """Return zeros (count, …) whose entries along the first axis start on multiples of a line."""
        wide = LINE // np.dtype(self._dtype).itemsize
        size = int(np.prod(shape))
        rows = aligned((count, -(-size // wide) * wide), self._dtype)
        return rows[:, :size].reshape(count, *shape) if size % wide == 0 else _strided(rows, shape)

    def _advance(self, i: int, counts: Sequence[int], index: NDArray[np.int64] | None = None) -> None:
        """Measure at each check point from i on, and take so many steps after it."""
        steps, (lanes, points, _) = np.array(counts, dtype=np.int64), self._found.shape
        chosen, stride = None, 0
        if index is not None:
            rows = index.swapaxes(0, 1)  # samples of a network's steps lie together
            rows = rows if rows[0].flags.c_contiguous else np.ascontiguousarray(rows)
            chosen, stride = rows.ctypes.data, rows.strides[0] // rows.itemsize
        found = self._found[:, i:]
        self._library.harness_advance(
            self._nets, lanes, len(steps), steps.ctypes.data, chosen, stride, found.ctypes.data, points
        )

    def measure(self, i: int) -> None:
        """Evaluate the networks on all samples at check point i."""
        self._advance(i, [0])

    def advance(self, i: int) -> None:
        """Evaluate the networks on all samples at check point i, and step on the gradient."""
        self._advance(i, [1])

    def full_batches(self, i: int, points: int) -> None:
        """Do so at so many check points from i on."""
        self._advance(i, [1] * points)

    def minibatches(self, i: int, counts: Sequence[int], index: NDArray[np.int64]) -> None:
        """Evaluate the networks on all samples and step on minibatches, at one check point after another."""
        self._advance(i, counts, index)

    def ended(self, lane: int) -> None:
        """Take no more steps of the network in a lane."""
        self._nets[lane].active = 0

    def measures(self, points: int) -> NDArray[np.float64]:
        """Return the criterion's measure at the first check points, (points, B)."""
        criterion, n = self._criterion, self.live.x.shape[1]
        loss, wrong, _ = self._measured(points)
        if isinstance(criterion, ResidualCriterion):
            measured: NDArray[np.float64] = criterion.measure_norm(np.sqrt(loss), self._label_norms, n)
            return measured
        return (wrong if criterion.per_sample() == "error" else loss) / n

    def losses(self, points: int) -> NDArray[np.float64] | None:
        """Return the loss at the first check points, (points, B), or None if the measure is not bounded."""
        if not self._bounded:
            return None
        loss, criterion = self._measured(points)[0], self._criterion
        if isinstance(criterion, ResidualCriterion):
            return 0.5 * criterion.curvature(self.live.x.shape[1]) * loss
        return loss

    def _further(self, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the numbers of wrong samples and the smallest margins at the first check points, (points, B) each."""
        return self._measured(points)[1:]

    def _measured(self, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        loss, wrong, margin = self._found[:, :points].transpose(2, 1, 0)
        return loss, wrong, margin


def _strided(rows: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the first entries of each row as arrays of a shape, without a copy."""
    strides = [rows.itemsize]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return np.lib.stride_tricks.as_strided(rows, (len(rows), *shape), (rows.strides[0], *strides))


def _filled(given: Params, arrays: dict[str, NDArray[Any]], d: int) -> Params:
    """Copy weights into the kernel's arrays, and return views of these in the shapes of the weights.

    Args:
        given: Weights by the model's names, or some of them.
        arrays: Arrays of the kernel: w transposed, with the biases as its last row, v and c.
        d: Input dimension.
    """
    w, v, c = (torch.from_numpy(arrays[name]) for name in ("w", "v", "c"))
    k = next((value.shape[1] for name, value in given.items() if name in ("W", "b")), None)
    k = given["v"].shape[-1] if k is None and "v" in given else k
    views: Params = {}
    for name, value in given.items():
        several = value.dim() == (3 if name == "v" else 2)
        q = value.shape[1] if several else 1
        if name == "W":
            views[name] = w[:, :d, :k].mT
        elif name == "b":
            views[name] = w[:, d, :k]
        elif name == "v":
            views[name] = v[:, :, :k] if several else v[:, 0, :k]
        elif name == "c":
            views[name] = c[:, :q] if several else c[:, 0]
        else:
            continue
        views[name].copy_(value)
    return views
