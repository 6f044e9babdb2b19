"""Problems drawn from a fixed set of rows, such as a published data set or a user's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness import Array, Dataset
from harness.builtin.datasets.synthetic import random_labels


@dataclass(frozen=True)
class Rows:
    """A data set as it was found.

    Attributes:
        x: Inputs, (N, D), finite.
        y: Labels, (N,), finite; None where there are none.
        source: What messages call it.
    """

    x: Array
    y: Array | None
    source: str


@dataclass(frozen=True)
class Prepared:
    """A data set ready to draw from: inputs (N, d) before they are normalised, and scaled labels (N,)."""

    x: Array
    y: Array | None


@dataclass(frozen=True)
class Observed(Dataset):
    """n rows of a data set, drawn without replacement.

    Columns are standardised over the whole data set, constant ones left at 0. Where d is smaller than their number,
    inputs are reduced to d dimensions.

    Attributes:
        labels: ``own`` are those of the data set: ±1 where there are two values, else standardised; ``gaussian``
            (N(0, 1)) and ``rademacher`` (±1) know nothing of the inputs.
        reduce: How d dimensions are made of more columns: ``principal`` takes the first d principal components,
            ``random`` d Gaussian projections, drawn anew for each problem.
        normalise: Whether rows are scaled to norm 1; if not, all are scaled by one factor, to a mean squared norm of
            1 over the data set.
    """

    labels: Literal["own", "gaussian", "rademacher"] = "own"
    reduce: Literal["principal", "random"] = "principal"
    normalise: bool = True

    def rows(self) -> Rows:
        """Return the whole data set."""
        raise NotImplementedError  # abstract in all but name

    def prepared(self, d: int) -> Prepared:
        """Return :func:`prepare` of the rows; sets that are read often keep it."""
        return prepare(self.rows(), d, self.reduce)

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw n rows, then what is random of the projection and of the labels.

        Raises:
            ValueError: There are fewer than n rows or fewer than d columns, or a row cannot be normalised.
        """
        rows = self.rows()
        if n > len(rows.x):
            raise ValueError(f"{rows.source} has {len(rows.x)} rows, fewer than n = {n}")
        ready = self.prepared(d)
        chosen = rng.choice(len(rows.x), size=n, replace=False)
        x = ready.x[chosen]
        scale = float(np.sqrt((ready.x**2).sum(axis=1).mean()))
        if x.shape[1] > d:  # a random projection, of the same size for every row in the mean
            x = x @ rng.standard_normal((x.shape[1], d)) / np.sqrt(d)
        if self.normalise:
            norms = np.linalg.norm(x, axis=1, keepdims=True)
            if not (norms > 1e-12 * scale).all():
                row = int(chosen[int(norms.argmin())]) + 1
                raise ValueError(f"row {row} of {rows.source} is the mean of all, so it cannot be scaled to norm 1")
            x = x / norms
        else:
            x = x / scale
        if self.labels != "own":
            return x, random_labels(self.labels, n, rng)
        if ready.y is None:
            raise ValueError(f"{rows.source} has no labels of its own; ask for gaussian or rademacher ones")
        return x, ready.y[chosen]


def prepare(rows: Rows, d: int, reduce: str) -> Prepared:
    """Standardise a data set, and reduce it to d principal components if asked.

    Raises:
        ValueError: There are fewer than d columns, or nothing varies.
    """
    if d > rows.x.shape[1]:
        raise ValueError(f"{rows.source} has {rows.x.shape[1]} input columns, fewer than d = {d}")
    x = standardised(rows.x)
    if not np.any(x):
        raise ValueError(f"the inputs of {rows.source} are all the same")
    if d < x.shape[1] and reduce == "principal":
        x = x @ principal_axes(x, d)
    return Prepared(x, None if rows.y is None else scaled_labels(rows.y, rows.source))


def standardised(x: Array) -> Array:
    """Return columns of mean 0 and variance 1; constant ones are 0.

    >>> standardised(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    centred = x - x.mean(axis=0)
    size = centred.std(axis=0)
    # A constant column that is no short binary fraction has a mean that is off by rounding.
    varies = size > 1e-12 * np.abs(x).max(axis=0, initial=0.0)
    columns: Array = np.where(varies, centred / np.where(varies, size, 1.0), 0.0)
    return columns


def principal_axes(x: Array, d: int) -> Array:
    """Return the first d principal axes (D, d) of centred rows, each with its largest entry positive."""
    _, axes = np.linalg.eigh(x.T @ x)
    first = axes[:, ::-1][:, :d]
    signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(d)])
    turned: Array = first * signs
    return turned


def scaled_labels(y: Array, source: str) -> Array:
    """Return ±1 where there are two values, else mean 0 and variance 1.

    Raises:
        ValueError: There is one value only.

    >>> scaled_labels(np.array([0.0, 1.0, 1.0]), "it").tolist()
    [-1.0, 1.0, 1.0]
    """
    values = np.unique(y)
    if len(values) < 2:
        raise ValueError(f"the labels of {source} are all the same")
    if len(values) == 2:
        return np.where(y == values[1], 1.0, -1.0)
    return standardised(y[:, None])[:, 0]
