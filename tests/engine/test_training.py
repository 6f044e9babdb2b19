"""Every criterion, minibatch and optimizer against a plain torch loop in float64 that shares the draws alone."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from harness_narrow.optimizers import Projected
from torch import Tensor

from harness import Cell, Criterion, Dataset, Optimizer, Outcome, Regime
from harness.builtin.adaptive import Adam, AdamW, NormalisedGradientDescent
from harness.builtin.criteria import CrossEntropy, Hinge, Logistic, MeanSquareOverRoot, Quadratic, SquaredHinge
from harness.builtin.datasets import Sphere
from harness.builtin.deep import DeepNet, FanIn
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.components.progress import DIVERGED
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.minibatches import Independent, Minibatches
from harness.engine.work import train
from tests.engine.cases import setting

CELL = Cell("", 20, 5, 8)
STEPS = 160
TOLERANCES = (0.9, 0.6, 0.3)
MARKS: dict[str, Any] = {"at_errors": (0.3, 0.0), "at_margins": (0.05, 0.3)}
SIGNS, CLASSES, VALUES = Sphere(labels="rademacher"), Sphere(labels="classes"), Sphere(outputs=2)

CRITERIA: list[tuple[Dataset, Criterion]] = [
    (SIGNS, Quadratic(**MARKS)),
    (SIGNS, MeanSquareOverRoot(**MARKS)),
    (SIGNS, Logistic(**MARKS)),
    (SIGNS, Hinge(**MARKS)),
    (SIGNS, SquaredHinge(measured="error")),
    (CLASSES, Quadratic(**MARKS)),
    (CLASSES, CrossEntropy(**MARKS)),
    (CLASSES, CrossEntropy(measured="error", **MARKS)),
    (CLASSES, Hinge(**MARKS)),
    (CLASSES, SquaredHinge(**MARKS)),
    (VALUES, Quadratic()),
]
OPTIMIZERS: list[Optimizer] = [
    GradientDescent(step_size=0.01),
    GradientDescent(step_size=0.01, weight_decay=0.2),
    GradientDescent(step_size=0.02, schedule="inverse-sqrt", schedule_steps=7),
    Momentum(step_size=0.005, beta=0.5),
    Momentum(step_size=0.01, beta=0.5, weight_decay=0.1, schedule="cosine", schedule_steps=100),
    NormalisedGradientDescent(step_size=0.01),
    Adam(step_size=0.02, schedule="step-decay", schedule_steps=50, schedule_factor=0.5),
    Adam(step_size=0.02, weight_decay=0.1),
    AdamW(step_size=0.02, weight_decay=0.3),
    Projected(step_size=0.01, epsilon=1.0, weight_decay=0.1),
]
BATCHES: list[dict[str, Any]] = [{}, {"batch": 6}, {"batch": 5, "replacement": True}]
ALL = list(itertools.product(CRITERIA, OPTIMIZERS, BATCHES))
SAMPLE = [ALL[i] for i in range(0, len(ALL), 11)]


def loss_of(criterion: Criterion, f: Tensor, y: Tensor) -> Tensor:
    """Return the loss of one network in torch's words."""
    nn = torch.nn.functional
    signs = y if y.dim() == 1 else 2 * y - 1
    match criterion.name:
        case "quadratic":
            return 0.5 * nn.mse_loss(f, y, reduction="sum")
        case "mse-over-root-n":
            return nn.mse_loss(f, y)
        case "logistic":
            return nn.binary_cross_entropy_with_logits(f, (y + 1) / 2, reduction="sum")
        case "cross-entropy":
            return nn.cross_entropy(f, y.argmax(1), reduction="sum")
        case "hinge":
            return nn.relu(1 - signs * f).sum()
        case _:
            return 0.5 * (nn.relu(1 - signs * f) ** 2).sum()


def measures(criterion: Criterion, f: Tensor, y: Tensor) -> tuple[float, float, float]:
    """Return the measure, the share of wrong labels and the smallest margin."""
    if y.dim() == 1:
        margins = f * y
    else:
        right = f[torch.arange(len(y)), y.argmax(1)]
        margins = right - torch.where(y > 0, -math.inf, f).amax(1)
    error = float((margins <= 0).sum()) / len(y)
    if criterion.name == "quadratic":
        measure = float((f - y).norm() / y.norm())
    elif criterion.name == "mse-over-root-n":
        measure = float(((f - y) ** 2).mean() / len(y) ** 0.5)
    else:
        measure = error if criterion.bounded() else float(loss_of(criterion, f, y)) / len(y)
    return measure, error, float(margins.min())


def rate_of(optimizer: Optimizer, step: int) -> float:
    past, every = step / optimizer.schedule_steps, optimizer.schedule_steps
    factors: dict[str, float] = {
        "constant": 1.0,
        "inverse-sqrt": (1 + past) ** -0.5,
        "cosine": math.cos(math.pi / 2 * min(past, 1)) ** 2,
        "step-decay": optimizer.schedule_factor ** (step // every),
    }
    return factors[optimizer.schedule]


def method_of(optimizer: Optimizer, weights: list[Tensor], eta: float) -> torch.optim.Optimizer:
    """Return the same method of torch's; projected and normalised steps are made of plain ones."""
    decay = optimizer.weight_decay
    if isinstance(optimizer, Adam):
        made = torch.optim.AdamW if isinstance(optimizer, AdamW) else torch.optim.Adam
        return made(weights, lr=eta, weight_decay=decay)
    beta = optimizer.beta if isinstance(optimizer, Momentum) else 0.0
    return torch.optim.SGD(weights, lr=eta, momentum=beta, weight_decay=decay)


def project(optimizer: Projected, params: dict[str, Tensor], first: dict[str, Tensor]) -> None:
    """Put weights back into the set of the optimizer, one pair after the other."""
    for row, start in zip(params["W"], first["W"], strict=True):
        away = row - start
        if away.norm() > optimizer.epsilon:
            row.copy_(start + away * (optimizer.epsilon / away.norm()))
    half = len(params["v"]) // 2
    for j in range(half):
        sign = 1.0 if first["v"][j] >= 0 else -1.0
        size = sign * (params["v"][j] - params["v"][j + half]) / 2
        params["v"][j] = sign * size.clamp(optimizer.zeta, optimizer.kappa)
        params["v"][j + half] = -params["v"][j]


def loop(regime: Regime, dataset: Dataset, outcome: Outcome, steps: int) -> dict[str, Any]:
    """Return hits, last measure and steps of a plain loop."""
    optimizer, criterion = regime.optimizer, regime.criterion
    problem = draw_problem(dataset, CELL.n, CELL.d, seed=outcome.seed, base=1)
    drawn = draw_weights(regime.initializer, regime.model, problem, CELL.k, seed=outcome.seed, base=1)
    first = {name: torch.from_numpy(value) for name, value in drawn.items()}
    params = {name: value.clone().requires_grad_() for name, value in first.items()}
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    eta, b = optimizer.step_size, optimizer.batch_size(CELL.n)
    assert isinstance(eta, float)
    method = method_of(optimizer, list(params.values()), eta)
    order = (Independent if optimizer.replacement else Minibatches)([outcome.seed], CELL.n, b, 1)
    every = -(-CELL.n // b)
    wanted = {"measure": TOLERANCES, "error": criterion.at_errors, "margin": criterion.at_margins}
    hits: dict[str, list[int | None]] = {name: [None] * len(marks) for name, marks in wanted.items()}
    found, step = (0.0, 0.0, 0.0), 0
    for step in range(steps + 1):
        if step % every == 0:
            found = measures(criterion, regime.model.forward(params, x).detach(), y)
            for (name, marks), value in zip(wanted.items(), found, strict=True):
                met = [value >= mark if name == "margin" else value <= mark for mark in marks]
                hits[name] = [step if m and hit is None else hit for hit, m in zip(hits[name], met, strict=True)]
        diverged = not criterion.bounded() and not found[0] < DIVERGED
        if all(values[-1] is not None for values in hits.values() if values) or step == steps or diverged:
            break
        rows = torch.from_numpy(order.take(1)[0, 0]) if b < CELL.n else torch.arange(CELL.n)
        loss = loss_of(criterion, regime.model.forward(params, x[rows]), y[rows])
        method.zero_grad()
        (loss * (CELL.n / b if criterion.reduction == "sum" else 1.0)).backward()  # type: ignore[no-untyped-call]  # torch does not type it
        eta_now = eta * rate_of(optimizer, step)
        if isinstance(optimizer, NormalisedGradientDescent):
            eta_now /= math.sqrt(sum(float((p.grad**2).sum()) for p in params.values() if p.grad is not None))
        for group in method.param_groups:
            group["lr"] = eta_now
        if isinstance(optimizer, Momentum):  # torch multiplies the whole velocity by the step size of the moment
            _heavy_ball(optimizer, params, eta_now, method)
        else:
            method.step()
        if isinstance(optimizer, Projected):
            with torch.no_grad():
                project(optimizer, params, first)
    return {"hits": hits, "measure": found[0], "steps": step}


def _heavy_ball(optimizer: Momentum, params: dict[str, Tensor], eta: float, memory: torch.optim.Optimizer) -> None:
    with torch.no_grad():
        for value in params.values():
            assert value.grad is not None
            state = memory.state[value]
            gradient = value.grad + optimizer.weight_decay * value
            state["velocity"] = optimizer.beta * state.get("velocity", 0.0) - eta * gradient
            value.add_(state["velocity"])


def compare(cases: list[tuple[tuple[Dataset, Criterion], Optimizer, dict[str, Any]]], seeds: range) -> int:
    """Compare the engine with the loop in each case, and return the number of networks."""
    count = fits = 0
    for (dataset, criterion), optimizer, batch in cases:
        if isinstance(optimizer, Projected) and dataset.targets().outputs > 1:
            continue  # it is stated for one output
        on = replace(optimizer, **batch)
        regime = Regime("case", ShallowNet("tanh", "all", biases=True), LeCun(), on, criterion)
        steps = STEPS - STEPS % on.epoch(CELL.n)
        where = setting(regime, dataset=dataset, dtype="float64", steps=steps, tolerances=TOLERANCES)
        for outcome in train(where, CELL, seeds):
            assert not outcome.message, outcome.message
            expected = loop(regime, dataset, outcome, steps)
            found = {"measure": list(outcome.hits), "error": [], "margin": []}
            found |= {name: list(hits) for name, hits in outcome.further_hits.items()}
            assert found == expected["hits"], (regime, outcome.seed)
            assert outcome.steps == expected["steps"]
            assert outcome.measure == pytest.approx(expected["measure"], rel=1e-7), regime
            count, fits = count + 1, fits + (outcome.hits[-1] is not None)
    assert 0 < fits < count
    return count


def test_training_equals_a_plain_loop() -> None:
    assert compare(SAMPLE, range(1)) >= 25


@pytest.mark.slow
def test_training_of_hundreds_of_nets_equals_a_plain_loop() -> None:
    assert compare(ALL, range(2)) >= 300


@pytest.mark.parametrize("q", [1, 3])
def test_deep_nets_are_trained_like_a_plain_loop(q: int) -> None:
    dataset, criterion = (SIGNS, Logistic(**MARKS)) if q == 1 else (CLASSES, CrossEntropy(**MARKS))
    for hidden in (3, ("k", 4)):
        model = DeepNet("relu", hidden, biases=True)
        regime = Regime("deep", model, FanIn(gain=2**0.5), Adam(step_size=0.02, batch=6), criterion)
        where = setting(regime, dataset=dataset, dtype="float64", steps=STEPS, tolerances=TOLERANCES)
        for outcome in train(where, CELL, range(2)):
            expected = loop(regime, dataset, outcome, STEPS)
            assert {"measure": list(outcome.hits), **{k: list(v) for k, v in outcome.further_hits.items()}} == expected[
                "hits"
            ]
            assert outcome.measure == pytest.approx(expected["measure"], rel=1e-7)


def test_a_deep_net_of_one_layer_is_the_shallow_net() -> None:
    deep, shallow = DeepNet("tanh", 1, biases=True), ShallowNet("tanh", "all", biases=True)
    problem = draw_problem(SIGNS, 9, 4, seed=0, base=1)
    drawn = draw_weights(FanIn(), deep, problem, 6, seed=0, base=1)
    params = {name: torch.from_numpy(value) + 0.1 for name, value in drawn.items()}
    x = torch.from_numpy(problem.x)
    renamed = {"W": params["W1"], "b": params["b1"], "v": params["v"], "c": params["c"]}
    torch.testing.assert_close(deep.forward(params, x), shallow.forward(renamed, x))
