from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian
from harness_lazy.limit import limiting_eigenvalue
from harness_lazy.models import LazyScaled, Linearized
from harness_lazy.start_jacobian import has_rank_n, start_jacobian, start_kernel
from harness_lazy.theories.certificates import CertificateD1s, CertificateLinear, CertificateLinearOutput, d1s_scale
from harness_lazy.theories.spectrum import chernoff_width

from harness import ACTIVATIONS, Certificate, Exponents, Initializer, Problem, Regime
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import GaussianHalves, LeCun, MirroredLeCun
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.claims.certified import certified_width
from harness.components import Cell
from harness.engine.draws import draw_problem, draw_weights
from harness.engine.work import train
from harness.mathematics.spectra import operator_norm, smallest_eigenvalue
from tests.engine.cases import PseudoHuber, setting
from tests.lazy.problems import PRESETS, drawn, problem

AS_PROVED = GradientDescent(step_size="theory")


def regime(activation: str = "softplus", alpha: float = 1.0, start: Initializer | None = None) -> Regime:
    home = replace(PRESETS["lazy-scaled"], model=LazyScaled(activation, alpha=alpha), optimizer=AS_PROVED)
    return replace(home, initializer=start or RandomSigns())


# --- D1s ----------------------------------------------------------------------------------------------------


def descend(on: Problem, model: LazyScaled, k: int, seed: int, steps: int) -> None:
    """Train as the certificate says, in plain NumPy, and compare each step with its bounds."""
    weights = model.extend(RandomSigns().draw(model, on, k, np.random.default_rng(seed)))
    of = replace(regime(), model=model)
    theory = CertificateD1s()
    assert theory.certifies(on, of, weights)
    spectrum = np.linalg.eigvalsh(start_kernel(model, weights, on.x))
    step, sigma, size = 2 / (9 * spectrum[-1]), math.sqrt(spectrum[0]), float(np.linalg.norm(on.y))
    assert theory.step_size(on, of, weights) == pytest.approx(step / model.alpha**2)
    phi, w, v = model.net.activation, weights["W"].copy(), weights["v"]
    base = phi.phi(on.x @ w.T) @ v
    for t in range(steps + 1):
        z = on.x @ w.T
        values = phi.phi(z)
        residual = model.alpha * (values @ v - base) - on.y
        rounding = 1e-14 * (size + model.alpha * float(np.linalg.norm(np.abs(values) @ np.abs(v))))
        assert np.linalg.norm(residual) <= (1 - step * sigma**2 / 8) ** t * size * (1 + 1e-9) + rounding
        assert np.linalg.norm(w - weights["W"]) <= 4 * size / (model.alpha * sigma) * (1 + 1e-9)
        w -= step / model.alpha**2 * model.alpha * (phi.dphi(z) * v * residual[:, None]).T @ on.x
    assert np.linalg.norm(residual) < size


def instances(count: int, steps: int) -> None:
    """Certify and train random instances: sizes, activations and α ≥ s_min all drawn."""
    rng = np.random.default_rng(11)
    done = 0
    while done < count:
        d, k = int(rng.integers(2, 8)), int(rng.integers(2, 30))
        on = problem(int(rng.integers(1, min(d * k, 12) + 1)), d, seed=int(rng.integers(1 << 30)))
        model = LazyScaled(str(rng.choice(["softplus", "gelu", "tanh", "silu", "sigmoid", "erf", "sin"])))
        seed = int(rng.integers(1 << 30))
        weights = RandomSigns().draw(model, on, k, np.random.default_rng(seed))
        price = d1s_scale(model, weights, on)
        if not price < 1e6:  # J₀ not of full rank, or so nearly that α h has no digits left
            continue
        below = replace(regime(), model=replace(model, alpha=0.999 * price))
        assert CertificateD1s().certifies(on, below, weights) is False
        descend(on, replace(model, alpha=price * float(rng.choice([1.0001, 2.0, 10.0]))), k, seed, steps)
        done += 1


def test_certificate_is_never_violated() -> None:
    instances(60, steps=100)


@pytest.mark.slow
def test_certificate_is_never_violated_in_many_instances() -> None:
    instances(300, steps=2000)


@pytest.mark.parametrize(
    "start", [RandomSigns(), Paired(), LeCun(), GaussianHalves()], ids=lambda start: str(start.name)
)
def test_the_engine_keeps_to_the_certificate(start: Initializer) -> None:
    cell, steps = Cell("", 5, 4, 16), 200
    draws = [draw_problem(Sphere(), 5, 4, seed=seed, base=1) for seed in range(12)]
    model = LazyScaled("softplus", alpha=1.0)
    weights = [draw_weights(start, model, on, 16, seed=seed, base=1) for seed, on in enumerate(draws)]
    alpha = 1.01 * max(d1s_scale(model, w, on) for w, on in zip(weights, draws, strict=True))
    of = regime(alpha=alpha, start=start)
    where = replace(setting(of, steps=steps, tolerances=(1e-9,), dtype="float64"), theory=CertificateD1s())
    for outcome, w, on in zip(train(where, cell, range(12)), weights, draws, strict=True):
        assert not outcome.message
        values = np.linalg.eigvalsh(start_kernel(model, w, on.x))
        assert outcome.step_size == pytest.approx(2 / (9 * values[-1]))
        assert outcome.lambda_min == pytest.approx(alpha**2 * values[0], rel=1e-6)
        rate = 1 - 2 / (9 * values[-1]) * values[0] / 8
        at = [t for t in (0, 1, 2, 5, 10, 20, 50, 100, 200) if t <= outcome.steps]
        assert all(value <= rate**t * (1 + 1e-3) for t, value in zip(at, outcome.curve, strict=False))
        assert outcome.diagnostics["laziness"] <= 1 / 8
        assert outcome.diagnostics["price-of-laziness"] == pytest.approx(d1s_scale(model, w, on), rel=1e-6)


def test_certified_width_in_closed_form() -> None:
    """Orthonormal inputs: ‖X‖ = 1, λ = E[φ'²]."""
    n, alpha = 4, 5.0
    on = Problem(np.eye(n), np.ones(n))
    smallest = limiting_eigenvalue(on.x, ACTIVATIONS["softplus"], "hidden")
    test, kept = (16 * 0.25 * 2 / (alpha * smallest)) ** 2, 8 * math.log(n / 0.05) / smallest
    assert CertificateD1s().width(on, regime(alpha=alpha)).value == math.ceil(max(test, kept))
    assert CertificateD1s().width(on, regime(alpha=0.1)).value == math.ceil((16 * 0.25 * 2 / (0.1 * smallest)) ** 2)
    assert CertificateD1s().width(on, regime(alpha=1e6)).value == math.ceil(kept)
    assert CertificateD1s().width(on, regime(alpha=1e6, start=Paired())).value == 2 * math.ceil(kept)


@pytest.mark.parametrize("start", [RandomSigns(), Paired(), GaussianHalves()], ids=lambda start: str(start.name))
def test_certified_width_certifies(start: Initializer) -> None:
    held = 0
    for seed in range(20):
        on, of = problem(3, 6, seed), regime("gelu", 3.0, start)
        k = int(CertificateD1s().width(on, of).value)
        weights = start.draw(of.model, on, k, np.random.default_rng(seed))
        held += CertificateD1s().certifies(on, of, weights) is True
    assert held == 20  # of which 19 are promised


def test_certified_width_says_why_there_is_none() -> None:
    on = problem(4, 5)
    assert "lecun" in CertificateD1s().width(on, regime(start=LeCun())).reason
    doubled = Problem(np.vstack([on.x, on.x[:1]]), np.arange(5.0))
    assert math.isinf(CertificateD1s().width(doubled, regime()).value)
    assert not CertificateD1s().concerns(regime("relu"))
    assert CertificateD1s().certifies(on, regime("relu"), {}) is None


# --- the linearized net -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["softplus", "tanh", "sin", "sigmoid"])
@pytest.mark.parametrize(("train_", "biases"), [("hidden", False), ("hidden", True), ("output", False), ("all", False)])
def test_rank_begins_where_the_count_says(activation: str, train_: str, biases: bool) -> None:
    on = problem(12, 4)
    of = replace(PRESETS["linearized"], model=Linearized(activation, train_, biases))  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    theory = CertificateLinearOutput() if train_ == "output" else CertificateLinear()
    width = theory.width(on, of)
    enough = int(width.value)
    assert enough == {"hidden": 3, "output": 12, "all": 3}[train_]
    weights = RandomSigns().draw(of.model, on, enough, np.random.default_rng(0))
    assert theory.certifies(on, of, weights)
    fewer = RandomSigns().draw(of.model, on, max(enough - 1, 1), np.random.default_rng(0))
    necessary = {"hidden": 12 / (5 if biases else 4), "output": 12, "all": 12 / 5}[train_]
    if enough - 1 < necessary:
        assert theory.certifies(on, of, fewer) is False
    if math.ceil(necessary) < enough:
        assert width.reason == f"{math.ceil(necessary)} is necessary"


@pytest.mark.parametrize("start", [Paired(), MirroredLeCun()], ids=["paired", "mirrored"])
def test_pairs_count_once(start: Initializer) -> None:
    on = problem(12, 4)
    of = replace(PRESETS["linearized"], model=Linearized("softplus"), initializer=start)
    assert CertificateLinear().width(on, of).value == 6
    for k, holds in ((4, False), (6, True)):
        weights = start.draw(of.model, on, k, np.random.default_rng(0))
        assert CertificateLinear().certifies(on, of, weights) is holds


@pytest.mark.parametrize(("activation", "seed"), [("tanh", 0), ("gelu", 1)])
def test_rank_is_seen_where_squaring_leaves_nothing(activation: str, seed: int) -> None:
    """At k = ⌈n/d⌉ J₀ has rank n, as proved; its σ_min is too small for J₀J₀ᵀ to tell."""
    n, d = 100, 3
    of = replace(PRESETS["linearized"], model=Linearized(activation))
    on = draw_problem(Sphere(), n, d, seed=seed, base=1)
    weights = draw_weights(of.initializer, of.model, on, 34, seed=seed, base=1)
    assert isinstance(of.model, Linearized)
    assert smallest_eigenvalue(start_kernel(of.model, weights, on.x)) == 0
    assert CertificateLinear().certifies(on, of, weights) is True
    found = certified_width(CertificateLinear(), of, Sphere(), n, d, seeds=2, base=1, largest=1024)
    assert (found.low, found.high) == (34, 34)
    assert CertificateLinear().width(on, of).value == 34


def test_dependent_columns_are_not_taken_for_rank() -> None:
    on = problem(100, 3)
    # 33 different neurons in R³ have 99 columns, pairs twice as many; homogeneity leaves 3 of 4 to both layers.
    for model, start, k in (
        (Linearized("tanh"), Paired(), 66),
        (Linearized("relu", "all"), RandomSigns(), 33),
        (Linearized("leaky-relu", "all", biases=True), RandomSigns(), 24),
    ):
        weights = start.draw(model, on, k, np.random.default_rng(0))
        assert start_jacobian(model, weights, on.x).shape[1] >= 100
        assert not has_rank_n(model, weights, on.x)
    model = Linearized("tanh")
    assert has_rank_n(model, Paired().draw(model, on, 68, np.random.default_rng(0)), on.x)
    twice = np.vstack([on.x[:20], on.x[:1]])
    assert not has_rank_n(model, RandomSigns().draw(model, on, 60, np.random.default_rng(0)), twice)


def test_a_part_of_the_columns_shows_the_rank_of_wide_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    on, model, shapes = problem(100, 3), Linearized("gelu"), []
    weights = RandomSigns().draw(model, on, 4000, np.random.default_rng(0))
    assert smallest_eigenvalue(start_kernel(model, weights, on.x)) == 0

    def taken(*arguments: Any) -> np.ndarray:
        jacobian = start_jacobian(*arguments)
        shapes.append(jacobian.shape)
        return jacobian

    monkeypatch.setattr("harness_lazy.start_jacobian.start_jacobian", taken)
    monkeypatch.setattr("harness_lazy.start_jacobian.VALUES", 100 * 600)
    assert has_rank_n(model, weights, on.x)
    monkeypatch.setattr("harness_lazy.start_jacobian.least_by_gram", lambda *_: 0.0)  # as where J₀J₀ᵀ proves nothing
    shapes.clear()
    assert has_rank_n(model, weights, on.x)
    assert shapes == [(100, 600)]


def test_the_output_layer_has_its_own_law() -> None:
    on, of = problem(30, 12), replace(PRESETS["linearized"], model=Linearized("softplus", "output"))
    assert not CertificateLinear().concerns(of)
    assert CertificateLinearOutput().concerns(of)
    assert not CertificateLinearOutput().concerns(PRESETS["linearized"])
    assert CertificateLinearOutput().width(on, of).value == 30
    assert CertificateLinearOutput().claim.exponents == Exponents((1.0, 0.0))


@pytest.mark.parametrize(
    ("theory", "of"),
    [
        (CertificateLinear(), PRESETS["linearized"]),
        (CertificateLinearOutput(), replace(PRESETS["linearized"], model=Linearized("softplus", "output"))),
        (CertificateD1s(), replace(PRESETS["lazy-scaled"], model=LazyScaled(alpha=1e6))),
    ],
    ids=["linear", "output", "scaled"],
)
def test_certificates_are_silent_about_other_training(theory: Certificate, of: Regime) -> None:
    on = problem(4, 6)
    weights = of.initializer.draw(of.model, on, 8, np.random.default_rng(0))
    assert theory.certifies(on, of, weights) is True
    for other in (
        replace(of, optimizer=Momentum()),
        replace(of, optimizer=StochasticGradientDescent(batch=2)),
        replace(of, criterion=PseudoHuber()),
    ):
        assert theory.certifies(on, other, weights) is None


@pytest.mark.parametrize(("n", "density"), [(2, True), (3, False)])
def test_one_dimension_has_no_density_on_the_sphere(n: int, density: bool) -> None:
    on = Problem(np.array([[1.0], [-1.0], [1.0]])[:n], np.arange(1.0, n + 1), 0, "sphere")
    found = {a.text: a.holds for a in CertificateLinear().assumptions(on, PRESETS["linearized"])}
    assert found["inputs with a density"] is density
    assert found["d ≥ 2"] is False
    twice = Problem(np.vstack([problem(4, 3).x, problem(4, 3).x[:1]]), np.arange(5.0), 0, "gaussian")
    found = {a.text: a.holds for a in CertificateLinear().assumptions(twice, PRESETS["linearized"])}
    assert found["inputs with a density"] is False
    assert found["d ≥ 2"] is True


def test_homogeneous_nets_lose_a_column_a_neuron() -> None:
    on = problem(12, 4)
    of = replace(PRESETS["linearized"], model=Linearized("relu", "all"))
    assert CertificateLinear().width(on, of).value == 3  # ⌈12/4⌉, not ⌈12/5⌉
    kernel = start_kernel(
        Linearized("relu", "all"), RandomSigns().draw(of.model, on, 2, np.random.default_rng(1)), on.x
    )
    assert np.linalg.matrix_rank(kernel) <= 8


def test_step_and_rate_of_the_linearized_net() -> None:
    of = replace(PRESETS["linearized"], optimizer=AS_PROVED)
    where = replace(setting(of, steps=300, tolerances=(1e-12,)), theory=CertificateLinear())
    for outcome in train(where, Cell("", 10, 8, 20), range(3)):
        assert outcome.lambda_min is not None
        assert outcome.lambda_max is not None
        assert outcome.step_size == pytest.approx(1 / outcome.lambda_max)
        rate = 1 - outcome.lambda_min / outcome.lambda_max
        assert outcome.measure <= outcome.curve[0] * rate**300 * (1 + 1e-3)


@pytest.mark.parametrize("train_", ["hidden", "output", "all"])
@pytest.mark.parametrize("biases", [False, True])
def test_kernels_in_numpy_are_those_in_torch(train_: str, biases: bool) -> None:
    on, model = problem(7, 4), Linearized("silu", train_, biases)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    params = drawn(model, on, 6, TangentGaussian())
    kernel = model.kernel(params, torch.from_numpy(on.x)).numpy()
    weights = {name: value.numpy() for name, value in params.items()}
    np.testing.assert_allclose(start_kernel(model, weights, on.x), kernel, rtol=1e-12)
    jacobian = start_jacobian(model, weights, on.x)
    assert jacobian.shape == (7, sum(weights[name].size for name in model.trained()))
    np.testing.assert_allclose(jacobian @ jacobian.T, kernel, rtol=1e-12)


# --- concentration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [RandomSigns(), Paired()], ids=["du", "paired"])
def test_chernoff_width_keeps_half_of_the_smallest_eigenvalue(start: Initializer) -> None:
    on = problem(5, 8, 4)
    of = replace(PRESETS["linearized"], model=Linearized("relu"), initializer=start)
    k, smallest = int(chernoff_width(on, of).value), limiting_eigenvalue(on.x, ACTIVATIONS["relu"], "hidden")
    lines = math.ceil(8 * operator_norm(on.x) ** 2 * math.log(5 / 0.05) / smallest)
    assert k == lines * (2 if isinstance(start, Paired) else 1)
    found = []
    for seed in range(60):
        weights = start.draw(of.model, on, k, np.random.default_rng(seed))
        found.append(np.linalg.eigvalsh(start_kernel(Linearized("relu"), weights, on.x))[0])
    assert np.mean(np.array(found) < smallest / 2) <= 0.05
