"""The compiled kernel for stacks beside the stack of torch, in float64, on equal minibatches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness import Cell, Criterion, Dataset, Regime
from harness.builtin.initializers import He
from harness.builtin.models import ShallowNet
from harness.components import Optimizer
from harness.engine import minibatches
from harness.engine.fused.at_hand import unavailable
from harness.engine.fused.stack_workspace import compiled, permutations
from harness.engine.solvers.fused_stack import FusedStack
from harness.engine.solvers.stacked import Stacked
from harness.engine.work import train
from harness.mathematics.activations import ACTIVATIONS
from tests.engine.cases import STACK_CASES, setting

pytestmark = pytest.mark.skipif(bool(unavailable("float64", source="stack")), reason="no C++ compiler")


@pytest.mark.parametrize("n", [1, 2, 3, 200, 4096, 70_000])
def test_the_kernel_draws_the_permutations_of_numpy(n: int) -> None:
    library = compiled("float", ACTIVATIONS["softplus"])
    ours, theirs = (np.random.Generator(np.random.Philox(key=n)) for _ in range(2))
    for count in (1, 3):
        assert np.array_equal(permutations(library, ours, n, count), minibatches.permutations(theirs, n, count))
        assert ours.integers(1 << 32, dtype=np.uint32) == theirs.integers(1 << 32, dtype=np.uint32)


@pytest.mark.parametrize("layers", ["hidden", "all"])
@pytest.mark.parametrize(("dataset", "optimizer", "criterion", "k"), STACK_CASES, ids=str)
def test_the_kernel_takes_the_steps_of_the_stack(
    layers: str, dataset: Dataset, optimizer: Optimizer, criterion: Criterion, k: int
) -> None:
    model = ShallowNet("softplus", layers, True)  # type: ignore[arg-type]  # a name among the literals
    regime = Regime("several", model, He(), optimizer, criterion)
    where = setting(regime, dataset=dataset, dtype="float64", steps=120, tolerances=(0.9, 0.3, 1e-9))
    cell = Cell("", 70, 9, k)
    found = [train(replace(where, solver=solver), cell, range(3)) for solver in (FusedStack(), Stacked())]
    for ours, theirs in zip(*found, strict=True):
        assert (ours.message, ours.solver, theirs.solver) == ("", "fused-stack", "stacked")
        assert (ours.hits, ours.steps, ours.further_hits) == (theirs.hits, theirs.steps, theirs.further_hits)
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
        assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
        assert ours.curve == pytest.approx(theirs.curve, rel=1e-9)
    for dtype in ("float32", "float64"):
        precise = replace(where, solver=FusedStack(), dtype=dtype)
        together = train(precise, cell, range(5))
        assert [train(precise, cell, [seed])[0] for seed in range(5)] == together
