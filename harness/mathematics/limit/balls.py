"""The tests of certificates in ball arithmetic: a second, independent way to those in float64.

Every number is an interval of 128 bits that contains the exact one, by Arb through python-flint (the extra
``rigorous``). Float64 inputs, labels and weights are exact. Functions such as exp and erf have proven errors there,
which those of NumPy have not. λ_min(A) > c is proved by an elimination of A − cI all of whose pivots are positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components import Activation, Array

BITS = 128
"""Precision of the balls."""

MOST_VALUES = 2**20
"""Most values n·k of φ that are evaluated; a few microseconds each."""

MOST_SAMPLES = 1000
"""Most samples of a kernel that is eliminated, in about a minute. Time grows like n³, and memory like n² balls."""

NARROWER = 1.0 - 1e-6
"""Share of a computed singular value that is asked to be proved."""

WIDER = 1.0 + 1e-12
"""Factor that makes the float64 bounds of φ' and φ'' upper bounds."""

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


@dataclass(frozen=True)
class BallNet:
    """A shallow net f(x) = vᵀφ(Wx + b) + c at weights, all in balls. Use it within :meth:`precision`.

    Attributes:
        weights: W (k, d), v (k,) and, where there are biases, b (k,) and c.
        x: Inputs (n, d).
        y: Labels (n,).
        activation: φ, one that :func:`functions` knows.
    """

    weights: Mapping[str, Array]
    x: Array
    y: Array
    activation: Activation

    @staticmethod
    def precision() -> Any:
        """Return a context in which balls have :data:`BITS` bits."""
        from flint import ctx

        return ctx.workprec(BITS)

    @staticmethod
    def known(activation: Activation, n: int, k: int) -> bool:
        """Return whether φ is known in balls and the net is small enough."""
        return available() and n <= MOST_SAMPLES and n * k <= MOST_VALUES and functions(activation) is not None

    @cached_property
    def inputs(self) -> Array:
        """X, with a column of ones where the hidden layer has biases."""
        return np.column_stack([self.x, np.ones(len(self.x))]) if "b" in self.weights else self.x

    @cached_property
    def _z(self) -> Any:
        w = np.column_stack([self.weights["W"], self.weights["b"]]) if "b" in self.weights else self.weights["W"]
        return _exact(self.inputs) * _exact(w).transpose()

    @cached_property
    def _values(self) -> Any:
        return self._applied(0)

    @cached_property
    def _slopes(self) -> Any:
        return self._applied(1)

    def _applied(self, which: int) -> Any:
        from flint import arb_mat

        chosen = functions(self.activation)
        assert chosen is not None  # the caller asked known()
        return arb_mat(self._z.nrows(), self._z.ncols(), [chosen[which](z) for z in self._z.entries()])

    def hidden_gram(self) -> list[list[Ball]]:
        """Return (X Xᵀ) ∘ (S Sᵀ) with S = φ'(Z) diag(v), the hidden layer's part of J Jᵀ."""
        from flint import arb, arb_mat

        v, k = [arb(float(one)) for one in self.weights["v"]], self._z.ncols()
        scaled = arb_mat(len(self.x), k, [s * v[i % k] for i, s in enumerate(self._slopes.entries())])
        slopes, inputs = scaled * scaled.transpose(), _exact(self.inputs)
        gram = inputs * inputs.transpose()
        return [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(slopes.table(), gram.table(), strict=True)]

    def output_gram(self) -> list[list[Ball]]:
        """Return φ(Z) φ(Z)ᵀ, plus ones where there is an output bias: the output layer's part of J Jᵀ."""
        rows: list[list[Ball]] = (self._values * self._values.transpose()).table()
        return [[one + 1 for one in row] for row in rows] if "c" in self.weights else rows

    def residual(self) -> Ball:
        """Return ‖f − y‖."""
        outputs = (self._values * _exact(self.weights["v"][:, None])).entries()
        offset = float(self.weights.get("c", np.zeros(1)).sum())
        return norm([f + offset - float(y) for f, y in zip(outputs, self.y, strict=True)])

    def operator_norm(self) -> Ball:
        """Return a number that is proved to be at least ‖X‖, and hardly above."""
        from flint import arb

        limit = float(np.linalg.norm(self.inputs, 2)) * (1.0 + 1e-9)
        inputs = _exact(self.inputs)
        gram = inputs * inputs.transpose()
        negated = [[-one for one in row] for row in gram.table()]
        return arb(limit) if positive_definite(negated, -(arb(limit) ** 2)) else norm(list(inputs.entries()))

    def longest(self) -> Ball:
        """Return max_i ‖x_i‖."""
        squares = [norm([_ball(one) for one in row]) for row in self.inputs]
        return max(squares, key=lambda one: float(one.upper()))

    def lipschitz(self) -> Ball:
        """Return sup|φ''| ‖v‖_∞ ‖X‖ max_i ‖x_i‖."""
        steepest = float(np.abs(self.weights["v"]).max())
        return _ball(self.activation.b2 * WIDER) * steepest * self.operator_norm() * self.longest()

    def label_norm(self) -> Ball:
        """Return ‖y‖."""
        return norm([_ball(one) for one in self.y])

    def output_norm(self) -> Ball:
        """Return ‖v‖."""
        return norm([_ball(one) for one in self.weights["v"]])


def norm(entries: list[Ball]) -> Ball:
    """Return the Euclidean norm of balls."""
    return sum(one * one for one in entries).sqrt()


def d1(net: BallNet, scale: float = 1.0, *, centred: bool = False) -> bool:
    """Return whether certificate D1 holds: σ_min(J)² ≥ 8L‖r‖.

    Args:
        net: The net.
        scale: α of f = αh, by which D1s multiplies J² and Lr alike but for one factor.
        centred: Whether the outputs at the start are subtracted, so that r = −y.
    """
    with net.precision():
        residual = net.label_norm() if centred else net.residual()
        return positive_definite(net.hidden_gram(), _above(8 * net.lipschitz() * residual / _ball(scale)))


def path(net: BallNet, asked: float) -> bool:
    """Return whether certificate D1g holds at the start: σ_min(J)² ≥ asked · sup|φ''| ‖v‖_∞ ‖X*X‖ ‖r‖.

    Args:
        net: The net.
        asked: The number in the condition.
    """
    with net.precision():
        inputs = _exact(net.inputs)
        squares = [[one * one for one in row] for row in (inputs * inputs.transpose()).table()]
        limit = float(np.linalg.norm((net.inputs @ net.inputs.T) ** 2, 2)) * (1.0 + 1e-9)
        if not positive_definite([[-one for one in row] for row in squares], -_ball(limit)):
            return False
        steepest = float(np.abs(net.weights["v"]).max())
        lipschitz = _ball(net.activation.b2 * WIDER) * steepest * _ball(limit).sqrt()
        return positive_definite(net.hidden_gram(), _above(_ball(asked * WIDER) * lipschitz * net.residual()))


def d2(net: BallNet, sigma: float) -> bool:
    """Return whether certificate D2 holds: a³ ≥ 8B²‖X‖²‖r‖(‖v‖ + 2‖r‖/a) with a ≤ σ_min(φ(Z)).

    Args:
        net: The net.
        sigma: σ_min(φ(Z)) as float64 bounds it.
    """
    with net.precision():
        a = _ball(sigma * NARROWER)
        if not a > 0 or not positive_definite(net.output_gram(), a * a):
            return False
        residual, slope = net.residual(), _ball(net.activation.b1 * WIDER) * net.operator_norm()
        return bool(a**3 > 8 * slope**2 * residual * (net.output_norm() + 2 * residual / a))


def full_rank(net: BallNet, train: str) -> bool:
    """Return whether J has rank n, for the layers that are trained: ``hidden``, ``output`` or ``all``."""
    with net.precision():
        rows = net.hidden_gram() if train != "output" else net.output_gram()
        if train == "all":
            further = net.output_gram()
            rows = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(rows, further, strict=True)]
        return positive_definite(rows, _ball(0.0))


def _above(ball: Ball) -> Ball:
    return ball.upper()


def _ball(number: float) -> Ball:
    from flint import arb

    return arb(float(number))


def _exact(array: Array) -> Any:
    from flint import arb_mat

    rows, columns = array.shape
    return arb_mat(rows, columns, [_ball(one) for one in array.ravel()])
