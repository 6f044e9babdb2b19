"""The compiled kernel, called from Python on one network at a time."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.components import Activation
from harness.engine.descent import Descent, Floats, Trained
from harness.engine.fused.build import Real, kernel

LINE = 64
"""Bytes of the widest vector. Arrays start on a multiple of it, and the kernel keeps sums along vectors for a line."""

BLOCK_VECTORS = 4
"""Vectors in the kernel's block of samples."""

GRAM = 1.5
"""Samples per dimension up to which the Gram form is faster."""


class Network(ctypes.Structure):
    """The struct of the same name in kernel.cpp: one network as the kernel sees it."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("n", "d", "k", "rows", "columns")),
        *((name, ctypes.c_int32) for name in ("hidden", "output", "bias", "rungs")),
        ("steps", ctypes.c_int64),
        ("every", ctypes.c_int64),
        ("marks", ctypes.c_int32),
        ("gram", ctypes.c_int32),
        ("sharing", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in ("xt", "x", "y", "inside", "w", "v", "c")),
        *((name, ctypes.c_void_p) for name in ("w_velocity", "v_velocity", "coefficients")),
        *((name, ctypes.c_void_p) for name in ("w_start", "v_start", "work", "ball")),
        *((name, ctypes.c_void_p) for name in ("norms", "mark", "hit", "history", "curve")),
        *((name, ctypes.c_double) for name in ("step_size", "momentum", "diverged", "epsilon", "zeta", "kappa")),
        ("pause", ctypes.c_int64),
        ("step", ctypes.c_int64),
        ("norm", ctypes.c_double),
        *((name, ctypes.c_int32) for name in ("rung", "next_mark", "ended", "overflow")),
    )


@functools.cache
def compiled(real: Real, activation: Activation) -> ctypes.CDLL:
    """Return the loaded kernel for a precision and an activation.

    Raises:
        NoKernel: If it cannot be built.
    """
    loaded = kernel(real, activation).loaded
    loaded.harness_network_size.restype = ctypes.c_int64
    size = loaded.harness_network_size()
    assert size == ctypes.sizeof(Network), f"Network is {ctypes.sizeof(Network)} bytes here and {size} in the kernel"
    loaded.harness_train.restype = None
    loaded.harness_activate.restype = None
    return loaded


def aligned(shape: tuple[int, ...], dtype: type[np.floating]) -> Floats:
    """Return zeros that start on a multiple of a line, hence of a vector."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + LINE, dtype=np.uint8)
    start = -buffer.ctypes.data % LINE
    return buffer[start : start + size].view(dtype).reshape(shape)


def numbers(library: ctypes.CDLL, dtype: type[np.floating]) -> int:
    """Return how many numbers a vector of a compiled kernel has."""
    library.harness_vector_bytes.restype = ctypes.c_int64
    return int(library.harness_vector_bytes()) // np.dtype(dtype).itemsize


def sharing(features: int, wide: int) -> int:
    """Return how many neurons share the last vector of their gradients: 1, 2 or 4.

    The features that it holds fill so small a part of it.

    Args:
        features: Columns of the inputs.
        wide: Numbers in a vector.
    """
    last = features % wide
    if last == 0 or last > wide // 2:
        return 1
    # Of more than a block of features six neurons are summed together, of which four can not share vectors evenly.
    return 4 if last <= wide // 4 and features <= BLOCK_VECTORS * wide else 2


Visit = Callable[[int, Floats, Floats, float], None]
"""Called with a step and the weights W, v, c before it."""


def train(
    x: Floats,
    y: Floats,
    w: Floats,
    v: Floats,
    c: float | None,
    descent: Descent,
    real: Real,
    visit: Visit | None = None,
) -> Trained:
    """Train one network.

    Args:
        x: Inputs (n, d); with hidden biases a last column of ones.
        y: Labels (n,).
        w: Hidden weights (k, d), biases last.
        v: Output weights (k,).
        c: Output bias, if there is one.
        descent: What to do.
        real: Precision.
        visit: Called at the marks that training comes to.
    """
    dtype: type[np.floating] = np.float32 if real == "float" else np.float64
    library = compiled(real, descent.activation)
    wide, line = numbers(library, dtype), LINE // np.dtype(dtype).itemsize
    n, d = x.shape
    k = len(v)
    gram = descent.hidden and descent.constraint is None and n <= GRAM * d
    inputs, carried = (x @ x.T, w @ x.T) if gram else (x, w)
    features = inputs.shape[1]
    rows, columns = -(-n // wide) * wide, -(-features // wide) * wide
    block = BLOCK_VECTORS * wide
    arrays: dict[str, NDArray[Any]] = {
        "xt": aligned((features, rows), dtype),
        "x": aligned((rows, columns), dtype),
        "y": aligned((rows,), dtype),
        "inside": aligned((rows,), dtype),
        "w": aligned((k, columns), dtype),
        "v": aligned((k,), dtype),
        "c": aligned((2,), dtype),
        "w_velocity": aligned((k, columns), dtype),
        "v_velocity": aligned((k,), dtype),
        "coefficients": aligned((2, k, rows if gram else 0), dtype),
        "work": aligned((k * columns + 2 * k * block + k * line + (k * rows if gram else 0),), dtype),
        "ball": aligned((columns,), dtype),
        "norms": np.array(descent.norms, dtype=np.float64),
        "mark": np.array(descent.marks, dtype=np.int64),
        "hit": np.full(len(descent.norms), -1, dtype=np.int64),
        "history": np.empty(descent.steps // descent.every + 1),
        "curve": np.empty(len(descent.marks)),
    }
    arrays["xt"][:, :n] = inputs.T
    arrays["x"][:n, :features] = inputs
    shared = sharing(features, wide)
    last = inputs[:, columns - wide :]
    for copy in range(1, shared):
        start = columns - wide + copy * wide // shared
        arrays["x"][:n, start : start + last.shape[1]] = last
    arrays["y"][:n] = y
    arrays["inside"][:n] = 1.0
    arrays["w"][:, :features] = carried
    arrays["v"][:] = v
    arrays["c"][0] = c or 0.0
    arrays["ball"][: d if c is None else d - 1] = 1.0
    arrays["w_start"], arrays["v_start"] = aligned((k, columns), dtype), aligned((k,), dtype)
    arrays["w_start"][:], arrays["v_start"][:] = arrays["w"], arrays["v"]

    def hidden_weights() -> Floats:
        if gram:  # in double precision, as A may be long where XX' is nearly singular
            return w.astype(dtype).astype(np.float64) + arrays["coefficients"][0, :, :n].astype(np.float64) @ x
        return arrays["w"][:, :d]

    constraint = descent.constraint
    network = Network(
        n=n,
        d=features,
        k=k,
        rows=rows,
        columns=columns,
        hidden=descent.hidden,
        output=descent.output,
        bias=c is not None,
        rungs=len(descent.norms),
        steps=descent.steps,
        every=descent.every,
        marks=len(descent.marks),
        gram=gram,
        sharing=shared,
        step_size=descent.step_size,
        momentum=descent.momentum,
        diverged=descent.diverged,
        epsilon=constraint.epsilon if constraint else 0.0,
        zeta=constraint.zeta if constraint else 0.0,
        kappa=constraint.kappa if constraint else 0.0,
        **{name: array.ctypes.data for name, array in arrays.items()},
    )
    for pause in (*(descent.marks if visit else ()), -1):  # -1: never
        network.pause = pause
        library.harness_train(ctypes.byref(network))
        if network.ended:
            break
        assert visit is not None
        visit(network.step, hidden_weights(), arrays["v"], float(arrays["c"][0]))
    taken = int(network.step)
    weights = hidden_weights()
    # A bounded activation gives numbers of what is none, and the residual does not show it.
    lost = not (np.isfinite(weights).all() and np.isfinite(arrays["v"]).all())
    return Trained(
        hits=tuple(int(hit) if hit >= 0 else None for hit in arrays["hit"]),
        steps=taken,
        norm=float(network.norm),
        diverged=bool(network.overflow) or lost,
        history=arrays["history"][: taken // descent.every + 1],
        curve=arrays["curve"][: sum(mark <= taken for mark in descent.marks)],
        w=weights,
        v=arrays["v"],
        c=float(arrays["c"][0]),
    )
