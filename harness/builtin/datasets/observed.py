"""Problems drawn from a fixed set of rows, such as a published data set or a user's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from harness import Array, Dataset, PositiveInt, TargetKind, Targets
from harness.builtin.datasets.labels import Share, Teacher, TeacherKind, one_hot, random_labels, with_noise
from harness.builtin.datasets.preparation import Preparation, Prepared, Rows, prepare, scaled_labels, size_of

LabelKind = Literal["own", "numbers", "classes", "parity", "gaussian", "rademacher", "random-classes"]
"""Kinds of labels of observed rows."""

RANDOM = {"gaussian": "gaussian", "rademacher": "rademacher", "random-classes": "classes"}
"""Kinds of labels that do not need those of the data set, or no more than their number of classes."""

LABEL_OPTIONS = ("labels", "teacher", "teacher_width", "label_noise")
"""Options that do not change the rows that are drawn."""


@dataclass(frozen=True)
class Observed(Dataset):
    """n rows of a data set, drawn without replacement.

    Columns are standardised over the whole data set, constant ones left at 0. Where d is smaller than their number,
    inputs are reduced to d dimensions. A suite that asks for held-out or validation rows draws them from the rows that
    are left, and fits means, variances and principal components to the n rows of the problem alone.

    Attributes:
        labels: ``own`` are those of the data set: ±1 where there are two values, else standardised. ``numbers`` are
            the same, also where a table has few integers, for which ``own`` is refused. ``classes`` are one-hot rows of
            their values, and ``parity`` is −1 and 1 for values of even and odd place. ``gaussian`` (N(0, 1)),
            ``rademacher`` (±1, the signs of the Gaussian ones) and ``random-classes`` (one-hot rows of as many classes)
            are independent of the inputs, unless there is a teacher. The rows that are drawn are the same for all.
        teacher: ``none``, or the function of the inputs that labels of the last three kinds are taken from. It is drawn
            for each problem: ``linear`` is xA, ``shallow`` relu(xWᵀ)A with weights from N(0, 1). The signs are those of
            its values, and the class is that of the largest one.
        teacher_width: Neurons of a shallow teacher.
        label_noise: Share of the samples of the problem whose sign or class is wrong. Held-out and validation samples
            keep their labels.
        reduce: How d dimensions are made of more columns: ``principal`` takes the first d principal components,
            ``random`` d Gaussian projections, drawn anew for each problem.
        normalise: Whether rows are scaled to norm 1. If not, all are scaled by one factor, to a mean squared norm of
            1 over the data set.
    """

    version: ClassVar[int] = 2
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(LABEL_OPTIONS[1:], "0.2")
    labels: LabelKind = "own"
    reduce: Literal["principal", "random"] = "principal"
    normalise: bool = True
    teacher: TeacherKind = field(default="none", kw_only=True)
    teacher_width: PositiveInt = field(default=4, kw_only=True)
    label_noise: Share = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        """Refuse a teacher of labels that are not random, and noise of numbers.

        Raises:
            ValueError: If there is one of them.
        """
        if self.teacher != "none" and self.labels not in RANDOM:
            raise ValueError(f"a teacher gives labels that are {', '.join(RANDOM)}, not {self.labels!r}")
        if self.label_noise and self.labels in ("numbers", "gaussian"):
            raise ValueError(f"label_noise is for signs and classes, and labels = {self.labels!r} are numbers")

    def stream(self) -> dict[str, Any]:
        """Return the spec without the options of the labels, which are drawn after the rows."""
        return {option: value for option, value in self.spec().items() if option not in LABEL_OPTIONS}

    def targets(self) -> Targets:
        """Return the form of the labels; the data set is read only to count its classes."""
        if self.labels in ("classes", "random-classes"):
            return Targets("one-hot", len(np.unique(self._own(self.rows()))))
        kinds: dict[str, TargetKind] = {"gaussian": "numbers", "rademacher": "signs", "parity": "signs"}
        return Targets(kinds.get(self.labels))

    @property
    def labels_have_density(self) -> bool:
        """Whether labels are Gaussian and independent of the inputs."""
        return self.labels == "gaussian" and self.teacher == "none"

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
            mine = rows.x[chosen[0]]
            fitted = Preparation.of(mine, d, self.reduce, rows.source)
            labels = None if rows.y is None else scaled_labels(rows.y, rows.source, fit=rows.y[chosen[0]])
            ready = Prepared(rows.x, labels, fitted, size_of(fitted.apply(mine)))
        columns = ready.columns  # a random projection, of the same size for every row in the mean
        projection = rng.standard_normal((columns, d)) if columns > d else None
        sources = [rng, *(own for _, own in further)]
        inputs = [self._inputs(ready, place, projection, rows.source) for place in chosen]
        if self.teacher == "none":
            labelled = [self._labels(rows, ready, place, own) for place, own in zip(chosen, sources, strict=True)]
        else:
            teacher = Teacher.draw(self.teacher, d, self.targets().outputs, self.teacher_width, rng)
            assert teacher is not None
            labelled = [teacher.labels(RANDOM[self.labels], x) for x in inputs]
        if self.label_noise:
            labelled[0] = self._with_noise(labelled[0], rng, rows.source)
        return list(zip(inputs, labelled, strict=True))

    def _with_noise(self, y: Array, rng: np.random.Generator, source: str) -> Array:
        if y.ndim == 1 and not (np.abs(y) == 1.0).all():
            raise ValueError(f"label_noise is for signs and classes, and the labels of {source} are numbers")
        return with_noise(y, self.label_noise, rng)

    def _inputs(self, prepared: Prepared, chosen: NDArray[np.int64], projection: Array | None, source: str) -> Array:
        x, scale = prepared.rows(chosen), prepared.scale
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
        if self.labels in RANDOM:
            return random_labels(RANDOM[self.labels], len(chosen), rng, self.targets().outputs)
        own = self._own(rows)
        if self.labels in ("classes", "parity"):
            values, classes = np.unique(own, return_inverse=True)
            if self.labels == "parity":
                return np.where(classes[chosen] % 2 == 0, -1.0, 1.0)
            return one_hot(classes[chosen], len(values))
        assert ready.y is not None
        return ready.y[chosen]

    def _own(self, rows: Rows) -> Array:
        if rows.y is None:
            raise ValueError(f"{rows.source} has no labels of its own; ask for gaussian or rademacher ones")
        return rows.y
