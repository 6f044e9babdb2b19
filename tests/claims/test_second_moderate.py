"""Every width of ``harness_moderate`` a second time, from the formulas and not from the product's code."""

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
    SOFTPLUS,
    Array,
    drawn,
    hidden_lambda,
    hidden_lambda_relu,
    largest_singular,
    least_eigenvalue,
    least_singular,
    mean,
    of_numbers,
    product_mean,
    sigmoid,
    softplus,
    tensor_power,
)

SECOND: dict[str, Callable[[Array, Array], float]] = {}


def second(*names: str) -> Callable[[Callable[[Array, Array], float]], Callable[[Array, Array], float]]:
    def keep(function: Callable[[Array, Array], float]) -> Callable[[Array, Array], float]:
        SECOND.update(dict.fromkeys(names, function))
        return function

    return keep


@second("count-hidden")
def hidden_count(x: Array, y: Array) -> float:
    n, d = x.shape
    return next(k for k in range(1, n + 1) if k * min(n, d) >= n)


@second("count-all")
def count_of_all(x: Array, y: Array) -> float:
    n, d = x.shape
    return next(k for k in range(1, n + 1) if k * (min(n, d) + 1) >= n)


@second("count-deep")
def count_of_two_layers(x: Array, y: Array) -> float:
    n, d = x.shape
    return next(k for k in range(1, n + 1) if k * min(n, d) + k**2 + k >= n)


@second("count-output", "cert-d3", "kawaguchi-huang")
def count_of_samples(x: Array, y: Array) -> float:
    return len(x)


@second("count-labellings")
def count_of_labellings(x: Array, y: Array) -> float:
    """Cells by Cover's recursion: a further hyperplane cuts as many of them as there are cells in the hyperplane."""
    (n, q), planes = y.shape, len(y) * math.comb(y.shape[1], 2)
    cells = np.full((planes, n * q), 2, dtype=object)  # of 1 + row hyperplanes in 1 + column dimensions
    for row in range(1, planes):
        cells[row, 1:] = cells[row - 1, 1:] + cells[row - 1, :-1]
    return next(k for k in range(1, n + 1) if 2 * cells[-1, (q - 1) * k - 1] >= q**n)


@second("os-smooth", "os-smooth-sgd")
def theorem_2_1(x: Array, y: Array) -> float:
    mu = mean(lambda g: g * of_numbers(sigmoid)(g))
    sigma = least_singular(tensor_power(x, 2))
    return (1.0 / mu) ** 4 * len(x) * largest_singular(x) ** 2 / sigma**4


@second("os-smooth-sphere")
def corollary_2_2(x: Array, y: Array) -> float:
    n, d = x.shape
    return float(n**2 / d if n >= d else n)


@second("os-covariance")
def theorem_6_2(x: Array, y: Array) -> float:
    return len(x) * largest_singular(x) ** 2 / hidden_lambda(x, sigmoid) ** 2


@second("os-relu", "os-relu-sgd")
def theorem_2_3(x: Array, y: Array) -> float:
    return len(x) * largest_singular(x) ** 6 / least_singular(tensor_power(x, 2)) ** 8


@second("os-relu-sphere")
def corollary_2_4(x: Array, y: Array) -> float:
    n, d = x.shape
    return float(n**4 / d**3 if n >= d else n)


@second("os-relu-covariance")
def covariance_of_relu(x: Array, y: Array) -> float:
    return len(x) * largest_singular(x) ** 6 / hidden_lambda_relu(x) ** 4


@second("os-output")
def theorem_3_2(x: Array, y: Array) -> float:
    return len(x) / least_eigenvalue(product_mean(x, softplus))


@second("becchetti")
def rank_lifting(x: Array, y: Array) -> float:
    n = len(x)
    angles = [
        math.atan2(min(np.linalg.norm(x[i] - x[j]), np.linalg.norm(x[i] + x[j])) / 2.0, 1.0)
        for i in range(n)
        for j in range(i)
    ]
    halves = min(math.asin(math.tan(angle)) for angle in angles)  # half of the angle: its sine is half of the chord
    return max(n, math.log(20.0)) / (2.0 * halves)


@second("cert-d1")
def certificate_d1(x: Array, y: Array) -> float:
    n, (_, slope, b1, b2) = len(x), SOFTPLUS
    smallest, norm = hidden_lambda(x, slope), largest_singular(x)
    first, square = mean(of_numbers(softplus)), mean(lambda g: of_numbers(softplus)(g) ** 2)
    rho = 1.0 + math.sqrt(square - first**2) + b1 * norm * math.sqrt(2.0 * math.log(40.0) / n)
    eigenvalue = 8.0 * b1**2 * norm**2 * math.log(40.0 * n) / smallest
    test = 256.0 * b2**2 * rho**2 * n * norm**2 / smallest**2
    return 2 * math.ceil(max(eigenvalue, test) / 2)


@pytest.mark.parametrize(("n", "d"), SIZES)
def test_widths_are_those_of_the_formulas(registry: Registry, n: int, d: int) -> None:
    for theory in registry.theories():
        if (formula := SECOND.get(theory.name)) is None:
            continue
        on = drawn(n, d, None if "numbers" in theory.targets else 4)
        found = predict(theory, build_regime(dict(theory.claim.home), registry), on).width.value
        assert found == pytest.approx(formula(on.x, on.y), rel=1e-9), theory.name


def test_every_theory_of_the_plugin_has_a_second_width(registry: Registry) -> None:
    own = {t.name for t in registry.theories() if type(t).__module__.startswith("harness_moderate.")}
    assert own - SECOND.keys() == {t.name for t in registry.theories() if t.measured}
