"""Theories on problems of one or two samples, where logarithms vanish and dimensions are below those of theorems."""

from __future__ import annotations

import math

import pytest

from harness.claims.predictions import Prediction
from harness.plugin_host.registry import Registry
from harness.session.predicting import dataset_named, predicted, problem_of


def _predicted(registry: Registry, n: int, d: int, labels: str | None = None) -> dict[str, Prediction]:
    problem = problem_of(registry, dataset_named(registry, "sphere", labels), n, d, 1)
    return {one.theory.name: one for one in predicted(registry, problem, None, pytest.fail)}


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 2), (2, 1), (2, 2), (1, 20)])
@pytest.mark.parametrize("labels", [None, "rademacher"])
def test_no_width_is_zero_or_negative_or_without_a_reason(registry: Registry, n: int, d: int, labels: str) -> None:
    for name, one in _predicted(registry, n, d, labels).items():
        width, law = one.width, one.scaling
        assert not one.failed, (name, width)
        assert not width.value <= 1 - 1e-9, f"{name}: a net has one neuron at least, and unit inputs no factor below 1"
        assert math.isfinite(width.value) or width.reason, f"{name}: {width.value} needs a reason"
        assert law is None or 1 <= law < math.inf, (name, law)


def test_a_logarithm_of_one_sample_is_no_width(registry: Registry) -> None:
    """C log n = 0 at n = 1 whatever C, so these theorems say nothing there."""
    for name in ("oymak-fabian", "dana"):
        width = _predicted(registry, 1, 3)[name].width
        assert math.isnan(width.value)
        assert width.reason == "log n = 0: the theorem does not speak of one sample"


def test_a_logarithm_of_two_samples_is_one(registry: Registry) -> None:
    """λ(X) of two inputs in d = 2 is at most E[φ'(g)²] = E[(1 + tanh²(g/2))/4] < 1/2, the diagonal of the kernel."""
    width = _predicted(registry, 2, 2)["oymak-fabian"].width
    least = math.log(100) ** 4 * 2**4 * math.log(2) / 0.5**4
    assert least < width.value < math.inf
