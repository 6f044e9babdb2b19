"""What the hardware can do: fused multiply-adds of one core, and the vendor's matrix product."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import torch

from benchmarks.case import Case
from benchmarks.timing import seconds
from harness.engine.fused.compiler import FLAGS, NoKernel, compiler

SOURCE = Path(__file__).with_name("fma.cpp")
CHAINS = (4, 6, 8, 12, 24)
ROUNDS = 300_000
TRIES = 3
VECTOR_BYTES = 64


@functools.cache
def _spinner(real: str) -> ctypes.CDLL:
    """Compile the multiply-adds for a precision, and load them."""
    program = compiler()
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory) / "fma.so"
        command = [*program, *FLAGS, f"-DREAL={real}", str(SOURCE), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            raise NoKernel(f"{program[0]} could not compile {SOURCE.name}: {done.stderr.strip()[:200]}")
        loaded = ctypes.CDLL(str(library))
    loaded.harness_spin.restype = ctypes.c_double
    loaded.harness_spin.argtypes = (ctypes.c_int, ctypes.c_int64)
    return loaded


def fma_peak(dtype: str) -> float:
    """Return the GFLOP/s of multiply-adds of the core that this runs on, the best of several numbers of chains.

    Raises:
        NoKernel: If there is no compiler.
    """
    spin = _spinner("double" if dtype == "float64" else "float").harness_spin
    wide = VECTOR_BYTES // (8 if dtype == "float64" else 4)

    def once(chains: int) -> float:
        return 2e-9 * wide * chains * ROUNDS / seconds(lambda: spin(chains, ROUNDS))

    return max(once(chains) for _ in range(TRIES) for chains in CHAINS)


def matrix_product(case: Case, size: int) -> float:
    """Return the GFLOP/s of ``torch.mm`` of square matrices."""
    a = torch.rand(size, size, dtype=case.precision, device=case.device)
    out = torch.mm(a, a)
    return 2e-9 * size**3 / seconds(lambda: torch.mm(a, a, out=out), case.device)
