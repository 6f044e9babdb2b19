"""The tests of certificates at the weights of a shallow net in ball arithmetic: a second, independent way.

The first is in float64. Float64 inputs, labels and weights are exact in balls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.mathematics.limit.balls import Ball, available, ball, functions, matrix, norm, positive_definite, precision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components import Activation, Array

MOST_VALUES = 2**20
"""Most values n·k of φ that are evaluated; a few microseconds each."""

MOST_SAMPLES = 1000
"""Most samples of a kernel that is eliminated, in about a minute. Time grows like n³, and memory like n² balls."""

NARROWER = 1.0 - 1e-6
"""Share of a computed singular value that is asked to be proved."""

WIDER = 1.0 + 1e-12
"""Factor that makes the float64 bounds of φ' and φ'' upper bounds."""


@dataclass(frozen=True)
class BallNet:
    """A shallow net f(x) = vᵀφ(Wx + b) + c at weights, all in balls. Use it within :func:`precision`.

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

    @classmethod
    def of(cls, weights: Mapping[str, Array], x: Array, y: Array, activation: Activation) -> BallNet | None:
        """Return a net, or None if φ is not known in balls or the net is too large for them."""
        return cls(weights, x, y, activation) if cls.known(activation, len(x), len(weights["v"])) else None

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
        return matrix(self.inputs) * matrix(w).transpose()

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
        from flint import arb_mat

        v, k = [ball(one) for one in self.weights["v"]], self._z.ncols()
        scaled = arb_mat(len(self.x), k, [s * v[i % k] for i, s in enumerate(self._slopes.entries())])
        slopes, inputs = scaled * scaled.transpose(), matrix(self.inputs)
        gram = inputs * inputs.transpose()
        return [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(slopes.table(), gram.table(), strict=True)]

    def output_gram(self) -> list[list[Ball]]:
        """Return φ(Z) φ(Z)ᵀ, plus ones where there is an output bias: the output layer's part of J Jᵀ."""
        rows: list[list[Ball]] = (self._values * self._values.transpose()).table()
        return [[one + 1 for one in row] for row in rows] if "c" in self.weights else rows

    def residual(self) -> Ball:
        """Return ‖f − y‖."""
        outputs = (self._values * matrix(self.weights["v"][:, None])).entries()
        offset = float(self.weights.get("c", np.zeros(1)).sum())
        return norm([f + offset - float(y) for f, y in zip(outputs, self.y, strict=True)])

    def operator_norm(self) -> Ball:
        """Return a number that is proved to be at least ‖X‖, and hardly above."""
        limit = ball(float(np.linalg.norm(self.inputs, 2)) * (1.0 + 1e-9))
        inputs = matrix(self.inputs)
        gram = inputs * inputs.transpose()
        negated = [[-one for one in row] for row in gram.table()]
        return limit if positive_definite(negated, -(limit**2)) else norm(list(inputs.entries()))

    def longest(self) -> Ball:
        """Return max_i ‖x_i‖."""
        squares = [norm([ball(one) for one in row]) for row in self.inputs]
        return max(squares, key=lambda one: float(one.upper()))

    def lipschitz(self) -> Ball:
        """Return sup|φ''| ‖v‖_∞ ‖X‖ max_i ‖x_i‖."""
        steepest = float(np.abs(self.weights["v"]).max())
        return ball(self.activation.b2 * WIDER) * steepest * self.operator_norm() * self.longest()

    def label_norm(self) -> Ball:
        """Return ‖y‖."""
        return norm([ball(one) for one in self.y])

    def output_norm(self) -> Ball:
        """Return ‖v‖."""
        return norm([ball(one) for one in self.weights["v"]])

    def meets_d1(self, scale: float = 1.0, *, centred: bool = False) -> bool:
        """Return whether certificate D1 holds: σ_min(J)² ≥ 8L‖r‖.

        Args:
            scale: α of f = αh, by which D1s multiplies J² and Lr alike but for one factor.
            centred: Whether the outputs at the start are subtracted, so that r = −y.
        """
        with precision():
            residual = self.label_norm() if centred else self.residual()
            return positive_definite(self.hidden_gram(), (8 * self.lipschitz() * residual / ball(scale)).upper())

    def meets_d1g(self, asked: float) -> bool:
        """Return whether certificate D1g holds at the start: σ_min(J)² ≥ asked · sup|φ''| ‖v‖_∞ ‖X*X‖ ‖r‖.

        Args:
            asked: The number in the condition.
        """
        with precision():
            inputs = matrix(self.inputs)
            squares = [[one * one for one in row] for row in (inputs * inputs.transpose()).table()]
            limit = float(np.linalg.norm((self.inputs @ self.inputs.T) ** 2, 2)) * (1.0 + 1e-9)
            if not positive_definite([[-one for one in row] for row in squares], -ball(limit)):
                return False
            steepest = float(np.abs(self.weights["v"]).max())
            lipschitz = ball(self.activation.b2 * WIDER) * steepest * ball(limit).sqrt()
            return positive_definite(self.hidden_gram(), (ball(asked * WIDER) * lipschitz * self.residual()).upper())

    def meets_d2(self, sigma: float) -> bool:
        """Return whether certificate D2 holds: a³ ≥ 8B²‖X‖²‖r‖(‖v‖ + 2‖r‖/a) with a ≤ σ_min(φ(Z)).

        Args:
            sigma: σ_min(φ(Z)) as float64 bounds it.
        """
        with precision():
            a = ball(sigma * NARROWER)
            if not a > 0 or not positive_definite(self.output_gram(), a * a):
                return False
            residual, slope = self.residual(), ball(self.activation.b1 * WIDER) * self.operator_norm()
            return bool(a**3 > 8 * slope**2 * residual * (self.output_norm() + 2 * residual / a))

    def full_rank(self, train: str) -> bool:
        """Return whether J has rank n, for the layers that are trained: ``hidden``, ``output`` or ``all``."""
        with precision():
            rows = self.hidden_gram() if train != "output" else self.output_gram()
            if train == "all":
                further = self.output_gram()
                rows = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(rows, further, strict=True)]
            return positive_definite(rows, ball(0.0))
