from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from harness_narrow.diagnostics import KKTResidual, gradient_mapping
from harness_narrow.optimizers import Projected
from harness_narrow.regimes import REGIMES
from scipy.optimize import minimize

from harness import ACTIVATIONS, Cell, Network, Params, Problem, Regime, Weights
from harness.builtin.criteria import Quadratic
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.fused.at_hand import unavailable
from harness.engine.setting import Setting
from harness.engine.work import train
from tests.engine.cases import stacked

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

BY_NAME = {regime.name: regime for regime in REGIMES}


def sphere(n: int, d: int, seed: int = 0) -> Problem:
    return draw_problem(Sphere(), n, d, seed=seed, base=1)


def start(problem: Problem, k: int, seed: int = 0, train: str = "all") -> Params:
    model = ShallowNet("tanh", train)  # type: ignore[arg-type]  # one of the literals
    weights = draw_weights(MirroredLeCun(), model, problem, k, seed=seed, base=1)
    return tensors(weights)


def tensors(weights: Weights) -> Params:
    return {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}


def setting(regime: Regime, **changes: Any) -> Setting:
    options: dict[str, Any] = {
        "theory": None,
        "dataset": Sphere(),
        "resample": True,
        "base_seed": 1,
        "steps": 300,
        "tolerances": (0.5, 0.1, 0.01),
        "dtype": "float64",
        "device": "cpu",
        "spectrum": False,
    }
    return Setting(regime=regime, **{**options, **changes})


def infeasibility(params: Params, state: Params, method: Projected) -> float:
    """Largest violation of the constraints, which are absolute lengths."""
    v, half = params["v"], len(params["v"]) // 2
    size = state["signs"] * v[:half]
    moved = torch.linalg.vector_norm(params["W"] - state["centre"], dim=1)
    worst = [(moved - method.epsilon).max(), (v[:half] + v[half:]).abs().max()]
    worst += [(method.zeta - size).max(), (size - method.kappa).max()]
    return max(float(value) for value in worst)


# --- the projection -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_projection_is_onto_the_nearest_feasible_point(seed: int) -> None:
    rng = np.random.default_rng(seed)
    method = Projected(epsilon=0.5, zeta=0.2, kappa=0.6)
    k, d = 4, 3
    centre, v0 = rng.standard_normal((k, d)), rng.standard_normal(k)
    state = method.start(tensors({"W": centre, "v": v0}))
    signs = state["signs"].numpy()
    point = {"W": centre + 0.8 * rng.standard_normal((k, d)), "v": rng.standard_normal(k)}
    found = method.project(tensors(point), state)

    def unpack(z: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Any, Any]:
        pair = z[k * d :]
        return z[: k * d].reshape(k, d), np.concatenate([pair, -pair])

    def distance(z: np.ndarray[Any, np.dtype[np.float64]]) -> float:
        w, v = unpack(z)
        return float(((w - point["W"]) ** 2).sum() + ((v - point["v"]) ** 2).sum())

    def room(z: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        w, v = unpack(z)
        size = signs * v[: k // 2]
        ball = method.epsilon**2 - ((w - centre) ** 2).sum(1)
        return np.concatenate([ball, size - method.zeta, method.kappa - size])

    first = np.concatenate([centre.ravel(), signs * 0.4])
    nearest = minimize(distance, first, constraints={"type": "ineq", "fun": room}, options={"ftol": 1e-12})
    assert nearest.status in (0, 8)  # 8: the last step was too small to tell whether it went down
    w, v = unpack(nearest.x)
    assert infeasibility(found, state, method) <= 1e-15
    np.testing.assert_allclose(found["W"].numpy(), w, atol=2e-6)
    np.testing.assert_allclose(found["v"].numpy(), v, atol=2e-6)


def test_the_projection_does_nothing_the_second_time_and_leaves_inner_points_alone() -> None:
    problem = sphere(12, 4)
    params = start(problem, 6)
    method = Projected(epsilon=0.3, zeta=0.05, kappa=2.0)
    state = method.start(params)
    torch.manual_seed(0)
    far = {name: value + torch.randn_like(value) for name, value in params.items()}
    once = method.project(far, state)
    twice = method.project(once, state)
    for name, value in once.items():
        torch.testing.assert_close(twice[name], value, rtol=0, atol=1e-15)
    pair = state["signs"] * 0.7
    inside = {"W": params["W"] + 0.01, "v": torch.cat([pair, -pair]), "b": torch.ones(6), "c": torch.tensor(3.0)}
    same = method.project(inside, state)
    assert all(torch.equal(same[name], inside[name]) for name in inside)


def test_a_projection_is_never_farther_than_any_feasible_point() -> None:
    rng = np.random.default_rng(3)
    method = Projected(epsilon=1.0, zeta=0.1, kappa=1.5)
    centre = tensors({"W": rng.standard_normal((6, 5)), "v": rng.standard_normal(6)})
    state = method.start(centre)
    for _ in range(200):
        point = {
            name: value + 2.0 * torch.from_numpy(rng.standard_normal(value.shape)) for name, value in centre.items()
        }
        other = method.project(
            {n: v + torch.from_numpy(rng.standard_normal(v.shape)) for n, v in centre.items()}, state
        )
        near = method.project(point, state)
        # ⟨x − P(x), z − P(x)⟩ ≤ 0 for every feasible z is what makes P(x) the projection onto a convex set.
        inner = sum(float(((point[n] - near[n]) * (other[n] - near[n])).sum()) for n in centre)
        assert inner <= 1e-12


def test_several_outputs_are_projected_one_by_one() -> None:
    """The tie and the bounds are those of each output, so each row of v is projected as if it were the only one."""
    rng = np.random.default_rng(4)
    method = Projected(epsilon=0.5, zeta=0.2, kappa=0.6)
    centre, point = (tensors({"W": rng.standard_normal((6, 3)), "v": rng.standard_normal((4, 6))}) for _ in range(2))
    found = method.project(point, method.start(centre))
    for c in range(4):
        alone = method.project(point | {"v": point["v"][c]}, method.start(centre | {"v": centre["v"][c]}))
        assert torch.equal(found["v"][c], alone["v"])
        assert torch.equal(found["W"], alone["W"])
    with pytest.raises(ValueError, match=r"even width, found k = 5"):
        method.start({"W": torch.zeros(5, 3), "v": torch.zeros(4, 5)})


def test_impossible_options_and_nets_are_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match=r"zeta = 2 is above kappa = 1"):
        Projected(zeta=2.0, kappa=1.0)
    with pytest.raises(ValueError, match=r"set train = 'all'"):
        Projected().start({"W": torch.zeros(4, 3)})
    with pytest.raises(ValueError, match=r"even width, found k = 3"):
        Projected().start({"W": torch.zeros(3, 3), "v": torch.zeros(3)})
    hidden = replace(BY_NAME["narrow-hidden"], optimizer=Projected())
    (outcome,) = train(setting(hidden), Cell("hidden", 10, 4, 4), [0])
    assert "set train = 'all'" in outcome.message


# --- training -------------------------------------------------------------------------------------


def test_mirrored_nets_are_zero_at_the_start() -> None:
    for name in ("softplus", "tanh", "relu"):
        model = ShallowNet(name, "all")
        for seed in range(5):
            problem = sphere(30, 7, seed)
            weights = draw_weights(MirroredLeCun(), model, problem, 8, seed=seed, base=1)
            phi = ACTIVATIONS[name].phi(problem.x @ weights["W"].T) * weights["v"]
            assert [math.fsum(terms) for terms in phi] == [0.0] * 30  # fsum rounds once: the sums themselves are 0
            outputs = model.forward(tensors(weights), torch.from_numpy(problem.x)).numpy()
            assert np.abs(outputs).max() <= 1e-15 * np.abs(phi).sum(1).max()
            half = len(weights["v"]) // 2
            assert np.array_equal(weights["W"][:half], weights["W"][half:])
            assert np.array_equal(weights["v"][:half], -weights["v"][half:])


@pytest.mark.parametrize("method", [Projected(), Projected(epsilon=0.2, zeta=0.3, kappa=0.5)], ids=["default", "tight"])
def test_iterates_are_feasible_at_every_step_and_pairs_part(method: Projected) -> None:
    problem = sphere(20, 5)
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    model, params = ShallowNet("tanh", "all"), start(problem, 8)
    state = method.start(params)

    def loss(weights: Params) -> torch.Tensor:
        return Quadratic().loss(model.forward(weights, x), y)

    before = float(loss(params))
    for _ in range(300):
        grads = torch.func.grad(loss)(params)
        params, state = method.update(params, grads, state, torch.tensor(0.02, dtype=torch.float64))
        assert infeasibility(params, state, method) <= 1e-14
    assert float(torch.linalg.vector_norm(params["W"][:4] - params["W"][4:])) > 0.1
    assert float(loss(params)) < 0.9 * before


def test_loose_constraints_on_w_leave_gradient_descent_in_the_hidden_layer() -> None:
    problem = sphere(15, 5)
    params = start(problem, 6)
    grads = {name: torch.ones_like(value) for name, value in params.items()}
    method = Projected(epsilon=1e6)
    step = torch.tensor(0.25, dtype=torch.float64)
    moved, _ = method.update(params, grads, method.start(params), step)
    plain, _ = GradientDescent().update(params, grads, {}, step)
    assert torch.equal(moved["W"], plain["W"])


def test_constrained_training_fits_on_each_device(device: str) -> None:
    regime = BY_NAME["narrow-constrained"]
    outcomes = train(setting(regime, steps=6000, device=device), Cell(regime.name, 20, 8, 10), range(4))
    assert not any(outcome.message for outcome in outcomes)
    assert sum(outcome.verdict(1) == "fit" for outcome in outcomes) >= 3
    plain = train(setting(BY_NAME["narrow"], steps=6000, device=device), Cell("narrow", 20, 8, 10), range(4))
    assert sum(outcome.verdict(2) == "fit" for outcome in plain) >= 3


def test_a_trial_does_not_depend_on_its_neighbours() -> None:
    regime = BY_NAME["narrow-constrained"]
    exact = setting(regime, dtype="float32", steps=150, tolerances=(1e-3,))
    together = train(exact, Cell(regime.name, 23, 5, 10), range(37))
    for first in (range(1), range(3, 10)):
        alone = train(exact, Cell(regime.name, 23, 5, 10), first)
        assert [o.curve for o in alone] == [together[seed].curve for seed in first]
        assert [o.measure for o in alone] == [together[seed].measure for seed in first]


@pytest.mark.skipif(bool(unavailable()), reason="there is no compiler here")
@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(
    "method",
    [Projected(), Projected(epsilon=0.3, zeta=0.3, kappa=0.5, c=0.3), Projected(epsilon=1.0, c=0.5)],
    ids=["default", "tight", "between"],
)
def test_the_compiled_solver_takes_the_same_steps(method: Projected, biases: bool) -> None:
    for n, d, k in ((1, 1, 2), (23, 5, 10), (40, 17, 6), (70, 33, 14)):
        regime = replace(BY_NAME["narrow-constrained"], optimizer=method, model=ShallowNet("tanh", "all", biases))
        where = setting(regime, steps=60, tolerances=(0.99, 0.9, 1e-3))
        cell = Cell(regime.name, n, d, k)
        compiled = train(where, cell, range(3))
        plain = train(replace(where, regime=stacked(regime)), cell, range(3))
        assert [o.solver for o in compiled + plain] == ["fused"] * 3 + ["stacked"] * 3
        for ours, theirs in zip(compiled, plain, strict=True):
            assert (ours.hits, ours.steps) == (theirs.hits, theirs.steps)
            assert ours.measure == pytest.approx(theirs.measure, rel=1e-9)
            if ours.steps == where.steps:  # the stacked solver looks at the weights of others some steps late
                assert ours.movement == pytest.approx(theirs.movement, rel=1e-9)
                assert ours.diagnostics == pytest.approx(theirs.diagnostics, rel=1e-6)


# --- the diagnostic -------------------------------------------------------------------------------


def network(problem: Problem, now: Params, at: Params, method: Any, eta: float = 0.05) -> Network:
    return Network(ShallowNet("tanh", "all"), method, Quadratic(), problem, now, at, eta, 1)


def test_the_residual_vanishes_at_a_constrained_minimum_found_otherwise() -> None:
    problem = sphere(14, 3, seed=5)
    x, y = problem.x, problem.y
    k, d, method = 4, 3, Projected(epsilon=0.4, zeta=0.05, kappa=1.0)
    initial = start(problem, k, seed=5)
    centre, signs = initial["W"].numpy(), method.start(initial)["signs"].numpy()

    def unpack(z: Any) -> tuple[Any, Any]:
        return z[: k * d].reshape(k, d), np.concatenate([z[k * d :], -z[k * d :]])

    def loss(z: Any) -> Any:
        w, v = unpack(z)
        features = np.tanh(x @ w.T)
        residual = features @ v - y
        slope_w = ((1.0 - features**2) * np.outer(residual, v)).T @ x
        slope_v = features.T @ residual
        return 0.5 * residual @ residual, np.concatenate([slope_w.ravel(), slope_v[: k // 2] - slope_v[k // 2 :]])

    balls = {
        "type": "ineq",
        "fun": lambda z: method.epsilon**2 - ((unpack(z)[0] - centre) ** 2).sum(1),
        "jac": lambda z: np.hstack(
            [
                np.stack([(-2.0 * (unpack(z)[0] - centre) * (np.arange(k) == j)[:, None]).ravel() for j in range(k)]),
                np.zeros((k, k // 2)),
            ]
        ),
    }
    box = [(None, None)] * (k * d) + [tuple(sorted((s * method.zeta, s * method.kappa))) for s in signs]
    first = np.concatenate([centre.ravel(), signs * 0.5])
    first[: k * d] += 0.01 * np.random.default_rng(0).standard_normal(k * d)
    found = minimize(
        loss, first, jac=True, method="SLSQP", bounds=box, constraints=balls, options={"ftol": 1e-16, "maxiter": 2000}
    )
    w, v = unpack(found.x)
    at = network(problem, tensors({"W": w, "v": v}), initial, method)
    plain = network(problem, tensors({"W": w, "v": v}), initial, GradientDescent())
    assert ((w - centre) ** 2).sum(1).max() == pytest.approx(method.epsilon**2, rel=1e-6)  # some ball is active
    assert KKTResidual().measure(at) < 1e-5
    assert KKTResidual().measure(plain) > 1e-2  # the constraints hold it there, not the gradient
    began = network(problem, initial, initial, method)
    assert KKTResidual().measure(began) > 0.1


def test_without_constraints_the_residual_is_the_gradient_over_that_of_the_start() -> None:
    problem = sphere(14, 3)
    initial = start(problem, 6)
    later = {name: 1.1 * value + 0.1 for name, value in initial.items()}

    def slope(params: Params) -> float:
        w, v = params["W"].numpy(), params["v"].numpy()
        features = np.tanh(problem.x @ w.T)
        residual = features @ v - problem.y
        hidden = ((1.0 - features**2) * np.outer(residual, v)).T @ problem.x
        return math.sqrt((hidden**2).sum() + ((features.T @ residual) ** 2).sum())

    found = KKTResidual().measure(network(problem, later, initial, GradientDescent()))
    assert found == pytest.approx(slope(later) / slope(initial), rel=1e-12)
    assert KKTResidual().measure(network(problem, initial, initial, GradientDescent())) == pytest.approx(1.0)
    loose = Projected(epsilon=1e9, zeta=0.0, kappa=1e9)
    inner = gradient_mapping(network(problem, later, initial, loose, eta=1e-6))
    full = gradient_mapping(network(problem, later, initial, GradientDescent()))
    torch.testing.assert_close(inner["W"], full["W"], rtol=1e-6, atol=1e-8)


def test_the_residual_is_kept_with_each_trial() -> None:
    for name in ("narrow", "narrow-constrained"):
        (outcome,) = train(setting(BY_NAME[name], steps=50), Cell(name, 12, 4, 6), [0])
        assert 0 < outcome.diagnostics["kkt-residual"] < 10


def test_presets_are_found_and_differ_in_the_method_alone(registry: Registry) -> None:
    for regime in REGIMES:
        assert registry.find("regime", regime.name) == regime
    assert replace(BY_NAME["narrow"], name="", summary="", optimizer=Projected()) == replace(
        BY_NAME["narrow-constrained"], name="", summary=""
    )
