"""Problems drawn from a fixed set of rows, such as a published data set or a user's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Array, Dataset, Targets
from harness.builtin.datasets.synthetic import one_hot, random_labels

FEW_COLUMNS = 256
"""Columns up to which axes come from the covariance, however few rows there are. It is as fast, and keeps the digits of
draws of fewer rows than columns from the shipped data sets."""


@dataclass(frozen=True)
class Rows:
    """A data set as it was found.

    Attributes:
        x: Inputs, (N, D), finite.
        y: Labels, (N,), finite; None where there are none.
        source: What messages call it.
        columns: Names of the inputs, or an empty tuple if they have none.
    """

    x: Array
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
    def of(x: Array, d: int, reduce: str, source: str) -> Preparation:
        """Fit to rows (N, D).

        Raises:
            ValueError: There are fewer than d columns, or nothing varies.
        """
        if d > x.shape[1]:
            raise ValueError(f"{source} has {x.shape[1]} input columns, fewer than d = {d}")
        mean, size = moments(x)
        if not size.any():
            raise ValueError(f"the inputs of {source} are all the same")
        plain = Preparation(mean, size, None)
        if d < x.shape[1] and reduce == "principal":
            return replace(plain, axes=principal_axes(plain.apply(x), d))
        return plain

    def apply(self, x: Array) -> Array:
        """Return standardised rows (m, D), or their principal components (m, d)."""
        varies = self.size > 0
        columns: Array = np.where(varies, (x - self.mean) / np.where(varies, self.size, 1.0), 0.0)
        return columns if self.axes is None else columns @ self.axes


@dataclass(frozen=True)
class Prepared:
    """A data set ready to draw from: inputs (N, d) before they are normalised, and scaled labels (N,)."""

    x: Array
    y: Array | None


@dataclass(frozen=True)
class Observed(Dataset):
    """n rows of a data set, drawn without replacement.

    Columns are standardised over the whole data set, constant ones left at 0. Where d is smaller than their number,
    inputs are reduced to d dimensions. A suite that asks for held-out or validation rows draws them from the rows that
    are left, and fits means, variances and principal components to the n rows of the problem alone.

    Attributes:
        labels: ``own`` are those of the data set: ±1 where there are two values, else standardised. ``numbers`` are
            the same, also where a table has few integers, for which ``own`` is refused. ``classes`` are one-hot rows of
            their values. ``gaussian`` (N(0, 1)) and ``rademacher`` (±1, the signs of the Gaussian ones) are independent
            of the inputs. The rows that are drawn are the same for all.
        reduce: How d dimensions are made of more columns: ``principal`` takes the first d principal components,
            ``random`` d Gaussian projections, drawn anew for each problem.
        normalise: Whether rows are scaled to norm 1. If not, all are scaled by one factor, to a mean squared norm of
            1 over the data set.
    """

    version: ClassVar[int] = 2
    labels: Literal["own", "numbers", "classes", "gaussian", "rademacher"] = "own"
    reduce: Literal["principal", "random"] = "principal"
    normalise: bool = True

    def stream(self) -> dict[str, Any]:
        """Return the spec without the kind of labels, which are drawn after the rows."""
        return {option: value for option, value in self.spec().items() if option != "labels"}

    def targets(self) -> Targets:
        """Return the form of the labels; the data set is read only to count its classes."""
        if self.labels == "classes":
            return Targets("one-hot", len(np.unique(self._own(self.rows()))))
        return Targets({"gaussian": "numbers", "rademacher": "signs"}.get(self.labels))  # type: ignore[arg-type]  # the kinds of labels

    @property
    def labels_have_density(self) -> bool:
        """Whether labels are Gaussian and independent of the inputs."""
        return self.labels == "gaussian"

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
        return self.split(n, d, rng, ())[0]

    def split(
        self, n: int, d: int, rng: np.random.Generator, further: Sequence[tuple[int, np.random.Generator]]
    ) -> list[tuple[Array, Array]]:
        """Draw n rows as :meth:`draw` does, then further ones from those that are left.

        Raises:
            ValueError: There are not enough rows or columns, or a row cannot be normalised.
        """
        rows = self.rows()
        asked = n + sum(size for size, _ in further)
        if asked > len(rows.x):
            said = f"n = {n}" if not further else f"n = {n} with {asked - n} held-out and validation rows"
            raise ValueError(f"{rows.source} has {len(rows.x)} rows, fewer than {said}")
        ready = self.prepared(d) if not further else None
        chosen = [rng.choice(len(rows.x), size=n, replace=False)]
        left = np.setdiff1d(np.arange(len(rows.x)), chosen[0])
        for size, own in further:
            order = own.permutation(left)
            chosen.append(order[:size])
            left = np.sort(order[size:])
        if ready is None:  # fitted to the rows of the problem, so that the others stay unseen
            fitted = Preparation.of(rows.x[chosen[0]], d, self.reduce, rows.source)
            labels = None if rows.y is None else scaled_labels(rows.y, rows.source, fit=rows.y[chosen[0]])
            ready = Prepared(fitted.apply(rows.x), labels)
            scale = float(np.sqrt((ready.x[chosen[0]] ** 2).sum(axis=1).mean()))
        else:
            scale = float(np.sqrt((ready.x**2).sum(axis=1).mean()))
        columns = ready.x.shape[1]  # a random projection, of the same size for every row in the mean
        projection = rng.standard_normal((columns, d)) if columns > d else None
        sources = [rng, *(own for _, own in further)]
        return [
            (self._inputs(ready.x, place, projection, scale, rows.source), self._labels(rows, ready, place, own))
            for place, own in zip(chosen, sources, strict=True)
        ]

    def _inputs(
        self, prepared: Array, chosen: NDArray[np.int64], projection: Array | None, scale: float, source: str
    ) -> Array:
        x = prepared[chosen]
        if projection is not None:
            x = x @ projection / np.sqrt(projection.shape[1])
        if not self.normalise:
            scaled: Array = x / scale
            return scaled
        with np.errstate(over="ignore", invalid="ignore"):
            norms = np.linalg.norm(x, axis=1, keepdims=True)
        if not np.isfinite(norms).all():
            row = int(chosen[int((~np.isfinite(norms)).argmax())]) + 1
            raise ValueError(f"row {row} of {source} is too far from the rows of the problem to be scaled to norm 1")
        if not (norms > 1e-12 * scale).all():
            row = int(chosen[int(norms.argmin())]) + 1
            raise ValueError(f"row {row} of {source} is the mean of all, so it cannot be scaled to norm 1")
        unit: Array = x / norms
        return unit

    def _labels(self, rows: Rows, ready: Prepared, chosen: NDArray[np.int64], rng: np.random.Generator) -> Array:
        if self.labels in ("gaussian", "rademacher"):
            return random_labels(self.labels, len(chosen), rng)
        own = self._own(rows)
        if self.labels == "classes":
            values, classes = np.unique(own, return_inverse=True)
            return one_hot(classes[chosen], len(values))
        assert ready.y is not None
        return ready.y[chosen]

    def _own(self, rows: Rows) -> Array:
        if rows.y is None:
            raise ValueError(f"{rows.source} has no labels of its own; ask for gaussian or rademacher ones")
        return rows.y


def prepare(rows: Rows, d: int, reduce: str) -> Prepared:
    """Standardise a data set, and reduce it to d principal components if asked.

    Raises:
        ValueError: There are fewer than d columns, or nothing varies.
    """
    x = Preparation.of(rows.x, d, reduce, rows.source).apply(rows.x)
    return Prepared(x, None if rows.y is None else scaled_labels(rows.y, rows.source))


def moments(x: Array) -> tuple[Array, Array]:
    """Return the mean of each column and its standard deviation, 0 where it is constant up to rounding.

    >>> [found.tolist() for found in moments(np.array([[1.0, 5.0], [3.0, 5.0]]))]
    [[2.0, 5.0], [1.0, 0.0]]
    """
    mean = x.mean(axis=0)
    size = (x - mean).std(axis=0)
    # A constant column that is no short binary fraction has a mean that is off by rounding.
    return mean, np.where(size > 1e-12 * np.abs(x).max(axis=0, initial=0.0), size, 0.0)


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
        _, axes = np.linalg.eigh(x.T @ x)
        first = axes[:, ::-1][:, :d]
    signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(d)])
    turned: Array = first * signs
    return turned


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
