"""Problems: synthetic inputs, inputs of a difficult shape, real data, and tables of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.builtin.datasets.real import BreastCancer, Diabetes, Digits, FashionMnist, Iris, Wine
from harness.builtin.datasets.shaped import Antipodal, Clustered, LowDimension, NearDuplicates
from harness.builtin.datasets.synthetic import CubeSphere, Gaussian, Sphere
from harness.builtin.datasets.table import TableFile

if TYPE_CHECKING:
    from harness import Dataset

__all__ = [
    "Antipodal",
    "BreastCancer",
    "Clustered",
    "CubeSphere",
    "Diabetes",
    "Digits",
    "FashionMnist",
    "Gaussian",
    "Iris",
    "LowDimension",
    "NearDuplicates",
    "Sphere",
    "TableFile",
    "Wine",
]

DATASETS: tuple[type[Dataset], ...] = (
    Sphere,
    Gaussian,
    CubeSphere,
    LowDimension,
    Clustered,
    NearDuplicates,
    Antipodal,
    Digits,
    BreastCancer,
    Diabetes,
    Wine,
    Iris,
    FashionMnist,
    TableFile,
)
"""All datasets of the builtin plugin."""
