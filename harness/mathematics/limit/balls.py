"""Ball arithmetic: activations, and proofs that a matrix is positive definite.

Every number is an interval of 128 bits that contains the exact one, by Arb through python-flint (the extra
``rigorous``). Functions such as exp and erf have proven errors there, which those of NumPy have not. λ_min(A) > c is
proved by an elimination of A − cI all of whose pivots are positive.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from harness.components import Activation, Array

BITS = 128
"""Precision of the balls."""

Ball = Any
"""A ball ``flint.arb``; python-flint has no types for it that mypy knows."""


def available() -> bool:
    """Return whether python-flint is installed."""
    return find_spec("flint") is not None


def _sigmoid(z: Ball) -> Ball:
    return 1 / (1 + (-z).exp())


def _normal(z: Ball) -> Ball:
    return (1 + (z / _root(2)).erf()) / 2


def _density(z: Ball) -> Ball:
    from flint import arb

    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _root(number: int) -> Ball:
    from flint import arb

    return arb(number).sqrt()


def _kinked(below: float) -> tuple[Callable[[Ball], Ball], Callable[[Ball], Ball]]:
    """Return φ and φ' of a leaky ReLU. A ball around 0 has the union of both slopes."""
    from flint import arb

    def slope(z: Ball) -> Ball:
        return arb(1) if z > 0 else arb(below) if z < 0 else arb(1).union(arb(below))

    return lambda z: slope(z) * z, slope


def functions(activation: Activation) -> tuple[Callable[[Ball], Ball], Callable[[Ball], Ball]] | None:
    """Return φ and φ' on balls, or None for an activation that has none here."""
    from flint import arb

    if activation.name == "relu":
        return _kinked(0.0)
    if activation.name == "leaky-relu":
        return _kinked(float(activation.dphi(np.array([-1.0]))[0]))
    smooth: dict[str, tuple[Callable[[Ball], Ball], Callable[[Ball], Ball]]] = {
        "softplus": (lambda z: (1 + z.exp()).log(), _sigmoid),
        "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
        "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z))),
        "tanh": (lambda z: z.tanh(), lambda z: 1 / z.cosh() ** 2),
        "gelu": (lambda z: z * _normal(z), lambda z: _normal(z) + z * _density(z)),
        "erf": (lambda z: z.erf(), lambda z: 2 * (-z * z).exp() / arb.pi().sqrt()),
        "sin": (lambda z: z.sin(), lambda z: z.cos()),
    }
    return smooth.get(activation.name)


def positive_definite(matrix: list[list[Ball]], shift: Ball) -> bool:
    """Return whether an elimination proves that A − cI is positive definite.

    Args:
        matrix: A, rows of balls; the lower triangle is read.
        shift: c.

    >>> available() and _example() or not available()
    True
    """
    rows = [[*row[: i + 1]] for i, row in enumerate(matrix)]
    for i, row in enumerate(rows):
        row[i] = row[i] - shift
    for p, pivot in enumerate(rows):
        if not pivot[p] > 0:
            return False
        for i in range(p + 1, len(rows)):
            factor = rows[i][p] / pivot[p]
            for j in range(p + 1, i + 1):
                rows[i][j] = rows[i][j] - factor * rows[j][p]
    return True


def _example() -> bool:
    from flint import arb

    rows = [[arb(2), arb(1)], [arb(1), arb(2)]]
    return positive_definite(rows, arb(0.99)) and not positive_definite(rows, arb(1.01))


def precision() -> Any:
    """Return a context in which balls have :data:`BITS` bits."""
    from flint import ctx

    return ctx.workprec(BITS)


def norm(entries: list[Ball]) -> Ball:
    """Return the Euclidean norm of balls."""
    return sum(one * one for one in entries).sqrt()


def ball(number: float) -> Ball:
    """Return a float64 number, which is exact."""
    from flint import arb

    return arb(float(number))


def matrix(array: Array) -> Any:
    """Return a float64 matrix, which is exact."""
    from flint import arb_mat

    rows, columns = array.shape
    return arb_mat(rows, columns, [ball(one) for one in array.ravel()])
