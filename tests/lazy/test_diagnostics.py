from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from harness_lazy import tangent
from harness_lazy.diagnostics import KernelDistance, KernelMovement, Laziness, PriceOfLaziness, Sharpness
from harness_lazy.initializers import Paired, TangentGaussian
from harness_lazy.limit import limiting_kernel
from harness_lazy.models import InfiniteWidth, LazyScaled, Linearized
from harness_lazy.tangent import jacobian_lipschitz, relative_distance, tangent_kernel

from harness import ACTIVATIONS, Initializer, Model, Network, Problem
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.components import Cell
from harness.engine.work import train
from tests.engine.cases import BareShallow, Deep, DeepNormal, setting
from tests.lazy.problems import PRESETS, drawn, perturbed, problem


def network(model: Model, on: Problem, k: int, start: Initializer | None = None, moved: float = 0.0) -> Network:
    params = drawn(model, on, k, start)
    return Network(
        model, GradientDescent(), Quadratic(), on, perturbed(model, params, moved), params, step_size=1.0, step=0
    )


def test_price_of_known_nets() -> None:
    """s_min at n = 20, d = 10 falls with k; it is 8 ‖y‖ L/σ₀², recomputed here from an explicit Jacobian."""
    on = problem(20, 10)
    prices = []
    for k in (6, 10, 20, 400):
        of = network(ShallowNet("softplus"), on, k, Paired())
        w, v = of.start["W"].numpy(), of.start["v"].numpy()
        slopes = ACTIVATIONS["softplus"].dphi(on.x @ w.T) * v
        jacobian = (slopes[:, :, None] * on.x[:, None, :]).reshape(20, -1)
        sigma = np.linalg.svd(jacobian, compute_uv=False)[-1]
        lipschitz = 0.25 * np.abs(v).max() * np.linalg.norm(on.x, 2)
        prices.append(PriceOfLaziness().measure(of))
        assert prices[-1] == pytest.approx(8 * lipschitz * np.linalg.norm(on.y) / sigma**2, rel=1e-6)
    assert prices == sorted(prices, reverse=True)
    assert math.isnan(PriceOfLaziness().measure(network(ShallowNet("softplus"), on, 2, Paired())))  # rank 10 < 20


def test_price_falls_like_the_root_of_the_width() -> None:
    on = problem(8, 6)
    prices = [PriceOfLaziness().measure(network(ShallowNet("gelu"), on, k)) for k in (1024, 16_384)]
    assert prices[0] / prices[1] == pytest.approx(4.0, rel=0.1)


def test_sharpness_is_the_step_size_times_the_largest_eigenvalue() -> None:
    on, k = problem(12, 6), 5
    of = replace(network(ShallowNet("softplus"), on, k, moved=0.1), step_size=0.3)
    w, v = of.params["W"].numpy(), of.params["v"].numpy()
    slopes = ACTIVATIONS["softplus"].dphi(on.x @ w.T) * v
    jacobian = (slopes[:, :, None] * on.x[:, None, :]).reshape(12, -1)
    largest = np.linalg.svd(jacobian, compute_uv=False)[0]
    assert Sharpness().measure(of) == pytest.approx(0.3 * largest**2, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 3.0])
def test_laziness_and_price_of_the_scaled_net(alpha: float) -> None:
    on, k = problem(12, 6), 10
    scaled, plain = network(LazyScaled("gelu", alpha=alpha), on, k), network(ShallowNet("gelu"), on, k)
    price = PriceOfLaziness().measure(scaled)
    assert price == pytest.approx(PriceOfLaziness().measure(plain))  # of the net, whatever α
    assert Laziness().measure(scaled) == pytest.approx(price / (8 * alpha))  # ⅛ at α = s_min
    kernel = tangent_kernel(plain.model, plain.start, on.x)
    outputs = plain.model.forward(plain.start, torch.from_numpy(on.x)).numpy()
    lipschitz = jacobian_lipschitz(plain.model, {name: value.numpy() for name, value in plain.start.items()}, on.x)
    expected = lipschitz * np.linalg.norm(outputs - on.y) / np.linalg.eigvalsh(kernel)[0]
    assert Laziness().measure(plain) == pytest.approx(expected, rel=1e-8)


def test_lipschitz_constant_bounds_the_jacobian() -> None:
    on = problem(7, 4)
    for model in (ShallowNet("softplus"), LazyScaled("tanh", "hidden", True, 3.0)):
        start = drawn(model, on, 9, TangentGaussian())
        x = torch.from_numpy(on.x)
        lipschitz = jacobian_lipschitz(model, {name: value.numpy() for name, value in start.items()}, on.x)

        def jacobian(params: dict[str, torch.Tensor], model: Model = model, x: torch.Tensor = x) -> torch.Tensor:
            moved = model.trained() or ()
            parts = torch.func.jacrev(lambda p: model.forward({**params, **p}, x))({n: params[n] for n in moved})
            return torch.cat([parts[name].reshape(7, -1) for name in moved], dim=1)

        for size in (1e-3, 0.1, 1.0):
            after = perturbed(model, start, size)
            change = float(torch.linalg.matrix_norm(jacobian(after) - jacobian(start), ord=2))
            distance = math.sqrt(sum(float(((after[n] - start[n]) ** 2).sum()) for n in model.trained() or ()))
            assert 0 < change <= lipschitz * distance


def test_where_no_bound_is_known_nothing_is_said() -> None:
    on = problem(10, 6)
    for model in (ShallowNet("relu"), ShallowNet("tanh", "all"), LazyScaled("leaky-relu")):
        assert math.isnan(Laziness().measure(network(model, on, 8)))
        assert math.isnan(PriceOfLaziness().measure(network(model, on, 8)))
    assert math.isnan(Laziness().measure(network(ShallowNet("gelu"), on, 1)))  # rank 6 < 10
    assert Laziness().measure(network(Linearized("relu"), on, 8)) == 0.0  # linear: exactly lazy
    assert Laziness().measure(network(ShallowNet("gelu", "output"), on, 12)) == 0.0


def test_kernel_movement_in_closed_form() -> None:
    """Weights W → −W turn ReLU(z) into ReLU(−z): φ'(−z) = 1 − φ'(z)."""
    on = problem(5, 4)
    of = network(ShallowNet("relu"), on, 6)
    turned = replace(of, params={**of.start, "W": -of.start["W"]})
    before = (on.x @ of.start["W"].numpy().T > 0).astype(float)
    gram = on.x @ on.x.T / 6
    kernels = gram * (before @ before.T), gram * ((1 - before) @ (1 - before).T)
    expected = np.linalg.norm(kernels[1] - kernels[0]) / np.linalg.norm(kernels[0])
    assert KernelMovement().measure(turned) == pytest.approx(expected)
    assert KernelMovement().measure(of) == 0.0
    assert KernelMovement().measure(network(Linearized("gelu"), on, 6, moved=0.5)) == 0.0
    zero = {**of.start, "v": 0 * of.start["v"]}
    assert math.isnan(KernelMovement().measure(replace(of, params=zero, start=zero)))


def test_kernel_movement_of_a_model_without_a_closed_form() -> None:
    on, model = problem(6, 4), Deep()
    of = network(model, on, 5, DeepNormal(), moved=0.3)
    assert 0.01 < KernelMovement().measure(of) < 3
    assert math.isnan(Laziness().measure(of))
    assert math.isnan(KernelDistance().measure(of))


def test_kernel_distance_against_the_limit() -> None:
    on, k = problem(10, 6), 30
    of = network(ShallowNet("erf", "hidden"), on, k)
    limit = limiting_kernel(on.x, ACTIVATIONS["erf"], "hidden")
    expected = relative_distance(tangent_kernel(of.model, of.start, on.x), limit)
    assert KernelDistance().measure(of) == pytest.approx(expected)
    assert KernelDistance(output=1.0).measure(of) == pytest.approx(expected)
    assert KernelDistance(output=2.0).measure(of) > 0.5  # the limit of another net
    scaled = network(LazyScaled("erf", alpha=5.0), on, k)
    assert KernelDistance().measure(scaled) == pytest.approx(expected)  # relative to α²
    assert KernelDistance().measure(network(Linearized("erf"), on, k)) == pytest.approx(expected)
    assert math.isnan(KernelDistance().measure(network(InfiniteWidth("erf"), on, k)))


@pytest.mark.parametrize("train_", ["output", "all"])
def test_kernel_distance_of_nets_that_train_v_itself(train_: str) -> None:
    on = problem(6, 5)
    near, far = (
        KernelDistance(sigma="lecun").measure(network(ShallowNet("gelu", train_, True), on, k, LeCun()))  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
        for k in (10_000, 100)
    )
    assert near < 0.05
    assert near < far / 4


def test_diagnostics_are_recorded() -> None:
    found = {}
    for alpha in (1.0, 20.0):
        regime = replace(PRESETS["lazy-scaled"], model=LazyScaled("softplus", alpha=alpha))
        (outcome,) = train(setting(regime, steps=100, dtype="float64"), Cell("", 12, 8, 20), [0])
        assert set(outcome.diagnostics) == {"kernel-movement", "laziness", "price-of-laziness"}
        found[alpha] = outcome
    lazy, rich = found[20.0], found[1.0]
    assert lazy.diagnostics["kernel-movement"] < rich.diagnostics["kernel-movement"] / 5
    assert lazy.movement is not None
    assert rich.movement is not None
    assert lazy.movement < rich.movement / 5
    assert lazy.diagnostics["price-of-laziness"] == pytest.approx(rich.diagnostics["price-of-laziness"])
    (relu,) = train(setting(PRESETS["ntk-du"], steps=20), Cell("", 12, 8, 20), [0])
    assert set(relu.diagnostics) == {"kernel-movement", "kernel-distance"}
    (exact,) = train(setting(PRESETS["linearized"], steps=20), Cell("", 12, 8, 20), [0])
    assert set(exact.diagnostics) == {"kernel-distance"}


def test_a_tangent_kernel_is_formed_in_blocks_where_differentiation_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of n outputs of n samples it takes about n²p/d numbers, which bounds the samples of a block before np does."""
    on = problem(10, 4)
    model = BareShallow("tanh", "all", biases=True)
    params, x = drawn(model, on, 6, LeCun()), torch.from_numpy(on.x)
    p = sum(value.numel() for value in params.values())
    whole = tangent._jacobian(model, params, x, model.trained())
    expected, formed, given = tangent_kernel(model, params, on.x), [], tangent._jacobian
    assert np.array_equal(expected, (whole @ whole.mT).numpy())

    def recording(*arguments: Any) -> torch.Tensor:
        formed.append(len(arguments[2]))
        return given(*arguments)

    monkeypatch.setattr(tangent, "_jacobian", recording)
    for most, rows in ((p * 25, 10), (p * 24, 4), (p * 2, 1), (1, 1)):
        formed.clear()
        monkeypatch.setattr(tangent, "MOST_ENTRIES", most)
        np.testing.assert_allclose(tangent_kernel(model, params, on.x), expected, rtol=1e-12, atol=1e-12)
        assert max(formed) == rows
