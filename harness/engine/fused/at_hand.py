"""Asks whether this machine has compiled kernels, and loads what compiles them only then."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from harness.components import Activation
from harness.mathematics.activations import ACTIVATIONS

if TYPE_CHECKING:
    from harness.engine.fused.build import Real


def made(dtype: str, source: str) -> str:
    """Return the file of a kernel for softplus, and what compiled it."""
    from harness.engine.fused.build import kernel

    found = kernel(real_of(dtype), ACTIVATIONS["softplus"], source)
    notice = f"; {found.notice}" if found.notice else ""
    return f"{found.path} (by {found.compiler}){notice}"


@functools.cache
def unavailable(
    dtype: str = "float32", activation: Activation = ACTIVATIONS["softplus"], source: str = "kernel"
) -> str:
    """Return why a kernel of an activation is not available, or an empty string; the first call may compile it."""
    from harness.engine.fused.build import kernel
    from harness.engine.fused.compiler import NoKernel

    try:
        kernel(real_of(dtype), activation, source)
    except NoKernel as error:
        return str(error)
    return ""


def real_of(dtype: str) -> Real:
    """Return the C++ type of a precision."""
    return "double" if dtype == "float64" else "float"
