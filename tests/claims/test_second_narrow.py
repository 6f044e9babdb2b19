"""Every width of ``harness_narrow`` a second time, from the formulas and not from the product's code."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from harness import Problem
from harness.claims.predictions import predict
from harness.plugin_host.composition import build_regime
from harness.plugin_host.registry import Registry
from tests.claims.second import Array

SIZES = ((12, 6), (31, 4), (5, 9))
SECOND: dict[str, Callable[[int, int], float]] = {
    "zhang": lambda n, d: 2 * -(-n // min(n, d)),
    "zhang-landscape": lambda n, d: 2 * -(-n // min(n, d)),
    "madden-thrampoulidis": lambda n, d: next(k for k in range(2, 3 * n, 2) if k * min(n, d) >= 2 * n),
    "madden-thrampoulidis-count": lambda n, d: next(k for k in range(1, n + 1) if k * (min(n, d) + 2) >= n),
    "bubeck": lambda n, d: 4 * -(-n // min(n, d)),
    "baum": lambda n, d: -(-n // min(n, d)),
    "soudry-carmon": lambda n, d: -(-n // min(n, d)),
    "xie": lambda n, d: max(n / d, 1.0),
    "karhadkar": lambda n, d: max(n / d, 1.0) * math.log(100.0),
    "bubeck-ntk": lambda n, d: max(n / d, 1.0) * math.log(100.0),
    "bubeck-harmonic": lambda n, d: max(n / d, 1.0) * math.log(100.0) * 100.0,
    "daniely": lambda n, d: max(n / d, 1.0),
    "ge-wang-zhao": lambda n, d: max(n / d, 1.0) if n <= math.comb(min(n, d) + 1, 2) else math.inf,
}


def drawn(n: int, d: int, rank: int) -> Array:
    rng = np.random.default_rng([n, d])
    x = rng.standard_normal((n, rank)) @ np.linalg.qr(rng.standard_normal((d, d)))[0][:rank]
    return np.asarray(x / np.sqrt((x**2).sum(axis=1))[:, None])


@pytest.mark.parametrize(("n", "d"), SIZES)
def test_widths_are_those_of_the_formulas(registry: Registry, n: int, d: int) -> None:
    on = Problem(drawn(n, d, d), np.random.default_rng(0).standard_normal(n), 0, "sphere")
    for theory in registry.theories():
        if (formula := SECOND.get(theory.name)) is None:
            continue
        found = predict(theory, build_regime(dict(theory.claim.home), registry), on).width.value
        assert found == pytest.approx(formula(n, d), rel=1e-9), theory.name


def test_inputs_of_a_subspace_count_with_its_dimension(registry: Registry) -> None:
    """Slabs between hyperplanes, as Baum's and Bubeck's, live in the affine hull, which has the rank of the inputs."""
    on = Problem(drawn(31, 6, 3), np.random.default_rng(0).standard_normal(31), 0, "table")
    for theory in registry.theories():
        if theory.name in SECOND:
            found = predict(theory, build_regime(dict(theory.claim.home), registry), on).width.value
            assert found == pytest.approx(SECOND[theory.name](31, 3), rel=1e-9), theory.name


def test_every_theory_of_the_plugin_has_a_second_width(registry: Registry) -> None:
    own = {t.name for t in registry.theories() if type(t).__module__.startswith("harness_narrow.")}
    assert own == SECOND.keys()
