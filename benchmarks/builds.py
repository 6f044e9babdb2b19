"""The kernel as other compilers make it, and for narrower vectors: its speed, and whether it computes the same."""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from benchmarks import hardware, jax_loop
from benchmarks.case import Case
from benchmarks.engine_solver import EngineSolver
from benchmarks.jax_loop import JaxLoop
from benchmarks.machine import workers
from benchmarks.speed import JAX, Effort, paired
from benchmarks.timing import Slope
from harness.builtin.models import ShallowNet
from harness.components import Cell
from harness.engine.fused.compiler import compiler_version
from harness.engine.fused.vectors import vector_bits
from harness.engine.solvers import shipped_solver
from harness.engine.solvers.fused import Fused
from harness.engine.solvers.stacked import Stacked
from harness.engine.work import train

WITHOUT_AVX512 = {"g++": "-mno-avx512f", "clang++": "-Xclang -target-feature -Xclang -avx512f"}
"""Arguments with which a compiler makes kernels for AVX2 alone, after it was told to use what the processor has."""

TOGETHER, STEPS = 5, 200
"""Networks, and their steps, by which a build is compared with torch, and with itself in other company."""

CASES = tuple(Case(size, "softplus") for size in ((200, 20, 10), (1000, 64, 100)))


@dataclass(frozen=True)
class Build:
    """A compiler and its instruction set.

    Attributes:
        name: The compiler: g++ or clang++.
        command: What $CXX is set to.
        avx2: Whether it makes kernels for AVX2 alone, beside JAX for the same.
    """

    name: str
    command: str
    avx2: bool

    def environment(self) -> dict[str, str]:
        """Return the variables of a process that measures the build."""
        return {"CXX": self.command, **({"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"} if self.avx2 else {})}


@dataclass(frozen=True)
class BuildSpeed:
    """What was found for one build and case.

    Attributes:
        build: The build.
        version: What the compiler calls itself.
        bits: Width of its vectors.
        size: (n, d, k).
        activation: φ.
        microseconds: Median processor time of one network-step.
        peak: Fraction of the multiply-add peak of the same instruction set, as the better compiler reaches it, the
            median of each repetition.
        over_jax: Time of the better layout of JAX, for the same instruction set, over that of the kernel; the median
            likewise, or None.
        difference: Largest relative difference of the last residuals from those of torch.
        equal: Whether residuals are the same to the last bit alone and in company.
    """

    build: Build
    version: str
    bits: int
    size: tuple[int, int, int]
    activation: str
    microseconds: float
    peak: float
    over_jax: float | None
    difference: float
    equal: bool


def builds() -> list[Build]:
    """Return the builds that can be made here: by GCC, and by Clang itself or that of the package ziglang."""
    commands = {"g++": shutil.which("g++"), "clang++": shutil.which("clang++")}
    if commands["clang++"] is None and importlib.util.find_spec("ziglang") is not None:
        commands["clang++"] = f"{shlex.quote(sys.executable)} -m ziglang c++"
    return [
        Build(name, f"{command} {WITHOUT_AVX512[name]}" if avx2 else command, avx2)
        for name, command in commands.items()
        if command is not None
        for avx2 in (False, True)
    ]


_slopes: dict[tuple[Case, str], Slope] = {}
"""What a process has calibrated."""


def _microseconds(case: Case, effort: Effort) -> dict[str, float]:
    """Measure the kernel, JAX and the peak once, in this process."""
    names = [Fused.name, *([] if jax_loop.missing("cpu") else JAX)]
    for name in names:
        if (case, name) not in _slopes:
            made = EngineSolver(case, name) if name == Fused.name else JaxLoop(case, case.trials(4), JAX[name])
            _slopes[case, name] = Slope.calibrated(made, effort.seconds)
    times = {name: 1e6 * _slopes[case, name].measure() for name in names}
    return {**times, "peak": 1e-3 * case.flops / hardware.fma_peak(case.dtype)}


def _agreement(case: Case) -> tuple[str, int, float, bool]:
    """Return the compiler's version, the width of its vectors, and how its results compare, in this process."""
    torch.set_num_threads(1)
    cell = Cell("bench", *case.size)

    def last(solver: str, seeds: Sequence[int]) -> list[float]:
        setting = case.setting(ShallowNet(case.activation), STEPS, shipped_solver(solver))
        return [outcome.measure for outcome in train(setting, cell, seeds)]

    found, expected = (last(name, range(TOGETHER)) for name in (Fused.name, Stacked.name))
    alone = [last(Fused.name, [seed])[0] for seed in range(TOGETHER)]
    difference = max(abs(a / b - 1.0) for a, b in zip(found, expected, strict=True))
    return compiler_version(), vector_bits(), difference, found == alone


def measure(cases: Sequence[Case], effort: Effort) -> list[BuildSpeed]:
    """Measure all builds in turn, each in a process of its own, in processor time.

    Args:
        cases: What is trained, in float32.
        effort: How carefully.
    """
    found = []
    with contextlib.ExitStack() as stack:
        pools = {build: stack.enter_context(workers(1, build.environment()))[0] for build in builds()}
        for case in cases:
            times: dict[Build, list[dict[str, float]]] = {build: [] for build in pools}
            for repetition in range(effort.repetitions + 1):  # the first calibrates
                for build, pool in pools.items():
                    taken = pool.submit(_microseconds, case, effort).result()
                    if repetition:
                        times[build].append(taken)
            for build, each in times.items():
                for repetition, one in enumerate(each):  # of the compiler whose chains of multiply-adds are faster
                    same = [times[other][repetition]["peak"] for other in times if other.avx2 == build.avx2]
                    one["at peak"] = min(same)
                agreement = pools[build].submit(_agreement, case).result()
                found.append(_speed(build, case, each, *agreement))
    return found


def _speed(
    build: Build, case: Case, times: list[dict[str, float]], version: str, bits: int, difference: float, equal: bool
) -> BuildSpeed:
    kernel = [each[Fused.name] for each in times]
    jax = [min(each[name] for name in JAX) for each in times if JAX.keys() <= each.keys()]
    return BuildSpeed(
        build=build,
        version=version,
        bits=bits,
        size=case.size,
        activation=case.activation,
        microseconds=statistics.median(kernel),
        peak=paired([each["at peak"] for each in times], kernel),
        over_jax=paired(jax, kernel) if jax else None,
        difference=difference,
        equal=equal,
    )
