from __future__ import annotations

import math
from dataclasses import replace

import pytest
from harness_moderate import instances
from harness_moderate.regimes import REGIMES
from harness_moderate.theories import THEORIES
from harness_moderate.theories.certificates import CertificateD1, CertificateD3

from harness import ACTIVATIONS, Certificate
from harness.builtin.datasets import Sphere
from harness.builtin.initializers import MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import Momentum
from harness.claims.certified import Certified, certified_width, first_width
from harness.engine.draws import draw_problem, draw_weights
from harness.report.prediction_entries import CERTIFIED

MODERATE, _, OUTPUT = REGIMES


def test_output_layer_is_certified_from_n_neurons_on() -> None:
    # σ_min(φ(XW₀ᵀ)) > 0 needs k ≥ n, and for analytic φ almost surely no more.
    found = certified_width(CertificateD3(), OUTPUT, Sphere(), 12, 5, seeds=3, base=1)
    assert found.width == pytest.approx(12)
    assert replace(found, width=12.0) == Certified(12.0, 12, 12, 3)
    biased = replace(OUTPUT, model=ShallowNet(activation="softplus", train="output", biases=True))
    assert certified_width(CertificateD3(), biased, Sphere(), 12, 5, seeds=2, base=1).high == 11


def test_hidden_layer_is_certified_where_its_test_holds() -> None:
    n, d, seeds = 4, 6, 3
    found = certified_width(CertificateD1(), MODERATE, Sphere(), n, d, seeds=seeds, base=1)
    assert found.width is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.width <= found.high
    widths = []
    for seed in range(seeds):
        problem = draw_problem(Sphere(), n, d, seed=seed, base=1)

        def holds(k: int, seed: int = seed, problem: object = problem) -> bool:
            weights = draw_weights(MODERATE.initializer, MODERATE.model, problem, k, seed=seed, base=1)  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
            return instances.d1_holds(weights, problem, ACTIVATIONS["softplus"])  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose

        k = first_width(holds, step=1, most=2**16)
        assert k is not None
        assert holds(k)
        assert not holds(k - 1)
        widths.append(k)
    assert (found.low, found.high) == (min(widths), max(widths))
    assert found.width == pytest.approx(math.prod(widths) ** (1 / seeds))


def test_the_certified_width_lies_below_the_one_solved_for() -> None:
    # d1_width asks for the same test with a probability of 0.95, by bounds that are far from tight.
    problem = draw_problem(Sphere(), 3, 6, seed=0, base=1)
    solved = CertificateD1().width(problem, MODERATE).value
    found = certified_width(CertificateD1(), MODERATE, Sphere(), 3, 6, seeds=3, base=1)
    assert found.width is not None
    assert 3 < found.width < solved


def test_where_none_certifies_there_is_a_bound() -> None:
    found = certified_width(CertificateD1(), MODERATE, Sphere(), 20, 10, seeds=2, base=1, largest=64)
    assert found.low == pytest.approx(64)
    assert (found.width, found.high) == (None, None)
    assert "2 of 2 draws are not certified up to width 64" in found.reason
    # n = 12 > 8: the certificate of the output layer cannot hold either
    assert certified_width(CertificateD3(), OUTPUT, Sphere(), 12, 5, seeds=1, base=1, largest=8).width is None


def test_memory_caps_the_width() -> None:
    found = certified_width(CertificateD3(), OUTPUT, Sphere(), 12, 5, seeds=1, base=1, memory=8 * 53 * 10)
    assert found.low == pytest.approx(10)
    assert "fits in memory" in found.reason
    none = certified_width(CertificateD3(), OUTPUT, Sphere(), 12, 5, seeds=1, base=1, memory=8)
    assert none.low is None


def test_widths_keep_to_the_initializers_steps() -> None:
    mirrored = replace(MODERATE, initializer=MirroredLeCun())
    found = certified_width(CertificateD1(), mirrored, Sphere(), 2, 6, seeds=2, base=1)
    assert found.low is not None
    assert found.low % 2 == 0


def test_certificates_are_silent_about_other_networks() -> None:
    relu = replace(MODERATE, model=ShallowNet(activation="relu"))
    for regime in (relu, OUTPUT):
        found = certified_width(CertificateD1(), regime, Sphere(), 6, 5, seeds=1, base=1)
        assert found.width is None
        assert found.low is None
        assert "does not speak" in found.reason


def test_momentum_is_not_what_is_proved_of() -> None:
    ball = replace(OUTPUT, optimizer=Momentum())
    found = certified_width(CertificateD3(), ball, Sphere(), 6, 5, seeds=1, base=1)
    assert (found.width, found.low) == (None, None)
    assert "does not speak" in found.reason
    assert "gradient descent with the theorem's step" in CERTIFIED


def test_only_certificates_certify() -> None:
    assert {theory.name for theory in THEORIES if issubclass(theory, Certificate)} == {
        "cert-d1",
        "cert-d3",
    }


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("true", [1, 2, 3, 5, 8, 17, 60])
def test_doubling_and_bisection_find_every_width(step: int, true: int) -> None:
    assert first_width(lambda k: k >= true, step=step, most=60) == -(-true // step) * step
