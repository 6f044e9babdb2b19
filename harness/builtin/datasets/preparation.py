"""Preparation of observed rows: standardising, and principal components, fitted to some rows and applied to others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Array

FEW_COLUMNS = 256
"""Columns up to which axes come from the covariance, however few rows there are. It is as fast, and keeps the digits of
draws of fewer rows than columns from the shipped data sets."""

LARGE = 1 << 23
"""Numbers in a data set above which it is never standardised as a whole, which would take as much memory again for each
d. Only the rows that are drawn are."""

BLOCK = 1 << 20
"""Numbers of a large data set that are turned into float64 at a time."""


@dataclass(frozen=True)
class Rows:
    """A data set as it was found.

    Attributes:
        x: Inputs, (N, D), finite: float64, or bytes where the file has bytes.
        y: Labels, (N,), finite; None where there are none.
        source: What messages call it.
        columns: Names of the inputs, or an empty tuple if they have none.
    """

    x: NDArray[Any]
    y: Array | None
    source: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """The map from inputs as they were found to inputs that are drawn, fitted to some rows.

    Attributes:
        mean: (D,), subtracted.
        size: (D,), divided by; 0 for columns that do not vary, which become 0.
        axes: (D, d) principal axes, or None where no such reduction is asked for.
    """

    mean: Array
    size: Array
    axes: Array | None

    @staticmethod
    def of(x: NDArray[Any], d: int, reduce: str, source: str) -> Preparation:
        """Fit to rows (N, D).

        Raises:
            ValueError: There are fewer than d columns, or nothing varies.
        """
        if d > x.shape[1]:
            raise ValueError(f"{source} has {x.shape[1]} input columns, fewer than d = {d}")
        mean, size = moments(x)
        if len(x) == 1:
            raise ValueError(f"{source} has one row, and at least 2 are needed")
        if not size.any():
            raise ValueError(f"the inputs of {source} are all the same")
        plain = Preparation(mean, size, None)
        if d < x.shape[1] and reduce == "principal":
            large = x.size > LARGE and x.shape[1] <= x.shape[0]
            return replace(plain, axes=axes_of_blocks(plain, x, d) if large else principal_axes(plain.apply(x), d))
        return plain

    def apply(self, x: NDArray[Any]) -> Array:
        """Return standardised rows (m, D), or their principal components (m, d)."""
        varies = self.size > 0
        columns: Array = np.where(varies, (x - self.mean) / np.where(varies, self.size, 1.0), 0.0)
        return columns if self.axes is None else columns @ self.axes


@dataclass(frozen=True)
class Prepared:
    """A data set ready to draw from.

    Attributes:
        x: Inputs before they are normalised, (N, d), or as they were found, (N, D), where there is a preparation.
        y: Scaled labels, (N,), or None where there are none.
        preparation: What is applied to the rows that are drawn, or None if it was applied to all.
        scale: Root of the mean squared norm of the inputs.
    """

    x: NDArray[Any]
    y: Array | None
    preparation: Preparation | None
    scale: float

    @property
    def columns(self) -> int:
        """Number of columns of the inputs before a random projection."""
        axes = None if self.preparation is None else self.preparation.axes
        return int(self.x.shape[1] if axes is None else axes.shape[1])

    def rows(self, places: NDArray[np.int64]) -> Array:
        """Return inputs before they are normalised, (m, d), in memory of their own."""
        found = self.x[places]
        return found if self.preparation is None else self.preparation.apply(found)


def prepare(rows: Rows, d: int, reduce: str) -> Prepared:
    """Standardise a data set, and reduce it to d principal components if asked.

    Raises:
        ValueError: There are fewer than d columns, or nothing varies.
    """
    fitted = Preparation.of(rows.x, d, reduce, rows.source)
    labels = None if rows.y is None else scaled_labels(rows.y, rows.source)
    if rows.x.size > LARGE:
        squares = sum(float((fitted.apply(block) ** 2).sum()) for block in blocks(rows.x))
        return Prepared(rows.x, labels, fitted, float(np.sqrt(squares / len(rows.x))))
    x = fitted.apply(rows.x)
    return Prepared(x, labels, None, size_of(x))


def size_of(x: Array) -> float:
    """Return the root of the mean squared norm of rows."""
    return float(np.sqrt((x**2).sum(axis=1).mean()))


def blocks(x: NDArray[Any]) -> Iterator[Array]:
    """Yield rows (N, D) as float64, so many at a time that a block has about 2²⁰ numbers."""
    rows = max(BLOCK // x.shape[1], 1)
    for start in range(0, len(x), rows):
        yield x[start : start + rows].astype(np.float64)


def moments(x: NDArray[Any]) -> tuple[Array, Array]:
    """Return the mean of each column and its standard deviation, 0 where it is constant up to rounding.

    >>> [found.tolist() for found in moments(np.array([[1.0, 5.0], [3.0, 5.0]]))]
    [[2.0, 5.0], [1.0, 0.0]]
    """
    if x.size > LARGE:
        mean = sum((block.sum(axis=0) for block in blocks(x)), np.zeros(x.shape[1])) / len(x)
        squares = sum((((block - mean) ** 2).sum(axis=0) for block in blocks(x)), np.zeros(x.shape[1]))
        size = np.sqrt(squares / len(x))
    else:
        mean = x.mean(axis=0)
        size = (x - mean).std(axis=0)
    # A constant column that is no short binary fraction has a mean that is off by rounding.
    return mean, np.where(size > 1e-12 * np.abs(x).max(axis=0, initial=0.0), size, 0.0)


def axes_of_blocks(standardised: Preparation, x: NDArray[Any], d: int) -> Array:
    """Return :func:`principal_axes` of a large data set (N, D), N ≥ D, which is standardised a block at a time.

    Args:
        standardised: What standardises it.
        x: All rows.
        d: Number of axes.
    """
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for block in blocks(x):
        part = standardised.apply(block)
        covariance += part.T @ part
    return leading(covariance, d)


def principal_axes(x: Array, d: int) -> Array:
    """Return the first d principal axes (D, d) of centred rows, each with its largest entry positive.

    N rows of D > N columns take O(N² D) time and O(N D) memory, others O(N D² + D³) and O(N D + D²). Wide rows have N
    axes, and further ones are 0.
    """
    rows, columns = x.shape
    if columns > max(rows, FEW_COLUMNS):
        first = np.zeros((columns, d))
        first[:, :rows] = np.linalg.svd(x, full_matrices=False)[2][:d].T
    else:
        return leading(x.T @ x, d)
    return turned(first)


def leading(covariance: Array, d: int) -> Array:
    """Return the first d eigenvectors (D, d) of a covariance (D, D), each with its largest entry positive."""
    _, axes = np.linalg.eigh(covariance)
    return turned(axes[:, ::-1][:, :d])


def turned(axes: Array) -> Array:
    """Return axes (D, d), each turned so that its largest entry is positive."""
    upright: Array = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return upright


def scaled_labels(y: Array, source: str, fit: Array | None = None) -> Array:
    """Return ±1 where there are two values, else labels scaled to mean 0 and variance 1.

    Args:
        y: Labels (N,).
        source: The name of the data set in messages.
        fit: The labels that have this mean and variance afterwards; all of them if None.

    Raises:
        ValueError: There is one value only.

    >>> scaled_labels(np.array([0.0, 1.0, 1.0]), "it").tolist()
    [-1.0, 1.0, 1.0]
    """
    values = np.unique(y)
    fit = y if fit is None else fit
    if len(np.unique(fit)) < 2:
        raise ValueError(f"the labels of {source} are all the same")
    if len(values) == 2:
        return np.where(y == values[1], 1.0, -1.0)
    mean, size = moments(fit[:, None])
    return Preparation(mean, size, None).apply(y[:, None])[:, 0]
