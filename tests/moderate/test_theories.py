from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest
import torch
from harness_moderate import harness_regimes, harness_theories
from harness_moderate.theories import THEORIES
from harness_moderate.theories.certificates import CertificateD1, CertificateD3
from harness_moderate.theories.counts import degrees_of_freedom, fewest_neurons
from harness_moderate.theories.hidden_layer import (
    Covariance,
    ReLU,
    ReLUCovariance,
    Smooth,
)
from harness_moderate.theories.labels import fewest_features

from harness import ACTIVATIONS, Certificate, Criterion, Problem, Regime, Weights
from harness.builtin.initializers import GaussianHalves, MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.claims.predictions import Prediction, predict, predictions
from harness.mathematics.kernels import lambda_hidden, lambda_output, mu
from harness.mathematics.spectra import khatri_rao_sigma_min, operator_norm, unit_rows
from tests.engine.cases import PseudoHuber

REGIMES = {regime.name: regime for regime in harness_regimes()}
BY_NAME = {theory.name: theory() for theory in THEORIES}


def problem(n: int, d: int, seed: int = 0, dataset: str = "sphere") -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, dataset)


def regime(use: str = "moderate", **options: object) -> Regime:
    preset = REGIMES[use]
    return dataclasses.replace(preset, model=dataclasses.replace(preset.model, **options))


def speaking(of: Regime, on: Problem | None = None) -> dict[str, Prediction]:
    found = predictions(BY_NAME.values(), of, on or problem(30, 12))
    return {prediction.theory.name: prediction for prediction in found}


# --- what stands beside what ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (regime(), {"count-hidden", "os-smooth", "os-smooth-sphere", "os-covariance", "cert-d1", "cert-d4"}),
        (regime(activation="relu"), {"count-hidden", "os-relu", "os-relu-sphere", "os-relu-covariance", "cert-kink"}),
        (regime(activation="leaky-relu"), {"count-hidden"}),
        (regime("moderate-sgd"), {"count-hidden", "os-smooth-sgd"}),
        (regime("moderate-sgd", activation="relu"), {"count-hidden", "os-relu-sgd"}),
        (regime("output-only"), {"count-output", "os-output", "kawaguchi-huang", "cert-d3"}),
        (
            regime("output-only", activation="relu"),
            {"count-output", "os-output", "kawaguchi-huang", "becchetti", "cert-d3"},
        ),
        (regime(train="all"), {"count-all", "cert-d4"}),
    ],
)
def test_each_regime_has_the_theories_that_speak_of_it(of: Regime, expected: set[str]) -> None:
    assert set(speaking(of)) == expected


def classes(n: int, d: int, q: int) -> Problem:
    return dataclasses.replace(problem(n, d), y=np.eye(q)[np.arange(n) % q], classes=q)


def test_counts_stand_beside_nets_that_are_trained_on_classes() -> None:
    """One-hot rows are no labels with a density, and trained features depend on the labels: both rows are marked."""
    both = speaking(regime(train="all"), classes(30, 12, 5))
    assert set(both) == {"count-all", "count-labellings"}
    assert [one.text for one in both["count-all"].unmet] == ["labels from a density"]
    assert [one.text for one in both["count-labellings"].unmet] == ["features that do not depend on the labels"]
    assert both["count-all"].width.value == math.ceil(30 * 5 / (12 + 5))
    output = speaking(regime("output-only"), classes(30, 12, 5))
    assert set(output) == {"count-output", "count-labellings"}
    assert output["count-labellings"].applies
    assert set(speaking(regime(), classes(30, 12, 5))) == {"count-hidden"}
    several = dataclasses.replace(problem(30, 12), y=np.random.default_rng(1).standard_normal((30, 5)))
    assert speaking(regime(train="all"), several)["count-all"].applies


@pytest.mark.parametrize("n", [1, 2, 7, 40, 161])
def test_half_of_the_dichotomies_take_half_as_many_features_as_samples(n: int) -> None:
    assert fewest_features(n, 2) == math.ceil(n / 2)
    biased = regime("output-only", biases=True)
    assert speaking(biased, classes(n, 3, 2))["count-labellings"].width.value == max(math.ceil(n / 2) - 1, 1)


@pytest.mark.parametrize(("n", "q", "k", "cells"), [(6, 2, 3, 32), (9, 3, 2, 5904)])
def test_labellings_are_no_more_than_the_cells_of_their_hyperplanes(n: int, q: int, k: int, cells: int) -> None:
    """Two classes in general position have one labelling a cell. Half of all qⁿ are not reached below the width."""
    rng = np.random.default_rng(0)
    features, weights = rng.standard_normal((n, k)), rng.standard_normal((60_000, k, q))
    labels = (features @ weights).argmax(axis=2)
    found = len(np.unique(labels, axis=0))
    assert found <= cells
    assert (found == cells) == (q == 2)
    assert (fewest_features(n, q) > k) == (2 * cells < q**n)


def test_every_theory_concerns_a_preset_at_home() -> None:
    for theory in BY_NAME.values():
        home = dict(theory.claim.home)
        if theory.name == "count-deep":  # no preset has several hidden layers
            continue
        options = {key: home[key] for key in ("activation", "train") if key in home}
        assert theory.concerns(regime(home["use"], **options)), theory.name


def test_no_text_of_a_theorem_was_read() -> None:
    published = {name for name in BY_NAME if name.startswith("os-")} | {"kawaguchi-huang", "becchetti"}
    assert {name for name, theory in BY_NAME.items() if not theory.claim.verified} == published
    assert {name for name, theory in BY_NAME.items() if not theory.claim.explicit} == published


def test_names_are_unique_and_presets_name_their_theory() -> None:
    assert len(BY_NAME) == len(list(harness_theories())) == 20
    assert {preset.theory for preset in REGIMES.values()} - {""} <= set(BY_NAME)


# --- widths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(20, 10), (40, 10), (100, 20), (30, 50)])
def test_printed_and_solved_forms_are_equal(n: int, d: int) -> None:
    x = problem(n, d).x
    norm, sigma = operator_norm(x), khatri_rao_sigma_min(x)
    softplus, relu = ACTIVATIONS["softplus"], ACTIVATIONS["relu"]
    solved = (1.0 / mu(softplus)) ** 4 * n * norm**2 / sigma**4
    assert Smooth().solved(x, softplus).value == pytest.approx(solved, rel=1e-10)
    assert ReLU().solved(x, relu).value == pytest.approx(n * norm**6 / sigma**8, rel=1e-10)
    assert Covariance().solved(x, softplus).value == pytest.approx(n * norm**2 / lambda_hidden(x, softplus) ** 2)
    assert ReLUCovariance().solved(x, relu).value == pytest.approx(n * norm**6 / lambda_hidden(x, relu) ** 4)
    assert Covariance().solved(x, softplus).value <= Smooth().solved(x, softplus).value


def test_widths_on_known_inputs() -> None:
    # ‖X‖ = 2.235435, σ_min(X*X) = 0.381483, λ = 0.012854, μ = 0.20662, λ̃(ReLU) = 0.031534 at (20, 10)
    inputs = problem(20, 10)
    found = speaking(regime(), inputs)
    assert found["os-smooth"].width.value == pytest.approx(20 * 2.235435**2 / 0.381483**4 / 0.20662**4, rel=1e-4)
    assert found["os-covariance"].width.value == pytest.approx(20 * (2.235435 / 0.012854) ** 2, rel=1e-4)
    output = speaking(regime("output-only", activation="relu"), inputs)
    assert output["os-output"].width.value == pytest.approx(20 / 0.031534, rel=1e-4)
    assert lambda_output(inputs.x, ACTIVATIONS["relu"]) == pytest.approx(0.031534, abs=5e-7)


def test_laws_on_the_sphere() -> None:
    large, small = problem(100, 20), problem(30, 50)
    assert speaking(regime(), large)["os-smooth-sphere"].width.value == 500
    assert speaking(regime(activation="relu"), large)["os-relu-sphere"].width.value == 12_500
    assert speaking(regime(), small)["os-smooth-sphere"].width.value == 30
    assert speaking(regime(activation="relu"), small)["os-relu-sphere"].scaling == 30
    assert speaking(regime(), large)["os-covariance"].scaling == 500


@pytest.mark.parametrize("activation", ["tanh", "erf", "sin", "sigmoid"])
def test_vanishing_mu_makes_theorem_2_1_vacuous_and_not_6_2(activation: str) -> None:
    found = speaking(regime(activation=activation), problem(30, 12))
    assert math.isinf(found["os-smooth"].width.value)
    assert "μ_φ" in found["os-smooth"].width.reason
    assert not found["os-smooth"].applies
    assert math.isfinite(found["os-covariance"].width.value)


def test_too_many_inputs_make_theorems_2_1_and_2_3_vacuous() -> None:
    inputs = problem(60, 10)  # d(d + 1)/2 = 55
    for found in (speaking(regime(), inputs)["os-smooth"], speaking(regime(activation="relu"), inputs)["os-relu"]):
        assert found.width.value == math.inf
        assert "n > d(d+1)/2 = 55" in found.width.reason
        assert [assumption.text for assumption in found.unmet][:1] == ["X*X of full rank n ≤ d(d+1)/2"]
    assert math.isfinite(speaking(regime(), inputs)["os-covariance"].width.value)


@pytest.mark.parametrize(
    ("train", "biases", "activation", "count"),
    [
        ("hidden", False, "softplus", "⌈n*q/d⌉"),
        ("hidden", True, "softplus", "⌈n*q/(d+1)⌉"),
        ("all", False, "softplus", "⌈n*q/(d+q)⌉"),
        ("all", True, "softplus", "⌈(n-1)*q/(d+q+1)⌉"),
        ("all", False, "relu", "⌈n*q/(d+q-1)⌉"),
        ("all", True, "leaky-relu", "⌈(n-1)*q/(d+q)⌉"),
        ("output", False, "relu", "n"),
        ("output", True, "softplus", "n-1"),
    ],
)
@pytest.mark.parametrize(("n", "d"), [(1, 5), (5, 5), (6, 5), (200, 20), (211, 20), (7, 30)])
def test_counts(train: str, biases: bool, activation: str, count: str, n: int, d: int) -> None:
    expression = count.replace("⌈", "math.ceil(").replace("⌉", ")")
    of = regime(train=train, biases=biases, activation=activation)
    for q in (3, 1):
        expected = max(1, eval(expression, {"math": math, "n": n, "d": d, "q": q}))
        assert fewest_neurons(of, n, d, q) == expected
    name = f"count-{train}"
    assert speaking(of, problem(n, d))[name].width.value == expected


@pytest.mark.parametrize(("activation", "loss"), [("tanh", 0), ("relu", 3), ("leaky-relu", 3)])
@pytest.mark.parametrize("q", [1, 2])
def test_degrees_of_freedom_are_the_rank_of_the_jacobian(activation: str, loss: int, q: int) -> None:
    # three neurons in R³, both layers trained: 9 + 3q weights, of which homogeneity takes one a neuron
    rng = np.random.default_rng(2)
    x, w, v = rng.standard_normal((40, 3)), rng.standard_normal((3, 3)), rng.standard_normal((q, 3))
    phi = ACTIVATIONS[activation]
    z = x @ w.T
    hidden = ((phi.dphi(z) * v[:, None])[..., None] * x[:, None, :]).reshape(40 * q, 9)
    jacobian = np.hstack([np.kron(np.eye(q), phi.phi(z)), hidden])
    assert np.linalg.matrix_rank(jacobian) == 9 + 3 * q - loss
    assert degrees_of_freedom(regime(train="all", activation=activation), 3, 3, q) == 9 + 3 * q - loss


# --- assumptions ----------------------------------------------------------------------------------


def unmet(theory: str, of: Regime, on: Problem | None = None) -> list[str]:
    return [assumption.text for assumption in predict(BY_NAME[theory], of, on or problem(30, 12)).unmet]


def as_stated(of: Regime) -> Regime:
    return dataclasses.replace(of, optimizer=GradientDescent(step_size="theory"))


@pytest.mark.parametrize("theory", ["os-smooth", "os-smooth-sphere", "os-covariance", "cert-d1"])
def test_smooth_theorems_apply_at_home(theory: str) -> None:
    assert unmet(theory, as_stated(regime())) == []


@pytest.mark.parametrize("theory", ["os-relu", "os-relu-sphere", "os-relu-covariance"])
def test_relu_theorems_apply_at_home(theory: str) -> None:
    assert unmet(theory, as_stated(regime(activation="relu"))) == []


def test_each_departure_from_the_theorem_is_named() -> None:
    home = as_stated(regime())
    assert unmet("os-smooth", regime()) == ["step size ≤ n/(2B²‖y‖²‖X‖²)"]  # 1.5/λ_max(J₀J₀ᵀ) is larger
    mirrored = dataclasses.replace(home, initializer=MirroredLeCun())
    assert unmet("os-smooth", mirrored) == ["W₀ ~ N(0, 1), v = ±‖y‖/√(kn) half and half"]
    scaled = dataclasses.replace(home, initializer=GaussianHalves(output=1.0))
    assert unmet("os-smooth", scaled) == ["W₀ ~ N(0, 1), v = ±‖y‖/√(kn) half and half"]
    momentum = dataclasses.replace(home, optimizer=Momentum(step_size="theory"))
    assert unmet("os-covariance", momentum) == ["gradient descent, full batch"]
    assert unmet("os-smooth", as_stated(regime(biases=True))) == ["no biases"]
    inputs = problem(30, 12)
    doubled = dataclasses.replace(inputs, x=2 * inputs.x, dataset="gaussian")
    assert unmet("os-smooth", home, doubled) == ["inputs of norm 1"]
    assert unmet("os-smooth-sphere", home, doubled) == ["inputs uniform on the sphere"]
    silent = dataclasses.replace(inputs, y=np.zeros(30))
    assert unmet("os-smooth", home, silent) == ["y ≠ 0"]


@pytest.mark.parametrize(
    ("activation", "theories", "reason"),
    [
        ("relu", ("os-smooth", "os-covariance", "cert-d1"), "φ'' is not bounded"),
        ("softplus", ("os-relu", "os-relu-covariance"), "the condition is for the ReLU"),
    ],
)
def test_theorems_say_nothing_of_other_activations(activation: str, theories: tuple[str, ...], reason: str) -> None:
    for theory in theories:
        found = predict(BY_NAME[theory], as_stated(regime(activation=activation)), problem(30, 12))
        assert math.isnan(found.width.value)
        assert found.width.reason == reason
        assert not found.applies


def test_antipodal_and_parallel_inputs() -> None:
    inputs = problem(8, 12)
    antipodal = Problem(np.vstack([inputs.x, -inputs.x[:1]]), np.arange(9.0))
    parallel = Problem(np.vstack([inputs.x, inputs.x[:1]]), np.arange(9.0))
    relu = as_stated(regime(activation="relu"))
    assert unmet("os-relu", relu, antipodal) == ["X*X of full rank n ≤ d(d+1)/2"]
    assert unmet("os-relu-covariance", relu, antipodal) == []
    assert unmet("os-relu-covariance", relu, parallel) == ["no two inputs parallel"]
    assert math.isinf(predict(BY_NAME["os-covariance"], regime(), parallel).width.value)
    output = REGIMES["output-only"]
    assert math.isinf(predict(CertificateD3(), output, parallel).width.value)
    assert predict(CertificateD3(), regime("output-only", activation="relu"), antipodal).width.value == 9
    assert math.isinf(predict(CertificateD3(), regime("output-only", activation="sin"), antipodal).width.value)


def test_mirrored_features_are_not_certified() -> None:
    mirrored = dataclasses.replace(REGIMES["output-only"], initializer=MirroredLeCun())
    assert unmet("cert-d3", mirrored) == ["W₀ from a density"]


@pytest.mark.parametrize(("step", "holds"), [(1e-3, True), (1e3, None)])
def test_a_numeric_step_is_compared_with_the_theorem(step: float, holds: bool | None) -> None:
    of = dataclasses.replace(regime(), optimizer=GradientDescent(step_size=step))
    assert predict(BY_NAME["os-smooth"], of, problem(30, 12)).assumptions[-1].holds is holds


def test_a_step_is_held_against_the_limit_that_is_printed() -> None:
    """Orthonormal inputs, φ = sin: λ_max(J₀J₀ᵀ) tends to (‖y‖²/n) E[cos²(g)] = (‖y‖²/n)(1 + e⁻²)/2."""
    n = 20
    on = Problem(np.eye(n), problem(n, n).y, 0, "table")
    size = float(on.y @ on.y) / n
    of, k = regime(activation="sin"), 20_000
    exact = 2 / (9 * size * (1 + math.exp(-2)) / 2)
    assert CertificateD1().step_size(on, of, draw(of, on, k)) == pytest.approx(exact, rel=0.05)

    def checked(step: float | str, theory: str = "os-covariance") -> bool | None:
        taken = dataclasses.replace(of, optimizer=GradientDescent(step_size=step), theory=theory)  # type: ignore[arg-type]  # a number, or the literal "theory"
        (found,) = [a for a in CertificateD1().assumptions(on, taken) if a.text == "step size ≤ 2/(9‖J₀‖²)"]
        return found.holds

    # ‖J₀‖ ≤ ‖v‖‖X‖ = √size, so that 2/(9 size) is safe at every width; n/(2‖y‖²‖X‖²) is above the limit.
    assert checked(0.999 * 2 / (9 * size)) is True
    assert checked(1.001 * 2 / (9 * size)) is None
    theorem = 1 / (2 * size)
    assert theorem > 1.1 * exact
    assert checked(0.999 * theorem) is None
    assert checked("theory", "cert-d1") is True
    assert Covariance().step_size(on, of, draw(of, on, k)) == pytest.approx(theorem)
    assert checked("theory", "os-covariance") is None


@pytest.mark.parametrize(("use", "theory"), [("moderate", CertificateD1()), ("output-only", CertificateD3())])
def test_certificates_are_silent_about_other_training(use: str, theory: Certificate) -> None:
    on, home = problem(4, 6), regime(use)
    weights = draw(home, on, 8)
    assert theory.certifies(on, home, weights) is (use == "output-only")
    for other in (
        dataclasses.replace(home, optimizer=Momentum()),
        dataclasses.replace(home, optimizer=StochasticGradientDescent(batch=2)),
        dataclasses.replace(home, criterion=PseudoHuber()),
    ):
        assert theory.certifies(on, other, weights) is None


def test_batches_of_sgd_are_left_open() -> None:
    for batch, holds in ((1, True), (10, None)):
        of = dataclasses.replace(REGIMES["moderate-sgd"], optimizer=StochasticGradientDescent(batch=batch))
        assert predict(BY_NAME["os-smooth-sgd"], of, problem(30, 12)).assumptions[-1].holds is holds


def test_a_count_is_not_met_where_a_fit_is_no_interpolation() -> None:
    """Nets below the count get all signs right, so the count must not be printed as met under the 0/1 error."""

    class ZeroOne(Criterion):
        name = "zero-one"

        def loss(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return ((outputs - y) ** 2).sum()

        def measure(self, outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.wrong(outputs, y) / len(y)

        def bounded(self) -> bool:
            return True

    of = dataclasses.replace(regime(), criterion=ZeroOne())
    checks = {a.text: a.holds for a in predict(BY_NAME["count-hidden"], of, problem(30, 12)).assumptions}
    assert checks["a fit is an interpolation"] is False
    checks = {a.text: a.holds for a in predict(BY_NAME["count-hidden"], regime(), problem(30, 12)).assumptions}
    assert checks["a fit is an interpolation"] is True


def test_binary_labels_have_no_density() -> None:
    signs = dataclasses.replace(problem(30, 12), y=np.sign(problem(30, 12).y))
    assert [a.holds for a in predict(BY_NAME["count-hidden"], regime(), signs).assumptions] == [None, True]


# --- step sizes -----------------------------------------------------------------------------------


def draw(of: Regime, on: Problem, k: int) -> Weights:
    return of.initializer.draw(of.model, on, k, np.random.default_rng(1))


@pytest.mark.parametrize(("activation", "bound"), [("softplus", 1.0), ("gelu", 1.128904), ("relu", 1.0)])
def test_step_of_the_theorem(activation: str, bound: float) -> None:
    of, on = regime(activation=activation), problem(20, 10)
    expected = 20 / (2 * bound**2 * np.linalg.norm(on.y) ** 2 * 2.235435**2)
    for theory in (Smooth(), Covariance(), ReLU()):
        assert theory.step_size(on, of, draw(of, on, 30)) == pytest.approx(expected, rel=1e-5)


def explicit_jacobian(of: Regime, weights: Weights, x: np.ndarray) -> np.ndarray:
    assert isinstance(of.model, ShallowNet)
    z = x @ weights["W"].T + weights.get("b", 0.0)
    slopes = of.model.activation.dphi(z) * weights["v"]
    hidden = (slopes[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return np.hstack([hidden, slopes]) if of.model.biases else hidden


@pytest.mark.parametrize("biases", [False, True])
def test_step_of_the_certificates(biases: bool) -> None:
    on, of = problem(9, 5), regime(biases=biases)
    weights = draw(of, on, 14)
    norm = np.linalg.norm(explicit_jacobian(of, weights, on.x), 2)
    found = CertificateD1().step_size(on, of, weights)
    assert found == pytest.approx(2 / (9 * norm**2))
    theorem = Covariance().step_size(on, of, weights)
    assert theorem is not None
    assert theorem <= 1 / (2 * norm**2)
    output = regime("output-only", biases=biases)
    features = ACTIVATIONS["softplus"].phi(on.x @ weights["W"].T)
    features = np.hstack([features, np.ones((9, 1))]) if biases else features
    assert CertificateD3().step_size(on, output, weights) == pytest.approx(1 / np.linalg.norm(features, 2) ** 2)


# --- cost -----------------------------------------------------------------------------------------


def test_all_theories_of_a_large_problem_take_a_moment() -> None:
    start = time.process_time()
    inputs = problem(200, 20, seed=77)
    found = [speaking(regime(use, activation=phi), inputs) for use in REGIMES for phi in ("softplus", "relu")]
    assert sum(map(len, found)) == 24
    assert time.process_time() - start < 1.5
