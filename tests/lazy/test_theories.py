from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from harness_lazy.initializers import Paired, RandomSigns, TangentGaussian
from harness_lazy.models import LazyScaled, Linearized
from harness_lazy.theories import THEORIES
from harness_lazy.theories.conditions import dimension_at_least, separation
from harness_lazy.theories.convergence import Du
from harness_lazy.theories.lit import LitSamples, least_unlit

from harness import ACTIVATIONS, Problem, Regime, Theory
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent
from harness.claims.predictions import Prediction, predict, predictions
from harness.mathematics.kernels import angles, lambda_hidden
from harness.mathematics.spectra import operator_norm
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from tests.lazy.problems import PRESETS, problem

BY_NAME = {theory.name: theory() for theory in THEORIES}
RELU = {
    "allen-zhu",
    "arora",
    "das-golikov",
    "du",
    "munteanu",
    "song-yang",
    "song-yang-spectral",
    "su-yang",
    "zou-gu",
}
ELSEWHERE = {"zhang-martens-grosse"}
"""Theorems on an algorithm that the harness has not."""

OF_SIGNS = {"ji-telgarsky", "munteanu-logistic"}
"""Theorems on labels ±1, whose margin is not computed."""
AS_STATED = GradientDescent(step_size="theory")


def speaking(of: Regime, on: Problem | None = None) -> dict[str, Prediction]:
    found = predictions(BY_NAME.values(), of, on or problem(30, 12))
    return {prediction.theory.name: prediction for prediction in found}


def unmet(theory: str, of: Regime, on: Problem | None = None) -> list[str]:
    return [assumption.text for assumption in predict(BY_NAME[theory], of, on or problem(30, 12)).unmet]


# --- what stands beside what ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (PRESETS["lazy-scaled"], {"cert-d1s", "ntk-chernoff"}),
        (replace(PRESETS["lazy-scaled"], model=LazyScaled("relu")), {"ntk-chernoff"}),
        (replace(PRESETS["lazy-scaled"], model=LazyScaled("softplus", "all")), set()),
        (PRESETS["linearized"], {"cert-linear", "montanari-zhong", "ntk-chernoff"}),
        (replace(PRESETS["linearized"], model=Linearized("softplus", "output")), {"cert-linear-output"}),
        (replace(PRESETS["linearized"], model=Linearized("relu", "all")), {"cert-linear", "karhadkar-ntk"}),
        (PRESETS["ntk-du"], RELU | {"ntk-chernoff"}),
        (replace(PRESETS["ntk-du"], model=ShallowNet("softplus")), {"oymak-fabian", "cert-d1g", "ntk-chernoff"}),
        (replace(PRESETS["ntk-du"], model=ShallowNet("relu", "all")), {"karhadkar-ntk"}),
        (
            replace(PRESETS["linearized"], model=Linearized("relu")),
            {"cert-linear", "lit-samples", "montanari-zhong", "ntk-chernoff"},
        ),
        (replace(PRESETS["ntk-du"], model=ShallowNet("gelu", "all")), {"huang-yau", "liu-zhu-belkin"}),
        (replace(PRESETS["ntk-du"], model=ShallowNet("leaky-relu", "output")), set()),
        (
            replace(PRESETS["ntk-du"], optimizer=StochasticGradientDescent()),
            {"allen-zhu", "zou-gu", "ntk-chernoff"},
        ),
        (PRESETS["kernel"], set()),
    ],
)
def test_each_regime_has_the_theories_that_speak_of_it(of: Regime, expected: set[str]) -> None:
    assert set(speaking(of)) == expected


@pytest.mark.parametrize("theory", list(BY_NAME.values()), ids=list(BY_NAME))
def test_every_theory_has_a_home_that_keeps_its_assumptions(theory: Theory, registry: Registry) -> None:
    of = build_regime(dict(theory.claim.home), registry)
    on = problem(30, 12)
    if theory.name in OF_SIGNS:
        signs = predict(theory, of, replace(on, y=np.sign(on.y)))
        assert theory.concerns(of)
        assert signs.unmet == ()
        assert [a.text for a in predict(theory, of, on).unmet] == ["labels ±1"]
        assert math.isnan(signs.width.value)
        return
    found = predict(theory, of, on)
    if theory.name in ELSEWHERE:
        assert not theory.concerns(of)
        assert found.unmet
        return
    assert theory.concerns(of)
    assert found.unmet == ()
    assert found.assumptions
    assert 1 <= found.width.value < 1e60


def test_what_is_derived_here_has_its_constant_and_nothing_else_has() -> None:
    for theory in BY_NAME.values():
        assert theory.claim.explicit == ("derived here" in theory.claim.reference.text)
        assert not theory.claim.explicit or theory.scaling(100, 20) is None


def test_what_was_not_read_is_not_shown_as_verified() -> None:
    verified = {name for name, theory in BY_NAME.items() if theory.claim.verified}
    own = {"cert-d1s", "cert-d1g", "lit-samples", "cert-linear", "cert-linear-output", "ntk-chernoff"}
    assert verified == own | {"oymak-fabian", "karhadkar-ntk"}
    assert BY_NAME["song-yang"].claim.certainty == "memory"  # the power of λ₀


def test_names_are_unique_and_presets_name_their_theory(registry: Registry) -> None:
    assert len(BY_NAME) == len(THEORIES) == 26
    assert {preset.theory for preset in PRESETS.values()} - {""} <= set(BY_NAME)
    for preset in PRESETS.values():
        assert registry.regime(preset.name) == preset


# --- widths ---------------------------------------------------------------------------------------------------------


def test_widths_on_known_inputs() -> None:
    on = problem(20, 10)  # λ₀ = 0.122012, λ of softplus 0.012854, ‖X‖ = 2.235435
    found = speaking(PRESETS["ntk-du"], on)
    zero = lambda_hidden(on.x, ACTIVATIONS["relu"])
    assert zero == pytest.approx(0.122012, abs=5e-7)
    assert found["du"].width.value == pytest.approx(20**6 / (0.122012**4 * 0.05**3), rel=1e-4)
    assert found["song-yang"].width.value == pytest.approx(20**4 / 0.122012**4, rel=1e-4)
    assert found["arora"].width.value == pytest.approx(20**8 / 0.122012**6, rel=1e-4)
    assert found["munteanu"].width.value == 400
    assert found["song-yang-spectral"].width.value == pytest.approx(20**2 / 0.122012**4, rel=1e-4)
    assert found["arora"].theory.claim.guarantee == "generalization"
    assert found["zou-gu"].width.value == 20.0**8
    assert found["allen-zhu"].width.value == 20.0**24
    smooth = speaking(replace(PRESETS["ntk-du"], model=ShallowNet("softplus")), on)
    assert smooth["oymak-fabian"].width.value == pytest.approx(
        math.log(100) ** 4 * 20**4 * math.log(20) / 0.012854**4, rel=1e-3
    )
    linear = speaking(replace(PRESETS["linearized"], model=Linearized("relu")), on)
    assert linear["ntk-chernoff"].width.value == math.ceil(8 * 2.2354351**2 * math.log(400) / zero)
    assert linear["montanari-zhong"].width.value == 2
    assert linear["cert-linear"].width.value == 2


@pytest.mark.parametrize(
    ("theory", "law"),
    [
        ("du", 100.0**6),
        ("song-yang", 100.0**4),
        ("song-yang-spectral", 100.0**2),
        ("munteanu", 100.0**2),
        ("oymak-fabian", 100.0**4),
        ("arora", 100.0**8),
        ("zou-gu", 100.0**8),
        ("allen-zhu", 100.0**24),
        ("montanari-zhong", 5.0),
    ],
)
def test_scaling_laws(theory: str, law: float) -> None:
    assert BY_NAME[theory].scaling(100, 20) == pytest.approx(law)


def test_smallest_eigenvalue_of_spherical_data() -> None:
    of = replace(PRESETS["linearized"], model=Linearized("relu", "all"), initializer=TangentGaussian())
    on = problem(25, 6)
    gaps = [min(np.linalg.norm(a - b), np.linalg.norm(a + b)) for i, a in enumerate(on.x) for b in on.x[:i]]
    delta = min(gaps)
    assert separation(on) == pytest.approx(delta)
    assert delta < 1
    smallest = delta**2 / (1 + 6 * math.log(1 / delta) / math.log(6)) ** 3
    width = predict(BY_NAME["karhadkar-ntk"], of, on).width
    assert width.value == pytest.approx(operator_norm(on.x) ** 2 * math.log(25 / 0.05) / smallest)
    orthonormal = Problem(np.eye(4), np.ones(4))  # δ = √2 is used as 1
    assert predict(BY_NAME["karhadkar-ntk"], of, orthonormal).width.value == pytest.approx(math.log(80))
    flat = problem(4, 2)
    assert math.isnan(predict(BY_NAME["karhadkar-ntk"], of, flat).width.value)
    assert unmet("karhadkar-ntk", of, flat) == ["d ≥ 3"]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-5, 1e-7, 1e-8])
def test_separation_of_near_duplicates_keeps_its_digits(delta: float, sign: float) -> None:
    angle = 2 * math.asin(delta / 2)
    x = np.array([[1.0, 0.0], [sign * math.cos(angle), sign * math.sin(angle)], [0.0, 1.0]])
    assert separation(Problem(x, np.ones(3))) == pytest.approx(delta, rel=1e-7)


def test_equal_and_opposite_inputs() -> None:
    inputs = problem(8, 12)
    doubled = Problem(np.vstack([inputs.x, inputs.x[:1]]), np.arange(9.0))
    opposite = Problem(np.vstack([inputs.x, -inputs.x[:1]]), np.arange(9.0))
    for theory in ("du", "song-yang", "arora"):
        assert math.isinf(predict(BY_NAME[theory], PRESETS["ntk-du"], doubled).width.value)
        assert unmet(theory, PRESETS["ntk-du"], doubled) == ["no two inputs on a line"]
        assert unmet(theory, PRESETS["ntk-du"], opposite) == ["no two inputs on a line"]
        assert math.isfinite(predict(BY_NAME[theory], PRESETS["ntk-du"], opposite).width.value)  # λ₀ > 0 all the same
    assert unmet("zou-gu", PRESETS["ntk-du"], doubled) == ["inputs separated"]
    assert math.isinf(predict(BY_NAME["ntk-chernoff"], PRESETS["linearized"], doubled).width.value)


# --- assumptions ------------------------------------------------------------------------------------------------------


def test_each_departure_from_the_theorem_is_named() -> None:
    home = replace(PRESETS["ntk-du"], optimizer=AS_STATED)
    assert unmet("du", home) == []
    assert all(a.holds for a in predict(BY_NAME["du"], home, problem(30, 12)).assumptions)
    paired = replace(home, initializer=Paired())
    assert unmet("du", paired) == ["W₀ ~ N(0, 1), v = ±1/√k with random signs"]
    assert unmet("munteanu", paired) == []
    assert unmet("munteanu", home) == ["W₀ ~ N(0, 1) in equal pairs, v = ±1/√k opposite in a pair"]
    assert unmet("du", replace(home, initializer=RandomSigns(sigma=2.0))) == unmet("du", paired)
    assert unmet("du", replace(home, optimizer=Momentum())) == ["gradient descent, full batch"]
    assert unmet("du", replace(home, model=ShallowNet("relu", biases=True))) == ["no biases"]
    inputs = problem(30, 12)
    assert unmet("du", home, replace(inputs, x=2 * inputs.x)) == ["inputs of norm 1"]
    scaled = replace(PRESETS["lazy-scaled"], optimizer=AS_STATED)
    assert unmet("cert-d1s", scaled) == []
    assert unmet("cert-d1s", PRESETS["lazy-scaled"]) == ["step size ≤ 2/(9‖J₀‖²)"]  # 1.5/λ_max is larger
    assert unmet("cert-linear", replace(PRESETS["linearized"], model=Linearized("relu"))) == ["φ analytic"]


def test_dimension_that_the_linearized_theorem_asks_for() -> None:
    found = {
        a.text: a.holds for a in predict(BY_NAME["montanari-zhong"], PRESETS["linearized"], problem(50, 6)).assumptions
    }
    assert found["d ≥ C √n polylog(n)"] is False
    wide = predict(BY_NAME["montanari-zhong"], PRESETS["linearized"], problem(50, 20)).assumptions
    assert [a.holds for a in wide] == [None, True]


def test_step_of_du() -> None:
    on = problem(20, 10)
    assert Du().step_size(on, PRESETS["ntk-du"], {}) == pytest.approx(0.122012 / 400, rel=1e-5)


# --- cost -------------------------------------------------------------------------------------------------------------


def test_all_theories_of_a_large_problem_take_a_moment() -> None:
    start = time.process_time()
    inputs = problem(200, 20, seed=77)
    assert sum(len(speaking(of, inputs)) for of in PRESETS.values()) == 15
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(
    ("claim", "preset", "taken", "holds"),
    [
        ("du", "ntk-du", "du", True),
        ("du", "ntk-du", "lazy:du", True),
        ("du", "ntk-du", "os-covariance", None),
        ("cert-d1s", "lazy-scaled", "cert-d1s", True),
        ("cert-d1s", "lazy-scaled", "cert-d1", None),
    ],
)
def test_the_step_of_another_theorem_is_not_taken_for_its_own(
    claim: str, preset: str, taken: str, holds: bool | None, registry: Registry
) -> None:
    regime = build_regime({"use": preset, "step_size": "theory", "theory": taken}, registry)
    (step,) = [a for a in speaking(regime)[claim].assumptions if a.text.startswith("step size")]
    assert (step.holds, step.found) == (holds, f"step of {taken}")


# --- samples that no neuron sees ------------------------------------------------------------------------------------


def test_orthogonal_inputs_are_lit_with_the_probability_of_independent_events() -> None:
    theta = np.full((50, 50), math.pi / 2)
    np.fill_diagonal(theta, 0.0)
    for k in range(1, 12):
        assert least_unlit(theta, k) <= 1 - (1 - 2.0**-k) ** 50
    on = Problem(np.eye(50), np.ones(50))
    found = LitSamples().width(on, replace(PRESETS["linearized"], model=Linearized("relu")))
    assert found.value in (6, 7)  # log2(50/ln 2) = 6.17; the bound of Chung and Erdős crosses ½ near log2(50) = 5.64
    assert found.reason == "log₂(n/ln 2) = 6.17"


@pytest.mark.parametrize(("n", "d"), [(40, 4), (40, 40), (100, 12)])
def test_below_the_lit_width_most_draws_have_an_unlit_sample(n: int, d: int) -> None:
    on = problem(n, d)
    of = replace(PRESETS["linearized"], model=Linearized("relu"))
    k = int(LitSamples().width(on, of).value) - 1
    draws = np.random.default_rng(0).standard_normal((2000, k, d))
    unlit = ((np.einsum("tkd,nd->tkn", draws, on.x) < 0).all(axis=1).any(axis=1)).mean()
    bound = least_unlit(angles(on.x), k)
    assert bound > 0.5
    assert unlit >= bound - 4 * math.sqrt(0.25 / 2000)
    pairs = replace(of, initializer=Paired())
    assert LitSamples().width(on, pairs).value == 2 * (k + 1)


def test_the_least_dimension_is_allowed() -> None:
    assert [dimension_at_least(d)(problem(30, 12)).holds for d in (11, 12, 13)] == [True, True, False]
