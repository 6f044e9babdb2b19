"""Denormal numbers are zero while the compiled kernels run, and nowhere else."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from harness import Array, Diagnostic, Network
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Budget, LastWeights, Problem, Regime, Trial
from harness.engine.fused import binding
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.build import Real
from harness.engine.solvers import shipped_solver
from harness.mathematics.activations import ACTIVATIONS

pytestmark = [
    pytest.mark.skipif(
        platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"),
        reason="processors of this kind have no such mode that the kernels set",
    ),
    pytest.mark.skipif(bool(unavailable() or unavailable("float64", source="stack")), reason="there is no compiler"),
]

KERNELS = ("fused", "fused-stack")
TORCH = ("stacked", "functional")
REALS: tuple[tuple[Real, type[np.floating]], ...] = (("float", np.float32), ("double", np.float64))
REGIME = Regime("softsign", ShallowNet("softsign", "all"), LeCun(), GradientDescent(), Quadratic())


def kept() -> bool:
    """Return whether arithmetic of this thread gives denormal numbers."""
    return bool(torch.full((), 1e-310, dtype=torch.float64) * 1 > 0)


@pytest.fixture(autouse=True)
def state() -> Iterator[None]:
    """See that denormal numbers are kept before and after."""
    assert kept()
    yield
    after = kept()
    torch.set_flush_denormal(False)
    assert after


def trial(size: float, n: int = 5) -> Trial:
    """Return a trial whose weights have about this size."""
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((n, 3)), rng.standard_normal(n))
    weights = {name: size * rng.uniform(1.0, 2.0, shape) for name, shape in REGIME.model.shapes(3, 4).items()}
    return Trial(0, 4, problem, weights, step_size=0.1)


@pytest.mark.parametrize(("real", "dtype"), REALS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_kernel_gives_no_denormal_activation(activation: str, real: Real, dtype: type[np.floating]) -> None:
    least = float(np.finfo(dtype).tiny)
    z, phi, slope = (binding.aligned((3200,), dtype) for _ in range(3))
    z[:1600] = np.linspace(-0.9, 0.9, 1600) * least
    z[1600:] = np.linspace(-40.0, -5.0, 1600) * (1.0 if real == "float" else 8.0)  # where tails are denormal
    assert np.count_nonzero((z != 0) & (np.abs(z) < least)) == 1600
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (z, phi, slope)]
    binding.compiled(real, ACTIVATIONS[activation]).harness_activate(ctypes.c_int64(3200), *pointers)
    for found in (phi, slope):
        assert not np.any((found != 0) & (np.abs(found) < least))
    assert kept()


def after_a_step(name: str, dtype: str) -> list[Array]:
    """Return weights that were denormal, after a step whose derivatives are zero or denormal."""
    solver, weights = shipped_solver(name), LastWeights()
    assert solver is not None
    one = trial(1e-40 if dtype == "float32" else 1e-310)
    (outcome,) = solver.train(REGIME, [one], Budget(1, (1e-9,), dtype, last_weights=weights))
    last = weights.take(one)
    assert last is not None
    assert (outcome.steps, last[1]) == (1, 1)
    assert outcome.measure == pytest.approx(1.0)  # f = 0
    return list(last[0].values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", KERNELS)
def test_denormal_weights_are_zero_after_a_step_of_a_kernel(name: str, dtype: str) -> None:
    for value in after_a_step(name, dtype):
        assert not value.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TORCH)
def test_denormal_weights_outlast_a_step_of_torch(name: str, dtype: str) -> None:
    """Methods that divide by the size of a derivative, which only torch takes, move weights however small it is."""
    for value in after_a_step(name, dtype):
        assert value.all()


@dataclass(frozen=True)
class Keeps(Diagnostic):
    """A denormal number times 1, which is 0 where denormal numbers are zero."""

    name: ClassVar[str] = "keeps"
    summary: ClassVar = "min"

    def measure(self, network: Network) -> float:
        return float(torch.full((), 1e-310, dtype=torch.float64) * 1)


@pytest.mark.parametrize("name", KERNELS)
def test_diagnostics_on_the_way_are_given_denormal_numbers(name: str) -> None:
    solver = shipped_solver(name)
    assert solver is not None
    watched = replace(REGIME, diagnostics=(Keeps(),))
    (outcome,) = solver.train(watched, [trial(1.0)], Budget(60, (1e-9,)))
    assert outcome.steps == 60
    assert outcome.diagnostics == {"keeps": 1e-310}


@pytest.mark.parametrize("name", KERNELS)
def test_the_mode_of_the_caller_is_restored(name: str) -> None:
    solver = shipped_solver(name)
    assert solver is not None
    solver.train(REGIME, [trial(1.0)], Budget(30, (1e-9,)))
    assert kept()
    torch.set_flush_denormal(True)
    solver.train(REGIME, [trial(1.0)], Budget(30, (1e-9,)))
    assert not kept()
    torch.set_flush_denormal(False)
