from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from harness_train_all.diagnostics import FeatureSigma, PLInitial, PLRatio, pl_ratio
from harness_train_all.regimes import REGIMES

from harness import ACTIVATIONS, Cell, Criterion, Model, Network, Params, Problem
from harness.builtin.criteria import MeanSquareOverRoot, Quadratic
from harness.builtin.initializers import GaussianHalves
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.engine.work import train
from harness.mathematics.spectra import unit_rows
from tests.engine.cases import Deep, DeepNormal, PseudoHuber, bare, setting

BY_NAME = {regime.name: regime for regime in REGIMES}


def network(model: Model, criterion: Criterion, n: int = 9, d: int = 4, k: int = 6, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    problem = Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n))
    start = DeepNormal() if isinstance(model, Deep) else GaussianHalves()
    params = {name: torch.from_numpy(np.array(w)) for name, w in start.draw(model, problem, k, rng).items()}
    return Network(model, GradientDescent(), criterion, problem, params, params, 0.1, 0)


def by_transform(of: Network) -> float:
    """½‖∇L‖²/L from a transform of ``torch.func``."""

    def loss(weights: Params) -> torch.Tensor:
        outputs = of.model.forward({**of.params, **weights}, torch.from_numpy(of.problem.x))
        return of.model.loss_weight() * of.criterion.loss(outputs, torch.from_numpy(of.problem.y))

    gradients, value = torch.func.grad_and_value(loss)({name: of.params[name] for name in of.model.moved(of.params)})
    return 0.5 * sum(float((g**2).sum()) for g in gradients.values()) / float(value)


@dataclasses.dataclass(frozen=True)
class Weighted(ShallowNet):
    def loss_weight(self) -> float:
        return 0.04


@pytest.mark.parametrize("criterion", [Quadratic(), MeanSquareOverRoot(), PseudoHuber()], ids=lambda c: c.name)
@pytest.mark.parametrize(
    "model",
    [
        ShallowNet("gelu", "all"),
        ShallowNet("relu", "all", biases=True),
        ShallowNet("tanh", "hidden"),
        ShallowNet("softplus", "output"),
        Weighted("silu", "all"),
        Deep(),
    ],
    ids=lambda m: f"{m.name} {m.describe().trains} {m.describe().activation}",
)
def test_pl_ratio_is_half_the_squared_gradient_over_the_loss(model: Model, criterion: Criterion) -> None:
    of = network(model, criterion)
    expected = by_transform(of)
    with torch.no_grad():  # as the engine measures
        assert pl_ratio(of) == pytest.approx(expected, rel=1e-12)
    assert PLRatio().measure(of) == PLInitial().measure(of) == pl_ratio(of)


@pytest.mark.parametrize("criterion", [Quadratic(), MeanSquareOverRoot()], ids=lambda c: c.name)
@pytest.mark.parametrize("train", ["all", "hidden", "output"])
def test_pl_ratio_is_a_rayleigh_quotient_of_the_kernel(train: str, criterion: Quadratic) -> None:
    model = ShallowNet("gelu", train, biases=True)  # type: ignore[arg-type]  # a literal
    of = network(model, criterion)
    x, y = torch.from_numpy(of.problem.x), torch.from_numpy(of.problem.y)
    residual, kernel = model.forward(of.params, x) - y, model.kernel(of.params, x)
    quotient = float(residual @ kernel @ residual / (residual @ residual)) * criterion.curvature(of.problem.n)
    assert pl_ratio(of) == pytest.approx(quotient, rel=1e-10)


def test_a_fitted_network_has_no_pl_ratio() -> None:
    of = network(ShallowNet("gelu", "all"), Quadratic())
    fitted = of.model.forward(of.params, torch.from_numpy(of.problem.x)).numpy()
    assert math.isnan(pl_ratio(dataclasses.replace(of, problem=Problem(of.problem.x, fitted))))


def test_feature_sigma_is_the_smallest_of_n_singular_values() -> None:
    of = network(ShallowNet("gelu", "all"), Quadratic(), n=5, k=12)
    matrix = ACTIVATIONS["gelu"].phi(of.problem.x @ of.params["W"].numpy().T)
    smallest = math.sqrt(np.linalg.eigvalsh(matrix @ matrix.T)[0])
    assert FeatureSigma().measure(of) == pytest.approx(smallest, rel=1e-8)
    assert FeatureSigma().measure(network(ShallowNet("gelu", "all"), Quadratic(), n=13, k=12)) == 0
    assert FeatureSigma().measure(network(ShallowNet("gelu", "all", biases=True), Quadratic(), n=13, k=12)) > 0
    assert math.isnan(FeatureSigma().measure(network(Deep(), Quadratic())))


def test_outcomes_carry_the_diagnostics(device: str) -> None:
    where = setting(BY_NAME["train-all"], dtype="float64", device=device, steps=150)
    for outcome in train(where, Cell("train-all", 8, 5, 16), range(4)):
        found = outcome.diagnostics
        assert not outcome.message
        assert set(found) == {"pl-ratio", "pl-initial", "feature-sigma"}
        assert 0 < found["pl-ratio"] <= found["pl-initial"] * (1 + 1e-6)
        assert outcome.lambda_min is not None
        assert outcome.lambda_max is not None
        assert outcome.lambda_min * (1 - 1e-9) <= found["pl-initial"] <= outcome.lambda_max * (1 + 1e-9)
        assert found["feature-sigma"] ** 2 <= outcome.lambda_min * (1 + 1e-9)  # JJᵀ = FFᵀ + the hidden layer's part


@pytest.mark.parametrize("name", list(BY_NAME))
def test_presets_train_alike_on_every_device_and_without_fast_paths(name: str, device: str) -> None:
    regime, cell = dataclasses.replace(BY_NAME[name], diagnostics=()), Cell(name, 8, 5, 12)
    closed, plain = (
        train(setting(r, dtype="float64", device=where, steps=60, tolerances=(0.9, 0.7)), cell, range(3))
        for r, where in ((regime, device), (bare(regime), "cpu"))
    )
    for one, two in zip(closed, plain, strict=True):
        assert not one.message
        assert not one.diverged
        assert one.measure == pytest.approx(two.measure, rel=1e-6)
        assert one.hits == two.hits
