"""Certificates of the limit: their constants, their rounding, and nets that were certified and then trained on."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest

from harness.mathematics.activations import ACTIVATIONS
from harness.mathematics.limit import Extremes, Net, Point, beside, certify, definite, follow
from harness.mathematics.limit.leaps import Path
from harness.mathematics.limit.lipschitz import perron_bounds
from harness.mathematics.limit.point_rounding import EVALUATION
from tests.mathematics.smooth_nets import INPUTS, OUTPUTS, SMOOTH, Start, start, train, violations

EXACT = {
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "tanh": mpmath.tanh,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "erf": mpmath.erf,
    "sin": mpmath.sin,
}
STEEPEST = {
    "softplus": math.log(2 + math.sqrt(3)),
    "sigmoid": 0.0,
    "silu": 1.0319582417807491,
    "tanh": 0.0,
    "gelu": math.sqrt((7 - math.sqrt(33)) / 2),
    "erf": 0.0,
    "sin": 0.0,
}
"""Where |φ'''| is largest. For softplus σ'(1 − 2σ) is stationary at 6σ² − 6σ + 1 = 0."""


def test_every_shipped_smooth_activation_has_the_third_bound() -> None:
    smooth = {name for name, phi in ACTIVATIONS.items() if math.isfinite(phi.b3)}
    assert smooth == set(SMOOTH)
    assert all(math.isfinite(ACTIVATIONS[name].b1 + ACTIVATIONS[name].b2) for name in smooth)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_third_bound_is_attained_and_not_exceeded(name: str) -> None:
    phi = ACTIVATIONS[name]
    with mpmath.workdps(30):
        at = float(abs(mpmath.diff(EXACT[name], mpmath.mpf(STEEPEST[name]), 3)))
    assert at == pytest.approx(phi.b3, rel=1e-14)
    z = np.linspace(-30.0, 30.0, 600_001)
    second = phi.d2phi(z)
    assert second is not None
    assert (np.abs(np.diff(second)) / np.diff(z)).max() <= phi.b3 * (1.0 + 1e-8)


@pytest.mark.parametrize("name", SMOOTH)
def test_values_are_computed_ten_times_as_well_as_certificates_assume(name: str) -> None:
    phi, rng = ACTIVATIONS[name], np.random.default_rng(3)
    z = np.concatenate([rng.uniform(-8, 8, 60), rng.uniform(-700, 700, 30), 10.0 ** rng.uniform(-12, 0, 10)])
    with mpmath.workdps(40):
        for order, found in enumerate((phi.phi(z), phi.dphi(z), phi.d2phi(z))):
            assert found is not None
            size = (1.0 + np.abs(z)) if order == 0 else max(1.0, (phi.b1, phi.b2)[order - 1])
            exact = [mpmath.diff(EXACT[name], mpmath.mpf(float(a)), order) for a in z]
            error = np.array([float(abs(e - mpmath.mpf(float(f)))) for e, f in zip(exact, found, strict=True)])
            assert (error <= 0.1 * EVALUATION * size).all(), (order, z[error.argmax()])


def exact_residual(point: Point, name: str) -> list[mpmath.mpf]:
    with mpmath.workdps(60):
        x, w = mpmath.matrix(point.net.x.tolist()), mpmath.matrix(point.w.tolist())
        z = x * w.T
        return [
            sum((mpmath.mpf(float(v)) * EXACT[name](z[i, j]) for j, v in enumerate(point.v)), mpmath.mpf(point.c))
            - mpmath.mpf(float(point.net.y[i]))
            for i in range(point.net.n)
        ]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", ["softplus", "erf", "sin"])
def test_rounding_bounds_hold_against_sixty_digits(name: str, both: bool) -> None:
    begun = start(name, 6, 3, 5, 1, both=both, offset=both, output="spread")
    point = begun.net.at(30.0 * begun.theta)
    error = np.array([float(abs(e - f)) for e, f in zip(exact_residual(point, name), point.residual, strict=True)])
    assert (error <= point.rounding.residual).all()
    assert point.rounding.residual.max() < 1e-11  # and are no excuse
    assert point.norm <= point.rounding.residual_norm <= point.norm * (1 + 1e-9) + 1e-10


@pytest.mark.parametrize(("both", "offset"), [(False, False), (True, False), (True, True), (False, True)])
def test_closed_forms_are_derivatives(both: bool, offset: bool) -> None:
    begun = start("tanh", 7, 3, 4, 2, both=both, offset=offset)
    point, h = begun.net.at(begun.theta), 1e-6
    steps = h * np.eye(begun.net.size)
    jacobian = np.stack([(point.moved(s).residual - point.moved(-s).residual) / (2 * h) for s in steps], axis=1)
    hessian = np.stack([(point.moved(s).gradient - point.moved(-s).gradient) / (2 * h) for s in steps], axis=1)
    u, move = np.arange(1.0, 8.0), np.linspace(-1.0, 1.0, begun.net.size)
    np.testing.assert_allclose(point.jacobian, jacobian, atol=1e-8)
    np.testing.assert_allclose(point.hessian, hessian, atol=1e-7)
    np.testing.assert_allclose(point.kernel, point.jacobian @ point.jacobian.T, rtol=1e-12)
    np.testing.assert_allclose(point.pull(u), point.jacobian.T @ u, rtol=1e-12)
    np.testing.assert_allclose(point.push(move), point.jacobian @ move, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", SMOOTH)
def test_jacobian_and_hessian_are_lipschitz_on_the_ball(name: str, both: bool) -> None:
    rng = np.random.default_rng(5)
    begun = start(name, 8, 3, 4, 3, both=both, kind="clustered", output="spread")
    point = begun.net.at(begun.theta)
    for radius in (1e-3, 0.3, 3.0):
        bound = point.bends.of_jacobian(radius)
        moves = rng.standard_normal((30, begun.net.size))
        moves *= (radius * rng.random(30) ** 0.2 / np.linalg.norm(moves, axis=1))[:, None]
        ends = [point.moved(move) for move in moves]
        beta, norm = float(max(np.linalg.norm(e.jacobian, 2) for e in ends)), max(e.norm for e in ends)
        whole = point.bends.of_hessian(radius, beta + bound * radius, norm + beta * radius)
        for a, b in zip(ends[::2], ends[1::2], strict=True):
            apart = np.linalg.norm(a.theta - b.theta)
            assert np.linalg.norm(a.jacobian - b.jacobian, 2) <= bound * apart
            assert np.linalg.norm(a.hessian - b.hessian, 2) <= whole * apart


def test_the_lipschitz_constant_is_attained_by_one_neuron_and_sample() -> None:
    """For n = k = d = 1 the Jacobian is vφ'(wx)x, whose derivative at w = 0 is vφ''(0)x² = v x²/4.

    With v trained that derivative is the matrix of vφ''x², φ'x and 0. Bounds lie above what they bound, if by little.
    """
    net = Net(ACTIVATIONS["softplus"], np.array([[2.0]]), np.array([1.0]), np.array([3.0]))
    both = replace(net, both=True).at(np.array([0.0, 3.0]))
    third = 3.0 * ACTIVATIONS["softplus"].b3 * 8.0
    for bound, exact in (
        (net.norm, 2.0),
        (net.at(np.zeros(1)).bends.of_jacobian(0.0), 3.0),
        (both.bends.of_jacobian(0.0), (3.0 + math.sqrt(13.0)) / 2.0),
        (net.at(np.zeros(1)).bends.of_curvature(0.0), third),
        (both.bends.of_curvature(0.0), third + 3.0 * 0.25 * 4.0),
        (float(perron_bounds(np.array([[2.0, 1.0], [1.0, 2.0]]), np.ones((2, 1)), np.ones((2, 1)), 1)[0][0]), 3.0),
    ):
        assert exact < bound <= exact * (1.0 + 1e-6)


def test_a_large_output_bias_counts_in_the_rounding_of_residuals() -> None:
    net = Net(ACTIVATIONS["softplus"], np.array([[1.0]]), np.array([1.0]), np.zeros(1), both=True, offset=True)
    (bound,) = net.at(np.array([0.0, 0.0, 3e8])).rounding.residual
    assert 2.0**-53 * 3e8 <= bound <= 20 * 2.0**-53 * 3e8


def test_eigenvalues_are_bounded_on_the_right_side() -> None:
    """The second difference matrix (n, n) has the eigenvalues 2 − 2 cos(jπ/(n + 1))."""
    n = 60
    matrix = 2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    least, most = (2.0 - 2.0 * math.cos(j * math.pi / (n + 1)) for j in (1, n))
    low, high = definite.smallest(matrix, least, 0.0), definite.largest(matrix, most, 0.0)
    assert least * (1 - 1e-8) < low <= least
    assert most <= high < most * (1 + 1e-8)
    assert definite.smallest(matrix, 1.5 * least, 0.0) <= least  # a wrong guess proves nothing false
    assert definite.largest(matrix, 0.5 * most, 0.0) >= most
    assert definite.smallest(matrix - least * np.eye(n), 1e-15, 0.0) == 0.0
    assert definite.smallest(matrix, least, 0.5 * least) <= 0.5 * least
    assert definite.smallest(np.full((2, 2), np.nan), 1.0, 0.0) == 0.0


def first_certified(begun: Start, theta: np.ndarray, most: int = 6) -> tuple[Point, float]:
    """Train on until the certificate of a fit holds, in short runs, so that its margin is small."""
    for _ in range(most):
        point = begun.net.at(theta)
        found = certify(point, begun.step_size)
        if found is not None and found.proved:
            return point, found.margin
        (theta,), _ = train([replace(begun, theta=theta)], 200)
    return point, 0.0


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", ["softplus", "tanh", "sin"])
def test_a_certified_fit_falls_at_the_proved_rate_and_stays_in_the_ball(name: str, both: bool) -> None:
    begun = start(name, 8, 4, 12, 2, both=both, c=0.3)
    point, margin = first_certified(begun, train([begun], 600)[0][0], most=20)
    assert margin >= 2.0
    found = certify(point, begun.step_size)
    assert found is not None
    (last,), norms = train([replace(begun, theta=point.theta)], 400, every=1)
    assert (norms[1:, 0] <= found.rate * norms[:-1, 0] * (1 + 1e-9) + 1e-14).all()
    assert np.linalg.norm(last - point.theta) <= found.radius
    assert norms[-1, 0] < norms[0, 0]


def test_one_label_flipped_is_refused() -> None:
    begun = start("softplus", 8, 4, 12, 7)
    point, margin = first_certified(begun, train([begun], 600)[0][0], most=20)
    assert margin >= 2.0
    y = begun.net.y.copy()
    y[3] = -y[3]
    other = replace(begun.net, y=y).at(point.theta)
    found = certify(other, begun.step_size)
    assert found is None or found.margin < 1.0
    stuck = beside(other).certify(other, begun.step_size)
    assert stuck is None or not stuck.proved


def test_a_net_without_enough_weights_or_rank_has_no_certificate_of_a_fit() -> None:
    narrow = start("tanh", 9, 2, 4, 1)
    assert certify(narrow.net.at(narrow.theta), narrow.step_size) is None
    twice = start("tanh", 6, 3, 8, 1, kind="duplicates")
    assert certify(twice.net.at(twice.theta), twice.step_size) is None


def test_the_exponential_of_a_step_beyond_two_is_refused() -> None:
    begun = start("softplus", 8, 4, 12, 7)
    point, _ = first_certified(begun, train([begun], 600)[0][0], most=20)
    largest = float(Extremes.of(point).eigenvalues[-1])
    assert certify(point, 2.0 / largest) is None
    assert beside(point).certify(point, 2.01 / largest) is None


def test_a_strict_minimum_attracts_and_its_floor_holds() -> None:
    """One neuron, d = 1: φ = tanh, x = (1, 1), y = (1, −1/2). All fits f(w) = v tanh w have r₁ + r₂ = 2f − 1/2 = 0."""
    net = Net(ACTIVATIONS["tanh"], np.ones((2, 1)), np.array([1.0, -0.5]), np.ones(1))
    point = net.at(np.array([0.3]))
    found = beside(point)
    assert found.exists
    assert abs(found.point.theta[0] - math.atanh(0.25)) <= found.away < 1e-13
    assert found.floor == pytest.approx(0.75 * math.sqrt(2.0), rel=1e-9)
    assert found.convexity == pytest.approx(2.0 * (1 - 0.25**2) ** 2, rel=1e-6)
    near = net.at(found.point.theta + 0.2 * found.radius)
    certificate = found.certify(near, 0.5)
    assert certificate is not None
    assert certificate.margin == pytest.approx(5.0, rel=1e-3)
    (last,), norms = train([Start(net, near.theta, 0.5)], 300, every=1)
    assert norms.min() >= certificate.floor
    assert last[0] == pytest.approx(math.atanh(0.25), rel=1e-12)


@pytest.mark.parametrize("error", [0.0, 1e-4])
def test_the_jacobian_at_a_minimum_is_bounded_with_its_error(error: float) -> None:
    """Of the net above ‖J‖ = √2 (1 − 1/16) at the minimum, and an exact J may be longer by all of the error."""
    net = Net(ACTIVATIONS["tanh"], np.ones((2, 1)), np.array([1.0, -0.5]), np.ones(1))
    point = beside(net.at(np.array([0.3]))).point
    point.rounding.__dict__["jacobian"] = error  # as if it had been computed so
    found = beside(point)
    assert found.point is point
    assert found.exists
    there = found.jacobian - point.bends.of_jacobian(found.radius) * found.radius
    longest = math.sqrt(2.0) * (1 - 0.25**2) + error
    assert longest <= there <= longest * (1 + 1e-5)


@pytest.mark.parametrize("name", ["softplus", "tanh", "erf"])
def test_the_distance_of_a_minimum_holds_against_sixty_digits(name: str) -> None:
    """The exact gradient at ŵ is Jᵀr from r in 60 digits, and the exact Newton step is below the bound."""
    proved = 0
    for seed in range(8):
        begun = start(name, *TIGHT, seed, noise=0.2, c=0.2)
        theta = train([begun], 2000)[0][0]
        found = beside(begun.net.at(theta))
        if not found.exists:
            continue
        point = found.point
        exact, move = exact_residual(point, name), []
        with mpmath.workdps(60):
            z = mpmath.matrix(point.net.x.tolist()) * mpmath.matrix(point.w.tolist()).T
            for j, v in enumerate(point.v):
                slopes = [
                    mpmath.diff(EXACT[name], z[i, j]) * exact[i] * mpmath.mpf(float(v)) for i in range(point.net.n)
                ]
                move += [float(mpmath.fdot(slopes, map(float, column))) for column in point.net.x.T]
        step = float(np.linalg.norm(np.linalg.solve(point.hessian, np.array(move))))
        assert 4.0 / 3.0 * step <= found.away
        proved += 1
    assert proved >= 2


WIDE, TIGHT = (8, 4, 10), (16, 2, 2)
"""Shapes (n, d, k) whose nets mostly fit, and mostly get stuck."""


def ends(name: str, count: int, shape: tuple[int, int, int], both: bool, seed: int) -> list[tuple[Start, Path]]:
    """Follow nets on data of all kinds to their ends, after some steps of training."""
    noise = math.inf if shape == WIDE else 0.2
    starts = [
        start(name, *shape, seed + i, both=both, kind=INPUTS[i % 6], output=OUTPUTS[i % 4], noise=noise, c=0.2)
        for i in range(count)
    ]
    thetas, _ = train(starts, 300)
    with np.errstate(all="ignore"):  # as the engine does: nets that diverge overflow
        return [
            (begun, follow(begun.net.at(theta), begun.step_size))
            for begun, theta in zip(starts, thetas, strict=True)
            if np.isfinite(theta).all()
        ]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("name", ["softplus", "tanh"])
def test_certified_nets_keep_what_was_proved(name: str, both: bool) -> None:
    wide = violations(ends(name, 6, WIDE, both, 0), 4000)
    tight = violations(ends(name, 14, TIGHT, both, 100), 4000)
    assert not wide[2]
    assert not tight[2]
    assert min(wide[0] + tight[0], wide[1] + tight[1]) >= 1
    assert sum(wide[:2]) + sum(tight[:2]) >= 5


def test_leaps_arrive_where_gradient_descent_does() -> None:
    begun = start("softplus", 12, 4, 5, 3, c=0.5)
    path = follow(begun.net.at(begun.theta), begun.step_size)
    assert path.end == "fit"
    assert path.largest < 2.0
    _, norms = train([begun], int(1.5 * path.steps), every=1)
    reached = int((norms[:, 0] <= path.point.norm).argmax())
    assert 0.6 < reached / path.steps < 1.4


def test_a_path_ends_at_the_edge_of_stability() -> None:
    begun = start("softplus", 12, 4, 5, 3, c=2.5)
    path = follow(begun.net.at(begun.theta), begun.step_size)
    assert path.end == "edge"
    assert path.largest >= 2.0
    assert path.certificate is None


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_a_thousand_certified_nets_keep_what_was_proved(name: str) -> None:
    """For each of 7 activations at least 160 certified nets of both kinds, hidden layer and both, for 10⁵ steps."""
    counts = {}
    for both in (False, True):
        found: list[tuple[Start, Path]] = []
        for seed in range(0, 30_000, 1000):
            tight, wide = ends(name, 60, TIGHT, both, seed), ends(name, 30, WIDE, both, seed)
            found += [each for each in [*tight, *wide] if each[1].certificate is not None]
            if len(found) >= 80:
                break
        for shape in (WIDE, TIGHT):
            of_shape = [each for each in found if each[0].net.x.shape == shape[:2]]
            fits, minima, wrong = violations(of_shape, 100_000)
            assert not wrong
            counts[both, shape] = (fits, minima)
    print(name, counts)
    assert all(counts[both, WIDE][0] + counts[both, TIGHT][1] >= 80 for both in (False, True)), counts
    assert all(counts[both, TIGHT][1] >= 5 for both in (False, True)), counts
