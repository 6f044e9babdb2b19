"""The kink certificate: what it proves is what gradient descent then does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from harness.components import Array
from harness.mathematics.limit.gates import curvature_below
from harness.mathematics.limit.kink import KinkCertificate, KinkedDescent, certify
from harness.mathematics.limit.rounding import at_least, below
from tests.mathematics.kink_cases import KINDS, Nets, certified, draw


def selected(nets: Nets, found: list[tuple[int, Array, KinkCertificate]]) -> Nets:
    """Return the certified nets at the weights where they were certified."""
    at = [net for net, _, _ in found]
    w = np.array([weights for _, weights, _ in found])
    return Nets(nets.x[at], nets.y[at], w, nets.v[at], nets.steps[at], nets.slope)


def hold_on(nets: Nets, certificates: list[KinkCertificate], rounds: int, steps: int) -> tuple[int, int]:
    """Train certified nets on, check all that the theorem says, and return how many ended in a fit and stuck."""
    dead = np.array([certificate.dead for certificate in certificates])
    scale = np.linalg.norm(nets.y, axis=1)
    floors = np.array([certificate.floor for certificate in certificates])
    distances = [certificate.radius for certificate in certificates]
    squares = np.zeros(len(scale))
    for _ in range(rounds):
        least = nets.advance(steps)
        assert (least >= floors * (1 - 1e-12)).all()
        r, slopes = nets.residuals()
        assert nets.slope > 0.0 or not slopes[dead].any()
        squares += np.where(dead, 0.0, r * r).sum(axis=1)  # some of the terms of the sum
        for net, certificate in enumerate(certificates):
            if certificate.nearest is None:
                continue
            moving = nets.v[net] != 0
            distance = float(np.linalg.norm(nets.w[net][moving] - certificate.nearest))
            assert distance <= distances[net] * (1 + 1e-9) + 1e-9 * (1 + np.linalg.norm(nets.w[net]))
            distances[net] = max(distance, 1e-12)
    bounds = np.array([certificate.squares for certificate in certificates])
    assert (squares <= bounds + 1e-20 * scale**2).all()
    norms = np.sqrt((r * r).sum(axis=1))
    residuals = np.array([certificate.residual for certificate in certificates])
    live = np.sqrt(np.maximum(norms**2 - floors**2, 0.0))
    slow = live > 1e-4 * scale  # a rate may be small, but then what is left obeys the bound of the sum
    assert (live[slow] ** 2 * rounds * steps <= 2 * bounds[slow] + 1e-9).all()
    assert (np.abs(norms - residuals) <= 2e-4 * scale)[~slow].all()
    stuck = int((floors > 0).sum())
    return len(certificates) - stuck, stuck


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_certified_nets_do_what_is_proved(kind: str, slope: float) -> None:
    nets = draw(kind, 16, 10, 5, 5, seed=1, slope=slope)
    found = certified(nets, (400, 1600, 4000))
    # Equations of duplicates have no full rank unless one of each pair is dead, and small v learn slowly.
    if kind != "duplicates" and not (kind == "spread" and slope):
        assert len(found) >= 4
    if found:
        fits, stuck = hold_on(selected(nets, found), [certificate for _, _, certificate in found], 6, 500)
        assert slope == 0.0 or kind == "zero row" or not stuck
        assert fits + stuck == len(found)


@pytest.mark.slow
def test_a_thousand_certified_nets_do_what_is_proved_for_a_hundred_thousand_steps() -> None:
    fits, stuck = 0, 0
    for shape in ((12, 6, 5), (16, 4, 8), (10, 12, 4)):
        for kind in KINDS:
            for slope, count in ((0.0, 90), (0.2, 20)):
                nets = draw(kind, count, *shape, seed=2, slope=slope)
                found = certified(nets, (500, 2000, 8000, 30000))
                if found:
                    more = hold_on(selected(nets, found), [certificate for _, _, certificate in found], 20, 5000)
                    fits, stuck = fits + more[0], stuck + more[1]
    print(f"{fits} fits and {stuck} stuck nets, no violation")
    assert fits + stuck >= 1000
    assert min(fits, stuck) >= 200


def test_wide_nets_end_on_hundreds_of_kinks() -> None:
    nets = draw("sphere", 2, 100, 12, 160, seed=4)
    found = certified(nets, (2500,))
    assert len(found) == 2
    assert all(certificate.kinks >= 500 and certificate.floor == 0.0 for _, _, certificate in found)
    assert hold_on(selected(nets, found), [certificate for _, _, certificate in found], 2, 200) == (2, 0)


def test_a_flipped_label_is_refused() -> None:
    nets = draw("sphere", 24, 10, 6, 5, seed=3)
    found = certified(nets, (400, 1600, 6400))
    assert len(found) >= 10
    for net, w, certificate in found:
        largest = int(np.argmax(np.where(certificate.dead, 0.0, np.abs(nets.y[net]))))
        y = nets.y[net].copy()
        y[largest] = -y[largest]
        assert not certify(replace(nets.descent(net), y=y), w).holds


def test_a_point_on_a_kink_with_a_dead_sample() -> None:
    """Two neurons fit one sample; the second sample lies on the kink of neuron 0, and the third one is dead."""
    x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -0.1]])
    w = np.array([[1.0, 1e-9], [0.5, 2.0]])
    descent = KinkedDescent(x, np.array([1.5, 2.0, 0.7]), np.array([1.0, 1.0]), 0.5)
    found = certify(descent, w)
    assert found.holds
    assert found.kinks == 1
    assert found.dead.tolist() == [False, False, True]
    assert found.floor == pytest.approx(0.7, abs=1e-12)
    assert found.floor <= 0.7 <= found.residual
    assert found.radius == pytest.approx(1e-9, rel=0.5)
    # ‖J‖² is largest where the gate is on: JJᵀ = [[2, 0], [0, 2]].
    assert found.curvature == pytest.approx(1.0, rel=0.35)
    assert not certify(replace(descent, step_size=1.01), w).holds
    assert certify(replace(descent, step_size=1.01), w).reason == "step"


def test_a_dead_sample_with_label_zero_is_no_obstacle() -> None:
    x = np.array([[1.0, 0.0], [-1.0, 0.2]])
    found = certify(KinkedDescent(x, np.array([1.0, 0.0]), np.array([1.0]), 0.5), np.array([[0.99, 0.0]]))
    assert found.holds
    assert found.dead.tolist() == [False, True]
    assert found.floor == found.residual == 0.0


def test_a_net_without_live_samples_stays_where_it_is() -> None:
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    y = np.array([3.0, 4.0])
    for step in (0.0, 0.5):
        found = certify(KinkedDescent(x, y, np.array([1.0]), step), np.array([[-1.0, -2.0]]))
        assert found.holds
        assert found.dead.all()
        assert found.radius == 0.0
        assert found.floor == pytest.approx(5.0)
        assert found.floor <= 5.0 <= found.residual
    unmoved = certify(KinkedDescent(x, y, np.zeros(2), 0.5), np.ones((2, 2)))
    assert unmoved.holds
    assert unmoved.dead.all()


def test_a_leaky_net_has_no_dead_samples() -> None:
    x = np.array([[-1.0, 0.0]])
    found = certify(KinkedDescent(x, np.array([-0.1]), np.array([1.0]), 0.5, slope=0.1), np.array([[0.99, 0.0]]))
    assert found.holds
    assert not found.dead.any()
    assert found.residual == 0.0
    assert found.curvature == pytest.approx(0.5 * 0.01)


def test_signs_within_rounding_are_not_taken_for_certain() -> None:
    """Weights of 1e8: the computed z may be negative where the exact one is positive, so no sample is called dead."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(300):
        x = rng.standard_normal((1, 4))
        w = 1e8 * rng.standard_normal((1, 4))
        w[0, 3] = -float(sum(Fraction(a) * Fraction(b) for a, b in zip(x[0, :3], w[0, :3], strict=True))) / x[0, 3]
        exact = sum(Fraction(a) * Fraction(b) for a, b in zip(x[0], w[0], strict=True))
        wrong += (exact > 0) != bool((x @ w.T)[0, 0] > 0)
        found = certify(KinkedDescent(x, np.array([1.0]), np.array([1.0]), 0.1), w)
        assert not (found.holds and found.dead.any())
    assert wrong >= 20


def test_labels_that_are_known_up_to_an_error_widen_the_ball() -> None:
    x = np.array([[1.0, 0.0], [-1.0, 0.0]])
    descent = KinkedDescent(x, np.array([1.0, 2.0]), np.array([1.0]), 0.5)
    w = np.array([[0.9, 0.0]])
    exact, loose = certify(descent, w), certify(replace(descent, label_error=1e-3), w)
    assert loose.radius >= exact.radius + 1e-3
    assert loose.floor == pytest.approx(2.0 - 1e-3)
    assert loose.residual == pytest.approx(2.0 + 1e-3)
    assert not certify(replace(descent, label_error=1.0), w).holds


def test_the_bound_over_all_slopes_covers_every_corner() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        n, k, d = 12, 4, 6
        x = rng.standard_normal((n, d))
        gram = x @ x.T
        low = (rng.random((n, k)) < 0.5) * rng.uniform(0.5, 1.0, k)
        high = low.copy()
        for _ in range(6):
            high[rng.integers(n), rng.integers(k)] = 1.0
        gates = np.argwhere(high != low)
        tops = []
        for corner in range(2 ** len(gates)):
            at = low.copy()
            for bit, (i, j) in enumerate(gates):
                if corner >> bit & 1:
                    at[i, j] = high[i, j]
            tops.append(np.linalg.eigvalsh((at @ at.T) * gram)[-1])
        assert curvature_below(gram, low, high, max(tops) * (1 - 1e-9), d) is None
        near = curvature_below(gram, low, high, max(tops) * 1.02, d, most=400)
        assert near is not None
        assert max(tops) <= near <= max(tops) * 1.02


def test_bounds_of_eigenvalues_hold_and_are_close() -> None:
    rng = np.random.default_rng(1)
    for size in (3, 40, 150):
        a = rng.standard_normal((size, 2 * size))
        matrix = a @ a.T
        values = np.linalg.eigvalsh(matrix)
        bound = at_least(matrix, 0.999 * values[0])
        assert bound is not None
        assert 0.99 * values[0] <= bound <= values[0]
        assert at_least(matrix, 1.001 * values[0]) is None
        assert below(matrix, 1.001 * values[-1])
        assert not below(matrix, 0.999 * values[-1])
