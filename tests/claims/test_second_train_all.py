"""Every width of ``harness_train_all`` a second time, from the formulas and not from the product's code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from harness_train_all.theories import certificate
from harness_train_all.theories.certificate import d2_width
from scipy.optimize import brentq
from scipy.special import eval_hermitenorm

from harness import ACTIVATIONS
from harness.claims.predictions import predict
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from tests.claims.second import (
    SIZES,
    Array,
    both_positive,
    drawn,
    gelu,
    gelu_slope,
    largest_singular,
    least_eigenvalue,
    least_singular,
    mean,
    of_numbers,
    product_mean,
    relu_products,
    tensor_power,
)

GELU_SLOPE, GELU_CURVATURE = 1.1289041, 2.0 / math.sqrt(2.0 * math.pi)
"""sup |φ'| at z = √2, where φ'' = (2 − z²) times the density is 0, and |φ''| ≤ φ''(0)."""
Formula = Callable[[Array, Array], float]


def growth(t: int) -> float:
    """ξ(t) = |c₀|(B₁ + B₂)/(c_t²/t!)^{3/2} of GELU."""
    slope = float(gelu_slope(np.array([math.sqrt(2.0)]))[0])
    assert slope == pytest.approx(GELU_SLOPE, abs=1e-6)
    c = {s: mean(lambda g, s=s: of_numbers(gelu)(g) * eval_hermitenorm(s, g)) for s in (0, t)}  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    return float(abs(c[0]) * (slope + GELU_CURVATURE) / (c[t] ** 2 / math.factorial(t)) ** 1.5)


def song(x: Array, y: Array) -> float:
    """The least over even t ≤ 8, beyond which explicit tensors are too large and ξ grows."""
    n, d = x.shape
    best = math.inf
    for t in (2, 4, 6, 8):
        if n <= math.comb(d + t - 1, t) and d**t <= 400_000:
            sigma = least_singular(tensor_power(x, t))
            best = min(best, growth(t) * largest_singular(x) ** 2 * math.sqrt(n) / sigma**3) if sigma > 1e-6 else best
    return float(max(n, best))


def song_stochastic(x: Array, y: Array) -> float:
    n, batch = len(x), min(10, len(x))
    return max(n, song_unfloored(x, y) * math.sqrt(n / batch))


def song_unfloored(x: Array, y: Array) -> float:
    return song(x, y) if song(x, y) > len(x) else math.nan


def condition_nine(x: Array, y: Array) -> float:
    """2μ⁶ = β²ν²h₀ at the limit μ² = kλ̃ of LeCun's initialization: a root in k."""
    d = x.shape[1]
    slope = float(gelu_slope(np.array([math.sqrt(2.0)]))[0])
    kernel = product_mean(x / math.sqrt(d), gelu)
    least, top = least_eigenvalue(kernel), math.sqrt(np.linalg.norm(kernel, 2))
    loss, norm = float(y @ y) + float(np.trace(kernel)), largest_singular(x)
    beta = math.sqrt(2.0) * norm * (slope + GELU_CURVATURE)

    def gap(log_k: float) -> float:
        k = math.exp(log_k)
        nu = slope * norm + math.sqrt(k) * top
        return math.log(2.0 * (k * least) ** 3) - math.log(beta**2 * nu**2 * loss)

    return math.exp(brentq(gap, 0.0, 80.0, xtol=1e-13))


def near_linear(x: Array, y: Array) -> float:
    return len(x) / least_eigenvalue(both_positive(x) * (x @ x.T) + relu_products(x))


SECOND: dict[str, Formula] = {
    "song": song,
    "song-sgd": song_stochastic,
    "song-direct": condition_nine,
    "nguyen-linear": lambda x, _: len(x),
    "nguyen-lecun": lambda x, _: len(x) ** 2,
    "near-linear-2026": near_linear,
    "nguyen-mondelli": lambda x, _: len(x),
    "dana": lambda x, _: max(math.log(len(x)), 1.0),
    "eftekhari": lambda x, _: len(x),
    "bombari": lambda x, _: math.ceil(math.sqrt(len(x))),
    "nguyen-mondelli-deep": lambda x, _: len(x),
    "nguyen-mondelli-deep-lecun": lambda x, _: len(x) ** 2,
    "nguyen-deep": lambda x, _: len(x),
    "nguyen-deep-lecun": lambda x, _: len(x) ** 3,
    "gopalani-mukherjee": lambda *_: 1.0,
    "kumar": lambda *_: 1.0,
}


OTHERWISE: dict[str, str] = {
    "cert-d2": "its condition on one draw, and its width a priori",
}
"""Theories that are checked below in another way."""


@pytest.mark.parametrize(("n", "d"), SIZES)
def test_widths_are_those_of_the_formulas(registry: Registry, n: int, d: int) -> None:
    on = drawn(n, d)
    for theory in registry.theories():
        if (formula := SECOND.get(theory.name)) is None:
            continue
        found = predict(theory, build_regime(dict(theory.claim.home), registry), on).width
        rel = 0.15 if found.noted else 1e-9  # of one draw, to 10 %, beside the limit of infinite width
        assert found.value == pytest.approx(formula(on.x, on.y), rel=rel), (theory.name, found.reason)


def a_priori(x: Array, y: Array) -> float:
    """d2_width from its formulas, with W₀ ~ N(0, 1), v₀ ~ N(0, 1/k) and the ReLU: the larger of two conditions."""
    n, p = len(x), 0.05
    kernel, norm = relu_products(x), largest_singular(x)
    least, trace, log = least_eigenvalue(kernel), n / 2.0, math.log(4.0 / p)
    lipschitz = norm / math.sqrt(least)

    def rest(u: float) -> float:
        size = (math.sqrt(n) + u) ** 2 + 2.0 * lipschitz**2 + 2.0 * math.sqrt(n) * lipschitz**2 / u
        return math.log(size / 0.01) - u**2 / (2.0 * lipschitz**2)

    cut = (math.sqrt(n) + brentq(rest, lipschitz, 1e4 * lipschitz, xtol=1e-12, rtol=1e-14)) ** 2
    eta = 1.0 - 0.5 / 0.99
    rank = 2.0 * cut * math.log(4.0 * n / p) / (eta**2 * 0.99)

    def test(log_k: float) -> float:
        k = math.exp(log_k)
        spread = math.sqrt(2.0 * log / k)
        nu = 1.0 + spread
        residual = math.sqrt(y @ y) + (math.sqrt(trace) + norm * spread) * (1.0 + math.sqrt(2.0 * log))
        a = math.sqrt(k * least / 2.0)
        return 3.0 * math.log(a) - math.log(8.0 * norm**2 * residual * (nu + 2.0 * residual / a))

    width: float = max(rank, math.exp(brentq(test, math.log(n), 60.0, xtol=1e-13)))
    return math.ceil(width)


@pytest.mark.parametrize(("n", "d"), SIZES)
def test_the_width_of_d2_a_priori_is_that_of_its_formulas(n: int, d: int) -> None:
    on = drawn(n, d)
    assert d2_width(on, ACTIVATIONS["relu"]).value == pytest.approx(a_priori(on.x, on.y), rel=1e-9)


def test_the_width_of_one_draw_is_certified_by_the_formula_of_d2_and_a_tenth_less_is_not(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """a₀³ ≥ 8B₁²‖X‖²‖r₀‖(‖v₀‖ + 2‖r₀‖/a₀) with a₀ from a singular value decomposition of the features."""
    (theory,) = [theory for theory in registry.theories() if theory.name == "cert-d2"]
    regime = build_regime(dict(theory.claim.home), registry)
    on = drawn(5, 9)
    width = predict(theory, regime, on).width
    assert "one draw" in width.reason
    assert width.noted

    def holds(k: int) -> bool:
        weights = regime.initializer.draw(regime.model, on, k, np.random.Generator(np.random.Philox(key=0)))
        values = np.maximum(on.x @ weights["W"].T, 0.0)
        a, norm = least_singular(values), largest_singular(on.x)
        residual = float(np.linalg.norm(values @ weights["v"] - on.y))
        return a**3 >= 8.0 * norm**2 * residual * (float(np.linalg.norm(weights["v"])) + 2.0 * residual / a)

    k = int(width.value)
    assert holds(k)
    assert not all(holds(smaller) for smaller in range(math.floor(k / 1.11), k))
    monkeypatch.setattr(certificate, "VALUES", k * on.n)
    assert predict(theory, regime, on).width == width, "the hint that spares draws holds where the widest is certified"


def test_every_theory_of_the_plugin_has_a_second_width(registry: Registry) -> None:
    own = {t.name for t in registry.theories() if type(t).__module__.startswith("harness_train_all.")}
    assert own == SECOND.keys() | OTHERWISE.keys()
