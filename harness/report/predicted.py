"""Predictions for the cells of a suite, made without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.claims.certified import SEEDS, certified_width
from harness.claims.predictions import predictions
from harness.components import Certificate
from harness.engine.draws import draw_problem
from harness.report.setting import sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Theory
    from harness.suite import Suite


def predict_suite(
    suite: Suite, theories: Sequence[Theory], *, all_sizes: bool = True
) -> dict[tuple[str, int, int], tuple[Prediction, ...]]:
    """Evaluate every theory that concerns a regime on the problem of trial 0 of every n and d.

    Args:
        suite: Suite with the regimes and problems.
        theories: Theories to evaluate.
        all_sizes: Whether to use every n and d, not only the largest.

    Returns:
        Predictions of each (regime, n, d), in the order of ``theories``.
    """
    found = {}
    for n, d in sizes(suite) if all_sizes else sizes(suite)[-1:]:
        problem = draw_problem(suite.dataset, n, d, seed=0, base=suite.seed, **suite.further).training()
        for regime in suite.regimes:
            found[regime.name, n, d] = tuple(predictions(theories, regime, problem))
    return found


def certify_suite(
    suite: Suite,
    predicted: Mapping[tuple[str, int, int], Sequence[Prediction]],
    *,
    all_sizes: bool = False,
    seeds: int = SEEDS,
) -> dict[tuple[str, int, int, str], Certified]:
    """Find the certified width of every certificate that concerns a regime.

    Args:
        suite: Suite with the regimes and problems.
        predicted: Predictions from :func:`predict_suite`.
        all_sizes: Whether to use every n and d, not only the largest.
        seeds: Number of draws over which each is averaged.

    Returns:
        Certified width of each (regime, n, d, name of the theory), for theories with a test of initial weights.
    """
    regimes = {regime.name: regime for regime in suite.regimes}
    chosen = sizes(suite) if all_sizes else sizes(suite)[-1:]
    return {
        (name, n, d, prediction.theory.name): certified_width(
            prediction.theory, regimes[name], suite.dataset, n, d, seeds=seeds, base=suite.seed, further=suite.further
        )
        for (name, n, d), beside in predicted.items()
        if (n, d) in chosen
        for prediction in beside
        if isinstance(prediction.theory, Certificate)
    }
