"""Each theorem on training has a home that meets all of its conditions but the width, as far as they can be checked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from findings.homes import TRAINING, at_home, home_of, unknown, unmet
from findings.reports import read
from harness import Problem, Theory
from harness.builtin.datasets import Sphere
from harness.claims.deep import DeepTheory
from harness.claims.predictions import predict
from harness.engine.draws import draw_problem
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from harness.report.predicted import problem_of_suite
from harness.suite import load_suite

ELSEWHERE: Mapping[str, str] = {
    "ji-telgarsky": "labels ±1",
    "munteanu-logistic": "labels ±1",
    "daniely": "labels ±1",
    "ge-wang-zhao": "φ quadratic",
    "zhang-martens-grosse": "natural gradient descent",
}
"""Theories on training that the suite leaves out, with the condition that it cannot meet."""

UNKNOWN = {
    "weights drawn as in the paper",
    "the theorem's initialization, which is not known",
    "further conditions on data and step size, which are not known",
    "spectral condition on the data",
    "labels in the top eigenspaces of the kernel",
    "μ and R of the ball",
    "step size below the theorem's, whose constant is not known",
    "unbalanced mirrored initialization",
    "gradient flow",
    "inputs well dispersed",
    "inputs of low correlation",
    "d ≥ C √n polylog(n)",
    "no layer much wider than the one before",
}
"""Conditions that no regime can be seen to meet: their texts or constants are not known, or they hold in a limit."""


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_of_suite(load_suite("at-home")[0], 20, 10)


def on_training(registry: Registry) -> list[Theory]:
    return [theory for theory in registry.theories() if theory.claim.guarantee in TRAINING]


def on_shallow_nets(registry: Registry) -> list[Theory]:
    """The theories that the suite, which has shallow nets alone, can judge."""
    return [theory for theory in on_training(registry) if not isinstance(theory, DeepTheory)]


def test_labels_are_scaled_to_their_norm_and_nothing_else_changes() -> None:
    scaled, plain = (draw_problem(Sphere(label_norm=norm), 20, 10, seed=3, base=1, held_out=4) for norm in (2.5, None))
    assert np.linalg.norm(scaled.y) == pytest.approx(2.5, rel=1e-15)
    assert np.array_equal(scaled.x, plain.x)
    assert scaled.held_out is not None
    assert plain.held_out is not None
    factor = scaled.y[0] / plain.y[0]
    assert scaled.y == pytest.approx(factor * plain.y, rel=1e-14)
    assert scaled.held_out.y == pytest.approx(factor * plain.held_out.y, rel=1e-14)
    assert plain.labels_have_density
    assert (plain.label_equations, scaled.label_equations) == (0, 1)  # they lie on a sphere
    assert scaled.labels_have_density
    assert Sphere(labels="rademacher", label_norm=1.0).targets().kind == "numbers"
    with pytest.raises(ValueError, match="classes"):
        Sphere(labels="classes", label_norm=1.0)


def test_homes_meet_every_condition_that_can_be_checked(registry: Registry, problem: Problem) -> None:
    for theory in on_training(registry):
        found = predict(theory, build_regime(dict(theory.claim.home), registry), problem)
        failed = [one.text for one in found.unmet]
        if theory.name in ELSEWHERE:
            assert ELSEWHERE[theory.name] in failed, theory.name
            continue
        assert not failed, f"{theory.name}: {failed}"
        assert {one.text for one in found.assumptions if one.holds is None} <= UNKNOWN, theory.name
        assert found.assumptions, theory.name


def test_the_suite_has_a_regime_at_which_each_theory_is_at_home(registry: Registry, problem: Problem) -> None:
    regimes = load_suite("at-home")[0].regimes
    for theory in on_shallow_nets(registry):
        if theory.name in ELSEWHERE:
            continue
        found = [predict(theory, regime, problem) for regime in regimes if theory.concerns(regime)]
        met = [one for one in found if one.applies]
        assert met, theory.name
        doubts = min(({a.text for a in one.assumptions if a.holds is None} for one in met), key=len)
        assert doubts <= UNKNOWN, theory.name


def test_the_report_judges_each_theory_under_its_conditions(registry: Registry) -> None:
    report = read("at-home")
    assert report is not None
    judged = {theory.name for theory in on_shallow_nets(registry)} - ELSEWHERE.keys()
    for name in judged:
        home = home_of(report, name)
        assert home is not None, name
        assert not unmet(home), name
        assert set(unknown(home)) <= UNKNOWN, name
    rows = at_home(report).splitlines()[2:]
    assert len(rows) == len(judged)
    assert not any("✗" in row for row in rows)
    known = [row for row in rows if row.endswith("| ✓ |")]
    assert len(known) >= 20


def test_a_theory_that_is_away_from_home_is_seen(registry: Registry, problem: Problem) -> None:
    (song,) = [theory for theory in registry.theories() if theory.name == "song"]
    longer = Problem(problem.x, 3.0 * problem.y, 0, problem.dataset)
    assert predict(song, build_regime(dict(song.claim.home), registry), problem).applies
    assert not predict(song, build_regime(dict(song.claim.home), registry), longer).applies
