"""Widths hold on inputs that span fewer than d dimensions: each is compared with the rank of drawn Jacobians."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harness_lazy.models import Linearized
from harness_lazy.start_jacobian import start_jacobian
from harness_lazy.theories.certificates import CertificateLinear
from harness_moderate.theories.counts import CountAll, CountHidden
from harness_narrow.theories.existence import Bubeck, ZhangExistence

from harness import Array, Problem, Theory
from harness.engine.draws import draw_problem
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry

DATA = ("sphere", "gaussian", "low-dimension", "clustered", "near-duplicates", "antipodal", "cube-sphere", "digits")


def drawn(name: str, n: int, d: int, registry: Registry) -> Problem:
    return draw_problem(registry.find("dataset", name)(), n, d, seed=0, base=1)


def jacobian(x: Array, k: int, train: str) -> Array:
    rng = np.random.default_rng(k)
    weights = {"W": rng.standard_normal((k, x.shape[1])), "v": rng.standard_normal(k)}
    return start_jacobian(Linearized("softplus", train=train), weights, x)  # type: ignore[arg-type]  # a layer's name


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("n", "d"), [(60, 30), (60, 64), (45, 8)])
def test_one_neuron_less_than_the_count_never_has_rank_n(name: str, n: int, d: int, registry: Registry) -> None:
    if name == "digits":
        pytest.importorskip("sklearn")
    problem = drawn(name, n, d, registry)
    for train, theory in (("hidden", CountHidden()), ("all", CountAll())):
        of = build_regime({"use": "moderate", "train": train}, registry)
        fewer = int(theory.width(problem, of).value) - 1
        assert fewer == 0 or np.linalg.matrix_rank(jacobian(problem.x, fewer, train)) < n


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(("n", "d"), [(60, 30), (45, 8)])
def test_the_certificate_of_linearized_nets_is_met_by_drawn_networks(
    name: str, n: int, d: int, registry: Registry
) -> None:
    if name == "digits":
        pytest.importorskip("sklearn")
    problem = drawn(name, n, d, registry)
    theory, of = CertificateLinear(), build_regime({"use": "linearized", "activation": "softplus"}, registry)
    k = int(theory.width(problem, of).value)
    holds = [a.holds for a in theory.assumptions(problem, of) if "density" in a.text and "inputs" in a.text]
    spanned = np.linalg.matrix_rank(problem.x)
    assert (holds[0] is False) >= (spanned < min(n, d))
    if holds[0]:
        assert np.linalg.matrix_rank(jacobian(problem.x, k, "hidden")) == n
    assert np.linalg.matrix_rank(jacobian(problem.x, math.ceil(n / spanned) - 1 or 1, "hidden")) < n or n <= spanned


@pytest.mark.parametrize(
    ("theory", "width"),
    [(CertificateLinear(), 12), (CountHidden(), 12), (CountAll(), 10), (ZhangExistence(), 24), (Bubeck(), 48)],
)
def test_five_dimensions_count_as_five(theory: Theory, width: int, registry: Registry) -> None:
    """low-dimension draws inputs of rank 5, whatever d is: 60 labels need 12 neurons of 5 weights, not 2 of 30."""
    problem = drawn("low-dimension", 60, 30, registry)
    assert np.linalg.matrix_rank(problem.x) == 5
    of = build_regime(dict(theory.claim.home), registry)
    assert theory.width(problem, of).value == width


@pytest.mark.parametrize(("n", "k"), [(60, 1), (120, 2), (300, 5)])
def test_digits_span_fewer_dimensions_than_pixels(n: int, k: int, registry: Registry) -> None:
    pytest.importorskip("sklearn")
    problem = drawn("digits", n, 64, registry)
    spanned = int(np.linalg.matrix_rank(problem.x))
    assert spanned < min(n, 64)
    assert np.linalg.matrix_rank(jacobian(problem.x, k, "hidden")) <= k * spanned < n
    of = build_regime({"use": "moderate"}, registry)
    assert CountHidden().width(problem, of).value == math.ceil(n / spanned) > k
