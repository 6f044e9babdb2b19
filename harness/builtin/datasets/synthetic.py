"""Synthetic problems: inputs on the unit sphere or Gaussian, labels Gaussian or ±1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from harness import Array, Dataset, Positive, PositiveInt, Targets
from harness.builtin.datasets.labels import Share, Teacher, TeacherKind, random_labels, with_noise
from harness.mathematics.spectra import unit_rows

LABEL_OPTIONS = ("labels", "outputs", "classes", "teacher", "label_norm", "teacher_width", "label_noise")
"""Options of synthetic datasets that do not change the inputs."""


@dataclass(frozen=True)
class Synthetic(Dataset):
    """Inputs from a distribution; labels independent of them, or those of a linear teacher.

    Inputs are drawn before labels, from a stream that does not name the labels, so that all kinds of labels come with
    the same inputs. Labels ±1 are the signs of the Gaussian ones.

    Attributes:
        labels: ``gaussian`` (N(0, 1)), ``rademacher`` (±1 with equal probability) or ``classes`` (one-hot rows, each
            class with equal probability).
        outputs: q, the number of labels of a sample that are numbers or signs.
        classes: Number of classes where labels are classes.
        teacher: ``none`` leaves labels independent of the inputs. ``linear`` draws A (d, q) from N(0, 1) for each
            problem and takes the labels from xA: the numbers themselves, their signs, or the largest of a row.
            ``shallow`` takes them from relu(xWᵀ)A with W (teacher_width, d) from N(0, 1) likewise.
        label_norm: ‖y‖, to which the labels of a problem are scaled, or None to leave them as they are drawn. Further
            samples are scaled by the same factor.
        teacher_width: Neurons of a shallow teacher.
        label_noise: Share of the samples of the problem whose sign or class is wrong. Held-out and validation samples
            keep their labels.
    """

    version: ClassVar[int] = 2
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(LABEL_OPTIONS[1:], "0.2")
    labels: Literal["gaussian", "rademacher", "classes"] = "gaussian"
    outputs: PositiveInt = 1
    classes: Annotated[int, Ge(2)] = 3
    teacher: TeacherKind = "none"
    label_norm: Positive | None = None
    teacher_width: PositiveInt = 4
    label_noise: Share = 0.0

    def __post_init__(self) -> None:
        if self.labels == "classes" and self.label_norm is not None:
            raise ValueError(f"label_norm = {self.label_norm:g} is for numbers; labels = 'classes' have no other size")
        if self.label_noise and self.labels == "gaussian":
            raise ValueError("label_noise is for signs and classes, and labels = 'gaussian' are numbers")
        if self.labels == "classes" and self.outputs != 1:
            raise ValueError(f"outputs = {self.outputs} is for numbers; labels = 'classes' take classes = …")

    def stream(self) -> dict[str, Any]:
        """Return the spec without the options of the labels."""
        return {option: value for option, value in self.spec().items() if option not in LABEL_OPTIONS}

    def targets(self) -> Targets:
        """Return the form of the labels."""
        if self.labels == "classes":
            return Targets("one-hot", self.classes)
        if self.outputs > 1:
            return Targets("values", self.outputs)
        return Targets("numbers" if self.labels == "gaussian" or self.label_norm is not None else "signs")

    @property
    def labels_have_density(self) -> bool:
        """Whether labels are Gaussian and independent of the inputs."""
        return self.labels == "gaussian" and self.teacher == "none"

    @property
    def label_equations(self) -> int:
        """Number of equations that the labels meet: ‖y‖ = ``label_norm`` where that is given."""
        return 0 if self.label_norm is None else 1

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw inputs (n, d)."""
        raise NotImplementedError  # abstract in all but name: dataclasses and ABC disagree on field order

    def further_inputs(self, n: int, d: int, start: np.random.Generator, rng: np.random.Generator) -> Array:
        """Draw further inputs (n, d) from the distribution of a problem.

        Args:
            n: Further samples.
            d: Input dimension.
            start: The problem's own source of randomness as :meth:`inputs` found it, for what they share.
            rng: Source of their randomness.
        """
        return self.inputs(n, d, rng)

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d), then labels (n,) or (n, q)."""
        return self.split(n, d, rng, ())[0]

    def split(
        self, n: int, d: int, rng: np.random.Generator, further: Sequence[tuple[int, np.random.Generator]]
    ) -> list[tuple[Array, Array]]:
        """Draw a problem, then further samples with the same teacher."""
        start = deepcopy(rng) if further else rng
        x = self.inputs(n, d, rng)
        teacher = Teacher.draw(self.teacher, d, self.targets().outputs, self.teacher_width, rng)
        drawn = [(x, with_noise(self._labels(x, teacher, rng), self.label_noise, rng))]
        for size, own in further:
            x = self.further_inputs(size, d, deepcopy(start), own)
            drawn.append((x, self._labels(x, teacher, own)))
        return drawn if self.label_norm is None else self._scaled(drawn, self.label_norm)

    @staticmethod
    def _scaled(drawn: list[tuple[Array, Array]], norm: float) -> list[tuple[Array, Array]]:
        """Return the samples with all labels multiplied by the factor that gives those of the problem a norm."""
        factor = norm / float(np.linalg.norm(drawn[0][1]))
        return [(x, factor * y) for x, y in drawn]

    def _labels(self, x: Array, teacher: Teacher | None, rng: np.random.Generator) -> Array:
        if teacher is not None:
            return teacher.labels(self.labels, x)
        return random_labels(self.labels, len(x), rng, self.targets().outputs)


class Sphere(Synthetic):
    """Inputs uniform on the unit sphere of R^d."""

    name: ClassVar[str] = "sphere"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d)."""
        return unit_rows(rng.standard_normal((n, d)))


class Gaussian(Synthetic):
    """Inputs N(0, I/d), so that norms are near 1 as on the sphere."""

    name: ClassVar[str] = "gaussian"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw rows (n, d) of mean squared norm 1."""
        rows: Array = rng.standard_normal((n, d)) / np.sqrt(d)
        return rows


class CubeSphere(Synthetic):
    """Inputs uniform on [−1, 1]^d, normalised: on the unit sphere, but denser towards the corners of the cube.

    The inputs of the published grid script of Polaczyk and Cyranka (TMLR, arXiv 2201.12052).
    """

    name: ClassVar[str] = "cube-sphere"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d)."""
        return unit_rows(rng.uniform(-1.0, 1.0, (n, d)))
