"""Networks trained on the device and by the compiled kernel in float64: verdicts and first steps."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components import Cell, Outcome, Regime, Trained
from harness.engine.fused.at_hand import unavailable
from harness.engine.setting import Setting
from harness.engine.work import train
from harness.mathematics.activations import ACTIVATIONS
from tests.engine.cases import setting

LAYERS: tuple[Trained, ...] = ("hidden", "output", "all")
EDGES = (
    (16, 15, 16),
    (17, 16, 17),
    (65, 33, 9),
    (128, 20, 16),
    (255, 5, 33),
    (256, 32, 32),
    (257, 7, 8),
    (130, 40, 70),
)
"""(n, d, k) at the sides of tiles, at the largest resident network, and beyond it. Biases add a feature."""

TESTED = (33, 5, 17), (65, 41, 67)
"""(n, d, k) of ``tests/engine/test_gpu_kernel.py``, in which every activation is trained."""

STEPS, TRIALS = 30_000, 6
TOLERANCES = (0.5, 0.1, 0.01, 1e-3)

MOST = {"float32": 0.02, "float64": 0.005}
"""Largest share of verdicts that may differ from those in float64, where rounding decides some at 30 000 steps."""


@dataclass(frozen=True)
class Case:
    """Networks that are trained in both ways.

    Attributes:
        activation: Name of φ.
        layers: Which layers train.
        dtype: Precision on the device.
        size: n, d and k.
        steps: Budget.
        trials: Networks.
    """

    activation: str
    layers: Trained
    dtype: str
    size: tuple[int, int, int]
    steps: int
    trials: int

    def setting(self, dtype: str, device: str, solver: str) -> Setting:
        """Return the setting of one of the ways."""
        beta = 0.8 if self.layers == "output" else 0.0
        optimizer = Momentum(c=0.5, beta=beta) if beta else GradientDescent(c=0.5)
        model = ShallowNet(self.activation, self.layers, biases=self.layers == "all")
        regime = Regime("r", model, LeCun(), optimizer, Quadratic())
        options = {"steps": self.steps, "tolerances": TOLERANCES, "spectrum": False}
        return setting(regime, dtype=dtype, device=device, solver=solver, **options)


def cases(steps: int = STEPS, trials: int = TRIALS) -> Iterator[Case]:
    """Return all activations, layers and precisions, each at two of the sizes in turn.

    Args:
        steps: Budget.
        trials: Networks of a case.
    """
    kinds = itertools.product(ACTIVATIONS, LAYERS, ("float32", "float64"))
    for i, (activation, layers, dtype) in enumerate(kinds):
        for place in (3 * i, 3 * i + 5):  # each precision meets every size
            yield Case(activation, layers, dtype, EDGES[place % len(EDGES)], steps, trials)


def compiled(device: str, case: Case) -> list[str]:
    """Take one step of a case, which compiles its kernel into the cache on disk. Return the messages of errors."""
    where = replace(case, steps=1, trials=1).setting(case.dtype, device, "fused-gpu")
    return [outcome.message for outcome in train(where, Cell("", *case.size), range(1)) if outcome.message]


def compile_all(device: str, *, tiny: bool = False) -> dict[str, Any]:
    """Compile the kernels of the parts that follow, in up to eight processes, as one would take minutes.

    Args:
        device: Where they are launched.
        tiny: Whether to compile those of one case.
    """
    others = [replace(case, size=size) for case, size in zip(cases(), itertools.cycle(TESTED), strict=False)]
    every = [replace(case, size=(7, 3, 2)) for case in others[:1]] if tiny else [*cases(), *others]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 8), multiprocessing.get_context("spawn")) as pool:
        found = (map if tiny else pool.map)(partial(compiled, device), every)
        messages = sorted({said for some in found for said in some})
    return {"kernels": len(every), "faults": [f"a trial is an error: {message}" for message in messages]}


def expected(case: Case) -> list[Outcome]:
    """Train the networks of a case in float64 on the CPU, with the compiled kernel where there is a compiler."""
    solver = "stacked" if unavailable("float64") else "fused"
    return train(case.setting("float64", "cpu", solver), Cell("", *case.size), range(case.trials))


def compared(case: Case, ours: list[Outcome], theirs: list[Outcome]) -> dict[str, Any]:
    """Count verdicts that differ.

    Args:
        case: What was trained.
        ours: Outcomes of the device.
        theirs: Outcomes in float64.
    """
    pairs = [pair for mine, other in zip(ours, theirs, strict=True) for pair in zip(mine.hits, other.hits, strict=True)]
    both = [(mine, other) for mine, other in pairs if mine is not None and other is not None]
    return {
        **asdict(case),
        "verdicts": len(pairs),
        "differ": sum((mine is None) != (other is None) for mine, other in pairs),
        "steps_apart": max((abs(mine - other) / max(other, 100) for mine, other in both), default=0.0),
        "messages": sorted({outcome.message for outcome in (*ours, *theirs)} - {""}),
    }


def measure(device: str, *, tiny: bool = False) -> dict[str, Any]:
    """Compare all cases, or three tiny ones.

    Args:
        device: Where the GPU solver trains.
        tiny: Whether to show only that it runs.
    """
    all_cases = list(cases())
    if tiny:
        tiny_sizes = zip(all_cases[:24:8], ((7, 3, 2), (17, 4, 3), (9, 2, 5)), strict=True)
        all_cases = [replace(case, size=size, steps=3, trials=2) for case, size in tiny_sizes]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1 if tiny else os.cpu_count(), mp_context=context) as pool:
        theirs = list(map(expected, all_cases)) if tiny else pool.map(expected, all_cases)
        found = []
        for case, other in zip(all_cases, theirs, strict=True):
            where = case.setting(case.dtype, device, "fused-gpu")
            found.append(compared(case, train(where, Cell("", *case.size), range(case.trials)), other))
    faults = []
    for dtype, share in MOST.items():
        some = [one for one in found if one["dtype"] == dtype]
        verdicts, differ = sum(one["verdicts"] for one in some), sum(one["differ"] for one in some)
        if differ > share * verdicts:
            faults.append(f"{differ} of {verdicts} verdicts in {dtype} differ from float64")
    faults += sorted({f"a trial is an error: {message}" for one in found for message in one["messages"]})
    return {"cases": found, "faults": faults}
