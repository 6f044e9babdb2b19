"""The kernels of the GPU, compiled for devices that are not here: spills, tensor cores, and how exact they are."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("triton")

from harness.engine.gpu import activations
from harness.mathematics.activations import ACTIVATIONS

SPILLS = 128
"""Most bytes that a thread may store for want of registers."""

SHARED = {"80": 163 << 10, "90": 227 << 10, "100": 227 << 10}
"""Bytes of shared memory that one program may take, by architecture (CUDA C++ Programming Guide)."""

INEXACT = {
    "float32": {
        "ex2.approx.f32": "2^x within 2 units in the last place, so e^x with a relative error of at most 2⁻²²(1 + |x|)",
        "div.full.f32": "a quotient within 2 units in the last place",
        "cvt.rmi.ftz.f32.f32": "the floor of x/π + 1/2, which is no denormal number other than 0",
    },
    "float64": {"abs.ftz.f32": "in e^x of the device's library, to see whether x is large"},
}
"""Instructions of PTX that do not round as IEEE 754 asks and are allowed, with the reasons. Any other is a fault."""

SIZES = ("200,20,10", "120,20,5", "800,60,64")
FEW = ("90:gelu:all:float32:200,20,10", "80:softplus:output:float32:200,20,10", "100:sin:all:float64:800,60,64")
MANY = [
    ":".join(parts)
    for parts in itertools.product(SHARED, ACTIVATIONS, ("hidden", "output", "all"), ("float32", "float64"), SIZES)
]


def compiles(builds: tuple[str, ...], directory: Path) -> list[dict[str, Any]]:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.gpu.offline", *builds],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**environment, "TRITON_CACHE_DIR": str(directory)},
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(builds)
    for build, made in zip(builds, found, strict=True):
        assert made["spills"] <= SPILLS, (build, made)
        assert 0 < made["shared"] <= SHARED[build.partition(":")[0]], (build, made)
        assert "float64" in build or not made["tensor"], (build, made)
        assert set(made["inexact"]) <= set(INEXACT[build.split(":")[3]]), (build, made)
    return found


def test_kernels_compile_for_three_architectures(tmp_path: Path) -> None:
    """Half as many neurons take little more than half of the instructions, so the loop is that of the steps."""
    few = compiles((*FEW, "90:relu:hidden:float32:100,20,5", "90:relu:hidden:float32:100,20,10"), tmp_path)
    five, ten = (made["instructions"] for made in few[-2:])
    assert 0.5 < five / ten < 0.65


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("architecture", SHARED)
def test_every_kernel_compiles(architecture: str, activation: str, tmp_path: Path) -> None:
    compiles(tuple(build for build in MANY if build.startswith(f"{architecture}:{activation}:")), tmp_path)


class Device(np.ndarray[Any, np.dtype[np.float32]]):
    """Floats with the worst quotients that are allowed, alternately too large and too small."""

    def __truediv__(self, other: Any) -> Device:  # type: ignore[override]  # narrower on purpose
        return off(np.true_divide(self.view(np.ndarray), np.asarray(other, np.float32)))

    def __rtruediv__(self, other: Any) -> Device:  # type: ignore[override]  # likewise
        return off(np.true_divide(np.float32(other), self.view(np.ndarray)))


def off(values: Any) -> Device:
    """Move floats by 2 units in the last place, up and down in turn."""
    signs = np.where(np.arange(len(values)) % 2, np.float32(2), np.float32(-2))
    return np.asarray(values + signs * np.spacing(np.abs(values)), np.float32).view(Device)


class Language:
    """Stands for ``triton.language`` on a device: e^x = 2^(x log₂e), with the argument rounded and the worst power."""

    abs, floor, static_range = np.abs, np.floor, range

    @staticmethod
    def exp(x: Any) -> Device:
        with np.errstate(under="ignore"):
            return off(np.exp2(np.asarray(x, np.float32).view(np.ndarray) * np.float32(1.4426950408889634)))

    @staticmethod
    def where(condition: Any, yes: Any, no: Any) -> Device:
        return np.asarray(np.where(condition, yes, no), np.float32).view(Device)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_a_device_rounds_otherwise_costs_few_digits(activation: str) -> None:
    """φ and its slope err by less than ten roundings of float32, with the worst exponentials and quotients allowed."""
    offered: dict[str, Any] = {"tl": Language}
    for name in ("log1p", "sigmoid", "error_function", "sine_cosine"):
        function = getattr(activations, name).fn
        offered[name] = types.FunctionType(function.__code__, {**function.__globals__, **offered}, name)
    phi = ACTIVATIONS[activation]
    z = np.linspace(-12, 12, 20_001, dtype=np.float32).view(Device)
    scope: dict[str, Any] = {**offered, "z": z, "TERMS": 7}
    exec(textwrap.dedent(phi.triton() or ""), scope)
    exact = z.astype(float).view(np.ndarray)
    for found, expected in ((scope["phi"], phi.phi(exact)), (scope["slope"], phi.dphi(exact))):
        error = np.abs(np.asarray(found, float) - expected) / np.maximum(np.abs(exact), 1.0)
        assert error.max() < 10 * np.finfo(np.float32).eps
