"""Predictions for the cells of a suite, made without training."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harness.claims.certified import SEEDS, Certified, certified_width
from harness.claims.predictions import concerned, predict, predictions, unanswered
from harness.components import Certificate, Width
from harness.engine.draws import draw_problem
from harness.plugin_host.guarded import SECONDS, guarded
from harness.plugin_host.plugin_process import Unanswered
from harness.report.setting import sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Dataset, Problem, Regime, Theory
    from harness.driver.results import Results
    from harness.plugin_host.registry import Registry
    from harness.suite import Suite


LATE = "time was up before this theory was evaluated; harness report evaluates it"
"""Reason for a missing width where a limit of time ended the evaluation."""


def predict_suite(
    suite: Suite, theories: Sequence[Theory], *, all_sizes: bool = True, until: float = math.inf
) -> dict[tuple[str, int, int], tuple[Prediction, ...]]:
    """Evaluate every theory that concerns a regime on the problem of trial 0 of every n and d.

    Args:
        suite: Suite with the regimes and problems.
        theories: Theories to evaluate.
        all_sizes: Whether to use every n and d, not only the largest.
        until: Time of the monotonic clock from which on no further width is evaluated.

    Returns:
        Predictions of each (regime, n, d), in the order of ``theories``.
    """
    found = {}
    for n, d in sizes(suite) if all_sizes else sizes(suite)[-1:]:
        try:
            problem = problem_of_suite(suite, n, d).training()
        except Unanswered as error:
            for regime in suite.regimes:
                about = concerned(theories, regime, suite.dataset)
                rows = (unanswered(theory, regime, n, d, str(error), failed=False) for theory in about)
                found[regime.name, n, d] = tuple(rows)
            continue
        evaluate = partial(predict_guarded, registry=suite.registry, seconds=suite.budget.trial_seconds, until=until)
        for regime in suite.regimes:
            found[regime.name, n, d] = tuple(predictions(theories, regime, problem, evaluate))
    return found


def predict_results(
    results: Results, *, all_sizes: bool = True, until: float = math.inf
) -> dict[tuple[str, int, int], tuple[Prediction, ...]]:
    """Evaluate every theory on the suite of a run, and take the widths of trained certificates from its trials.

    Args:
        results: Results of the run.
        all_sizes: Whether to use every n and d, not only the largest.
        until: See :func:`predict_suite`.

    Returns:
        See :func:`predict_suite`.
    """
    found = predict_suite(results.suite, results.registry.theories(), all_sizes=all_sizes, until=until)
    return {
        place: tuple(replace(p, width=trained_width(results, *place)) if p.theory.measured else p for p in several)
        for place, several in found.items()
    }


def trained_width(results: Results, regime: str, n: int, d: int) -> Width:
    """Return the width at which half of the trained nets of a regime are certified, with its bracket as the reason."""
    if not results.decides_fates(regime):
        return Width(math.nan, "this run does not ask what becomes of the trials with unlimited steps")
    found = results.at(regime, n, d).certified_half()
    low, high = found.low or 0, found.high
    if found.k_half is not None:
        return Width(float(found.k_half), f"half of the trained nets certified: ({low}, {high}]", noted=True)
    if high is not None:
        return Width(float(high), f"at most {high}: half of the trained nets certified", noted=True)
    return Width(math.nan, f"above {low}, the widest at which fewer than half of the trained nets are certified")


def problem_of_suite(suite: Suite, n: int, d: int) -> Problem:
    """Draw the problem of trial 0 of a suite.

    Raises:
        Unanswered: If the dataset is of a third-party plugin and hung, or ended its process.
        ValueError: If the dataset has no such problem.
    """
    draw = partial(draw_problem, suite.dataset, n, d, seed=0, base=suite.seed, **suite.further)
    subject = f"dataset {suite.dataset.name!r}"
    return guarded(draw, [suite.dataset], suite.registry, subject=subject, seconds=suite.budget.trial_seconds)


def predict_guarded(
    theory: Theory,
    regime: Regime,
    problem: Problem,
    registry: Registry | None,
    seconds: float = SECONDS,
    until: float = math.inf,
) -> Prediction:
    """Evaluate a theory on a problem. Without an answer, the width is NaN with the reason.

    Args:
        theory: Theory to evaluate.
        regime: How the networks are trained.
        problem: The problem.
        registry: The plugins.
        seconds: Longest time in seconds.
        until: See :func:`predict_suite`.
    """
    subject = f"theory {theory.name!r}"
    call = partial(predict, theory, regime, problem, LATE if time.monotonic() >= until else "")
    try:
        return guarded(call, [theory, regime], registry, subject=subject, seconds=seconds)
    except (Unanswered, ValueError) as error:
        return unanswered(theory, regime, problem.n, problem.d, str(error))


def certify_suite(
    suite: Suite,
    predicted: Mapping[tuple[str, int, int], Sequence[Prediction]],
    *,
    all_sizes: bool = False,
    seeds: int = SEEDS,
    rigorous: bool = False,
) -> dict[tuple[str, int, int, str], Certified]:
    """Find the certified width of every certificate that concerns a regime.

    Args:
        suite: Suite with the regimes and problems.
        predicted: Predictions from :func:`predict_suite`.
        all_sizes: Whether to use every n and d, not only the largest.
        seeds: Number of draws over which each is averaged.
        rigorous: Whether tests are repeated in ball arithmetic.

    Returns:
        Certified width of each (regime, n, d, name of the theory), for theories with a test of initial weights.
    """
    regimes = {regime.name: regime for regime in suite.regimes}
    chosen = sizes(suite) if all_sizes else sizes(suite)[-1:]
    return {
        (name, n, d, prediction.theory.name): certify_guarded(
            prediction.theory,
            regimes[name],
            suite.dataset,
            n,
            d,
            registry=suite.registry,
            seconds=suite.budget.trial_seconds,
            seeds=seeds,
            base=suite.seed,
            further=suite.further,
            rigorous=rigorous,
        )
        for (name, n, d), beside in predicted.items()
        if (n, d) in chosen
        for prediction in beside
        if isinstance(prediction.theory, Certificate)
    }


def certify_guarded(
    theory: Theory,
    regime: Regime,
    dataset: Dataset,
    n: int,
    d: int,
    *,
    base: int,
    registry: Registry | None,
    seconds: float = SECONDS,
    seeds: int = SEEDS,
    further: Mapping[str, int] | None = None,
    rigorous: bool = False,
) -> Certified:
    """Find the certified width of a theory. Without an answer, there is none and the reason is given.

    Args:
        theory: A theory that certifies.
        regime: How networks are initialised.
        dataset: Where problems come from.
        n: Samples.
        d: Input dimension.
        base: Seed of the suite.
        registry: The plugins.
        seconds: Longest time of each draw in seconds.
        seeds: Number of draws.
        further: Numbers of samples that the suite draws beside each problem.
        rigorous: Whether the tests of some draws are repeated in ball arithmetic.
    """
    assert isinstance(theory, Certificate)  # the caller asks no others
    call = partial(
        certified_width,
        theory,
        regime,
        dataset,
        n,
        d,
        seeds=seeds,
        base=base,
        further=further,
        rigorous=rigorous,
    )
    subject = f"theory {theory.name!r} or dataset {dataset.name!r}"
    try:
        return guarded(call, [theory, regime, dataset], registry, subject=subject, seconds=seeds * seconds)
    except Unanswered as error:
        return Certified(None, None, None, seeds, str(error))
