"""Three small real data sets, bundled with scikit-learn (``pip install 'convergence-harness[data]'``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from harness.builtin.datasets.observed import Observed, Prepared, Rows, prepare


@dataclass(frozen=True)
class Bundled(Observed):
    """A data set that comes with scikit-learn.

    Attributes:
        loader: Name of its function in ``sklearn.datasets``.
    """

    loader: ClassVar[str]

    def rows(self) -> Rows:
        """Return the whole data set.

        Raises:
            ValueError: scikit-learn is not installed.
        """
        return _load(self.loader, self.name)

    def prepared(self, d: int) -> Prepared:
        """Return it ready to draw from, kept for the next problem."""
        return _prepared(self.loader, self.name, d, self.reduce)


@dataclass(frozen=True)
class Digits(Bundled):
    """1797 handwritten digits of 8 × 8 pixels (d ≤ 64); its own label is the digit, as a number."""

    name: ClassVar[str] = "digits"
    loader: ClassVar[str] = "load_digits"


@dataclass(frozen=True)
class BreastCancer(Bundled):
    """569 tumours, 30 measurements each (d ≤ 30); its own label is malignant or benign."""

    name: ClassVar[str] = "breast-cancer"
    loader: ClassVar[str] = "load_breast_cancer"


@dataclass(frozen=True)
class Diabetes(Bundled):
    """442 patients, 10 measurements each (d ≤ 10); its own label is the progress of the disease."""

    name: ClassVar[str] = "diabetes"
    loader: ClassVar[str] = "load_diabetes"


@lru_cache(maxsize=8)
def _load(loader: str, name: str) -> Rows:
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ValueError(
            f"dataset {name!r} comes with scikit-learn, which is not installed: pip install 'convergence-harness[data]'"
        ) from error
    x, y = getattr(datasets, loader)(return_X_y=True)
    return Rows(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), f"dataset {name!r}")


@lru_cache(maxsize=32)
def _prepared(loader: str, name: str, d: int, reduce: str) -> Prepared:
    return prepare(_load(loader, name), d, reduce)
