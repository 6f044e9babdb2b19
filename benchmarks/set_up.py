"""The set-up of a trial, beside the way before it: all eigenvalues, a power iteration, and all eigenvectors."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from unittest.mock import patch

import torch
from torch import Tensor

from benchmarks.case import Case
from benchmarks.timing import seconds
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Array
from harness.engine import spectral, trial
from harness.engine.spectral import Decay

SIZES = (50, 100, 128, 160, 200, 256, 400, 1000, 2000)
"""Samples."""

SEEDS = 8
"""Trials that are measured, as a power iteration takes several times longer for one than for another."""

FEW = 400
"""Samples up to which several trials are measured."""

DIMENSION = 20
"""Dimension of the inputs. The width is n/10, so that the kernel has full rank."""

Wanted = Literal["step", "spectrum", "exact"]
"""A stable step size; λ_min beside it; or both and the spectral measure with which linear models are solved exactly."""

WANTED: tuple[Wanted, ...] = ("step", "spectrum", "exact")


@dataclass(frozen=True)
class SetUp:
    """What was found at one size.

    Attributes:
        n: Samples.
        wanted: What of the kernel is wanted.
        milliseconds: Median processor time of the set-up of a trial.
        before: The same in the way before.
        ratio: Median over repetitions of that over this.
    """

    n: int
    wanted: Wanted
    milliseconds: float
    before: float
    ratio: float


def power_iteration(kernel: Tensor, tolerance: float = 1e-9, most: int = 5000) -> float:
    """Return the largest eigenvalue of a positive semidefinite matrix (n, n) by power iteration.

    Args:
        kernel: The matrix.
        tolerance: Relative change of the Rayleigh quotient at which it ends.
        most: Largest number of products.

    >>> round(power_iteration(torch.diag(torch.tensor([1.0, 3.0], dtype=torch.float64))), 6)
    3.0
    """
    vector, value = torch.linspace(1.0, 2.0, len(kernel), dtype=kernel.dtype), 0.0
    for _ in range(most):
        vector = vector / torch.linalg.vector_norm(vector)
        image = kernel @ vector
        before, value = value, float(vector @ image)
        if abs(value - before) <= tolerance * value:
            break
        vector = image
    return value


@contextlib.contextmanager
def the_way_before() -> Iterator[None]:
    """Take spectra from all eigenvalues, step sizes from a power iteration, and spectral measures from eigenvectors."""

    def eigenvalue_range(kernel: Tensor, parameters: int) -> tuple[float, None]:
        values = torch.linalg.eigvalsh(kernel)
        return 0.0 if parameters < len(kernel) else max(float(values[0]), 0.0), None

    def spectral_measure(kernel: Array, residual: Array) -> tuple[Array, Array]:
        values, vectors = torch.linalg.eigh(torch.from_numpy(kernel))
        return values.numpy(), (vectors.mT @ torch.from_numpy(residual)).square().numpy()

    with (
        patch.object(trial, "eigenvalue_range", eigenvalue_range),
        patch.object(spectral, "spectral_measure", spectral_measure),
        patch.object(trial, "largest_eigenvalue", power_iteration),
    ):
        yield


def trials(n: int) -> int:
    """Return how many trials of n samples are set up together."""
    return SEEDS if n <= FEW else 1


def set_up(n: int, wanted: Wanted) -> Callable[[], object]:
    """Return what sets up :data:`SEEDS` trials of n samples, or one of many samples."""
    size = (n, DIMENSION, n // 10)
    setting = Case(size, "softplus", "float64").setting(ShallowNet(), 1)
    regime = replace(setting.regime, optimizer=GradientDescent())
    setting = replace(setting, regime=regime, spectrum=wanted != "step")

    def run() -> None:
        for seed in range(trials(n)):
            made = trial.prepare(setting, *size, seed)
            if wanted == "exact":
                Decay.of(torch.from_numpy(made.kernel), torch.from_numpy(made.problem.y), made.step_size)

    return run


def measure(sizes: tuple[int, ...], repetitions: int, least: float) -> list[SetUp]:
    """Measure all sizes in this process, in processor time.

    Args:
        sizes: Samples.
        repetitions: Rounds in which everything is measured in turn.
        least: Processor time of one measurement.
    """
    torch.set_num_threads(1)
    cases = [(n, wanted) for n in sizes for wanted in WANTED]
    runs = {case: set_up(*case) for case in cases}
    counts: dict[tuple[int, Wanted], int] = {}
    for case, run in runs.items():
        run()
        counts[case] = max(1, round(least / max(seconds(run), 1e-9)))
    now: dict[tuple[int, Wanted], list[float]] = {case: [] for case in cases}
    before: dict[tuple[int, Wanted], list[float]] = {case: [] for case in cases}
    for _ in range(repetitions):
        for case, run in runs.items():
            now[case].append(_mean(run, counts[case]) / trials(case[0]))
            with the_way_before():
                before[case].append(_mean(run, counts[case]) / trials(case[0]))
    return [
        SetUp(
            *case,
            milliseconds=1e3 * statistics.median(now[case]),
            before=1e3 * statistics.median(before[case]),
            ratio=statistics.median(b / a for a, b in zip(now[case], before[case], strict=True)),
        )
        for case in cases
    ]


def _mean(run: Callable[[], object], count: int) -> float:
    def several() -> None:
        for _ in range(count):
            run()

    return seconds(several) / count
