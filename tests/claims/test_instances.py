"""Certificates at the start against networks that are trained on in float64: none may be wrong.

Each instance draws a data set, φ, sizes and weights, and scales the outputs or the labels until its certificate just
holds. Gradient descent then runs for many steps by a plain loop, and every residual must keep the bound of the theorem.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from harness_lazy.models import LazyScaled, Linearized
from harness_lazy.start_jacobian import has_rank_n, start_jacobian
from harness_lazy.theories.certificates import d1s_scale
from harness_lazy.theories.sharp import ASKED, sharp
from harness_moderate import instances
from harness_train_all.instances import d2

from harness import ACTIVATIONS, Activation, Dataset, Problem, Weights
from harness.builtin.datasets import Antipodal, Clustered, Digits, Gaussian, LowDimension, NearDuplicates, Sphere
from harness.engine.draws import draw_problem
from harness.mathematics.limit.ball_net import BallNet

DATA: tuple[Dataset, ...] = (
    Sphere(),
    LowDimension(dimension=3),
    Clustered(clusters=3, radius=0.2),
    NearDuplicates(),
    Antipodal(),
    Gaussian(labels="rademacher"),
    Digits(),
)
SMOOTH = ("softplus", "tanh", "gelu", "silu", "sigmoid", "erf", "sin")
ALL = (*SMOOTH, "relu", "leaky-relu")
SLACK = 1.0 + 1e-9


def drawn(seed: int, most: int = 8) -> tuple[Problem, np.random.Generator]:
    rng = np.random.default_rng([seed, 5])
    dataset = DATA[seed % len(DATA)]
    n, d = int(rng.integers(3, most)), int(rng.integers(3, 7))
    n += n % 2 if isinstance(dataset, (Antipodal, NearDuplicates)) else 0
    return draw_problem(dataset, n, d, seed=seed, base=7), rng


def weights_of(rng: np.random.Generator, k: int, d: int) -> Weights:
    return {"W": rng.standard_normal((k, d)), "v": rng.choice([-1.0, 1.0], k) * rng.uniform(0.5, 1.0, k) / math.sqrt(k)}


def mirrored(rng: np.random.Generator, k: int, d: int) -> Weights:
    half = weights_of(rng, k // 2, d)
    return {"W": np.concatenate([half["W"]] * 2), "v": np.concatenate([half["v"], -half["v"]])}


def descent(
    weights: Weights, on: Problem, phi: Activation, step: float, steps: int, *, train: str, scale: float = 1.0
) -> list[float]:
    """Residual norms of plain gradient descent on ½‖scale·h − y‖², with the gradient divided by scale²."""
    w, v, norms = weights["W"].copy(), weights["v"].copy(), []
    for _ in range(steps + 1):
        z = on.x @ w.T
        values = phi.phi(z)
        r = scale * (values @ v) - on.y
        norms.append(float(np.linalg.norm(r)))
        pull = r / scale
        move = (phi.dphi(z) * v * pull[:, None]).T @ on.x
        if train != "hidden":
            v = v - step * values.T @ pull
        if train != "output":
            w = w - step * move
    return norms


def kept(norms: list[float], rate: float, first: float | None = None) -> bool:
    """Whether residuals fall at least by a factor at each step, up to the floor of float64."""
    start = norms[0] if first is None else first
    bound = start * rate ** np.arange(len(norms))
    return bool((np.array(norms) <= bound * SLACK + 1e-13 * start).all())


def of_d1(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed)
    phi, k = ACTIVATIONS[SMOOTH[seed % len(SMOOTH)]], 2 * int(rng.integers(on.n, 4 * on.n))
    weights = mirrored(rng, k, on.d)
    first = instances.d1(weights, on, phi)
    if first.sigma == 0:
        return None
    scale = rng.uniform(1.0 + 1e-6, 1.5) * 8.0 * first.lipschitz * float(np.linalg.norm(on.y)) / first.sigma**2
    weights = {**weights, "v": scale * weights["v"]}
    found = instances.d1(weights, on, phi)
    if not found.holds:
        return None
    return kept(descent(weights, on, phi, found.step_size, steps, train="hidden"), found.rate)


def of_d1g(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed)
    phi, k = ACTIVATIONS[SMOOTH[seed % len(SMOOTH)]], 2 * int(rng.integers(on.n, 4 * on.n))
    weights = mirrored(rng, k, on.d)
    first = sharp(weights, on, phi)
    if first.sigma == 0:
        return None
    scale = rng.uniform(1.0 + 1e-6, 1.3) * ASKED * first.lipschitz * float(np.linalg.norm(on.y)) / first.sigma**2
    weights = {**weights, "v": scale * weights["v"]}
    found = sharp(weights, on, phi)
    if not found.holds:
        return None
    assert found.used > 0.5  # close to what the theorem allows
    return kept(descent(weights, on, phi, found.step_size, steps, train="hidden"), found.rate)


def of_d1s(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed)
    name, k = SMOOTH[seed % len(SMOOTH)], 2 * int(rng.integers(on.n, 4 * on.n))
    weights = mirrored(rng, k, on.d)  # f₀ = 0, so that centring changes nothing
    least = d1s_scale(LazyScaled(name, alpha=1.0), weights, on)
    if not math.isfinite(least):
        return None
    model = LazyScaled(name, alpha=least * rng.uniform(1.0 + 1e-6, 1.5))
    assert model.alpha >= d1s_scale(model, weights, on)
    jacobian = start_jacobian(model, weights, on.x)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    step = 2.0 / (9.0 * singular[0] ** 2)
    norms = descent(weights, on, ACTIVATIONS[name], step, steps, train="hidden", scale=model.alpha)
    return kept(norms, 1.0 - step * singular[on.n - 1] ** 2 * (1.0 - 1e-9) / 8.0)


def of_d2(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed, most=6)
    phi, k = ACTIVATIONS[ALL[seed % len(ALL)]], int(rng.integers(4 * on.n, 12 * on.n))
    weights = weights_of(rng, k, on.d)
    found = d2(weights, on, phi)
    if found.sigma == 0:
        return None
    for _ in range(40):  # smaller outputs and labels make the residual small
        if (found := d2(weights, on, phi)).holds:
            break
        weights = {**weights, "v": 0.5 * weights["v"]}
        on = replace(on, y=0.5 * on.y)
    else:
        return None
    z = on.x @ weights["W"].T
    top = (
        float(np.linalg.norm(phi.phi(z), 2)) ** 2
        + float(np.linalg.norm(phi.dphi(z) * weights["v"])) ** 2 * float(np.linalg.norm(on.x, 2)) ** 2
    )
    step = 0.02 / top  # close to the flow
    norms = descent(weights, on, phi, step, steps, train="all")
    return kept(norms, math.exp(-found.rate * step))


def of_d3(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed)
    phi, k = ACTIVATIONS[ALL[seed % len(ALL)]], int(rng.integers(on.n, 3 * on.n))
    weights = weights_of(rng, k, on.d)
    found = instances.d3(weights, on, phi)
    if not found.holds:
        return None
    return kept(descent(weights, on, phi, found.step_size, steps, train="output"), found.rate)


def of_rank(seed: int, steps: int) -> bool | None:
    on, rng = drawn(seed)
    train = ("hidden", "output", "all")[seed % 3]
    model = Linearized(ALL[seed % len(ALL)], train)  # type: ignore[arg-type]  # one of the three words
    k = int(rng.integers(1, 2 * on.n))
    weights = weights_of(rng, k, on.d)
    if not has_rank_n(model, weights, on.x):
        return None
    jacobian = start_jacobian(model, weights, on.x)
    # By the theorem every label is attained: the least-norm weights solve the linear model.
    solution = np.linalg.lstsq(jacobian, on.y, rcond=0.0)[0]
    return bool(np.linalg.norm(jacobian @ solution - on.y) <= 1e-6 * np.linalg.norm(on.y))


KINDS: dict[str, Callable[[int, int], bool | None]] = {
    "D1": of_d1,
    "D1s": of_d1s,
    "D1g": of_d1g,
    "D2": of_d2,
    "D3": of_d3,
    "rank": of_rank,
}


def counted(seeds: range, steps: int) -> tuple[Counter[str], Counter[str], list[tuple[str, int]]]:
    """Return certified instances by kind and by data set, and those that broke the bound of their theorem."""
    kinds, sets, broken = Counter[str](), Counter[str](), []
    for kind, instance in KINDS.items():
        for seed in seeds:
            if (verdict := instance(seed, steps)) is None:
                continue
            kinds[kind] += 1
            sets[DATA[seed % len(DATA)].name] += 1
            if not verdict:
                broken.append((kind, seed))
    return kinds, sets, broken


def test_a_sample_of_certified_nets_keeps_the_bounds() -> None:
    kinds, sets, broken = counted(range(21), 200)
    assert not broken
    assert set(kinds) == set(KINDS)
    assert len(sets) == len(DATA)
    assert sum(kinds.values()) >= 60


@pytest.mark.slow
def test_a_thousand_certified_nets_keep_the_bounds() -> None:
    """At least 1 000 certified networks over seven data sets, 5 000 steps each."""
    kinds, sets, broken = counted(range(315), 5_000)
    print(dict(kinds), dict(sets), f"{len(broken)} violations")
    assert not broken
    assert sum(kinds.values()) >= 1_000
    assert min(kinds.values()) >= 100
    assert len(sets) >= 6


def test_inputs_that_determine_each_other_are_never_certified() -> None:
    """Equal inputs, and opposite ones for an odd φ, have dependent rows in J whatever the width."""
    rng = np.random.default_rng(0)
    base = rng.standard_normal((3, 4))
    y = rng.standard_normal(6)
    for name, sign in (("softplus", 1.0), ("relu", 1.0), ("tanh", -1.0), ("erf", -1.0), ("sin", -1.0)):
        on, phi = Problem(np.vstack([base, sign * base]), y), ACTIVATIONS[name]
        weights = weights_of(rng, 40, 4)
        assert not instances.d3(weights, on, phi).holds
        assert d2(weights, on, phi).sigma == 0
        for train in ("hidden", "output", "all"):
            assert not has_rank_n(Linearized(name, train), weights, on.x), (name, train)
        if phi.smooth:
            assert instances.d1(weights, on, phi).sigma == 0


@pytest.mark.parametrize("seed", range(9))
def test_ball_arithmetic_confirms_what_float64_certifies(seed: int) -> None:
    pytest.importorskip("flint")
    on, rng = drawn(seed, most=6)
    phi = ACTIVATIONS[ALL[seed % len(ALL)]]
    weights = weights_of(rng, 3 * on.n, on.d)
    net = BallNet(weights, on.x, on.y, phi)
    third = instances.d3(weights, on, phi)
    assert not third.holds or net.full_rank("output")
    if third.holds:
        small = replace(on, y=1e-9 * on.y)
        quiet = {**weights, "v": 1e-9 * weights["v"]}
        second = d2(quiet, small, phi)
        assert not second.holds or BallNet(quiet, small.x, small.y, phi).meets_d2(second.sigma)
    if phi.smooth:
        first = instances.d1(weights, on, phi)
        if first.sigma > 0:
            pairs = mirrored(rng, 4 * on.n, on.d)
            found = instances.d1(pairs, on, phi)
            scale = 8.0 * found.lipschitz * float(np.linalg.norm(on.y)) / found.sigma**2 if found.sigma > 0 else 0.0
            for factor, expected in ((1.0 + 1e-6, True), (1.0 - 1e-6, False)):
                scaled = {**pairs, "v": factor * scale * pairs["v"]}
                if found.sigma > 0:
                    assert instances.d1(scaled, on, phi).holds is expected
                    assert BallNet(scaled, on.x, on.y, phi).meets_d1() is expected
