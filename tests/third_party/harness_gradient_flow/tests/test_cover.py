"""What is known of orthogonal inputs."""

from __future__ import annotations

import numpy as np
import pytest
from harness import Problem
from harness.builtin.models import ShallowNet

from harness_gradient_flow.cover import cover_probability, covered, half_width
from harness_gradient_flow.inputs import WeaklyInteracting, largest_correlation
from harness_gradient_flow.weights import Unbalanced


def test_correlations_are_those_asked_for() -> None:
    """Each is interaction/n to rounding, and inputs are of length 1."""
    for interaction in (0.0, 0.5, 3.0):
        x, _ = WeaklyInteracting(interaction=interaction).draw(12, 15, np.random.default_rng(0))
        off = np.abs(x @ x.T)[~np.eye(12, dtype=bool)]
        assert off == pytest.approx(interaction / 12, abs=1e-12)
        assert np.linalg.norm(x, axis=1) == pytest.approx(1.0)
        assert largest_correlation(x) == pytest.approx(interaction / 12, abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(4, 3), (8, 10), (12, 30)])
def test_the_probability_is_that_of_drawn_networks(k: int, n: int) -> None:
    """4000 draws lie within four standard deviations."""
    rng = np.random.default_rng(k)
    data, start = WeaklyInteracting(interaction=0.0), Unbalanced()
    expected, hits = 0.0, 0
    for _ in range(4000):
        x, y = data.draw(n, n, rng)
        drawn = start.draw(ShallowNet("relu", "all"), Problem(x, y), k, rng)
        hits += covered(drawn["W"], drawn["v"], x, y)
        expected += cover_probability(k, int((y > 0).sum()), int((y < 0).sum()))
    assert abs(hits - expected) < 4 * np.sqrt(4000 * 0.25)


def test_the_width_grows_like_the_logarithm() -> None:
    """A neuron serves a sample with probability ¼: n (3/4)^k is about log 2 at the half width."""
    widths = [half_width(n // 2, n // 2) for n in (16, 256, 4096)]
    steps = np.diff(widths)
    assert steps == pytest.approx([np.log(16) / np.log(4 / 3)] * 2, abs=1.1)
