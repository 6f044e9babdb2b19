"""The certificate for both layers of ReLU nets: what it proves is what gradient descent then does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from harness.components import Array
from harness.mathematics.limit.bilinear import certify
from harness.mathematics.limit.compensated import residual
from harness.mathematics.limit.kink import KinkCertificate, KinkedDescent
from tests.mathematics.kink_cases import Nets, draw

KINDS = ("sphere", "gaussian", "antipodal", "spread", "zero row", "near-duplicates", "collinear", "small margins")

CHECKPOINTS = (2000, 5000, 12000, 25000)
"""Steps after which the nets of the long test are asked for certificates."""


@dataclass
class BothLayers(Nets):
    """Nets of which both layers are trained. Some may diverge."""

    @np.errstate(over="ignore", invalid="ignore")
    def advance(self, steps: int) -> Array:
        """Take so many steps, and return the smallest residual norm met on the way, (B,)."""
        least = np.full(len(self.y), np.inf)
        for _ in range(steps):
            z = self.x @ self.w.transpose(0, 2, 1)
            gates = np.where(z > 0.0, 1.0, self.slope)
            phi = gates * z
            r = (phi @ self.v[:, :, None])[:, :, 0] - self.y
            least = np.minimum(least, np.sqrt((r * r).sum(axis=1)))
            pulled = (self.steps[:, None] * r)[:, :, None]
            self.w -= (gates * self.v[:, None, :] * pulled).transpose(0, 2, 1) @ self.x
            self.v -= (phi * pulled).sum(axis=1)
        return least

    def weights(self) -> Array:
        """Return all weights, (B, k, d + 1)."""
        return np.concatenate([self.w, self.v[:, :, None]], axis=2)


def drawn(kind: str, count: int, n: int, d: int, k: int, seed: int, slope: float = 0.0) -> BothLayers:
    """Draw nets on one kind of data, with steps of 1/λ_max(J₀J₀ᵀ) and labels of norm 1 for each sample."""
    plain = draw(
        kind if kind in ("gaussian", "antipodal", "spread", "zero row") else "sphere", count, n, d, k, seed, slope
    )
    x, w = plain.x, plain.w
    y = plain.y / np.linalg.norm(plain.y, axis=1, keepdims=True) * np.sqrt(n)
    if kind == "near-duplicates":
        x[:, 1], x[:, 3] = x[:, 0] + 0.3 * x[:, 1], x[:, 2] + 0.1 * x[:, 3]
        y[:, 1], y[:, 3] = y[:, 0], y[:, 2]
    if kind == "collinear":
        x[:, 1], x[:, 3] = -0.5 * x[:, 0], -2.0 * x[:, 2]
    if kind == "small margins":  # every other sample is nearly on the kink of a neuron at the start
        for i in range(0, n, 2):
            one = w[:, i % k]
            x[:, i] -= (1 - 1e-6) * ((x[:, i] * one).sum(axis=1) / (one * one).sum(axis=1))[:, None] * one
    v = plain.v / np.abs(plain.v).max(axis=1, keepdims=True) / np.sqrt(k)
    z = x @ w.transpose(0, 2, 1)
    gates = np.where(z > 0.0, 1.0, slope)
    rows, phi = gates * v[:, None, :], gates * z
    kernels = (rows @ rows.transpose(0, 2, 1)) * (x @ x.transpose(0, 2, 1)) + phi @ phi.transpose(0, 2, 1)
    return BothLayers(x, y, w, v, 1.0 / np.linalg.eigvalsh(kernels)[:, -1], slope)


def side_by_side(parts: list[BothLayers]) -> BothLayers:
    """Return nets of equal shape as one."""
    x, y, w, v, steps = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "w", "v", "steps")
    )
    return BothLayers(x, y, w, v, steps, parts[0].slope)


def certified(nets: BothLayers, checkpoints: tuple[int, ...]) -> tuple[BothLayers, list[KinkCertificate]]:
    """Return the nets that are certified at one of the checkpoints, at their weights there, and the certificates."""
    found: dict[int, tuple[Array, Array, KinkCertificate]] = {}
    done = 0
    for checkpoint in checkpoints:
        nets.advance(checkpoint - done)
        done = checkpoint
        for net in range(len(nets.y)):
            if net not in found and np.isfinite(nets.w[net]).all():
                certificate = certify(nets.descent(net), nets.w[net])
                if certificate.holds:
                    found[net] = nets.w[net].copy(), nets.v[net].copy(), certificate
    at, w = list(found), np.array([w for w, _, _ in found.values()])
    v = np.array([v for _, v, _ in found.values()])
    certificates = [certificate for _, _, certificate in found.values()]
    if not found:
        return BothLayers(nets.x[:0], nets.y[:0], nets.w[:0], nets.v[:0], nets.steps[:0], nets.slope), []
    return BothLayers(nets.x[at], nets.y[at], w, v, nets.steps[at], nets.slope), certificates


def hold_on(nets: BothLayers, certificates: list[KinkCertificate], rounds: int, steps: int) -> tuple[int, int]:
    """Train certified nets on, check all that the theorem says, and return how many ended in a fit and stuck."""
    dead = np.array([certificate.dead for certificate in certificates])
    radii = np.array([certificate.radius for certificate in certificates])
    floors = np.array([certificate.floor for certificate in certificates])
    limits = np.array([certificate.residual for certificate in certificates])
    start, scale = nets.weights().copy(), np.linalg.norm(nets.y, axis=1)
    first = np.linalg.norm(np.where(dead, 0.0, nets.residuals()[0]), axis=1)
    for _ in range(rounds):
        assert (nets.advance(steps) >= floors * (1 - 1e-12)).all()
        r, slopes = nets.residuals()
        assert nets.slope > 0.0 or not slopes[dead].any()
        distances = np.linalg.norm((nets.weights() - start).reshape(len(start), -1), axis=1)
        assert (distances <= radii + 1e-10 * np.linalg.norm(start, axis=(1, 2))).all()
    live = np.linalg.norm(np.where(dead, 0.0, r), axis=1)
    assert (live <= np.maximum(1e-3 * first, 1e-9 * scale)).all()
    assert (np.abs(np.linalg.norm(r, axis=1) - limits) <= 1e-8 * scale).all()
    stuck = int((floors > 0).sum())
    return len(certificates) - stuck, stuck


@pytest.mark.parametrize("kind", KINDS)
def test_certified_nets_do_what_is_proved(kind: str) -> None:
    nets, certificates = certified(drawn(kind, 8, 8, 5, 6, seed=1), (1000, 2000, 4000))
    assert len(certificates) >= (0 if kind == "near-duplicates" else 3)  # two nearly equal inputs are learned slowly
    fits, stuck = hold_on(nets, certificates, 4, 500)
    assert fits + stuck == len(certificates)


def rows(descent: KinkedDescent, w: Array, kinks: Array, slopes: Array) -> tuple[Array, Array]:
    """Return A with a row for each sample and each pair of P, and J for the slopes, but for derivatives by v on P."""
    a, pairs = [], []
    for i, x in enumerate(descent.x):
        kept = np.where(kinks[i], 0.0, slopes[i])
        a.append(np.concatenate([np.outer(kept * descent.v, x).ravel(), kept * (w @ x)]))
    for i, j in np.argwhere(kinks):
        row = np.zeros((len(w), len(w[0]) + 1))
        row[j, :-1] = descent.x[i]
        pairs.append(np.concatenate([row[:, :-1].ravel(), row[:, -1]]))
    jacobian = np.array(a)
    for (i, j), row in zip(np.argwhere(kinks), pairs, strict=True):
        jacobian[i] += slopes[i, j] * descent.v[j] * row
    return np.array(a + pairs), jacobian


def test_two_neurons_with_a_pair_on_a_kink_have_the_numbers_of_the_theorem() -> None:
    """The lengths of the theorem from an explicit A, whose pseudoinverse is Y."""
    x, w, e = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1e-9], [0.5, 2.0]]), 3e-9
    descent = KinkedDescent(x, np.array([1.5 + e, 4.0 + 2e-9]), np.array([1.0, 1.0]), 0.05)
    found = certify(descent, w)
    assert found.holds
    assert found.kinks == 1
    assert found.floor == found.residual == 0.0
    kinks, on = np.array([[False, False], [True, False]]), np.ones((2, 2))
    a, jacobian = rows(descent, w, kinks, on)
    y = np.linalg.pinv(a)
    g = np.linalg.norm(y[:, :2], 2)
    h = 2.0 * max(np.linalg.norm(y[:, 2] - s * y[:, 1]) for s in (0.0, 1.0)) + 2.0**-12
    d = 1.0003 * (g * e + h * 1e-9)
    assert found.radius == pytest.approx(2.06 * d, rel=1e-6)
    growth = np.sqrt((1 + 1.053 * np.sqrt(h * h - 1)) ** 2 + 1.053**2)
    assert h > 1.0
    curvature = 0.05 * np.linalg.norm(jacobian, 2) ** 2
    assert curvature <= found.curvature <= 1.05 * curvature
    xi = 2.0  # the rows that a neuron sees are (1, 0) and (0, 2)
    chain = (2.0 - found.curvature) / (64 * xi * 1.0003 * g * growth * d)
    omega = 3.1 * xi * d + 2e-9
    assert found.margin == pytest.approx(min(chain, 2.0**-12 / (g * omega)), rel=1e-6)
    assert not certify(replace(descent, step_size=0.09), w).holds
    assert certify(replace(descent, step_size=0.09), w).reason == "step"


def test_more_rows_than_weights_or_a_residual_that_is_too_large_are_refused() -> None:
    x, v, w = np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([1.0]), np.array([[1.0, 0.0]])
    assert certify(KinkedDescent(x, np.array([1.0, 2.0]), v, 0.1), w).reason == "rank"
    x = x[:1]
    assert certify(KinkedDescent(x, np.array([1.0 + 1e-6]), v, 0.1), w).holds
    assert certify(KinkedDescent(x, np.array([1.1]), v, 0.1), w).reason in ("signs", "length")
    assert not certify(KinkedDescent(x, np.array([1.0]), v, 0.1, label_error=0.1), w).holds


def test_a_trained_output_bias_leaves_no_sample_dead() -> None:
    x, w, v = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([1.0])
    fixed = certify(KinkedDescent(x, np.array([1.0, 3.0]), v, 0.1), w)
    assert (fixed.holds, fixed.dead.tolist()) == (True, [False, True])
    assert fixed.floor == pytest.approx(3.0)
    far = certify(KinkedDescent(x, np.array([1.0, 3.0]), v, 0.1), w, offset=True)
    near = certify(KinkedDescent(x, np.array([1.0, 1e-7]), v, 0.1), w, offset=True)
    assert not far.holds
    assert near.holds
    assert near.residual == 0.0
    assert not near.dead.any()


@pytest.mark.parametrize(("step", "reason"), [(1.5, ""), (2.0 * (1.0 - 1e-8), "step"), (2.0, "step")])
def test_a_step_without_a_margin_is_refused_though_nothing_else_is_asked(step: float, reason: str) -> None:
    """No neuron is on at the sample, so that ξ = 0, and the output bias has r ← (1 − η)r, which alternates at η = 2."""
    descent = KinkedDescent(np.array([[1.0, 1.0]]), np.array([1e-6]), np.array([1.0]), step)
    found = certify(descent, np.array([[-1.0, -1.0]]), offset=True)
    assert (found.reason, found.holds) == (reason, not reason)


def test_a_flipped_label_is_refused() -> None:
    nets, certificates = certified(drawn("sphere", 16, 8, 5, 6, seed=3), (1000, 3000))
    assert len(certificates) >= 6
    for net, certificate in enumerate(certificates):
        largest = int(np.argmax(np.where(certificate.dead, 0.0, np.abs(nets.y[net]))))
        y = nets.y[net].copy()
        y[largest] = -y[largest]
        assert certify(nets.descent(net), nets.w[net]).holds
        assert not certify(replace(nets.descent(net), y=y), nets.w[net]).holds


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_compensated_residuals_are_exact_to_their_bound(slope: float) -> None:
    rng = np.random.default_rng(7)
    x, w, v = rng.standard_normal((6, 9)), 1e3 * rng.standard_normal((5, 9)), rng.standard_normal(5)
    y = ((np.where(x @ w.T > 0.0, 1.0, slope) * (x @ w.T)) @ v) * (1 + 1e-13)
    found, error, sizes = residual(x, w, v, y, slope)
    for i in range(6):
        exact = -Fraction(y[i])
        for j in range(5):
            z = sum((Fraction(a) * Fraction(b) for a, b in zip(x[i], w[j], strict=True)), Fraction())
            assert abs(z) <= Fraction(sizes[i, j])
            exact += Fraction(v[j]) * (z if z > 0 else Fraction(slope) * z)
        assert abs(Fraction(found[i]) - exact) <= Fraction(error[i])
        assert error[i] <= 1e-15 * abs(found[i]) + 1e-22
    plain = np.where(x @ w.T > 0.0, 1.0, slope) * (x @ w.T) @ v - y
    assert np.abs(plain - found).max() > 1e3 * error.max()


@pytest.mark.slow
def test_a_thousand_certified_nets_do_what_is_proved_for_a_hundred_thousand_steps() -> None:
    fits, stuck, drew, kinks = 0, 0, 0, 0
    for shape in ((12, 6, 6), (14, 4, 8), (10, 10, 4)):
        for slope, count in ((0.0, 54), (0.2, 12)):
            nets, certificates = certified(
                side_by_side([drawn(k, count, *shape, 2, slope) for k in KINDS]), CHECKPOINTS
            )
            drew += len(KINDS) * count
            kinks += sum(certificate.kinks > 0 for certificate in certificates)
            more = hold_on(nets, certificates, 20, 5000)
            fits, stuck = fits + more[0], stuck + more[1]
            print(
                f"{fits} fits and {stuck} stuck nets of {drew}, {kinks} with pairs on kinks, no violation", flush=True
            )
    assert fits + stuck >= 1000
    assert stuck >= 150
    assert kinks >= 200
