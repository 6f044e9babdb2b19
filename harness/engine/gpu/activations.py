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


@triton.jit
def error_function(x, TERMS: tl.constexpr):
    """Return erf(x) and e^{−x²}, as ``kernel.cpp`` does: erf x = sign x · (1 − t e^{−x²} P(2t − 1)), t = 3/(3 + |x|).

    The function of the device's library has two branches, and takes more registers than a large tile leaves.
    """
    t = 3.0 / (3.0 + tl.abs(x))
    s = 2.0 * t - 1.0
    gauss = tl.exp(-x * x)
    if TERMS == 7:
        p = s * -0.0043356746463991571 + 0.015058401885290515
        p = p * s + 0.034559357319787598
        p = p * s + 0.10620144216324545
        p = p * s + 0.19592648833989102
        p = p * s + 0.29459629052863104
        p = p * s + 0.35799369625708163
    else:
        p = s * -4.0884168563898671e-07 + 2.706486729834847e-06
        p = p * s + -3.3926110962901047e-06
        p = p * s + -1.8478511602593456e-05
        p = p * s + 4.823772501029511e-05
        p = p * s + 8.0563525666484836e-05
        p = p * s + -0.00017507686987809093
        p = p * s + -0.0010149835209711214
        p = p * s + -0.00040290645107334602
        p = p * s + 0.0089421148784959188
        p = p * s + 0.039842635952120641
        p = p * s + 0.10348908215592356
        p = p * s + 0.19674278600294201
        p = p * s + 0.29446481771669858
        p = p * s + 0.35800230236271975
    size = 1.0 - t * gauss * p
    return tl.where(x < 0, -size, size), gauss


@triton.jit
def sine_cosine(x, TERMS: tl.constexpr):
    """Return sin(x) and cos(x), by the series of r = x − mπ, |r| ≤ π/2, π in parts; the sign alternates with m.

    Those of the device's library keep tables for arguments up to 10³⁸ in memory.
    """
    A: tl.constexpr = 3.140625 if TERMS == 7 else 3.141592653589793
    B: tl.constexpr = 9.67025756835938e-4 if TERMS == 7 else 1.2246467991473532e-16
    C: tl.constexpr = 6.2771141529083251953e-7 if TERMS == 7 else 0.0
    m = tl.floor(x * 0.3183098861837907 + 0.5)
    r = ((x - m * A) - m * B) - m * C
    square = r * r
    sine, cosine = square * 0.0 + 1.0, square * 0.0 + 1.0
    for i in tl.static_range(1, TERMS):
        sine = 1.0 - square * sine * (1.0 / ((2 * (TERMS - i)) * (2 * (TERMS - i) + 1)))
        cosine = 1.0 - square * cosine * (1.0 / ((2 * (TERMS - i)) * (2 * (TERMS - i) - 1)))
    sign = 1.0 - 2.0 * (m - 2.0 * tl.floor(0.5 * m))
    return sign * r * sine, sign * cosine


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
    offered = {f.__name__: f for f in (log1p, sigmoid, error_function, sine_cosine)}
    scope = {"__name__": __name__, "tl": tl, **offered}
    exec(compile(source, name, "exec"), scope)
    made = {**kernel.__globals__, "activate": triton.jit(scope["activate"])}
    bound = types.FunctionType(kernel.__code__, made, kernel.__name__)
    bound.__annotations__ = kernel.__annotations__
    return triton.jit(bound)
