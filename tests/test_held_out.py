"""Held-out and validation samples: where they come from, and who sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch

from harness import Array, Cell, Diagnostic, Model, Network, Problem, Weights
from harness.builtin.datasets import BreastCancer, Clustered, Diabetes, Digits, LowDimension, Sphere
from harness.builtin.initializers import LeCun
from harness.claims.predictions import predictions
from harness.components import Dataset
from harness.engine.draws import draw_problem
from harness.engine.setting import rebuild, semantic_key
from harness.engine.work import train
from harness.plugin_host.registry import Registry
from tests.engine.cases import CASES, setting, stacked


def draw(dataset: Dataset, n: int = 30, d: int = 5, held_out: int = 20, validation: int = 0) -> Problem:
    return draw_problem(dataset, n, d, seed=3, base=1, held_out=held_out, validation=validation)


@pytest.mark.parametrize(
    "dataset", [Sphere(), Clustered(), Sphere(teacher="linear"), Digits(labels="classes")], ids=str
)
def test_each_set_has_a_stream_of_its_own(dataset: Dataset) -> None:
    alone, both, none = draw(dataset), draw(dataset, validation=10), draw(dataset, held_out=0)
    assert none.held_out is None
    assert alone.validation is None
    assert alone.held_out is not None
    assert both.held_out is not None
    assert both.validation is not None
    np.testing.assert_array_equal(alone.held_out.x, both.held_out.x)
    np.testing.assert_array_equal(alone.held_out.y, both.held_out.y)
    np.testing.assert_array_equal(alone.x, both.x)
    np.testing.assert_array_equal(alone.y, none.y)
    assert both.validation.x.shape == (10, 5)
    assert both.validation.y.shape == (10, *alone.y.shape[1:])
    every = np.concatenate([both.x, both.held_out.x, both.validation.x])
    assert len(np.unique(every, axis=0)) == 60


def test_synthetic_problems_are_those_without_further_samples() -> None:
    for dataset in (Sphere(), LowDimension(dimension=2), Clustered(), Sphere(labels="classes", teacher="linear")):
        np.testing.assert_array_equal(draw(dataset).x, draw(dataset, held_out=0).x)
        np.testing.assert_array_equal(draw(dataset).y, draw(dataset, held_out=0).y)


def test_further_samples_share_the_teacher_the_subspace_and_the_centres() -> None:
    taught = draw(Sphere(outputs=2, teacher="linear"))
    assert taught.held_out is not None
    teacher = np.linalg.lstsq(taught.x, taught.y, rcond=None)[0]
    np.testing.assert_allclose(taught.held_out.x @ teacher, taught.held_out.y, atol=1e-12)
    signs = draw(Sphere(labels="rademacher", teacher="linear"))
    classes = draw(Sphere(labels="classes", teacher="linear"))
    assert set(np.unique(signs.y)) == {-1.0, 1.0}
    assert classes.classes == classes.q == 3
    np.testing.assert_array_equal(classes.y.sum(axis=1), 1.0)
    flat = draw(LowDimension(dimension=2))
    assert flat.held_out is not None
    assert np.linalg.matrix_rank(np.concatenate([flat.x, flat.held_out.x])) == 2
    near = draw(Clustered(clusters=4, radius=0.0), held_out=8)
    assert near.held_out is not None
    assert len(np.unique(np.round(np.concatenate([near.x, near.held_out.x]), 9), axis=0)) == 4


def test_what_is_fitted_is_fitted_to_the_training_rows() -> None:
    ready = draw(Diabetes(normalise=False), d=10, held_out=200)
    assert ready.held_out is not None
    np.testing.assert_allclose(ready.x.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose((ready.x**2).sum(axis=1).mean(), 1.0)
    np.testing.assert_allclose([ready.y.mean(), ready.y.std()], [0.0, 1.0], atol=1e-12)
    assert np.abs(ready.held_out.x.mean(axis=0)).max() > 1e-3
    principal = draw(Diabetes(normalise=False), d=3, held_out=200)
    assert principal.held_out is not None
    for x, uncorrelated in ((principal.x, True), (principal.held_out.x, False)):
        covariance = x.T @ x / len(x)
        assert bool(np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-9) == uncorrelated
    with pytest.raises(ValueError, match="569 rows, fewer than n = 500 with 70 held-out and validation rows"):
        draw(BreastCancer(), n=500, held_out=70)


@dataclass(frozen=True)
class Shuffled(Sphere):
    """The sphere with its further samples in another order, in the sphere's streams."""

    def split(
        self, n: int, d: int, rng: np.random.Generator, further: Sequence[tuple[int, np.random.Generator]]
    ) -> list[tuple[Array, Array]]:
        first, *others = super().split(n, d, rng, further)
        return [first, *((x[::-1].copy(), y[::-1].copy()) for x, y in others)]


@dataclass(frozen=True)
class Suspicious(LeCun):
    """LeCun weights, unless the problem has what it must not show."""

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        assert problem.held_out is None
        assert problem.validation is None
        return super().draw(model, problem, k, rng)


@dataclass(frozen=True)
class HeldOut(Diagnostic):
    """Squared errors on held-out samples, weighted by their place."""

    name: ClassVar[str] = "held-out"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "last"

    def measure(self, network: Network) -> float:
        samples = network.problem.held_out
        assert samples is not None
        assert network.problem.validation is not None
        outputs = network.model.forward(network.params, torch.from_numpy(samples.x)).detach().numpy()
        return float(((outputs - samples.y) ** 2) @ np.arange(len(samples.y)))


@pytest.mark.parametrize("name", ["softplus", "stacked", "silu sgd", "deep", "huber", "erf output"])
def test_no_trained_bit_depends_on_held_out_samples(name: str) -> None:
    regime = stacked(CASES["softplus"]) if name == "stacked" else CASES[name]
    start = regime.initializer if name == "deep" else Suspicious()
    regime = replace(regime, initializer=start, diagnostics=(HeldOut(),))

    def run(dataset: Dataset) -> list[dict[str, object]]:
        where = setting(regime, dataset=dataset, steps=60, held_out=8, validation=4)
        outcomes = train(where, Cell("", 12, 4, 6), range(3))
        assert not any(outcome.message for outcome in outcomes), outcomes
        return [{**vars(outcome), "seconds": 0} for outcome in outcomes]

    one, two = run(Sphere()), run(Shuffled())
    for first, second in zip(one, two, strict=True):
        assert first.pop("diagnostics") != second.pop("diagnostics")
        assert first == second


def test_keys_of_trials_without_further_samples_stay(registry: Registry) -> None:
    def data(**changes: int) -> dict[str, object]:
        return setting(CASES["softplus"], **changes).data(registry)

    assert not {"held_out", "validation"} & set(data())
    assert len({semantic_key(data()), semantic_key(data(held_out=2)), semantic_key(data(validation=2))}) == 3
    again = rebuild(data(held_out=2, validation=3), registry)
    assert (again.held_out, again.validation) == (2, 3)


def test_theories_of_one_output_are_kept_from_several(registry: Registry) -> None:
    theories, regime = registry.theories(), CASES["softplus"]
    assert predictions(theories, regime, draw(Sphere()))
    for dataset in (Sphere(outputs=2), Sphere(labels="classes")):
        kept = predictions(theories, regime, draw(dataset))
        assert {one.theory.name for one in kept} == {"count-hidden"}, "it counts the equations of any number of outputs"
