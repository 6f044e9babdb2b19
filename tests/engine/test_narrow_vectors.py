"""The compiled kernels for vectors that are narrower than the processor's: the bits must not change."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import numpy as np
import pytest

from harness.builtin.initializers import He
from harness.builtin.models import ShallowNet
from harness.components import Cell, Outcome, Regime
from harness.engine.fused import binding, build, stack_workspace
from harness.engine.fused.compiler import NoKernel
from harness.engine.fused.vectors import vector_bits
from harness.engine.solvers.fused_stack import FusedStack
from harness.engine.work import train
from harness.mathematics.activations import ACTIVATIONS
from tests.engine.cases import STACK_CASES, setting, trained

CACHES = (build._kernel, binding.compiled, stack_workspace.compiled)
SIZES = ((50, 5, 8), (50, 1, 3), (120, 33, 13), (120, 70, 12), (7, 3, 2), (18, 20, 7))
"""(n, d, k): lines, vectors and blocks are full and in part, neurons share vectors, and the last has the Gram form."""


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Forget the compiled kernels before and after, and yield what sets $CXX."""
    try:
        if platform.machine() != "x86_64" or vector_bits() != 512:
            pytest.skip("no vectors of 512 bits")
    except NoKernel as error:
        pytest.skip(str(error))
    yield monkeypatch
    for cached in CACHES:
        cached.cache_clear()


def stacks() -> list[list[Outcome]]:
    """Train stacks of every kind by their kernel."""
    found = []
    for dataset, optimizer, criterion, k in STACK_CASES:
        regime = Regime("several", ShallowNet("softplus", "all", True), He(), optimizer, criterion)
        where = setting(regime, solver=FusedStack(), dataset=dataset, steps=40, tolerances=(0.9, 1e-9))
        found.append(train(where, Cell("", 70, 9, k), range(3)))
    assert {outcome.solver for outcomes in found for outcome in outcomes} == {"fused-stack"}
    return found


def width() -> int:
    """Return the bits of a vector of the compiled kernel."""
    return 32 * binding.numbers(binding.compiled("float", ACTIVATIONS["relu"]), np.float32)


def test_vectors_of_256_bits_give_the_bits_of_those_of_512(narrow: pytest.MonkeyPatch) -> None:
    wide, wide_stacks = [trained(*size, "float") for size in SIZES], stacks()
    assert width() == vector_bits()
    narrow.setenv("CXX", "c++ -mno-avx512f")
    for cached in CACHES:
        cached.cache_clear()
    if vector_bits() != 256:
        pytest.skip("the compiler does not make vectors narrower")
    for size, expected in zip(SIZES, wide, strict=True):
        ours = trained(*size, "float")
        assert np.array_equal(ours.w, expected.w), size
        assert np.array_equal(ours.v, expected.v), size
        assert np.array_equal(ours.history, expected.history), size
    assert width() == 256
    assert stacks() == wide_stacks
