"""Real data sets: small ones of scikit-learn (``pip install 'convergence-harness[data]'``), and a vendored one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from harness.builtin.datasets.observed import LabelKind, Observed
from harness.builtin.datasets.preparation import Prepared, Rows, prepare

FASHION_MNIST = Path(__file__).with_name("fashion-mnist.npz")
"""The vendored part of Fashion-MNIST, which ``python -m findings.fashion_mnist`` makes."""


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


class Digits(Bundled):
    """1797 handwritten digits of 8 × 8 pixels (d ≤ 64); its own label is the digit, as a number."""

    name: ClassVar[str] = "digits"
    loader: ClassVar[str] = "load_digits"


class BreastCancer(Bundled):
    """569 tumours, 30 measurements each (d ≤ 30); its own label is malignant or benign."""

    name: ClassVar[str] = "breast-cancer"
    loader: ClassVar[str] = "load_breast_cancer"


class Diabetes(Bundled):
    """442 patients, 10 measurements each (d ≤ 10); its own label is the progress of the disease."""

    name: ClassVar[str] = "diabetes"
    loader: ClassVar[str] = "load_diabetes"


@dataclass(frozen=True)
class Wine(Bundled):
    """178 wines of three growers, 13 measurements each (d ≤ 13); its own label is the grower, as a class."""

    name: ClassVar[str] = "wine"
    loader: ClassVar[str] = "load_wine"
    labels: LabelKind = "classes"


@dataclass(frozen=True)
class Iris(Bundled):
    """150 irises of three species, four measurements each (d ≤ 4); its own label is the species, as a class."""

    name: ClassVar[str] = "iris"
    loader: ClassVar[str] = "load_iris"
    labels: LabelKind = "classes"


@dataclass(frozen=True)
class FashionMnist(Observed):
    """6000 pictures of ten kinds of clothes, 600 each, of 14 × 14 pixels (d ≤ 196); its own label is the class.

    The first 600 of each class of the training set of Fashion-MNIST [Xiao, Rasul and Vollgraf 2017, arXiv 1708.07747,
    MIT licence], each square of 2 × 2 pixels replaced by its mean. It comes with the harness.
    """

    name: ClassVar[str] = "fashion-mnist"
    labels: LabelKind = "classes"

    def rows(self) -> Rows:
        """Return the whole data set."""
        return _fashion()

    def prepared(self, d: int) -> Prepared:
        """Return it ready to draw from, kept for the next problem."""
        return _prepared_fashion(d, self.reduce)


@lru_cache(maxsize=1)
def _fashion() -> Rows:
    with np.load(FASHION_MNIST, allow_pickle=False) as arrays:
        return Rows(arrays["x"].astype(np.float64), arrays["y"].astype(np.float64), "dataset 'fashion-mnist'")


@lru_cache(maxsize=8)
def _prepared_fashion(d: int, reduce: str) -> Prepared:
    return prepare(_fashion(), d, reduce)


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
