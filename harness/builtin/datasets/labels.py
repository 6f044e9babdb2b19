"""Labels: independent of the inputs, those of a teacher, and those of which a share is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from harness import Array

Share = Annotated[float, Ge(0), Le(1)]
"""Number from 0 to 1."""

TeacherKind = Literal["none", "linear", "shallow"]
"""Functions that labels are taken from, see :class:`Teacher`."""


def random_labels(kind: str, n: int, rng: np.random.Generator, q: int = 1) -> Array:
    """Draw labels that are independent of the inputs.

    Args:
        kind: ``gaussian`` (N(0, 1)), ``rademacher`` (±1, the signs of the Gaussian labels of the same ``rng``) or
            ``classes`` (one-hot rows).
        n: Samples.
        rng: Source of randomness.
        q: Outputs, or classes.

    Returns:
        (n,) for one output, else (n, q).
    """
    if kind == "classes":
        return one_hot(rng.integers(q, size=n), q)
    drawn: Array = rng.standard_normal(n if q == 1 else (n, q))
    return drawn if kind == "gaussian" else signs(drawn)


def signs(values: Array) -> Array:
    """Return −1 for negative values and 1 for all others.

    >>> signs(np.array([-0.5, 0.0, 2.0])).tolist()
    [-1.0, 1.0, 1.0]
    """
    return np.where(values < 0, -1.0, 1.0)


def one_hot(classes: NDArray[np.int64], q: int) -> Array:
    """Return rows (n, q) with a one in the column of the class.

    >>> one_hot(np.array([1, 0]), 3).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    rows: Array = np.eye(q)[classes]
    return rows


@dataclass(frozen=True)
class Teacher:
    """A function of the inputs that labels are taken from: xA, or relu(xWᵀ)A with the ReLU.

    Attributes:
        output: A, (d, q), or (width, q) where there is a hidden layer.
        hidden: W, (width, d), or None.
    """

    output: Array
    hidden: Array | None = None

    @staticmethod
    def draw(kind: TeacherKind, d: int, q: int, width: int, rng: np.random.Generator) -> Teacher | None:
        """Draw a teacher with weights N(0, 1), or return None for ``none``.

        Args:
            kind: ``linear``, or ``shallow`` for a hidden layer.
            d: Input dimension.
            q: Outputs.
            width: Neurons of the hidden layer.
            rng: Source of randomness.
        """
        if kind == "none":
            return None
        if kind == "linear":
            return Teacher(rng.standard_normal((d, q)))
        return Teacher(hidden=rng.standard_normal((width, d)), output=rng.standard_normal((width, q)))

    def labels(self, kind: str, x: Array) -> Array:
        """Return the values on inputs (n, d), their signs (``rademacher``), or rows of the largest (``classes``).

        Args:
            kind: Kind of the labels as in :func:`random_labels`.
            x: Inputs.
        """
        values: Array = (x if self.hidden is None else np.maximum(x @ self.hidden.T, 0.0)) @ self.output
        if kind == "classes":
            return one_hot(values.argmax(axis=1), values.shape[1])
        values = signs(values) if kind == "rademacher" else values
        return values[:, 0] if values.shape[1] == 1 else values


def with_noise(y: Array, share: float, rng: np.random.Generator) -> Array:
    """Return labels of which a share is wrong: ⌊share · n + ½⌋ of them, chosen at random.

    A wrong sign is the other one, and a wrong class one of the others, each with equal probability.

    Args:
        y: Signs (n,) or (n, q), or one-hot rows (n, q).
        share: Share of the samples.
        rng: Source of randomness.

    >>> float(with_noise(np.ones(10), 0.3, np.random.default_rng(0)).sum())
    4.0
    """
    count = int(share * len(y) + 0.5)
    if not count:
        return y
    wrong, y = rng.permutation(len(y))[:count], y.copy()
    if (np.abs(y) == 1.0).all():
        y[wrong] = -y[wrong]
    else:
        q = y.shape[1]
        y[wrong] = one_hot((y[wrong].argmax(axis=1) + rng.integers(1, q, size=count)) % q, q)
    return y
