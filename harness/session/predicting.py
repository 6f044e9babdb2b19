"""Evaluate theories on problems that are drawn on the spot, without training."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from harness.complaints import ProblemError, show

if TYPE_CHECKING:
    from harness.claims.predictions import Prediction
    from harness.components import Dataset, Problem, Regime, Theory
    from harness.plugin_host.registry import Registry
    from harness.report.records import Records
    from harness.report.rows import TheoryRecord


def theories(
    n: int,
    d: int,
    *,
    activation: str | None = None,
    dataset: str = "sphere",
    labels: str | None = None,
    seed: int = 1,
    plugin_files: Iterable[str | Path] = (),
) -> Records[TheoryRecord]:
    """Return the width that each known theory asks for at n samples in dimension d, each for its own regime.

    Args:
        n: Number of samples.
        d: Input dimension.
        activation: Activation, instead of that of each theory's own regime, where it has one.
        dataset: Name of a dataset, or a CSV, TSV or NPZ file.
        labels: Labels, where the dataset has a choice.
        seed: Seed of the problem.
        plugin_files: Files with further theories.

    Raises:
        ProblemError: If the dataset has no such problem.
        SpecError: If there is no such dataset, or it has no such labels.
        ValueError: If there is no such activation.

    >>> widths = theories(200, 20)
    >>> [(record.a, record.b, record.scaling) for record in widths if record.theory == "bubeck-ntk"]
    [(1.0, -1.0, 10.0)]
    """
    from harness.plugin_host.loading import load_plugins
    from harness.report.records import Records
    from harness.report.rows import TheoryRecord, theory_record

    registry = load_plugins(tuple(plugin_files))
    source = dataset_named(registry, dataset, labels)
    problem = problem_of(registry, source, n, d, seed)
    found = predicted(registry, problem, activation, logging.getLogger("harness").warning)
    return Records(TheoryRecord, map(theory_record, found))


def predicted(
    registry: Registry, problem: Problem, activation: str | None, say: Callable[[str], None]
) -> list[Prediction]:
    """Return the prediction of every theory for its own regime.

    Args:
        registry: The plugins.
        problem: The problem.
        activation: Activation, instead of that of each regime, where it has one.
        say: Called with a line for each theory that is left out.

    Raises:
        ValueError: If there is no such activation.
    """
    from harness.claims.predictions import of_labels, targets_of
    from harness.plugin_host.registry import AmbiguousName, UnknownName
    from harness.report.predicted import predict_guarded

    if activation is not None:
        try:
            registry.find("activation", activation)
        except (UnknownName, AmbiguousName) as error:
            raise ValueError(str(error)) from error
    about = (theory for theory in registry.theories() if of_labels(theory, targets_of(problem)))
    homes = ((theory, home(theory, registry, activation, say)) for theory in about)
    return [predict_guarded(theory, regime, problem, registry) for theory, regime in homes if regime is not None]


def home(theory: Theory, registry: Registry, activation: str | None, say: Callable[[str], None]) -> Regime | None:
    """Return the regime that a theory is about, or None, with a line to ``say``, if it cannot be built."""
    from harness.plugin_host.composition import build_regime

    spec = dict(theory.claim.home)
    try:
        regime = build_regime(spec, registry)
        if activation is not None and regime.model.describe().activation not in (None, activation):
            regime = build_regime({**spec, "activation": activation}, registry)
    except Exception as error:  # a theory is code of a plugin
        say(f"theory {theory.name} is left out: its own regime cannot be built: {error}")
        return None
    return regime


def dataset_named(registry: Registry, name: str, labels: str | None) -> Dataset:
    """Return the dataset of a name or a file.

    Raises:
        SpecError: If there is no such dataset, or it has no such labels.
        TypeError: If the name is no text.
    """
    from harness.plugin_host.component_data import component_from

    if not isinstance(name, str):
        raise TypeError(f"dataset: found {show(name)}, expected a name or a file")
    spec: dict[str, Any] = {"use": name} | ({"labels": labels} if labels is not None else {})
    if name.lower().endswith((".csv", ".tsv", ".npz")):
        spec |= {"use": "table", "path": name}
    return cast("Dataset", component_from(registry, "dataset", spec))


def problem_of(registry: Registry, source: Dataset, n: int, d: int, seed: int) -> Problem:
    """Return the problem that a dataset has at n and d.

    Args:
        registry: The plugins.
        source: The dataset.
        n: Number of samples.
        d: Input dimension.
        seed: Seed of the problem.

    Raises:
        ProblemError: If it has none.
    """
    from functools import partial

    from harness.engine.draws import draw_problem
    from harness.plugin_host.guarded import guarded

    for name, value in {"n": n, "d": d}.items():
        if not isinstance(value, Integral) or value < 1:
            raise ProblemError(f"{name}: found {show(value)}, expected a whole number at least 1")
    draw = partial(draw_problem, source, n, d, seed=0, base=seed)
    try:
        return guarded(draw, [source], registry, subject=f"dataset {source.name!r}")
    except Exception as error:  # a dataset is code of a plugin
        raise ProblemError(f"dataset {source.name!r} has no problem of n = {n}, d = {d}: {error}") from error
