"""Every width of ``harness_lazy`` a second time, from the formulas and not from the product's code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness.claims.predictions import predict
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from tests.claims.second import (
    SIZES,
    Array,
    drawn,
    gelu,
    gelu_slope,
    hidden_lambda,
    hidden_lambda_relu,
    largest_singular,
    least_eigenvalue,
    product_mean,
    sigmoid,
    tensor_power,
)

P = 0.05
Formula = Callable[[Array, Array], float]


def power(a: float, b: float = 0.0, factor: float = 1.0) -> Formula:
    """n^a/λ₀^b times a factor."""

    def formula(x: Array, y: Array) -> float:
        return float(factor * len(x) ** a / (hidden_lambda_relu(x) ** b if b else 1.0))

    return formula


def oymak_fabian(x: Array, y: Array) -> float:
    n = len(x)
    return math.log(100.0) ** 4 * n**4 * math.log(n) / hidden_lambda(x, sigmoid) ** 4


def liu(x: Array, y: Array) -> float:
    both = product_mean(x, gelu_slope) * (x @ x.T) + product_mean(x, gelu)
    return len(x) / least_eigenvalue(both) ** 2


def chernoff(x: Array, y: Array) -> float:
    return math.ceil(8.0 * largest_singular(x) ** 2 * math.log(len(x) / P) / hidden_lambda(x, sigmoid))


def scaled(x: Array, y: Array) -> float:
    """D1s at α = 10, a = 1 and B₂ = 1/4."""
    test = (1.6 * 0.25 * largest_singular(x) * math.sqrt(y @ y) / hidden_lambda(x, sigmoid)) ** 2
    return max(math.ceil(test), chernoff(x, y))


def followed(x: Array, y: Array) -> float:
    """The least even k with √k(1 − δ) ≥ 2/(0.94 · 0.9) B₂‖X*X‖‖y‖/λ, δ² = 4‖X‖² log(n/p)/(kλ), by bisection."""
    smallest = hidden_lambda(x, sigmoid)
    asked = 2.0 / (0.94 * 0.9) * 0.25 * largest_singular(tensor_power(x, 2)) * math.sqrt(y @ y) / smallest
    low, high = 1, 2**60
    while high - low > 1:
        half = (low + high) // 2
        delta = math.sqrt(4.0 * largest_singular(x) ** 2 * math.log(len(x) / P) / (2 * half * smallest))
        low, high = (low, half) if math.sqrt(2 * half) * (1.0 - delta) >= asked else (half, high)
    return 2 * high


def karhadkar(x: Array, y: Array) -> float:
    n, d = x.shape
    chords = [
        min(float(np.linalg.norm(x[i] - x[j])), float(np.linalg.norm(x[i] + x[j]))) for i in range(n) for j in range(i)
    ]
    delta = min(1.0, *chords)
    rate = delta**2 * (1.0 + d * math.log(1.0 / delta) / math.log(d)) ** -3
    return float(largest_singular(x) ** 2 * math.log(n / P) / rate)


def lit(x: Array, y: Array) -> float:
    """The union of n events by Chung and Erdős; two samples are unlit at once with the probability of an orthant."""
    n, k = len(x), 0
    while True:
        k += 1
        single = sum(0.5**k for _ in range(n))
        pairs = sum(
            (0.25 + math.asin(max(-1.0, min(1.0, float(x[i] @ x[j])))) / (2.0 * math.pi)) ** k if i != j else 0.5**k
            for i in range(n)
            for j in range(n)
        )
        if single**2 / pairs <= 0.5:
            return k


SECOND: dict[str, Formula] = {
    "du-deep": power(4, 0),
    "zou-gu-deep": lambda x, _: len(x) ** 8 * 2.0**12,  # two layers
    "allen-zhu-deep": lambda x, _: len(x) ** 24 * 2.0**12,
    "song-yang": power(4, 4),
    "song-yang-spectral": power(2, 4),
    "du": power(6, 4, P**-3),
    "munteanu": power(2),
    "arora": power(8, 6),
    "allen-zhu": power(24),
    "zou-gu": power(8),
    "das-golikov": power(2),
    "zhang-martens-grosse": power(4, 4, P**-3),
    "su-yang": power(1),
    "huang-yau": power(3),
    "oymak-fabian": oymak_fabian,
    "liu-zhu-belkin": liu,
    "ntk-chernoff": chernoff,
    "cert-d1s": scaled,
    "cert-d1g": followed,
    "karhadkar-ntk": karhadkar,
    "lit-samples": lit,
    "montanari-zhong": lambda x, _: max(len(x) / x.shape[1], 1.0),
    "cert-linear": lambda x, _: math.ceil(len(x) / min(x.shape)),
    "cert-linear-output": lambda x, _: len(x),
}
MARGIN = {"ji-telgarsky", "munteanu-logistic"}
"""Claims in terms of a margin that is not computed: their widths are NaN."""


@pytest.mark.parametrize(("n", "d"), SIZES)
def test_widths_are_those_of_the_formulas(registry: Registry, n: int, d: int) -> None:
    on = drawn(n, d)
    for theory in registry.theories():
        found = predict(theory, build_regime(dict(theory.claim.home), registry), on).width.value
        if theory.name in MARGIN:
            assert math.isnan(found)
        elif (formula := SECOND.get(theory.name)) is not None:
            assert found == pytest.approx(formula(on.x, on.y), rel=1e-9), theory.name


def test_every_theory_of_the_plugin_has_a_second_width(registry: Registry) -> None:
    own = {t.name for t in registry.theories() if type(t).__module__.startswith("harness_lazy.")}
    assert own == SECOND.keys() | MARGIN
