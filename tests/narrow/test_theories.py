from __future__ import annotations

import dataclasses
import json
import math
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from harness_narrow.theories import THEORIES
from harness_narrow.theories.algorithms import BubeckHarmonic, daniely_factor

from harness import Constructive, Problem, Regime, Theory
from harness.builtin.criteria import Quadratic
from harness.builtin.initializers import LeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import StochasticGradientDescent
from harness.claims.predictions import Prediction, predict, predictions
from harness.mathematics.spectra import unit_rows
from harness.plugin_host.composition import build_regime
from tests.command_line import called

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

BY_NAME: dict[str, Theory] = {theory.name: theory() for theory in THEORIES}
SMOOTH = {"zhang", "madden-thrampoulidis", "madden-thrampoulidis-count"}


def problem(n: int = 60, d: int = 10, dataset: str = "sphere") -> Problem:
    rng = np.random.default_rng(0)
    return Problem(unit_rows(rng.standard_normal((n, d))), rng.standard_normal(n), 0, dataset)


def home(theory: Theory, registry: Registry) -> Regime:
    return build_regime(dict(theory.claim.home), registry)


def speaking(of: Regime) -> set[str]:
    return {prediction.theory.name for prediction in predictions(BY_NAME.values(), of, problem())}


def at_home(name: str, registry: Registry, on: Problem | None = None) -> Prediction:
    return predict(BY_NAME[name], home(BY_NAME[name], registry), on or problem())


def test_existence_and_landscape_promise_no_training() -> None:
    training = {name for name, theory in BY_NAME.items() if theory.claim.guarantee in ("convergence", "certificate")}
    assert training == {"daniely", "ge-wang-zhao"}
    verified = {name for name, theory in BY_NAME.items() if theory.claim.verified}
    assert verified == {"zhang", "bubeck", "soudry-carmon"}  # proved here, or read with its proof
    assert {name for name, theory in BY_NAME.items() if theory.claim.explicit} == {
        "zhang",
        "zhang-landscape",
        "madden-thrampoulidis",
        "madden-thrampoulidis-count",
        "baum",
        "bubeck",
        "soudry-carmon",
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"use": "narrow"}, SMOOTH),
        ({"use": "narrow-constrained"}, SMOOTH | {"zhang-landscape"}),
        ({"use": "narrow-hidden"}, set()),
        ({"use": "narrow", "activation": "relu"}, {"bubeck", "bubeck-harmonic"}),
        ({"use": "narrow-hidden", "activation": "relu"}, {"bubeck-ntk", "karhadkar", "xie"}),
        ({"use": "narrow-hidden", "activation": "leaky-relu"}, {"soudry-carmon"}),
        ({"use": "narrow-noisy"}, {"soudry-carmon"}),
        ({"use": "narrow-noisy", "train": "all"}, {"soudry-carmon"}),
        ({"use": "narrow-noisy", "train": "output"}, set()),
        ({"use": "narrow-noisy", "activation": "tanh"}, set()),
        ({"use": "narrow", "activation": "relu", "optimizer": "sgd"}, {"bubeck", "bubeck-harmonic", "daniely"}),
    ],
)
def test_each_regime_has_the_theories_that_speak_of_it(
    spec: dict[str, object], expected: set[str], registry: Registry
) -> None:
    assert speaking(build_regime(spec, registry)) == expected


def test_other_nets_are_not_spoken_of(registry: Registry) -> None:
    assert speaking(build_regime({"use": "moderate"}, registry)) == set()
    sgd = Regime("r", ShallowNet("tanh", "all"), LeCun(), StochasticGradientDescent(), Quadratic())
    assert speaking(sgd) == SMOOTH | {"daniely"}


@pytest.mark.parametrize(
    ("name", "n", "d", "width"),
    [
        ("zhang", 60, 10, 12),
        ("zhang", 61, 10, 14),
        ("zhang", 5, 10, 2),
        ("zhang-landscape", 100, 20, 10),
        ("madden-thrampoulidis", 61, 10, 14),
        ("madden-thrampoulidis-count", 61, 10, 6),
        ("madden-thrampoulidis-count", 60, 10, 5),
        ("baum", 61, 10, 7),
        ("soudry-carmon", 61, 10, 7),
        ("bubeck", 61, 10, 28),
        ("bubeck", 5, 10, 4),
        ("bubeck-ntk", 60, 10, 6 * math.log(100)),
        ("karhadkar", 60, 10, 6 * math.log(100)),
        ("bubeck-harmonic", 60, 10, 600 * math.log(100)),
        ("daniely", 60, 10, 6),
        ("daniely", 5, 10, 1),
        ("karhadkar", 5, 10, math.log(100)),
        ("ge-wang-zhao", 50, 10, 5),
        ("ge-wang-zhao", 56, 10, math.inf),  # 10 · 11/2 = 55
    ],
)
def test_widths_are_those_of_the_formulas(name: str, n: int, d: int, width: float, registry: Registry) -> None:
    assert at_home(name, registry, problem(n, d)).width.value == pytest.approx(width, rel=1e-14)


def test_the_accuracy_is_an_option() -> None:
    inputs, regime = problem(100, 10), Regime("r", ShallowNet(), LeCun(), StochasticGradientDescent(), Quadratic())
    found = BubeckHarmonic(epsilon=1.0 / 100).width(inputs, regime).value
    assert found == pytest.approx(100**2 / 10 * math.log(100))  # at ε = 1/n: n²/d up to the logarithm


def test_scalings_with_an_explicit_constant_are_not_printed_at_c_1(registry: Registry) -> None:
    for name, theory in BY_NAME.items():
        scaling = at_home(name, registry).scaling
        assert (scaling is None) == theory.claim.explicit
        assert theory.claim.explicit or scaling == pytest.approx(6.0)
        assert theory.claim.exponents is not None
        assert theory.claim.exponents.at(5, 10) == (0.0, 0.0)


def test_danielys_hidden_factor_is_a_warning(registry: Registry) -> None:
    assert daniely_factor(400, 20) == pytest.approx(math.log(20 * math.log(400)) ** 2, rel=0.01)  # 400 = 20²
    assert daniely_factor(100, 1) == math.inf
    found = at_home("daniely", registry, problem(400, 20))
    assert found.width.value == 20
    assert f"{daniely_factor(400, 20):.3g}" in found.width.reason
    assert "below n²/d" in found.width.reason
    assert "above n²/d" in at_home("daniely", registry, problem(100, 2)).width.reason
    (open_,) = [a for a in found.assumptions if "c fixed" in a.text]
    assert open_.holds is None
    assert "hidden factor" in open_.found


def test_assumptions_that_fail_are_said(registry: Registry) -> None:
    def failing(name: str, on: Problem | None = None) -> set[str]:
        return {a.text for a in at_home(name, registry, on).unmet}

    assert failing("zhang") == failing("bubeck") == failing("karhadkar") == failing("zhang-landscape") == set()
    assert failing("baum") == {"labels ±1", "φ the threshold"}
    assert failing("soudry-carmon") == set()
    assert failing("bubeck-ntk") == set()
    assert failing("bubeck-harmonic") == {"their own procedure"}
    assert "labels ±1" in failing("daniely")
    assert "n ≤ d(d+1)/2" in failing("ge-wang-zhao")
    twice = problem()
    twice = dataclasses.replace(twice, x=np.concatenate([twice.x[:30], twice.x[:30]]))
    assert failing("zhang", twice) == {"inputs from a density"}
    assert failing("bubeck", twice) == {"inputs in general position"}
    elsewhere = at_home("zhang", registry, problem(dataset="table"))
    assert [a.holds for a in elsewhere.assumptions] == [None, True]
    unbiased = build_regime({"use": "narrow", "activation": "relu"}, registry)
    assert [a.text for a in predict(BY_NAME["bubeck"], unbiased, problem()).unmet] == ["biases"]


def test_theories_that_construct_keep_to_their_width(registry: Registry) -> None:
    inputs = problem(40, 10)
    for name, claimed in (("zhang", 8), ("bubeck", 16), ("baum", 4)):
        theory = BY_NAME[name]
        assert isinstance(theory, Constructive)
        made = theory.construct(inputs, np.random.default_rng(1))
        assert made is not None
        assert made.neurons <= claimed == at_home(name, registry, inputs).width.value
        assert made.residual < 1e-6
    assert not isinstance(BY_NAME["karhadkar"], Constructive)


# --- the command ----------------------------------------------------------------------------------


def test_the_command_prints_neurons_and_residuals() -> None:
    status, out, _ = called("theory", "--n", "40", "--d", "10", "--construct")
    assert status == 0
    (line,) = [line for line in out.splitlines() if line.startswith("Bubeck")]
    assert re.search(r"16 +16 +relu +yes +\d\.\de-1[0-9]", line)
    assert "Zhang et al. 2021, expressivity" in out
    assert "Baum's count is ⌈n/d⌉ = 4" in " ".join(out.split())


def test_the_command_hands_over_the_weights() -> None:
    status, out, _ = called("theory", "--n", "12", "--d", "4", "--construct", "--labels", "rademacher", "--json")
    found = {one["theory"]: one for one in json.loads(out, parse_constant=pytest.fail)["constructions"]}
    assert status == 0
    assert {"zhang", "bubeck", "baum"} <= set(found)
    assert np.shape(found["bubeck"]["weights"]["W"]) == (12, 4)
    assert found["baum"]["residual"] == 0
    assert found["zhang"]["claimed"] == found["zhang"]["neurons"] == 6


def test_the_command_says_what_cannot_be_built_or_asked() -> None:
    status, out, _ = called("theory", "--n", "1001", "--d", "40", "--construct")
    assert status == 0
    assert "n ≤ 1000 only" in out
    for option, value in (("--suite", "quickstart"), ("--activation", "relu")):
        status, _, err = called("theory", "--construct", option, value)
        assert status == 2
        assert f"{option} cannot stand beside --construct" in err


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"use": "narrow-noisy"}, ""),
        ({"use": "narrow-noisy", "noise": "dropout"}, "dropout has no density"),
        ({"use": "narrow-noisy", "fresh": True}, "drawn anew at each step"),
        ({"use": "narrow-hidden", "activation": "leaky-relu"}, "none"),
    ],
)
def test_soudry_and_carmon_ask_for_one_draw_of_noise_with_a_density(
    spec: dict[str, object], found: str, registry: Registry
) -> None:
    prediction = predict(BY_NAME["soudry-carmon"], build_regime(spec, registry), problem())
    (noise,) = [a for a in prediction.assumptions if a.text == "multiplicative noise on the activations"]
    assert (noise.holds, noise.found) == (not found, found)
