"""Eigenvalues of symmetric matrices in compiled code, where there is a compiler."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from harness.components import Array
from harness.engine.fused.build import spectrum
from harness.engine.fused.compiler import NoKernel

NO_MEMORY = -2.0
"""The number that spectrum.cpp returns where its arrays do not fit in memory. Other negative ones: K is singular."""

Eigenvalue = Callable[[int, int, float], float]
Tridiagonal = Callable[[int, int, int, int], bool]


@functools.cache
def _functions() -> tuple[Eigenvalue, Eigenvalue, Tridiagonal] | None:
    """Return what computes the largest, the smallest, and all eigenvalues, or None if it cannot be compiled."""
    try:
        library = spectrum().loaded
    except NoKernel:
        return None
    for function in (library.harness_largest, library.harness_smallest):
        function.restype = ctypes.c_double
        function.argtypes = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
    library.harness_tridiagonal.restype = ctypes.c_bool
    library.harness_tridiagonal.argtypes = (*[ctypes.c_void_p] * 3, ctypes.c_int64)
    return library.harness_largest, library.harness_smallest, library.harness_tridiagonal


def compiled() -> bool:
    """Return whether there is compiled code; the first call may compile it."""
    return _functions() is not None


def largest(kernel: Array, tolerance: float) -> float:
    """Return the largest eigenvalue of K, (n, n), or NaN if K is not finite.

    Args:
        kernel: K, symmetric and positive semidefinite.
        tolerance: Residual in units of the eigenvalue at which Lanczos' method ends.

    Raises:
        MemoryError: If its basis does not fit in memory.
    """
    return _eigenvalue(0, kernel, tolerance)


def smallest(kernel: Array, tolerance: float) -> float:
    """Return the smallest eigenvalue of K, (n, n), or NaN if K has no Cholesky factor.

    Args:
        kernel: K, symmetric and positive semidefinite.
        tolerance: Residual in units of its inverse at which Lanczos' method ends.

    Raises:
        MemoryError: If the factor does not fit in memory.
    """
    value = _eigenvalue(1, kernel, tolerance)
    return value if value >= 0.0 else math.nan


def of_tridiagonal(diagonal: Array, below: Array) -> tuple[Array, Array]:
    """Return the eigenvalues of a symmetric tridiagonal matrix, (n,), and the first entries of their unit eigenvectors.

    Both are in the same order, which may be any, and the sign of an entry too.

    Args:
        diagonal: Its diagonal, (n,).
        below: Entries below the diagonal, (n − 1,).

    Raises:
        numpy.linalg.LinAlgError: If the method does not converge.
    """
    functions = _functions()
    assert functions is not None
    values, rest, first = np.array(diagonal), np.append(below, 0.0), np.empty(len(diagonal))
    if not functions[2](values.ctypes.data, rest.ctypes.data, first.ctypes.data, len(values)):
        raise np.linalg.LinAlgError(f"the eigenvalues of a tridiagonal matrix of {len(values)} rows did not converge")
    return values, first


def _eigenvalue(which: Literal[0, 1], kernel: Array, tolerance: float) -> float:
    functions = _functions()
    assert functions is not None
    matrix = np.ascontiguousarray(kernel, dtype=np.float64)
    value = functions[which](matrix.ctypes.data, len(matrix), tolerance)
    if value == NO_MEMORY:
        raise MemoryError(f"the eigenvalues of a matrix ({len(matrix)}, {len(matrix)}) do not fit in memory")
    return value
