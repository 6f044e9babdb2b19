from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest
from harness_train_all import harness_regimes, harness_theories
from harness_train_all.initializers import GaussianLayers, Omega, PyTorchDefault
from harness_train_all.instances import near_isometry, start
from harness_train_all.theories import THEORIES, song_direct
from harness_train_all.theories.drawn import start_at
from harness_train_all.theories.search import smallest_width
from harness_train_all.theories.song import Song, SongStochastic, SongTheory, best_power
from scipy.integrate import quad
from scipy.special import hermitenorm

from harness import ACTIVATIONS, Initializer, Problem, Regime, Theory
from harness.builtin.initializers import He, LeCun, MirroredLeCun, Xavier
from harness.builtin.optimizers import Momentum, StochasticGradientDescent
from harness.claims.predictions import Prediction, predict, predictions
from harness.mathematics.kernels import lambda_hidden
from harness.mathematics.spectra import khatri_rao_sigma_min, operator_norm, unit_rows
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry

REGIMES = {regime.name: regime for regime in harness_regimes()}
BY_NAME: dict[str, Theory] = {theory.name: theory() for theory in THEORIES}


def problem(n: int, d: int, seed: int = 0) -> Problem:
    rng = np.random.default_rng(seed)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), seed, "sphere")


def regime(use: str = "train-all", **options: object) -> Regime:
    preset = REGIMES[use]
    return dataclasses.replace(preset, model=dataclasses.replace(preset.model, **options))


def speaking(of: Regime, on: Problem | None = None) -> dict[str, Prediction]:
    return {found.theory.name: found for found in predictions(BY_NAME.values(), of, on or problem(12, 8))}


def unmet(theory: str, of: Regime, on: Problem | None = None) -> list[str]:
    return [assumption.text for assumption in predict(BY_NAME[theory], of, on or problem(12, 8)).unmet]


# --- what stands beside what ----------------------------------------------------------------------

ANY = {"eftekhari"}
ELSEWHERE = {"gopalani-mukherjee", "kumar"}
"""Claims on nets or losses that no shallow regime has."""
FULL_BATCH = {"song", "song-direct", "cert-d2", "nguyen-mondelli"} | ANY
RELU = {"nguyen-linear", "nguyen-lecun", "dana", "near-linear-2026", "cert-d2"}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (regime(), FULL_BATCH),
        (regime("train-all-momentum"), FULL_BATCH),
        (regime("train-all-pytorch"), FULL_BATCH),
        (regime("train-all-omega"), FULL_BATCH),
        (regime("train-all-relu"), RELU),
        (regime("train-all-sgd"), {"song-sgd"} | ANY),
        (regime("train-all-sgd", activation="relu"), set()),
        (regime(activation="leaky-relu"), {"cert-d2"}),
        (regime(train="hidden"), set()),
        (regime(train="output"), set()),
    ],
)
def test_each_regime_has_the_theories_that_speak_of_it(of: Regime, expected: set[str]) -> None:
    assert set(speaking(of)) == expected


@pytest.mark.parametrize("theory", list(BY_NAME.values()), ids=list(BY_NAME))
def test_every_theory_has_a_home_and_only_certificates_have_a_constant(theory: Theory, registry: Registry) -> None:
    assert theory.concerns(build_regime(dict(theory.claim.home), registry)) == (theory.name not in ELSEWHERE)
    assert theory.claim.explicit == (theory.claim.guarantee == "certificate") == (theory.claim.reference.bibtex == "")


def test_plugin_provides_its_parts(registry: Registry) -> None:
    assert len(BY_NAME) == len(list(harness_theories())) == 17
    assert {"omega", "pytorch-default", "gaussian-layers"} <= set(registry.names("initializer"))
    assert {"pl-ratio", "pl-initial", "feature-sigma"} <= set(registry.names("diagnostic"))
    assert set(REGIMES) <= set(registry.names("regime"))


def test_contested_and_secondary_claims_are_not_verified() -> None:
    contested = BY_NAME["near-linear-2026"].claim
    assert "contested" in contested.title
    assert "CONTESTED" in contested.certainty_note
    assert "rejected" in contested.reference.text
    assert not contested.verified
    assert not BY_NAME["nguyen-lecun"].claim.verified
    assert BY_NAME["nguyen-linear"].claim.certainty == contested.certainty == "abstract"


# --- Song et al. ----------------------------------------------------------------------------------


def by_hand(inputs: Problem, phi: str, t: int) -> float:
    """Return ξ(t) ‖X‖²√n/σ_min(X^{*t})³ from tensors and SciPy's quadrature."""
    activation = ACTIVATIONS[phi]

    def coefficient(degree: int) -> float:
        weight = lambda z: activation.phi(np.array(z)) * hermitenorm(degree)(z) * math.exp(-(z**2) / 2)  # noqa: E731  # one formula
        return float(quad(weight, -12, 12, limit=200)[0]) / math.sqrt(2 * math.pi)

    power = inputs.x
    for _ in range(t - 1):
        power = np.einsum("ia,ib->iab", power, inputs.x).reshape(inputs.n, -1)
    sigma = np.linalg.svd(power, compute_uv=False)[inputs.n - 1]
    part = coefficient(t) ** 2 / math.factorial(t)
    xi = abs(coefficient(0)) * (activation.b1 + activation.b2) / part**1.5
    return float(xi * np.linalg.norm(inputs.x, 2) ** 2 * math.sqrt(inputs.n) / sigma**3)


@pytest.mark.parametrize(("n", "d", "phi", "best"), [(20, 10, "gelu", 2), (40, 10, "gelu", 2), (60, 10, "silu", 4)])
def test_song_takes_the_best_power(n: int, d: int, phi: str, best: int) -> None:
    inputs, of = problem(n, d), regime(activation=phi)
    widths = {t: by_hand(inputs, phi, t) for t in (2, 4) if n <= math.comb(d + t - 1, t)}
    assert min(widths, key=widths.__getitem__) == best
    found = Song().width(inputs, of)
    assert found.value == pytest.approx(max(n, widths[best]), rel=1e-6)
    assert found.reason.startswith(f"t = {best}, ξ = ")
    for batch in (1, 4, n):
        sgd = dataclasses.replace(
            regime("train-all-sgd"), model=of.model, optimizer=StochasticGradientDescent(batch=batch)
        )
        drawn = SongStochastic().width(inputs, sgd)
        assert drawn.value == pytest.approx(max(n, widths[best] * math.sqrt(n / batch)), rel=1e-6)
        assert drawn.reason.startswith(f"b = {batch}, t = {best}")


def test_the_smallest_power_is_not_the_best() -> None:
    """At (200, 20), n close to C(21, 2) = 210, σ_min(X^{*2}) is tiny: t = 4 asks for a ten-thousandth at ξ = 1."""
    inputs, gelu = problem(200, 20), ACTIVATIONS["gelu"]
    at_one = {t: best_power(inputs, gelu, t).width / best_power(inputs, gelu, t).xi for t in (2, 4, 6, 8)}
    assert at_one[2] > 1000 * at_one[4] > 1000 * at_one[6] > 1000 * at_one[8] > 200_000
    assert at_one[4] == pytest.approx(operator_norm(inputs.x) ** 2 * 200**0.5 / khatri_rao_sigma_min(inputs.x, 4) ** 3)
    assert [float(f"{best_power(inputs, gelu, t).xi:.2g}") for t in (2, 4, 6)] == [20, 1500, 26000]
    assert best_power(inputs, gelu).t == 4
    assert Song().width(inputs, regime()).value == best_power(inputs, gelu).width


def test_song_is_never_below_n() -> None:
    inputs = problem(30, 50)
    assert 1.676101**2 * math.sqrt(30) / 0.838686**3 < 30  # at ξ = 1
    assert Song().width(inputs, regime()).value > 30
    assert Song().width(Problem(np.eye(50)[:2], np.ones(2)), regime()).value >= 2
    assert Song().scaling(30, 50) == 30  # n ≤ d
    assert Song().scaling(100, 20) == 100  # n^{3/2}/d = 50, d > √n
    assert Song().scaling(10_000, 20) == pytest.approx(50_000)
    assert SongStochastic().scaling(100, 20) == 500
    assert SongStochastic().scaling(100, 99) == pytest.approx(100 * 100 / 99)
    assert SongStochastic().scaling(30, 50) == 30
    exponents = Song.claim.exponents
    assert exponents is not None
    assert [exponents.at(n, d) for n, d in ((10_000, 20), (100, 20), (30, 50))] == [(1.5, -1.0), (1.0, 0.0), (1.0, 0.0)]
    assert "scaling" not in vars(Song) | vars(SongTheory)  # both readings of the law are one


def test_powers_of_song() -> None:
    inputs = problem(60, 10)
    assert Song().width(inputs, regime()).reason.startswith("t = 4, ")  # C(11, 2) = 55 < 60
    assert Song(power=4).width(inputs, regime()) == Song().width(inputs, regime())
    alone = Song(power=2).width(inputs, regime())
    assert (alone.value, alone.reason) == (math.inf, "σ_min(X^{*2}) = 0: n > C(r+t−1, t) = 55, r = 10")
    assert "c_3 of gelu is 0" in Song(power=3).width(inputs, regime()).reason
    parallel = Problem(np.vstack([inputs.x, inputs.x[:1]]), np.arange(61.0))
    assert math.isinf(Song().width(parallel, regime()).value)
    assert "rows are dependent" in Song(power=4).width(parallel, regime()).reason
    assert math.isinf(Song().width(Problem(unit_rows(np.ones((9, 1))), np.ones(9)), regime()).value)
    assert Song().width(inputs, regime(activation="tanh")).reason == "c₀ = 0: φ is odd"


def test_song_is_about_smooth_activations() -> None:
    for name in ("song", "song-direct"):
        found = predict(BY_NAME[name], regime(activation="relu"), problem(12, 8))
        assert math.isnan(found.width.value)
        assert found.width.reason == "φ'' is not bounded"


def test_each_departure_from_song_is_named() -> None:
    inputs = problem(12, 8)
    small = dataclasses.replace(inputs, y=inputs.y / np.linalg.norm(inputs.y))
    assert unmet("song", regime(), inputs) == ["‖y‖ ≤ 1"]
    assert unmet("song", regime(), small) == []
    assert unmet("song-sgd", regime("train-all-sgd"), small) == []
    assert unmet("song", regime(activation="softplus"), small) == ["φ(0) = 0"]
    assert unmet("song", regime(activation="tanh"), small) == ["φ not odd"]
    assert unmet("song", regime(biases=True), small) == ["no biases"]
    assert unmet("song", regime(), dataclasses.replace(small, x=2 * small.x)) == ["inputs of norm 1"]
    assert unmet("song", regime("train-all-momentum"), small) == ["gradient descent, full batch"]
    of = dataclasses.replace(regime("train-all-sgd"), optimizer=Momentum())
    assert unmet("song-sgd", of, small) == ["SGD"]
    assert predict(BY_NAME["song"], regime(), small).assumptions[-1].holds is None  # the step's constant


@pytest.mark.parametrize(
    ("start", "holds"),
    [
        (LeCun(), True),
        (He(), True),
        (Xavier(), True),
        (Omega(ratio=100.0, product="he"), True),
        (GaussianLayers(), False),
        (MirroredLeCun(), False),
        (PyTorchDefault(), False),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_the_family_of_initializations(start: Initializer, holds: bool) -> None:
    of = dataclasses.replace(regime(), initializer=start)
    family = [a for a in predict(BY_NAME["song"], of, problem(12, 8)).assumptions if "ω₁ω₂" in a.text]
    assert [a.holds for a in family] == [holds]


# --- condition (9) on initializations -------------------------------------------------------------


def test_condition_nine_by_hand() -> None:
    on, gelu, rng = problem(5, 4), ACTIVATIONS["gelu"], np.random.default_rng(3)
    weights = {"W": rng.standard_normal((30, 4)), "v": rng.standard_normal(30)}
    features = gelu.phi(on.x @ weights["W"].T)
    values = np.linalg.svd(features, compute_uv=False)
    norm, size = float(np.linalg.norm(on.x, 2)), float(np.linalg.norm(weights["v"]))
    nu = gelu.b1 * norm * size + values[0]
    beta = math.sqrt(2) * norm * (gelu.b1 + gelu.b2 * size)
    loss = float(np.sum((features @ weights["v"] - on.y) ** 2))
    found = near_isometry(start(weights, on, gelu), gelu)
    assert (found.nu, found.beta, found.loss) == pytest.approx((nu, beta, loss))
    assert found.ratio == pytest.approx(2 * values[-1] ** 6 / (beta * nu) ** 2 / loss, rel=1e-6)


def test_width_of_condition_nine_holds_and_less_does_not() -> None:
    on, of = problem(5, 10), regime()
    found = BY_NAME["song-direct"].width(on, of)
    assert found.reason == "of one draw of the weights, to 10 %"
    k = int(found.value)
    gelu = ACTIVATIONS["gelu"]
    assert near_isometry(start_at(on, of, k), gelu).ratio >= 1
    assert near_isometry(start_at(on, of, int(k / 1.3)), gelu).ratio < 1


def test_limit_and_draws_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    on, of = problem(6, 8), regime("train-all-omega")
    drawn = BY_NAME["song-direct"].width(on, of)
    monkeypatch.setattr(song_direct, "VALUES", 6 * 50)
    limit = BY_NAME["song-direct"].width(on, of)
    assert (drawn.reason, limit.reason) == (
        "of one draw of the weights, to 10 %",
        "beyond k = 50, with the limit μ² = kλ̃",
    )
    assert limit.value == pytest.approx(drawn.value, rel=0.2)


def test_condition_nine_without_a_limit() -> None:
    on = problem(60, 10)
    of = dataclasses.replace(regime(), initializer=Xavier())
    found = BY_NAME["song-direct"].width(on, of)
    assert found.value == math.inf
    assert found.reason.startswith("beyond k = ")
    twice = Problem(np.vstack([on.x[:4], on.x[:1]]), np.arange(5.0))
    assert math.isinf(BY_NAME["song-direct"].width(twice, regime()).value)


def test_draws_are_the_same_every_time() -> None:
    on = problem(7, 6)
    assert start_at(on, regime(), 40) == start_at(dataclasses.replace(on), regime(), 40)
    mirrored = dataclasses.replace(regime(), initializer=MirroredLeCun())
    assert start_at(on, mirrored, 39) == start_at(on, mirrored, 40)  # the next even width


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("target", [9, 100, 3_777, 90_000])
def test_search_finds_power_laws_in_few_evaluations(power: float, target: int) -> None:
    asked: list[int] = []

    def ratio(k: int) -> float:
        asked.append(k)
        return float(max((math.sqrt(k) - 2.0) / (math.sqrt(target) - 2.0), 0.0) ** (2 * power))

    found = smallest_width(ratio, power, first=4, most=100_000)
    assert found is not None
    assert target <= found <= 1.1 * target + 1
    assert len(asked) == len(set(asked)) <= 9


def test_search_ends_on_tests_that_are_not_monotone() -> None:
    found = smallest_width(lambda k: 2.0 if k % 3 == 0 else 0.5, 1.0, first=4, most=1000)
    assert found is None or found % 3 == 0
    assert smallest_width(lambda _: 0.0, 1.0, first=4, most=1000) is None
    assert smallest_width(lambda _: 5.0, 1.0, first=4, most=1000) == 1


# --- laws for the ReLU ----------------------------------------------------------------------------


def test_laws_for_the_relu() -> None:
    on, of = problem(100, 20), regime("train-all-relu")
    found = speaking(of, on)
    assert found["nguyen-linear"].width.value == found["nguyen-linear"].scaling == 100
    assert found["nguyen-lecun"].width.value == found["nguyen-lecun"].scaling == 10_000
    near = found["near-linear-2026"]
    assert near.width.value == pytest.approx(100 / 0.123402, rel=1e-4)
    assert lambda_hidden(on.x, ACTIVATIONS["relu"]) == pytest.approx(0.103713, abs=5e-7)
    assert near.scaling == 100
    assert [a.text for a in near.unmet] == ["unbalanced mirrored initialization"]
    assert found["nguyen-lecun"].applies
    he = dataclasses.replace(of, initializer=He())
    assert unmet("nguyen-lecun", he, on) == ["LeCun's initialization"]
    parallel = Problem(np.vstack([on.x[:3], on.x[:1]]), np.arange(4.0))
    assert math.isinf(predict(BY_NAME["near-linear-2026"], of, parallel).width.value)
    for name in ("nguyen-linear", "nguyen-lecun", "near-linear-2026"):
        assert math.isnan(predict(BY_NAME[name], regime(), on).width.value)


# --- cost -----------------------------------------------------------------------------------------


def test_all_theories_of_a_large_problem_take_a_moment(registry: Registry) -> None:
    start = time.process_time()
    on = problem(200, 20, seed=77)
    for theory in BY_NAME.values():
        assert math.isfinite(predict(theory, build_regime(dict(theory.claim.home), registry), on).width.value)
    assert time.process_time() - start < 2.5
