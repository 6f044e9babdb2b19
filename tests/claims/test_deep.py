"""Theories of nets of several hidden layers, against the formulas of their claims and against Jacobians."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from harness import Network, Problem, Regime
from harness.builtin.adaptive import Adam
from harness.builtin.criteria import Quadratic
from harness.builtin.deep import DeepNet, FanIn, PairKernel
from harness.builtin.diagnostics import jacobian_of
from harness.builtin.optimizers import GradientDescent
from harness.claims.predictions import Prediction, predictions
from harness.engine.draws import draw_weights
from harness.mathematics.spectra import unit_rows
from harness.plugin_host.registry import Registry


def problem(n: int, d: int) -> Problem:
    rng = np.random.default_rng(n + d)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), 0, "sphere")


def regime(model: DeepNet, start: FanIn | None = None) -> Regime:
    return Regime("deep", model, start or FanIn(), GradientDescent(c=0.1), Quadratic())


def rows(registry: Registry, model: DeepNet, n: int, d: int) -> dict[str, Prediction]:
    found = predictions(registry.theories(), regime(model), problem(n, d))
    return {one.theory.name: one for one in found}


def network(model: DeepNet, on: Problem, k: int) -> Network:
    of = regime(model)
    drawn = draw_weights(of.initializer, model, on, k, seed=0, base=1)
    params = {name: torch.from_numpy(value) for name, value in drawn.items()}
    return Network(model, of.optimizer, of.criterion, on, params, params, 0.1, 0)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            DeepNet("gelu", 3),  # 3 layers of k: k² = n; kd + 2k² + k = n
            {
                "bombari": 8,
                "nguyen-mondelli-deep": 60,
                "nguyen-mondelli-deep-lecun": 3600,
                "du-deep": 60**4,
                "count-deep": 4,
            },
        ),
        (
            DeepNet("gelu", ("k", 10)),  # 10k = n; kd + 10k + 10 = n
            {
                "bombari": 6,
                "nguyen-mondelli-deep": 60,
                "nguyen-mondelli-deep-lecun": 3600,
                "du-deep": math.inf,
                "count-deep": 3,
            },
        ),
        (
            DeepNet("relu", 2),  # kd + k² − k = n
            {
                "nguyen-deep": 60,
                "nguyen-deep-lecun": 60**3,
                "zou-gu-deep": 60**8 * 2**12,
                "allen-zhu-deep": 60**24 * 2**12,
                "count-deep": 5,
            },
        ),
        (
            DeepNet("relu", (70, "k")),  # a layer is wide already
            {
                "nguyen-deep": 1,
                "nguyen-deep-lecun": 60**3,
                "zou-gu-deep": math.inf,
                "allen-zhu-deep": math.inf,
                "count-deep": 1,
            },
        ),
    ],
)
def test_widths_are_those_of_the_formulas(registry: Registry, model: DeepNet, expected: dict[str, float]) -> None:
    found = rows(registry, model, 60, 8)
    assert {name: one.width.value for name, one in found.items()} == pytest.approx(expected, rel=1e-15)
    assert all(one.width.reason for one in found.values())


def test_theories_of_shallow_nets_say_nothing_of_deep_ones_and_the_other_way_round(registry: Registry) -> None:
    from harness.builtin.initializers import LeCun
    from harness.builtin.models import ShallowNet

    shallow = Regime("shallow", ShallowNet("gelu", "all"), LeCun(), GradientDescent(c=0.1), Quadratic())
    of_shallow = {one.theory.name for one in predictions(registry.theories(), shallow, problem(12, 8))}
    of_deep = set(rows(registry, DeepNet("gelu"), 12, 8)) | set(rows(registry, DeepNet("relu"), 12, 8))
    assert of_shallow
    assert not of_shallow & of_deep


@pytest.mark.parametrize(
    ("hidden", "text", "holds"),
    [
        (2, "no layer wider than the one before", True),
        (("k", 30), "no layer wider than the one before", True),
        (("k", 300), "no layer wider than the one before", False),
        (("k", 300), "no layer much wider than the one before", None),
        (("k", 5), "no layer much wider than the one before", True),
    ],
)
def test_layers_that_widen_are_said(
    registry: Registry, hidden: int | tuple[int | str, ...], text: str, holds: bool | None
) -> None:
    found = rows(registry, DeepNet("gelu", hidden), 60, 8)  # type: ignore[arg-type]  # mypy widens the literal
    (checked,) = [
        a
        for one in found.values()
        for a in one.assumptions
        if a.text == text and one.theory.name != "nguyen-mondelli-deep-lecun"
    ]
    assert checked.holds is holds


def test_other_training_than_the_theorems_is_said(registry: Registry) -> None:
    adam = Regime("adam", DeepNet("gelu"), FanIn(output=1.0), Adam(), Quadratic())
    found = {one.theory.name: one for one in predictions(registry.theories(), adam, problem(60, 5))}
    assert {a.text for a in found["bombari"].unmet} == {"gradient descent, full batch", "d ≥ C √n polylog(n)"}
    assert "LeCun's initialization" in {a.text for a in found["nguyen-mondelli-deep-lecun"].unmet}
    assert found["count-deep"].applies  # by any algorithm


@pytest.mark.parametrize("activation", ["tanh", "leaky-relu"])
@pytest.mark.parametrize("biases", [False, True])
def test_degrees_of_freedom_are_the_rank_of_the_jacobian_of_many_samples(activation: str, biases: bool) -> None:
    from harness_moderate.theories.counts import degrees_of_freedom

    model = DeepNet(activation, (3, "k"), biases)
    on = Problem(2.0 * np.random.default_rng(1).standard_normal((400, 3)), np.ones(400))
    ranks = []
    for seed in range(6):  # a piecewise linear net has fewer where a neuron is of one sign on all samples
        rng = np.random.default_rng(seed)
        params = {name: torch.from_numpy(rng.standard_normal(shape)) for name, shape in model.shapes(3, 4).items()}
        ranks.append(int(torch.linalg.matrix_rank(jacobian_of(network(model, on, 4), params, torch.from_numpy(on.x)))))
    assert max(ranks) == degrees_of_freedom(regime(model), 3, 4)


@pytest.mark.parametrize(("hidden", "last", "k0"), [(1, "W1", 7), (3, "W3", 6)])
def test_the_kernel_of_the_last_two_layers_is_that_of_their_jacobian(hidden: int, last: str, k0: int) -> None:
    model, on = DeepNet("sigmoid", hidden, biases=True), problem(9, 7)
    net = network(model, on, 6)
    rest = {name: value for name, value in net.start.items() if name != last}
    jacobian = torch.func.jacrev(lambda w: model.forward({**rest, last: w}, torch.from_numpy(on.x)))(net.start[last])
    jacobian = jacobian.reshape(9, -1)
    expected = float(torch.linalg.eigvalsh(jacobian @ jacobian.mT)[0]) / (6 * k0)
    assert PairKernel().measure(net) == pytest.approx(expected, rel=1e-6)


def test_the_kernel_of_other_models_and_of_several_outputs_is_no_number() -> None:
    from harness.builtin.models import ShallowNet

    on = problem(4, 3)
    weights = {"W": torch.ones(2, 3, dtype=torch.float64), "v": torch.ones(2, dtype=torch.float64)}
    shallow = Network(ShallowNet(), GradientDescent(), Quadratic(), on, weights, weights, 0.1, 0)
    assert math.isnan(PairKernel().measure(shallow))
    net = network(DeepNet("tanh"), on, 2)
    several = {**net.start, "v": torch.ones(2, 2, dtype=torch.float64)}
    assert math.isnan(
        PairKernel().measure(Network(net.model, net.optimizer, net.criterion, on, several, several, 0.1, 0))
    )


def test_given_scales_replace_those_of_the_fan_in_and_leave_all_else() -> None:
    model, on = DeepNet("relu", 2), problem(4, 5)
    plain, given = (
        start.draw(model, on, 200, np.random.default_rng(3))
        for start in (FanIn(gain=1.5), FanIn(1.5, first=1.0, output=2.0))
    )
    assert np.array_equal(plain["W2"], given["W2"])
    np.testing.assert_allclose(given["W1"], plain["W1"] / 1.5 * math.sqrt(5), rtol=1e-14)
    np.testing.assert_allclose(given["v"], plain["v"] / 1.5 * math.sqrt(200) * 2.0, rtol=1e-14)
    assert FanIn(gain=1.5).spec() == {"use": "fan-in", "version": 1, "gain": 1.5}
