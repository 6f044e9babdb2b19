"""Theories on nets with each shipped activation, among them one with an unbounded slope."""

from __future__ import annotations

import math

import pytest

from harness.claims.predictions import predict
from harness.plugin_host.registry import Registry
from harness.session.predicting import dataset_named, problem_of
from harness.suite import parse_suite

SUITE = """
[suite]
name = "activations"
[problems]
dataset = "sphere"
n = 12
d = 4
[budget]
steps = 10
[[regimes]]
use = "{regime}"
activation = "{activation}"
"""


@pytest.mark.parametrize("regime", ["linearized", "train-all"])
def test_every_theory_has_an_answer_or_says_why_not(regime: str, registry: Registry) -> None:
    problem = problem_of(registry, dataset_named(registry, "gaussian", None), 12, 4, 1)
    for activation in registry.names("activation"):
        (net,) = parse_suite(SUITE.format(regime=regime, activation=activation), registry).regimes
        for theory in registry.theories():
            if theory.concerns(net):
                found = predict(theory, net, problem)
                assert not found.failed, (activation, theory.name, found.width)
                assert math.isfinite(found.width.value) or found.width.reason, (activation, theory.name)


@pytest.mark.parametrize(("theory", "regime"), [("ntk-chernoff", "linearized"), ("cert-d2", "train-all")])
def test_a_bound_by_the_largest_slope_says_nothing_where_there_is_none(
    theory: str, regime: str, registry: Registry
) -> None:
    """The slope 2 max(z, 0) of the squared ReLU exceeds every number, so that no width is wide enough."""
    problem = problem_of(registry, dataset_named(registry, "sphere", None), 12, 4, 1)
    (net,) = parse_suite(SUITE.format(regime=regime, activation="squared-relu"), registry).regimes
    (asked,) = [one for one in registry.theories() if one.name == theory]
    assert asked.width(problem, net).value == math.inf
    assert "sup|φ'| = ∞" in asked.width(problem, net).reason
