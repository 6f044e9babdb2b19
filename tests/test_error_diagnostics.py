"""Diagnostics of errors, ranks and signs, against closed forms on networks that are made by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness import Network, Problem, Samples
from harness.builtin.criteria import CrossEntropy, MeanSquareOverRoot, Quadratic
from harness.builtin.diagnostics import (
    FinalMeasure,
    FinalRank,
    HeldOutAccuracy,
    HeldOutError,
    InitialRank,
    LinearisedHeldOutError,
    PatternFlips,
    TrainingError,
    ValidationError,
)
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent


def network(problem: Problem, model: ShallowNet, k: int, seed: int = 0, moved: float = 0.0) -> Network:
    rng = np.random.default_rng(seed)
    shapes = model.shapes_for(problem.d, k, problem.q)
    start = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in shapes.items()}
    params = {name: value + moved * torch.from_numpy(rng.standard_normal(value.shape)) for name, value in start.items()}
    criterion = CrossEntropy() if problem.classes else Quadratic()
    return Network(model, GradientDescent(), criterion, problem, params, start, 0.1, 5)


def signs(n: int, m: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    x, new = rng.standard_normal((n, 6)), rng.standard_normal((m, 6))
    return Problem(x, np.sign(x[:, 0]), held_out=Samples(new, np.sign(new[:, 0])))


def test_errors_are_shares_of_wrong_signs() -> None:
    problem = signs(30, 40)
    net = network(problem, ShallowNet("tanh", "all"), 5)
    assert problem.held_out is not None
    for one, samples in ((TrainingError(), problem), (HeldOutError(), problem.held_out)):
        w, v = (net.params[name].numpy() for name in ("W", "v"))
        outputs = np.tanh(samples.x @ w.T) @ v
        assert one.measure(net) == pytest.approx(float((np.sign(outputs) != samples.y).mean()))
    assert HeldOutAccuracy().measure(net) == pytest.approx(1 - HeldOutError().measure(net))
    assert math.isnan(ValidationError().measure(net))


def test_errors_of_classes_and_of_numbers() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((20, 6)), np.eye(3)[rng.integers(3, size=20)]
    several = network(Problem(x, y, classes=3), ShallowNet("tanh", "all"), 4)
    outputs = np.tanh(x @ several.params["W"].numpy().T) @ several.params["v"].numpy().T
    assert TrainingError().measure(several) == pytest.approx(float((outputs.argmax(1) != y.argmax(1)).mean()))
    numbers = Problem(x, rng.standard_normal(20))
    net = network(numbers, ShallowNet("tanh", "all"), 4)
    f = np.tanh(x @ net.params["W"].numpy().T) @ net.params["v"].numpy()
    assert TrainingError().measure(net) == pytest.approx(np.linalg.norm(f - numbers.y) / np.linalg.norm(numbers.y))
    assert math.isnan(HeldOutAccuracy().measure(net))


def test_the_final_measure_is_that_of_the_criterion() -> None:
    problem = signs(30, 40)
    net = network(problem, ShallowNet("tanh", "all"), 5, moved=0.3)
    f = np.tanh(problem.x @ net.params["W"].numpy().T) @ net.params["v"].numpy()
    assert FinalMeasure().measure(net) == pytest.approx(np.linalg.norm(f - problem.y) / np.linalg.norm(problem.y))
    mean = replace(net, criterion=MeanSquareOverRoot())
    assert FinalMeasure().measure(mean) == pytest.approx(((f - problem.y) ** 2).mean() / math.sqrt(30))


def test_ranks_count_the_weights_of_smooth_nets() -> None:
    problem = signs(30, 1)
    for k, rank in ((2, 12 / 30), (5, 1.0)):
        net = network(problem, ShallowNet("softplus", "hidden"), k, moved=0.3)
        assert InitialRank().measure(net) == pytest.approx(rank)
        assert FinalRank().measure(net) == pytest.approx(rank)
    assert InitialRank.monotone
    assert not HeldOutError.monotone


def test_flips_are_those_of_the_signs() -> None:
    net = network(signs(30, 1), ShallowNet("relu", "all", biases=True), 7, moved=0.5)
    x = net.problem.x
    before, after = (x @ p["W"].numpy().T + p["b"].numpy() > 0 for p in (net.start, net.params))
    share = float((before != after).mean())
    assert 0.05 < share < 0.5
    assert PatternFlips().measure(net) == pytest.approx(share)
    assert PatternFlips().measure(network(signs(30, 1), ShallowNet("relu"), 7)) == 0.0


@pytest.mark.parametrize("k", [5, 20, 60])
def test_the_linearised_error_of_features_is_that_of_least_norm(k: int) -> None:
    rng = np.random.default_rng(3)
    x, new, a = rng.standard_normal((20, 6)), rng.standard_normal((50, 6)), rng.standard_normal(6)
    problem = Problem(x, x @ a, held_out=Samples(new, new @ a))
    net = network(problem, ShallowNet("relu", "output"), k)
    w, v = (net.start[name].numpy() for name in ("W", "v"))
    features, others = np.maximum(x @ w.T, 0), np.maximum(new @ w.T, 0)
    best = v + np.linalg.pinv(features) @ (x @ a - features @ v)
    error = np.linalg.norm(others @ best - new @ a) / np.linalg.norm(new @ a)
    assert LinearisedHeldOutError().measure(net) == pytest.approx(error, rel=1e-6)
