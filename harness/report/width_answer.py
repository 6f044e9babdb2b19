"""The records of the widths that data need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.claims.predictions import Prediction
    from harness.driver.results import Results
    from harness.statistics.share_width import ShareWidth


@dataclass(frozen=True)
class Needed:
    """The widths that one regime needs.

    Attributes:
        regime: Name of the regime.
        unfittable: Why no width can fit, or an empty string.
        results: The search for k½, or None if no width can fit.
        exact: The width from which 95 % of the trainings end in an exact fit, or None where that is not decided.
        budget: The width from which 95 % meet the tolerance within the budget, or None where none was tried.
        steps: Step by which 95 % of the trainings at the widest of these widths meet the tolerance, fitted where that
            is after the budget. None where none was tried.
        predictions: The theories that concern the regime, evaluated on the data.
        complete: Whether nothing is left to train.
    """

    regime: str
    unfittable: str = ""
    results: Results | None = None
    exact: ShareWidth | None = None
    budget: ShareWidth | None = None
    steps: float | None = None
    predictions: tuple[Prediction, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class WidthAnswer:
    """The widths that data need.

    Attributes:
        data: The data in words.
        n: Number of samples.
        d: Input dimension.
        tolerance: Largest relative residual of a fit within the budget.
        steps: The budget.
        regimes: The answer for each regime.
        left_out: Why a regime was not tried, by name.
        directory: Where the runs are stored.
        seconds: Time that this call took.
        complete: Whether nothing is left to train.
    """

    data: str
    n: int
    d: int
    tolerance: float
    steps: int
    regimes: tuple[Needed, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path()
    seconds: float = 0.0
    complete: bool = True
