"""Noise on activations: against a plain loop, its streams, its step sizes, and where it is left out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pytest
import torch

from harness import (
    FACTORS,
    ActivationNoise,
    Cell,
    Diagnostic,
    Model,
    Network,
    NoiseKind,
    Regime,
    Samples,
    SpecError,
    Trained,
)
from harness.builtin.criteria import Quadratic
from harness.builtin.diagnostics import HeldOutError, TrainingError, jacobian_of
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.noisy import NoisyNet
from harness.builtin.optimizers import GradientDescent, Momentum
from harness.engine.draws import draw_factors, draw_problem, draw_weights, noise_stream
from harness.engine.setting import Setting
from harness.engine.solvers import refusals, shipped, shipped_solver
from harness.engine.trial import prepare
from harness.engine.work import train
from harness.plugin_host.acceptance import not_accepted
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from tests.engine.cases import setting
from tests.engine.plain_loop import FUNCTIONS

SIZES = ((9, 3, 2), (17, 3, 7), (30, 5, 6), (24, 31, 3))
"""(n, d, k)."""

TOLERANCES = (0.97, 0.9, 0.7, 0.4, 0.2)
STEPS = 100


@dataclass(frozen=True)
class BareNoisy(NoisyNet):
    """The noisy net without its stack."""

    name: ClassVar[str] = "bare-noisy"

    stack = Model.stack  # type: ignore[assignment]  # the contract's own default, to stand in for the closed form
    kernel = Model.kernel  # type: ignore[assignment]  # likewise


def regime_of(model: NoisyNet, beta: float = 0.0) -> Regime:
    method = Momentum(c=0.1, beta=beta) if beta else GradientDescent(c=0.3)
    return Regime("noisy", model, LeCun(), method, Quadratic())


def plain_loop(where: Setting, cell: Cell, seed: int, step_size: float, beta: float) -> tuple[list[int | None], float]:
    """Return the first step below each tolerance, and the last relative residual."""
    model, of = where.regime.model, {"seed": seed, "base": where.base_seed}
    assert isinstance(model, NoisyNet)
    noise = ActivationNoise(model.noise, model.strength, model.fresh)
    problem = draw_problem(where.dataset, cell.n, cell.d, **of)
    weights = draw_weights(where.regime.initializer, model, problem, cell.k, **of)
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    params = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    leaves = [params[name].requires_grad_() for name in model.trained()]
    method = torch.optim.SGD(leaves, lr=step_size, momentum=beta)
    stream, phi = noise_stream(noise, cell.n, cell.k, **of), FUNCTIONS[model.activation.name]
    ones = torch.ones(cell.k, cell.n, dtype=torch.float64)
    judged = ones if model.fresh else torch.from_numpy(noise.draw(stream, (cell.k, cell.n)))

    def residual(factors: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = (phi(x @ params["W"].T) * factors.T) @ params["v"] - y
        return outputs

    hits: list[int | None] = [None] * len(where.tolerances)
    for step in range(where.steps + 1):
        relative = float(residual(judged).detach().norm() / y.norm())
        hits = [step if hit is None and relative <= t else hit for hit, t in zip(hits, where.tolerances, strict=True)]
        if hits[-1] is not None or step == where.steps:
            break
        seen = torch.from_numpy(noise.draw(stream, (cell.k, cell.n))) if model.fresh else judged
        method.zero_grad()
        (0.5 * (residual(seen) ** 2).sum()).backward()  # type: ignore[no-untyped-call]  # torch does not type it
        method.step()
    return hits, relative


def agreement(seeds: int) -> tuple[int, list[tuple[object, ...]]]:
    """Return how many nets were compared, and those whose hits differ from the plain loop's."""
    layers: tuple[Trained, ...] = ("hidden", "all")
    kinds: tuple[tuple[NoiseKind, float], ...] = (("gaussian", 0.5), ("dropout", 0.2))
    count, differences = 0, list[tuple[object, ...]]()
    for turn, (made, trained, fresh, (kind, strength), beta) in enumerate(
        itertools.product((NoisyNet, BareNoisy), layers, (False, True), kinds, (0.0, 0.8))
    ):
        n, d, k = SIZES[turn % len(SIZES)]
        model = made("leaky-relu", trained, noise=kind, strength=strength, fresh=fresh)
        where = setting(regime_of(model, beta), dtype="float64", steps=STEPS, tolerances=TOLERANCES, spectrum=False)
        for outcome in train(where, Cell("", n, d, k), range(seeds)):
            assert not outcome.message
            assert outcome.solver == ("stacked" if made is NoisyNet else "functional")
            assert outcome.step_size is not None
            hits, last = plain_loop(where, Cell("", n, d, k), outcome.seed, outcome.step_size, beta)
            count += 1
            if list(outcome.hits) != hits or outcome.measure != pytest.approx(last, rel=1e-6):
                differences.append((model, n, outcome.seed, outcome.hits, hits, outcome.measure, last))
    return count, differences


def test_hits_are_those_of_a_plain_loop_with_the_same_factors() -> None:
    count, differences = agreement(seeds=2)
    assert count == 64
    assert not differences


@pytest.mark.slow
def test_hits_of_many_nets_are_those_of_a_plain_loop() -> None:
    count, differences = agreement(seeds=12)
    assert count == 384
    assert len(differences) <= 2, differences


def test_fixed_noise_makes_the_jacobian_of_equal_neurons_full() -> None:
    """Equal neurons have equal columns of J without noise, so rank d. With noise the rank is min(n, kd)."""
    n, d, k = 12, 4, 3
    trial = prepare(setting(regime_of(NoisyNet("leaky-relu"))), n, d, k, seed=0)
    equal = {**trial.params, "W": trial.params["W"][:1].repeat(k, 1), "v": torch.ones(k, dtype=torch.float64)}
    bare = {name: value for name, value in equal.items() if name != FACTORS}
    model, x = NoisyNet("leaky-relu"), torch.from_numpy(trial.problem.x)
    ranks = [int(torch.linalg.matrix_rank(model.kernel(params, x))) for params in (equal, bare)]
    assert ranks == [min(n, k * d), d]


def test_factors_depend_on_the_trial_alone_and_scale_with_the_strength() -> None:
    weak, strong = ActivationNoise("gaussian", 0.1), ActivationNoise("gaussian", 0.7)
    one, other = (draw_factors(noise, 9, 4, seed=3, base=1) for noise in (weak, strong))
    assert one.shape == (4, 9)
    np.testing.assert_allclose((one - 1) / 0.1, (other - 1) / 0.7)
    for seed, base, n in ((4, 1, 9), (3, 2, 9), (3, 1, 10)):
        assert not np.array_equal(draw_factors(weak, n, 4, seed=seed, base=base)[:, :9], one)
    assert (draw_factors(replace(weak, fresh=True), 9, 4, seed=3, base=1) == 1).all()
    regime = regime_of(NoisyNet("tanh", strength=0.1))
    momentum = replace(regime, model=NoisyNet("leaky-relu", "all", strength=0.1), optimizer=Momentum())
    for of in (regime, momentum):
        assert (prepare(setting(of), 9, 5, 4, seed=3).weights[FACTORS] == one).all()


@pytest.mark.parametrize(("kind", "strength", "variance"), [("gaussian", 0.3, 0.09), ("dropout", 0.2, 0.25)])
def test_factors_have_mean_one_and_their_variance(kind: NoiseKind, strength: float, variance: float) -> None:
    noise = ActivationNoise(kind, strength)
    drawn = noise.draw(noise_stream(noise, 1, 1, seed=0, base=0), (200_000,))
    assert noise.variance() == pytest.approx(variance)
    assert drawn.mean() == pytest.approx(1.0, abs=4 * (variance / 200_000) ** 0.5)
    assert drawn.var() == pytest.approx(variance, rel=0.02)


def test_the_stable_step_of_fresh_noise_is_that_of_the_mean_kernel() -> None:
    """E[J Jᵀ] = K + σ² diag K, so that λ is at most λ_max(K) + σ² max K_ii."""
    n, d, k, sigma = 8, 3, 5, 0.6
    fresh = NoisyNet("tanh", "all", strength=sigma, fresh=True)
    trial = prepare(setting(regime_of(fresh)), n, d, k, seed=1)
    x, noise = torch.from_numpy(trial.problem.x), fresh.activation_noise()
    plain = fresh.kernel(trial.params, x)
    assert trial.step_size == pytest.approx(
        0.3 / float(torch.linalg.eigvalsh(plain)[-1] + sigma**2 * plain.diagonal().max())
    )
    rng = noise_stream(noise, n, k, seed=0, base=0)
    draws = [fresh.kernel({**trial.params, FACTORS: torch.from_numpy(noise.draw(rng, (k, n)))}, x) for _ in range(4000)]
    mean = torch.stack(draws).mean(0)
    expected = plain + sigma**2 * torch.diag(plain.diagonal())
    assert float((mean - expected).norm() / expected.norm()) < 0.03
    fixed = prepare(setting(regime_of(replace(fresh, fresh=False))), n, d, k, seed=1)
    own = fresh.kernel(fixed.params, x)
    assert fixed.step_size == pytest.approx(0.3 / float(torch.linalg.eigvalsh(own)[-1]))


@dataclass(frozen=True)
class FactorsAtTheEnd(Diagnostic):
    """Largest distance of a factor from 1 at the end."""

    name: ClassVar[str] = "factors-at-the-end"
    summary: ClassVar[Literal["last"]] = "last"

    def measure(self, network: Network) -> float:
        return float((network.params[FACTORS] - 1).abs().max())


def test_errors_have_factors_on_the_training_samples_alone() -> None:
    """The training error is the measure. Held-out samples have no factors, were they the same samples."""
    for fresh in (False, True):
        model = NoisyNet("leaky-relu", "all", strength=0.5, fresh=fresh)
        diagnostics = (TrainingError(), HeldOutError(), FactorsAtTheEnd())
        where = setting(replace(regime_of(model), diagnostics=diagnostics), dtype="float64", steps=30, held_out=9)
        for outcome in train(where, Cell("", 9, 4, 6), range(3)):
            found = outcome.diagnostics
            assert found["training-error"] == pytest.approx(outcome.measure, rel=1e-9)
            assert (found["factors-at-the-end"] == 0.0) == fresh
            assert found["held-out-error"] > 0
    trial = prepare(where, 9, 4, 6, seed=0)
    seen = replace(trial.problem, held_out=Samples(trial.problem.x, trial.problem.y))
    network = Network(model, where.regime.optimizer, Quadratic(), seen, trial.params, trial.params, 0.1, 0)
    with_noise = {**trial.params, FACTORS: torch.full((6, 9), 3.0, dtype=torch.float64)}
    assert HeldOutError().measure(replace(network, params=with_noise)) == TrainingError().measure(network)
    assert TrainingError().measure(replace(network, params=with_noise)) != TrainingError().measure(network)


def test_the_output_layer_is_solved_exactly_if_its_factors_stay() -> None:
    cell, seeds = Cell("", 12, 4, 5), range(4)
    fixed = setting(regime_of(NoisyNet("relu", "output")), dtype="float64", steps=200, tolerances=(0.9, 0.7))
    exact, stepped = train(fixed, cell, seeds), train(replace(fixed, solver=shipped_solver("stacked")), cell, seeds)
    assert {outcome.solver for outcome in exact} == {"spectral"}
    assert [outcome.hits for outcome in exact] == [outcome.hits for outcome in stepped]
    fresh = setting(regime_of(NoisyNet("relu", "output", fresh=True)), steps=3)
    assert {outcome.solver for outcome in train(fresh, cell, seeds)} == {"stacked"}


def test_several_outputs_have_the_factors_of_one() -> None:
    model = NoisyNet("tanh", "all", biases=True)
    rng = np.random.default_rng(0)
    params = {name: torch.from_numpy(rng.standard_normal(s)) for name, s in model.shapes_for(3, 4, 2).items()}
    params[FACTORS] = torch.from_numpy(rng.standard_normal((4, 7)))
    x = torch.from_numpy(rng.standard_normal((7, 3)))
    hidden = torch.tanh(x @ params["W"].T + params["b"]) * params[FACTORS].T
    torch.testing.assert_close(model.forward(params, x), hidden @ params["v"].T + params["c"])
    network = Network(model, GradientDescent(), Quadratic(), None, params, params, 0.1, 0)  # type: ignore[arg-type]  # no problem is needed
    assert jacobian_of(network, params, x).shape == (14, 4 * 3 + 2 * 4 + 4 + 2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"batch": 5}, "not-accepted"),
        ({"noise": "dropout", "strength": 1.0}, "refused"),
        ({"noise": "dropuot"}, "unknown-value"),
        ({"strength": 0.0}, "out-of-range"),
    ],
)
def test_what_noise_cannot_have_is_refused(change: dict[str, object], code: str, registry: Registry) -> None:
    with pytest.raises(SpecError) as raised:
        build_regime({"use": "narrow-noisy", **change}, registry)
    assert [complaint.code for complaint in raised.value.complaints] == [code]


class PluginsNet(ShallowNet):
    """A model of a plugin that has noise, and says nothing of optimizers."""

    name = "plugins-net"

    def activation_noise(self) -> ActivationNoise:
        return ActivationNoise("gaussian", 0.3)


@pytest.mark.parametrize(("batch", "refused"), [(5, ["not-accepted"]), (None, [])])
def test_noise_of_a_plugin_and_minibatches_are_refused_before_a_trial(
    batch: int | None, refused: list[str], registry: Registry
) -> None:
    parts = {"model": PluginsNet(), "initializer": LeCun(), "optimizer": GradientDescent(batch=batch)}
    found = not_accepted({**parts, "criterion": Quadratic()}, {"optimizer": "gd"}, registry)
    assert [(complaint.code, complaint.path) for complaint in found] == [(code, ("optimizer",)) for code in refused]


def test_noise_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no noise 'uniform', expected 'gaussian' or 'dropout'"):
        ActivationNoise("uniform", 0.3)  # type: ignore[arg-type]  # wrong on purpose


def test_kernels_that_take_no_factors_refuse(registry: Registry) -> None:
    reasons = refusals(build_regime({"use": "narrow-noisy"}, registry), "float32", "cpu", shipped(), 1)
    assert {"fused", "fused-stack", "torch-compiled", "spectral"} <= reasons.keys()
    assert not {"stacked", "functional"} & reasons.keys()
