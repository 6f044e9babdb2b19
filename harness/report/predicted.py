"""Predictions for what a suite measures, without training anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.predictions import predictions
from harness.problems import draw_problem
from harness.report.setting import sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components import Theory
    from harness.predictions import Prediction
    from harness.suite import Suite


def predict_suite(suite: Suite, theories: Sequence[Theory]) -> dict[tuple[str, int, int], tuple[Prediction, ...]]:
    """Evaluate every theory that concerns a regime on the problem of trial 0 of every n and d.

    Returns:
        For each (regime, n, d) the predictions, in the order of ``theories``.
    """
    found = {}
    for n, d in sizes(suite):
        problem = draw_problem(suite.dataset, n, d, seed=0, base=suite.seed)
        for regime in suite.regimes:
            found[regime.name, n, d] = tuple(predictions(theories, regime, problem))
    return found
