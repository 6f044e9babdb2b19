"""Bits of results: equal alone and beside other networks, in launches of any length, and again and again."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from harness.engine.descent import ShallowTrial, Trained
from harness.engine.gpu.large import Large
from harness.engine.gpu.launch import CHUNK
from harness.engine.gpu.solver import train_all
from harness.engine.shallow import ShallowSolver
from harness.engine.trial import prepare
from tests.engine.cases import CASES, setting

SIZES = {"resident": (200, 20, 10), "streamed": (300, 50, 40), "large": (1500, 300, 150)}
STEPS = {"resident": 3000, "streamed": 600, "large": 40}
REPEATS = 5


def made(name: str, dtype: str, size: tuple[int, int, int], steps: int, seeds: Sequence[int]) -> list[ShallowTrial]:
    """Return networks before training.

    Args:
        name: Of the regime, in :data:`tests.engine.cases.CASES`.
        dtype: Precision.
        size: n, d and k.
        steps: Budget.
        seeds: One a network.
    """
    where = setting(CASES[name], dtype=dtype, steps=steps, tolerances=(1e-9,), spectrum=False)
    form = ShallowSolver.form(where.regime)
    assert form is not None
    return [ShallowTrial.of(where.regime, where.budget, prepare(where, *size, seed), form) for seed in seeds]


def digest(found: Trained) -> str:
    """Return the hash of all numbers that were found."""
    whole = hashlib.sha256()
    for field in fields(found):
        value = getattr(found, field.name)
        whole.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return whole.hexdigest()


def digests(nets: Sequence[ShallowTrial], device: str, chunk: int = CHUNK) -> list[str]:
    """Train networks together. Return a hash of each."""
    found = dict(train_all(nets, [None] * len(nets), device, chunk))
    return [digest(found[place]) for place in range(len(nets))]


def measure(device: str, *, tiny: bool = False) -> dict[str, Any]:
    """Compare hashes of the same networks in all circumstances.

    Args:
        device: Where.
        tiny: Whether to show only that it runs.
    """
    sizes = {"resident": (7, 3, 2), "streamed": (7, 129, 2), "large": (7, 3, 2)} if tiny else SIZES
    size, steps, count = ((9, 2, 3), 2, 1) if tiny else ((150, 10, 20), 500, 3)
    others = made("softplus", "float32", size, steps, range(count))
    cases: list[dict[str, Any]] = []
    names = ("softplus", "tanh all biases")[: 1 if tiny else 2]
    for name, dtype, (kind, size) in itertools.product(names, ("float32", "float64"), sizes.items()):
        steps = 3 if tiny else STEPS[kind]
        nets = made(name, dtype, size, steps, range(2 if kind == "large" or tiny else 8))
        if kind == "large":
            alone = [_large(net, device, graphs=False) for net in nets]
            tried = {"repeats": [_large(net, device, graphs=False) for net in nets]}
            tried["in graphs"] = [_large(net, device, graphs=True) for net in nets]
        else:
            alone = [digests([net], device)[0] for net in nets]
            together = [digests([*others, *nets], device)[len(others) :] for _ in range(1 if tiny else REPEATS)]
            tried = {f"together, {i}": found for i, found in enumerate(together)}
            tried |= {f"launches of {chunk}": digests(nets, device, chunk) for chunk in ((2,) if tiny else (7, 500))}
        unequal = sorted(how for how, found in tried.items() if found != alone)
        cases.append({"regime": name, "dtype": dtype, "kind": kind, "tried": [*tried], "unequal": unequal})
    faults = [f"{one['kind']}, {one['regime']}, {one['dtype']}: {how}" for one in cases for how in one["unequal"]]
    return {"cases": cases, "faults": faults}


def _large(net: ShallowTrial, device: str, *, graphs: bool) -> str:
    """Train a network by the products of libraries, whatever its size."""
    large = Large(net, device, graphs=graphs)
    while len(large.running):
        large.advance(large.steps + large.most_steps)
        large.wait()
    return digest(large.trained()[0])
