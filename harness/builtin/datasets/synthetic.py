"""Synthetic problems: inputs on the unit sphere or Gaussian, labels Gaussian or ±1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness import Array, Dataset
from harness.mathematics.spectra import unit_rows


def random_labels(kind: str, n: int, rng: np.random.Generator) -> Array:
    """Draw labels (n,) that know nothing of the inputs: ``gaussian`` (N(0, 1)) or ``rademacher`` (±1)."""
    return rng.standard_normal(n) if kind == "gaussian" else rng.choice(np.array([-1.0, 1.0]), size=n)


@dataclass(frozen=True)
class Synthetic(Dataset):
    """Inputs from a distribution; labels independent of them.

    Attributes:
        labels: ``gaussian`` (N(0, 1)) or ``rademacher`` (±1 with equal probability).
    """

    labels: Literal["gaussian", "rademacher"] = "gaussian"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw inputs (n, d)."""
        raise NotImplementedError  # abstract in all but name: dataclasses and ABC disagree on field order

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d), then labels (n,)."""
        x = self.inputs(n, d, rng)
        return x, random_labels(self.labels, n, rng)


@dataclass(frozen=True)
class Sphere(Synthetic):
    """Inputs uniform on the unit sphere of R^d."""

    name: ClassVar[str] = "sphere"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d)."""
        return unit_rows(rng.standard_normal((n, d)))


@dataclass(frozen=True)
class Gaussian(Synthetic):
    """Inputs N(0, I/d), so that norms are near 1 as on the sphere."""

    name: ClassVar[str] = "gaussian"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw rows (n, d) of mean squared norm 1."""
        rows: Array = rng.standard_normal((n, d)) / np.sqrt(d)
        return rows


@dataclass(frozen=True)
class CubeSphere(Synthetic):
    """Inputs uniform on [−1, 1]^d, normalised: on the unit sphere, but denser towards the corners of the cube.

    The inputs of the published grid script of Polaczyk and Cyranka (TMLR, arXiv 2201.12052).
    """

    name: ClassVar[str] = "cube-sphere"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d)."""
        return unit_rows(rng.uniform(-1.0, 1.0, (n, d)))
