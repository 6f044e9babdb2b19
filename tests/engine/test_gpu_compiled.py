"""The kernels of the GPU compile for devices that are not here: few spills, no tensor cores in float32."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

from harness.mathematics.activations import ACTIVATIONS

SPILLS = 128
"""Most bytes that a thread may store for want of registers."""

SHARED = {"80": 163 << 10, "90": 227 << 10, "100": 227 << 10}
"""Bytes of shared memory that one program may take, by architecture (CUDA C++ Programming Guide)."""

SIZES = ("200,20,10", "120,20,10", "800,60,64")
FEW = ("90:gelu:all:float32:200,20,10", "80:softplus:output:float32:200,20,10", "100:sin:all:float64:800,60,64")
MANY = [
    ":".join(parts)
    for parts in itertools.product(SHARED, ACTIVATIONS, ("hidden", "output", "all"), ("float32", "float64"), SIZES)
]


def compiles(builds: tuple[str, ...], directory: Path) -> None:
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
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(builds)
    for build, made in zip(builds, found, strict=True):
        assert made["spills"] <= SPILLS, (build, made)
        assert 0 < made["shared"] <= SHARED[build.partition(":")[0]], (build, made)
        assert "float64" in build or not made["tensor"], (build, made)


def test_kernels_compile_for_three_architectures(tmp_path: Path) -> None:
    compiles(FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("build", MANY)
def test_every_kernel_compiles(build: str, tmp_path: Path) -> None:
    compiles((build,), tmp_path)
