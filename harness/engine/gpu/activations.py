"""Functions of Triton's language that the statements of an activation may use, and the kernels made with them.

The names here are values on the device, except those of the last function.
"""

from __future__ import annotations

import functools
import linecache
import textwrap
import types
from typing import Any

import triton
import triton.language as tl

from harness.components import Activation


@triton.jit
def log1p(u, TERMS: tl.constexpr):
    """Return log(1 + u) for 0 ≤ u ≤ 1: 2 artanh q with q = u/(2 + u) ≤ 1/3, by its series.

    Args:
        u: Arguments.
        TERMS: Terms of the series: 7 in single precision, 16 in double.
    """
    q = u / (2.0 + u)
    square = q * q
    series = square * 0.0 + 2.0 / (2 * TERMS - 1)
    for i in tl.static_range(1, TERMS):
        series = series * square + 2.0 / (2 * (TERMS - i) - 1)
    return q * series


@triton.jit
def sigmoid(z):
    """Return 1/(1 + e^{−z}), from one exponential."""
    u = tl.exp(-tl.abs(z))
    return tl.where(z > 0, 1.0, u) / (1.0 + u)


@functools.cache
def with_activation(kernel: Any, activation: Activation) -> Any:
    """Return a kernel with ``activate`` replaced by φ of an activation and its slope.

    Triton compiles a function from its source and the globals of its module. The function ``activate`` is therefore
    made from the activation's statements, and the kernel gets globals of its own.

    Args:
        kernel: A function of :mod:`harness.engine.gpu.kernels`, before Triton compiles it.
        activation: φ, which has statements in Triton's language.
    """
    statements = activation.triton()
    assert statements is not None
    body = textwrap.indent(textwrap.dedent(statements).strip(), "    ")
    source = f"def activate(z, TERMS: tl.constexpr):\n{body}\n    return phi, slope\n"
    name = f"<activation {activation}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name  # where Triton looks for it
    scope = {"__name__": __name__, "tl": tl, "log1p": log1p, "sigmoid": sigmoid}
    exec(compile(source, name, "exec"), scope)
    made = {**kernel.__globals__, "activate": triton.jit(scope["activate"])}
    bound = types.FunctionType(kernel.__code__, made, kernel.__name__)
    bound.__annotations__ = kernel.__annotations__
    return triton.jit(bound)
