"""The bound on the compiled kernel that multiply-adds and φ set, and what part of it is reached, in processor time."""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks import hardware
from harness.engine.descent import Descent
from harness.engine.fused import binding
from harness.engine.fused.build import Real
from harness.mathematics.activations import ACTIVATIONS

FEW = 2
"""Steps of the shorter of two runs."""

SHORT, LONG = 8, 192
"""Vectors of the two arrays on which φ is timed; three of the longer fit into the first-level cache."""

CALLS = 200
"""Calls of φ in one measurement."""


@dataclass(frozen=True)
class Training:
    """What is trained, by all samples.

    Attributes:
        size: (n, d, k).
        activation: φ.
        real: Precision.
        both: Whether both layers train, by momentum, else the hidden one by gradient descent.
    """

    size: tuple[int, int, int]
    activation: str = "softplus"
    real: Real = "float"
    both: bool = False

    def train(self, steps: int) -> None:
        """Take so many steps with one network."""
        n, d, k = self.size
        rng = np.random.default_rng(0)
        x = rng.standard_normal((n, d)) / np.sqrt(d)
        descent = Descent(
            activation=ACTIVATIONS[self.activation],
            hidden=True,
            output=self.both,
            step_size=1e-3 / n,
            momentum=0.9 if self.both else 0.0,
            steps=steps,
            norms=(1e-300,),
            diverged=1e300,
            every=25,
            marks=(),
        )
        w, v = rng.standard_normal((k, d)), rng.choice([-1.0, 1.0], k) / np.sqrt(k)
        binding.train(x, rng.standard_normal(n), w, v, None, descent, self.real)


TRAININGS = (
    Training((50, 10, 8)),
    Training((50, 10, 8), "relu"),
    Training((200, 20, 10)),
    Training((200, 20, 10), "relu"),
    Training((200, 20, 10), "gelu", both=True),
    Training((200, 20, 32)),
    Training((200, 20, 32), "gelu", both=True),
    Training((800, 60, 64)),
    Training((800, 60, 64), "gelu", both=True),
)

QUICK = (Training((30, 5, 3), "relu"), Training((30, 5, 3), both=True))


@dataclass(frozen=True)
class Roofline:
    """What was found for one training.

    Attributes:
        training: What was trained.
        microseconds: Median processor time of one step.
        nanoseconds: Median processor time of φ and φ' of one vector of 64 bytes, alone.
        reached: 4ndk operations a step over the peak, the median of each repetition.
        bound: The same for a kernel that takes no time but that of 4ndk operations at the peak and of φ and φ' of nk
            numbers, none of them padding.
        padded: The same with the padding of the compiled kernel, which no order of its operations avoids.
    """

    training: Training
    microseconds: float
    nanoseconds: float
    reached: float
    bound: float
    padded: float


def padding(size: tuple[int, int, int], wide: int) -> tuple[float, float]:
    """Return by how much the compiled kernel multiplies the operations of products, and of φ, for whole vectors.

    Samples fill whole vectors in Wx and in φ. Features fill them in the gradient, but for a last vector that several
    neurons share.

    Args:
        size: (n, d, k).
        wide: Numbers in a vector.

    >>> padding((50, 10, 8), 16)  # 50 samples as 64, and 10 features as 16
    (1.44, 1.28)
    >>> padding((64, 20, 8), 16)  # the last 4 features of 4 neurons share a vector
    (1.0, 1.0)
    """
    n, d, _ = size
    samples = -(-n // wide) * wide
    shared = binding.sharing(d, wide)
    features = d // wide * wide + (wide / shared if d % wide else 0.0)
    return (samples / n + features / d) / 2.0, samples / n


def measure(training: Training, repetitions: int, least: float) -> Roofline:
    """Measure in this process.

    Args:
        training: What is trained.
        repetitions: Rounds in which everything is measured in turn.
        least: Seconds of the longer run of a measurement.

    Raises:
        NoKernel: If there is no compiler.
    """
    n, d, k = training.size
    wide = hardware.VECTOR_BYTES // (8 if training.real == "double" else 4)
    steps = FEW
    training.train(steps)
    while _processor_seconds(lambda: training.train(steps)) < least:  # noqa: B023  # called at once
        steps *= 2
    rounds = []
    for _ in range(repetitions):
        short, long = (_processor_seconds(lambda: training.train(count)) for count in (FEW, steps + FEW))  # noqa: B023  # called at once
        phi = _seconds_of_phi(training)
        peak = 1e9 * hardware.fma_peak("float64" if training.real == "double" else "float32")
        step, products = (long - short) / steps, 4 * n * d * k / peak
        activations, (more, longer) = n * k / wide * phi, padding(training.size, wide)
        bounds = (products / (products + activations), products / (more * products + longer * activations))
        rounds.append((step, phi, products / step, *bounds))
    step, phi, reached, bound, padded = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Roofline(training, 1e6 * step, 1e9 * phi, reached, bound, padded)


def _seconds_of_phi(training: Training) -> float:
    """Return the processor time of φ and φ' of one vector, from arrays of two lengths, so that calls do not count."""
    dtype = np.float64 if training.real == "double" else np.float32
    wide = hardware.VECTOR_BYTES // np.dtype(dtype).itemsize
    arrays = [binding.aligned((LONG * wide,), dtype) for _ in range(3)]
    arrays[0][:] = np.random.default_rng(0).standard_normal(LONG * wide)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    activate = binding.compiled(training.real, ACTIVATIONS[training.activation]).harness_activate

    def calls(vectors: int) -> float:
        count = ctypes.c_int64(vectors * wide)
        return _processor_seconds(lambda: [activate(count, *pointers) for _ in range(CALLS)])

    differences = [calls(LONG) - calls(SHORT) for _ in range(9)]
    return max(statistics.median(differences), 0.0) / (CALLS * (LONG - SHORT))


def _processor_seconds(action: Callable[[], object]) -> float:
    begin = time.process_time()
    action()
    return time.process_time() - begin
