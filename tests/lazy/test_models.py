from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian, Weightless
from harness_lazy.models import InfiniteWidth, LazyScaled, Linearized
from torch import Tensor

from harness import Initializer, Model, Outcome, Params, Problem, Regime, Trained, Weights
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.components import Cell
from harness.engine.fused.at_hand import unavailable
from harness.engine.spectrum import initial_kernel
from harness.engine.work import train
from tests.engine.cases import setting, stacked
from tests.lazy.problems import PRESETS, drawn, perturbed, problem


def gradient(model: Model, params: Params, on: Problem) -> dict[str, Tensor]:
    """Differentiate ½‖f − y‖² in the trained weights, by autograd."""
    leaves = {name: params[name].clone().requires_grad_() for name in model.trained() or ()}
    residual = model.forward({**params, **leaves}, torch.from_numpy(on.x)) - torch.from_numpy(on.y)
    found = torch.autograd.grad(0.5 * (residual**2).sum(), list(leaves.values()))
    return dict(zip(leaves, found, strict=True))


# --- the linearized net -----------------------------------------------------------------------------


@pytest.mark.parametrize("train_", ["hidden", "output", "all"])
@pytest.mark.parametrize("biases", [False, True])
def test_first_step_equals_that_of_the_net_to_second_order(train_: str, biases: bool) -> None:
    on = problem(12, 5)
    net = ShallowNet("tanh", train_, biases)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    linear = Linearized("tanh", train_, biases)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    params, x = drawn(linear, on, 7, TangentGaussian()), torch.from_numpy(on.x)
    slope = gradient(net, params, on)
    for name, value in gradient(linear, params, on).items():
        torch.testing.assert_close(value, slope[name], rtol=1e-12, atol=1e-13)  # the very same step
    errors = []
    for step in (1e-2, 5e-3, 2.5e-3):
        after = {name: params[name] - step * slope[name] if name in slope else params[name] for name in params}
        errors.append(float((net.forward(after, x) - linear.forward(after, x)).norm()))
    if train_ == "output":
        assert max(errors) < 1e-13  # linear already
    else:
        assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.08)
        assert errors[1] / errors[2] == pytest.approx(4.0, rel=0.04)


@pytest.mark.parametrize("train_", ["hidden", "output", "all"])
@pytest.mark.parametrize("activation", ["softplus", "relu", "gelu"])
def test_linearized_outputs_are_the_jacobian_times_the_movement(train_: str, activation: str) -> None:
    on, model = problem(9, 4), Linearized(activation, train_, True)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    params, x = drawn(model, on, 6, TangentGaussian()), torch.from_numpy(on.x)
    moved = perturbed(model, params, 0.3)
    jacobian = torch.func.jacrev(lambda p: model.net.forward({**params, **p}, x))(
        {name: params[name] for name in model.trained()}
    )
    change = sum(jacobian[name].reshape(9, -1) @ (moved[name] - params[name]).reshape(-1) for name in model.trained())
    before = model.net.forward(params, x)
    torch.testing.assert_close(model.forward(moved, x), before + change)
    torch.testing.assert_close(replace(model, centred=True).forward(moved, x), change)


@pytest.mark.parametrize(
    ("model", "k"),
    [(Linearized("gelu"), 12), (Linearized("erf", "output"), 40), (Linearized("relu", "all", True), 10)],
    ids=["hidden", "output", "all"],
)
def test_spectral_solution_equals_the_simulation(model: Linearized, k: int, device: str) -> None:
    class _Simulated(Momentum):
        def heavy_ball(self) -> float:
            return 1e-300  # not zero, so that nothing solves it exactly; too small to matter

    exact = replace(PRESETS["linearized"], model=model, initializer=TangentGaussian(), diagnostics=())
    simulated = replace(exact, optimizer=_Simulated(c=1.5))
    options = {"dtype": "float64", "steps": 400, "tolerances": (0.9, 0.5, 0.2, 0.05), "device": device}
    solved = train(setting(exact, **options), Cell("", 20, 6, k), range(3))
    stepped = train(setting(simulated, **options), Cell("", 20, 6, k), range(3))
    assert [o.solver for o in solved + stepped] == ["spectral"] * 3 + ["functional"] * 3
    for ours, theirs in zip(solved, stepped, strict=True):
        assert not ours.message + theirs.message
        assert ours.hits == theirs.hits
        assert ours.measure == pytest.approx(theirs.measure, rel=1e-8)
        np.testing.assert_allclose(ours.curve, theirs.curve, rtol=1e-3)
        if ours.steps == 400:  # otherwise the simulation's weights are those at the end of its chunk
            assert ours.movement == pytest.approx(theirs.movement, rel=1e-8)


# --- the scaled net -----------------------------------------------------------------------------------


def curve(regime: Regime, on: Problem, params: Params, step: float, steps: int) -> Tensor:
    """Return the outputs along gradient descent, (steps + 1, n), by autograd."""
    model, found = regime.model, []
    for _ in range(steps + 1):
        found.append(model.forward(params, torch.from_numpy(on.x)))
        slope = gradient(model, params, on)
        weight = step * model.loss_weight()
        params = {name: params[name] - weight * slope[name] if name in slope else params[name] for name in params}
    return torch.stack(found)


@pytest.mark.parametrize("train_", ["hidden", "all"])
def test_large_alpha_follows_the_linearized_net(train_: str) -> None:
    on, k = problem(10, 6), 12
    scaled = LazyScaled("softplus", train_)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    params = drawn(scaled, on, k, TangentGaussian())
    kernel = scaled.net.kernel(params, torch.from_numpy(on.x))
    step = 1.0 / float(torch.linalg.eigvalsh(kernel)[-1])
    linear = replace(PRESETS["linearized"], model=Linearized("softplus", train_, centred=True))  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    limit = curve(linear, on, params, step, 60)
    assert float((limit[-1] - torch.from_numpy(on.y)).norm()) < 0.9 * np.linalg.norm(on.y)  # it moved
    errors = []
    for alpha in (100.0, 200.0, 400.0):
        regime = replace(PRESETS["lazy-scaled"], model=replace(scaled, alpha=alpha))
        errors.append(float((curve(regime, on, params, step, 60) - limit).norm(dim=1).max()))
    assert errors[0] < 0.2
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)  # O(1/α)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("train_", ["hidden", "output", "all"])
@pytest.mark.parametrize("biases", [False, True])
def test_closed_form_equals_automatic_differentiation(train_: str, biases: bool, device: str) -> None:
    from harness.engine import lanes

    model = LazyScaled("silu", train_, biases, alpha=7.0)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    problems = [problem(11, 4, seed) for seed in range(3)]
    singles = [perturbed(model, drawn(model, p, 6, TangentGaussian(), seed=i), 0.2) for i, p in enumerate(problems)]
    params = {n: lanes.put(torch.stack([s[n] for s in singles]).to(device)) for n in singles[0]}
    x = torch.stack([torch.from_numpy(p.x) for p in problems]).to(device)
    y = torch.stack([torch.from_numpy(p.y) for p in problems]).to(device)
    stack = model.stack(params, x)
    out, moved = lanes.zeros(3, 11, like=x), model.trained()
    into = {name: lanes.zeros(*params[name].shape, like=x) for name in moved}
    other = [problem(11, 4, seed) for seed in range(10, 13)]  # other inputs in between, and back
    for _ in range(2):
        stack.load(torch.stack([torch.from_numpy(p.x) for p in other]).to(device))
        stack.forward(out, -y)
        stack.load(x)
    stack.forward(out, -y)
    stack.vjp(out, into, 0.0)
    for lane, single in enumerate(singles):
        expected = model.forward(single, torch.from_numpy(problems[lane].x)) - torch.from_numpy(problems[lane].y)
        torch.testing.assert_close(out[lane].cpu(), expected, rtol=1e-11, atol=1e-12)
        for name, value in gradient(model, single, problems[lane]).items():
            torch.testing.assert_close(into[name][lane].cpu(), value, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("layers", ["hidden", "all"])
def test_engine_paths_agree(device: str, layers: Trained, biases: bool) -> None:
    """The compiled kernel, the closed form, and ``forward`` alone; with minibatches, whose inputs change each step."""

    class Bare(LazyScaled):
        stack = Model.stack  # type: ignore[assignment]  # the base class promises less
        kernel = Model.kernel  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form
        shallow_form = Model.shallow_form  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form

    model = LazyScaled("gelu", layers, biases, alpha=3.0)
    for optimizer in (GradientDescent(c=0.5), StochasticGradientDescent(c=0.5, batch=5)):
        whole = replace(PRESETS["lazy-scaled"], model=model, optimizer=optimizer)
        bare = replace(whole, model=Bare("gelu", layers, biases, alpha=3.0))
        options = {"device": device, "dtype": "float64", "steps": 120, "tolerances": (0.9, 0.5, 0.1)}
        ways = [train(setting(of, **options), Cell("", 16, 6, 6), range(3)) for of in (whole, stacked(whole), bare)]
        if device == "cpu" and not unavailable() and not isinstance(optimizer, StochasticGradientDescent):
            assert {o.solver for o in ways[0]} == {"fused"}
        assert [o.solver for o in ways[1] + ways[2]] == ["stacked"] * 3 + ["functional"] * 3
        for outcomes in zip(*ways, strict=True):
            assert not any(o.message for o in outcomes)
            for ours, theirs in itertools.pairwise(outcomes):
                assert ours.hits == theirs.hits
                assert ours.measure == pytest.approx(theirs.measure, rel=1e-7)
                assert ours.step_size == pytest.approx(theirs.step_size)
                np.testing.assert_allclose(ours.curve, theirs.curve, rtol=2e-3)
                if ours.steps == 120:  # stacks look at the weights of networks that end early some steps late
                    assert ours.diagnostics == pytest.approx(theirs.diagnostics, rel=1e-6)


def test_verdicts_do_not_depend_on_the_batch() -> None:
    regime = replace(PRESETS["lazy-scaled"], model=LazyScaled("softplus", alpha=2.0), diagnostics=())
    where, cell = setting(regime, steps=200), Cell("", 30, 10, 5)
    together = train(where, cell, range(7))
    alone = [train(where, cell, [seed])[0] for seed in range(7)]

    def bare(outcome: Outcome) -> Outcome:
        return replace(outcome, seconds=0.0)

    assert [bare(o) for o in together] == [bare(o) for o in alone]


def test_scaled_net_starts_at_zero_to_the_last_bit() -> None:
    regime = PRESETS["lazy-scaled"]
    for outcome in train(setting(regime, steps=3), Cell("", 20, 8, 9), range(3)):
        assert outcome.curve[0] == 1.0
    on = problem(20, 8)
    assert not LazyScaled("relu", "all").forward(drawn(LazyScaled("relu", "all"), on, 9), torch.from_numpy(on.x)).any()


# --- kernels ----------------------------------------------------------------------------------------------


class _BareScaled(LazyScaled):
    kernel = Model.kernel  # type: ignore[assignment]  # the base class promises less


class _BareLinear(Linearized):
    kernel = Model.kernel  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form


@pytest.mark.parametrize("train_", ["hidden", "output", "all"])
@pytest.mark.parametrize("biases", [False, True])
def test_kernels_are_those_of_the_jacobian(train_: str, biases: bool) -> None:
    on = problem(8, 5)
    x = torch.from_numpy(on.x)
    for own, bare in (
        (LazyScaled("gelu", train_, biases, 3.0), _BareScaled("gelu", train_, biases, 3.0)),  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
        (Linearized("gelu", train_, biases), _BareLinear("gelu", train_, biases)),  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    ):
        params = perturbed(own, drawn(own, on, 6, TangentGaussian()), 0.5)
        torch.testing.assert_close(own.kernel(params, x), initial_kernel(bare, params, x), rtol=1e-10, atol=1e-12)


# --- infinite width -----------------------------------------------------------------------------------------


def test_infinite_width_is_solved_exactly() -> None:
    found = train(setting(PRESETS["kernel"], steps=500), Cell("", 20, 10, 0), range(3))
    for outcome in found:
        assert not outcome.message
        assert outcome.solver == "spectral"
        assert outcome.movement is None
        assert outcome.lambda_min is not None
        assert 0 < outcome.lambda_min < 0.1
        assert outcome.curve[0] == 1.0
    again = train(
        setting(replace(PRESETS["kernel"], model=InfiniteWidth(output=3.0)), steps=500), Cell("", 20, 10, 0), [0]
    )
    assert again[0].hits == found[0].hits  # stable steps do not see the scale
    assert again[0].lambda_min == pytest.approx(9 * (found[0].lambda_min or 0.0))


def test_wide_nets_come_near_the_kernel() -> None:
    kernel = replace(PRESETS["kernel"], model=InfiniteWidth("relu"))
    wide = replace(PRESETS["linearized"], model=Linearized("relu", centred=True), diagnostics=())
    options = {"steps": 60, "tolerances": (1e-9,)}
    limit = train(setting(kernel, **options), Cell("", 12, 8, 0), [0])[0]
    near = train(setting(wide, **options), Cell("", 12, 8, 20_000), [0])[0]
    assert near.measure == pytest.approx(limit.measure, rel=0.2)
    assert near.lambda_min == pytest.approx(limit.lambda_min, rel=0.05)


def test_what_cannot_be_solved_is_refused_with_words() -> None:
    for optimizer in (Momentum(), StochasticGradientDescent(batch=4)):
        regime = replace(PRESETS["kernel"], optimizer=optimizer)
        (outcome,) = train(setting(regime, steps=5), Cell("", 12, 8, 0), [0])
        assert "an infinitely wide net has no weights to step" in outcome.message


# --- initial weights ---------------------------------------------------------------------------------------------


def draw(start: Initializer, k: int, biases: bool = False) -> Weights:
    return start.draw(ShallowNet("relu", biases=biases), problem(6, 5), k, np.random.default_rng(3))


def test_random_signs() -> None:
    weights = draw(RandomSigns(), 400)
    assert set(np.round(weights["v"] * 20, 12)) == {-1.0, 1.0}
    assert abs(weights["v"].sum() * 20) < 4 * 20  # signs independent: within four deviations √400
    assert weights["W"].std() == pytest.approx(1.0, rel=0.05)
    scaled = draw(RandomSigns(sigma=0.5, output=2.0), 400)
    np.testing.assert_allclose(scaled["W"], 0.5 * weights["W"])
    np.testing.assert_allclose(scaled["v"], 2.0 * weights["v"])


def test_pairs_start_at_zero_exactly() -> None:
    weights, on = draw(Paired(), 10, biases=True), problem(6, 5)
    assert Paired.width_step == 2
    assert (weights["W"][:5] == weights["W"][5:]).all()
    assert (weights["v"] == np.repeat([1, -1], 5) / math.sqrt(10)).all()
    assert not weights["b"].any()
    for x in on.x:  # in exact arithmetic, which fsum is; sums in floating point may leave a last bit
        assert math.fsum(weights["v"] * np.maximum(weights["W"] @ x, 0.0)) == 0.0


def test_tangent_gaussian_has_the_kernel_of_random_signs_on_average() -> None:
    weights = draw(TangentGaussian(output=2.0), 4000)
    assert np.linalg.norm(weights["v"]) == pytest.approx(2.0, rel=0.05)
    assert weights["W"].std() == pytest.approx(1.0, rel=0.05)


def test_weightless_draws_nothing() -> None:
    assert Weightless().draw(InfiniteWidth(), problem(4, 3), 0, np.random.default_rng(0)) == {}


def test_copies_stay_while_weights_move() -> None:
    model = LazyScaled("relu", "all", True)
    weights = model.extend(LeCun().draw(model, problem(6, 5), 4, np.random.default_rng(0)))
    assert set(weights) == {"W", "v", "b", "c", "W0", "v0", "b0", "c0"}
    assert set(LazyScaled("relu").extend(draw(RandomSigns(), 4))) == {"W", "v", "W0"}
    assert weights["W0"] is not weights["W"]
    assert model.trained() == ("W", "b", "v", "c")
    assert model.loss_weight() == pytest.approx(0.01)
    assert isinstance(PRESETS["lazy-scaled"].criterion, Quadratic)
    assert dataclasses.replace(model, train="output").linear()
