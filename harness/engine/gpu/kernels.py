"""The kernels: programs of the device. Each trains one network up to a given step.

One step is: f = vᵀφ(WXᵀ) + c, r = f − y, Q = (v rᵀ) ∘ φ', and W −= η Q X, v −= η φ r, c −= η 1ᵀr, each with what
momentum remembers. The residual norm decides before the step whether there is one.

``resident`` holds X, W and all else of a network whose tile is the whole of it: in registers, from which matrix
products take them through shared memory. It takes networks of at most 256 samples, 128 features and 128 neurons whose
n·d·k, padded to powers of two of at least 16, is at most 256·32·32, or a quarter of that in double precision.
``streamed`` works through tiles of X, W and φ', which lie in the device's memory and, where they fit, in its caches; it
takes any size that the memory holds.

Sums are taken in an order that depends on the network's tiling alone, and programs share nothing: a network's
numbers cannot depend on those trained beside it. Products are fused multiply-adds in full precision
(``input_precision="ieee"``).

Written in Triton's language: every name but the docstrings' is a value on the device.
"""

from __future__ import annotations

import triton
import triton.language as tl

from harness.engine.gpu.table import FIELDS, NUMBERS

WIDTH = tl.constexpr(len(FIELDS))
N = tl.constexpr(FIELDS.index("n"))
K = tl.constexpr(FIELDS.index("k"))
ROWS = tl.constexpr(FIELDS.index("rows"))
COLUMNS = tl.constexpr(FIELDS.index("columns"))
NEURONS = tl.constexpr(FIELDS.index("neurons"))
X = tl.constexpr(FIELDS.index("x"))
Y = tl.constexpr(FIELDS.index("y"))
W = tl.constexpr(FIELDS.index("w"))
W_VELOCITY = tl.constexpr(FIELDS.index("w_velocity"))
V = tl.constexpr(FIELDS.index("v"))
V_VELOCITY = tl.constexpr(FIELDS.index("v_velocity"))
C = tl.constexpr(FIELDS.index("c"))
SLOPES = tl.constexpr(FIELDS.index("slopes"))
PHIS = tl.constexpr(FIELDS.index("phis"))
RESIDUALS = tl.constexpr(FIELDS.index("residuals"))
NORMS = tl.constexpr(FIELDS.index("norms"))
HISTORY = tl.constexpr(FIELDS.index("history"))
CURVE = tl.constexpr(FIELDS.index("curve"))
MARKS = tl.constexpr(FIELDS.index("marks"))
HITS = tl.constexpr(FIELDS.index("hits"))
EVERY = tl.constexpr(FIELDS.index("every"))
STEPS = tl.constexpr(FIELDS.index("steps"))
UNTIL = tl.constexpr(FIELDS.index("until"))
STEP = tl.constexpr(FIELDS.index("step"))
RUNG = tl.constexpr(FIELDS.index("rung"))
MARK = tl.constexpr(FIELDS.index("mark"))
ENDED = tl.constexpr(FIELDS.index("ended"))
DIVERGED = tl.constexpr(FIELDS.index("diverged"))

NUMBERS_WIDTH = tl.constexpr(len(NUMBERS))
RATE = tl.constexpr(NUMBERS.index("rate"))
BIAS_RATE = tl.constexpr(NUMBERS.index("bias_rate"))
MOMENTUM = tl.constexpr(NUMBERS.index("momentum"))
LIMIT = tl.constexpr(NUMBERS.index("limit"))
NORM = tl.constexpr(NUMBERS.index("norm"))


@triton.jit
def record(row, numbers, doubles, longs, norm, step, rung, mark):
    """Note the residual norm before a step: in the history, on the curve, as hits; say whether the network ends.

    Returns:
        How many norms and marks are behind now, and whether it ended, and diverged.
    """
    every = tl.load(row + EVERY)
    if step % every == 0:
        tl.store(doubles + tl.load(row + HISTORY) + step // every, norm)
    if tl.load(longs + tl.load(row + MARKS) + mark) == step:
        tl.store(doubles + tl.load(row + CURVE) + mark, norm)
        mark += 1
    norms = doubles + tl.load(row + NORMS)
    while norm <= tl.load(norms + rung):
        tl.store(longs + tl.load(row + HITS) + rung, step)
        rung += 1
    tl.store(numbers + NORM, norm)
    diverged = (norm < tl.load(numbers + LIMIT)) == 0  # NaN diverges too
    # Past the last norm stands -1.
    ended = (tl.load(norms + rung) < 0) | diverged | (step == tl.load(row + STEPS))
    return rung, mark, ended.to(tl.int64), diverged.to(tl.int64)


@triton.jit
def save(row, step, rung, mark, ended, diverged):
    """Write down where a program stopped."""
    tl.store(row + STEP, step)
    tl.store(row + RUNG, rung)
    tl.store(row + MARK, mark)
    tl.store(row + ENDED, ended)
    tl.store(row + DIVERGED, diverged)


@triton.jit
def activate(z, TERMS: tl.constexpr):  # noqa: ARG001  # those of activations use it
    """Return z and 1. The function `with_activation` replaces this by the φ of an activation and its slope."""
    return z, z * 0.0 + 1.0


@triton.jit
def place(reals, field):
    """Return where an array stands. It begins at a multiple of 32 numbers, so that loads take several at a time."""
    return reals + tl.multiple_of(tl.load(field), 32)


def resident(
    queue,
    table,
    numbers,
    reals,
    doubles,
    longs,
    TERMS: tl.constexpr,
    HIDDEN: tl.constexpr,
    OUTPUT: tl.constexpr,
    SAMPLES: tl.constexpr,
    FEATURES: tl.constexpr,
    NEURONS_: tl.constexpr,
):
    """Train the network that the queue names, whose padded shape is SAMPLES, FEATURES, NEURONS_."""
    network = tl.load(queue + tl.program_id(0))
    row = table + network * WIDTH
    numbers += network * NUMBERS_WIDTH
    REAL: tl.constexpr = reals.dtype.element_ty

    sample = tl.arange(0, SAMPLES)
    neuron = tl.arange(0, NEURONS_)
    feature = tl.arange(0, FEATURES)
    weight = neuron[:, None] * FEATURES + feature[None, :]
    inside = sample < tl.load(row + N)
    there = neuron < tl.load(row + K)
    x = tl.load(reals + tl.load(row + X) + sample[:, None] * FEATURES + feature[None, :])
    y = tl.load(reals + tl.load(row + Y) + sample)
    w_at = reals + tl.load(row + W) + weight
    w_velocity_at = reals + tl.load(row + W_VELOCITY) + weight
    v_at = reals + tl.load(row + V) + neuron
    v_velocity_at = reals + tl.load(row + V_VELOCITY) + neuron
    c_at = reals + tl.load(row + C)
    w, w_velocity = tl.load(w_at), tl.load(w_velocity_at)
    v, v_velocity = tl.load(v_at), tl.load(v_velocity_at)
    c, c_velocity = tl.load(c_at), tl.load(c_at + 1)
    rate = tl.load(numbers + RATE).to(REAL)
    bias_rate = tl.load(numbers + BIAS_RATE).to(REAL)
    momentum = tl.load(numbers + MOMENTUM).to(REAL)
    until = tl.load(row + UNTIL)
    step, rung, mark = tl.load(row + STEP), tl.load(row + RUNG), tl.load(row + MARK)
    ended, diverged = tl.load(row + ENDED), tl.load(row + DIVERGED)

    if not HIDDEN:  # φ does not change
        phi, slope = activate(tl.dot(w, tl.trans(x), input_precision="ieee", out_dtype=REAL), TERMS)
    while (ended == 0) & (step < until):
        if HIDDEN:
            z = tl.dot(w, tl.trans(x), input_precision="ieee", out_dtype=REAL)
            phi, slope = activate(z, TERMS)
        r = tl.where(inside, tl.sum(v[:, None] * phi, 0) + c - y, 0.0)
        norm = tl.sqrt(tl.sum(r * r, 0).to(tl.float64))
        rung, mark, ended, diverged = record(row, numbers, doubles, longs, norm, step, rung, mark)
        if ended == 0:
            if OUTPUT:
                v_gradient = tl.where(there, tl.sum(phi * r[None, :], 1), 0.0)
            if HIDDEN:
                q = v[:, None] * slope * r[None, :]
                gradient = tl.dot(q, x, input_precision="ieee", out_dtype=REAL)
                w_velocity = momentum * w_velocity - rate * gradient
                w += w_velocity
            if OUTPUT:
                v_velocity = momentum * v_velocity - rate * v_gradient
                v += v_velocity
                c_velocity = momentum * c_velocity - bias_rate * tl.sum(r, 0)
                c += c_velocity
            step += 1

    if HIDDEN:
        tl.store(w_at, w)
        tl.store(w_velocity_at, w_velocity)
    if OUTPUT:
        tl.store(v_at, v)
        tl.store(v_velocity_at, v_velocity)
        tl.store(c_at, c)
        tl.store(c_at + 1, c_velocity)
    save(row, step, rung, mark, ended, diverged)


def streamed(
    queue,
    table,
    numbers,
    reals,
    doubles,
    longs,
    TERMS: tl.constexpr,
    HIDDEN: tl.constexpr,
    OUTPUT: tl.constexpr,
    SAMPLES: tl.constexpr,
    FEATURES: tl.constexpr,
    NEURONS_: tl.constexpr,
):
    """Train the network that the queue names, whose padded shape is whole tiles of SAMPLES, FEATURES, NEURONS_."""
    network = tl.load(queue + tl.program_id(0))
    row = table + network * WIDTH
    numbers += network * NUMBERS_WIDTH
    REAL: tl.constexpr = reals.dtype.element_ty

    sample = tl.arange(0, SAMPLES).to(tl.int64)
    neuron = tl.arange(0, NEURONS_).to(tl.int64)
    feature = tl.arange(0, FEATURES).to(tl.int64)
    n, k = tl.load(row + N), tl.load(row + K)
    rows = tl.multiple_of(tl.load(row + ROWS), SAMPLES)
    columns = tl.multiple_of(tl.load(row + COLUMNS), FEATURES)
    neurons = tl.multiple_of(tl.load(row + NEURONS), NEURONS_)
    x_at = place(reals, row + X) + sample[:, None] * columns + feature[None, :]
    y_at = place(reals, row + Y) + sample
    weights = neuron[:, None] * columns + feature[None, :]
    w_at = place(reals, row + W) + weights
    w_velocity_at = place(reals, row + W_VELOCITY) + weights
    v_at = place(reals, row + V) + neuron
    v_velocity_at = place(reals, row + V_VELOCITY) + neuron
    c_at = place(reals, row + C)
    places = neuron[:, None] * rows + sample[None, :]
    slope_at = place(reals, row + SLOPES) + places
    phi_at = place(reals, row + PHIS) + places
    r_at = place(reals, row + RESIDUALS) + sample
    c, c_velocity = tl.load(c_at), tl.load(c_at + 1)
    rate = tl.load(numbers + RATE).to(REAL)
    bias_rate = tl.load(numbers + BIAS_RATE).to(REAL)
    momentum = tl.load(numbers + MOMENTUM).to(REAL)
    until = tl.load(row + UNTIL)
    step, rung, mark = tl.load(row + STEP), tl.load(row + RUNG), tl.load(row + MARK)
    ended, diverged = tl.load(row + ENDED), tl.load(row + DIVERGED)

    while (ended == 0) & (step < until):
        squares = tl.zeros((SAMPLES,), REAL)
        total = tl.zeros((SAMPLES,), REAL)
        for i in range(0, rows, SAMPLES):
            f = tl.zeros((SAMPLES,), REAL) + c
            for j in range(0, neurons, NEURONS_):
                z = tl.zeros((NEURONS_, SAMPLES), REAL)
                for p in range(0, columns, FEATURES):
                    w = tl.load(w_at + (j * columns + p))
                    x = tl.load(x_at + (i * columns + p))
                    z = tl.dot(w, tl.trans(x), z, input_precision="ieee", out_dtype=REAL)
                phi, slope = activate(z, TERMS)
                v = tl.load(v_at + j)
                f += tl.sum(v[:, None] * phi, 0)
                if HIDDEN:
                    tl.store(slope_at + (j * rows + i), v[:, None] * slope)
                if OUTPUT:
                    tl.store(phi_at + (j * rows + i), phi)
            r = tl.where(sample + i < n, f - tl.load(y_at + i), 0.0)
            tl.store(r_at + i, r)
            squares += r * r
            total += r
        norm = tl.sqrt(tl.sum(squares, 0).to(tl.float64))
        rung, mark, ended, diverged = record(row, numbers, doubles, longs, norm, step, rung, mark)
        if ended == 0:
            tl.debug_barrier()  # what some threads wrote, others read
            for j in range(0, neurons, NEURONS_):
                if HIDDEN:
                    for p in range(0, columns, FEATURES):
                        gradient = tl.zeros((NEURONS_, FEATURES), REAL)
                        for i in range(0, rows, SAMPLES):
                            r = tl.load(r_at + i)
                            q = tl.load(slope_at + (j * rows + i)) * r[None, :]
                            x = tl.load(x_at + (i * columns + p))
                            gradient = tl.dot(q, x, gradient, input_precision="ieee", out_dtype=REAL)
                        tile = j * columns + p
                        move = momentum * tl.load(w_velocity_at + tile) - rate * gradient
                        w = tl.load(w_at + tile) + move
                        tl.debug_barrier()  # several threads may load a number that one of them writes
                        tl.store(w_velocity_at + tile, move)
                        tl.store(w_at + tile, w)
                if OUTPUT:
                    v_gradient = tl.zeros((NEURONS_,), REAL)
                    for i in range(0, rows, SAMPLES):
                        r = tl.load(r_at + i)
                        v_gradient += tl.sum(tl.load(phi_at + (j * rows + i)) * r[None, :], 1)
                    v_gradient = tl.where(neuron + j < k, v_gradient, 0.0)
                    v_move = momentum * tl.load(v_velocity_at + j) - rate * v_gradient
                    v = tl.load(v_at + j) + v_move
                    tl.debug_barrier()
                    tl.store(v_velocity_at + j, v_move)
                    tl.store(v_at + j, v)
            if OUTPUT:
                c_velocity = momentum * c_velocity - bias_rate * tl.sum(total, 0)
                c += c_velocity
            step += 1
            tl.debug_barrier()

    if OUTPUT:
        tl.store(c_at, c)
        tl.store(c_at + 1, c_velocity)
    save(row, step, rung, mark, ended, diverged)
