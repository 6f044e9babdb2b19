"""Nets with kinks on random and on degenerate data, and a plain loop that trains many of them at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.components import Array
from harness.mathematics.limit.kink import KinkCertificate, KinkedDescent, certify

KINDS = ("sphere", "gaussian", "duplicates", "antipodal", "spread", "zeros", "zero row")


@dataclass
class Nets:
    """Nets of equal shape, trained side by side by gradient descent in float64.

    Attributes:
        x: Inputs, (B, n, d).
        y: Labels, (B, n).
        w: Hidden weights, (B, k, d), changed in place.
        v: Output weights, (B, k).
        steps: η, (B,).
        slope: a.
    """

    x: Array
    y: Array
    w: Array
    v: Array
    steps: Array
    slope: float

    def descent(self, net: int) -> KinkedDescent:
        """Return the descent of one net."""
        return KinkedDescent(self.x[net], self.y[net], self.v[net], float(self.steps[net]), self.slope)

    def residuals(self) -> tuple[Array, Array]:
        """Return f − y, (B, n), and the slopes times v, (B, n, k)."""
        z = self.x @ self.w.transpose(0, 2, 1)
        slopes = np.where(z > 0.0, 1.0, self.slope) * self.v[:, None, :]
        return (slopes * z).sum(axis=2) - self.y, slopes

    def advance(self, steps: int) -> Array:
        """Take so many steps, and return the smallest residual norm met on the way, (B,)."""
        least = np.full(len(self.y), np.inf)
        for _ in range(steps):
            r, slopes = self.residuals()
            least = np.minimum(least, np.sqrt((r * r).sum(axis=1)))
            slopes *= (self.steps[:, None] * r)[:, :, None]
            self.w -= slopes.transpose(0, 2, 1) @ self.x
        return least


def draw(kind: str, count: int, n: int, d: int, k: int, seed: int, slope: float = 0.0) -> Nets:
    """Draw nets on one kind of data, with steps of 1.5/λ_max(J₀J₀ᵀ)."""
    rng = np.random.default_rng([seed, n, d, k, KINDS.index(kind)])
    x = rng.standard_normal((count, n, d))
    if kind != "gaussian":
        x /= np.linalg.norm(x, axis=2, keepdims=True)
    y = rng.standard_normal((count, n))
    if kind == "duplicates":
        x[:, 1], y[:, 3] = x[:, 0], y[:, 2]
        x[:, 3] = x[:, 2]
    if kind == "antipodal":
        x[:, 1], x[:, 3] = -x[:, 0], -x[:, 2]
    if kind == "zero row":
        x[:, 0] = 0.0
    w = rng.standard_normal((count, k, d))
    v = np.where(np.arange(k) % 2, -1.0, 1.0) * np.linalg.norm(y, axis=1, keepdims=True) / np.sqrt(n * k)
    if kind == "spread":
        v = v * 10.0 ** rng.uniform(-3, 0, (count, k))
    if kind == "zeros":
        v[:, 0] = 0.0
    nets = Nets(x, y, w, v, np.ones(count), slope)
    _, slopes = nets.residuals()
    kernels = (slopes @ slopes.transpose(0, 2, 1)) * (x @ x.transpose(0, 2, 1))
    largest = np.linalg.eigvalsh(kernels)[:, -1]
    nets.steps = np.where(largest > 0, 1.5 / np.where(largest > 0, largest, 1.0), 0.0)
    return nets


def certified(nets: Nets, checkpoints: tuple[int, ...]) -> list[tuple[int, Array, KinkCertificate]]:
    """Return the nets that are certified at one of the checkpoints, their weights there and the certificates."""
    found: dict[int, tuple[int, Array, KinkCertificate]] = {}
    done = 0
    for checkpoint in checkpoints:
        nets.advance(checkpoint - done)
        done = checkpoint
        for net in range(len(nets.y)):
            if net not in found and np.isfinite(nets.w[net]).all():
                certificate = certify(nets.descent(net), nets.w[net])
                if certificate.holds:
                    found[net] = (net, nets.w[net].copy(), certificate)
    return list(found.values())
