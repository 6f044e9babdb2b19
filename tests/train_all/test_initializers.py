from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from harness_train_all.initializers import GaussianLayers, Omega, PyTorchDefault

from harness import Initializer, Problem, Weights
from harness.builtin.initializers import He, LeCun
from harness.builtin.models import ShallowNet

NET, BIASED = ShallowNet(train="all"), ShallowNet(train="all", biases=True)


def draw(start: Initializer, k: int, d: int, seed: int = 0, net: ShallowNet = NET) -> Weights:
    return start.draw(net, Problem(np.ones((3, d)), np.ones(3)), k, np.random.default_rng(seed))


@pytest.mark.parametrize(("product", "same"), [("lecun", LeCun()), ("he", He())])
def test_omega_at_ratio_one_is_the_standard_one(product: str, same: Initializer) -> None:
    ours, theirs = draw(Omega(product=product), 7, 5), draw(same, 7, 5)  # type: ignore[arg-type]  # a literal
    for name in ("W", "v"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-14)


@pytest.mark.parametrize("ratio", [1e-4, 0.25, 1.0, 3.0, 400.0])
@pytest.mark.parametrize(("product", "gain"), [("lecun", 1.0), ("he", 2.0)])
def test_omega_keeps_the_product_and_sets_the_ratio(product: str, gain: float, ratio: float) -> None:
    d, k = 12, 50
    start = Omega(ratio=ratio, product=product)  # type: ignore[arg-type]  # a literal
    hidden, output = start.scales(d, k)
    assert hidden * output == pytest.approx(gain / math.sqrt(d * k), rel=1e-12)
    assert output / hidden == pytest.approx(ratio * math.sqrt(d / k), rel=1e-12)
    drawn, standard = draw(start, k, d), draw(Omega(product=product), k, d)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    np.testing.assert_allclose(np.outer(drawn["W"], drawn["v"]), np.outer(standard["W"], standard["v"]), rtol=1e-11)


def test_pytorch_default_has_the_variance_and_the_range_of_linear_layers() -> None:
    k, d = 4000, 50
    weights = draw(PyTorchDefault(), k, d, net=BIASED)
    for name, fan_in in (("W", d), ("b", d), ("v", k)):
        size = weights[name].size
        # the variance of a variance: uniform on ±1/√m has kurtosis 1.8
        assert weights[name].var() * 3 * fan_in == pytest.approx(1.0, abs=5 * math.sqrt(0.8 / size))
        assert np.abs(weights[name]).max() <= 1 / math.sqrt(fan_in)
    assert weights["c"].shape == ()
    hidden, output = torch.nn.Linear(d, k), torch.nn.Linear(k, 1)
    for name, theirs in (("W", hidden.weight), ("b", hidden.bias), ("v", output.weight)):
        assert weights[name].var() == pytest.approx(float(theirs.detach().var()), rel=0.15)
        assert np.abs(weights[name]).max() == pytest.approx(float(theirs.detach().abs().max()), rel=0.05)


def test_pytorch_default_without_biases_draws_none() -> None:
    assert set(draw(PyTorchDefault(), 6, 3)) == {"W", "v"}


def test_gaussian_layers_have_pre_activations_of_variance_one() -> None:
    k, d = 4000, 30
    weights = draw(GaussianLayers(sigma=2.0, output=3.0), k, d, net=BIASED)
    assert weights["W"].var() == pytest.approx(4.0, rel=0.02)
    assert weights["v"].var() * k == pytest.approx(9.0, rel=0.12)
    assert not weights["b"].any()
    x = np.full(d, d**-0.5)
    assert (draw(GaussianLayers(), k, d)["W"] @ x).var() == pytest.approx(1.0, rel=0.12)
