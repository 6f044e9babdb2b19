"""Random problems for the limit of smooth nets, and a plain loop that trains many nets of one shape at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from harness.components import Array
from harness.mathematics.activations import ACTIVATIONS
from harness.mathematics.limit import Net, Path

SMOOTH = ("softplus", "tanh", "gelu", "sigmoid", "silu", "sin", "erf")
INPUTS = ("sphere", "gaussian", "duplicates", "antipodal", "low rank", "clustered")
OUTPUTS = ("halves", "spread", "zeros", "normal")


@dataclass(frozen=True)
class Start:
    """A net at its initial weights, with its step size."""

    net: Net
    theta: Array
    step_size: float


def inputs(kind: str, n: int, d: int, rng: np.random.Generator) -> Array:
    x = rng.standard_normal((n, d))
    if kind == "low rank":
        x[:, 1:] = 0.3 * x[:, :1]
    if kind == "clustered":
        x = rng.standard_normal((2, d))[rng.integers(2, size=n)] + 0.2 * x
    if kind != "gaussian":
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    if kind == "duplicates":
        x[1] = x[0]
    if kind == "antipodal":
        x[1] = -x[0]
    return np.asarray(x)


def outputs(kind: str, k: int, size: float, rng: np.random.Generator) -> Array:
    signs = np.where(np.arange(k) < (k + 1) // 2, 1.0, -1.0)
    v = signs * size / np.sqrt(k)
    if kind == "spread":
        v *= 10.0 ** rng.uniform(-3, 1, size=k)
    if kind == "zeros":
        v[rng.permutation(k)[: k // 3]] = 0.0
    return np.asarray(rng.standard_normal(k) / np.sqrt(k) if kind == "normal" else v)


def start(
    phi: str,
    n: int,
    d: int,
    k: int,
    seed: int,
    *,
    both: bool = False,
    offset: bool = False,
    kind: str = "sphere",
    output: str = "halves",
    c: float = 1.0,
    noise: float = math.inf,
) -> Start:
    """Draw a problem and weights; the step size is c/λ_max(JJᵀ).

    Labels are Gaussian, or those of a net of the same form with Gaussian noise of a size, which has a minimum nearby.
    """
    rng = np.random.default_rng([seed, n, d, k])
    x, y = inputs(kind, n, d, rng), rng.standard_normal(n)
    if math.isfinite(noise):
        teacher = ACTIVATIONS[phi].phi(x @ rng.standard_normal((d, k))) @ outputs(output, k, 1.0, rng)
        y = teacher + noise * y
    if kind == "duplicates":
        y[1] = y[0]
    w = rng.standard_normal((k, d))
    v = outputs(output, k, float(np.linalg.norm(y)) / np.sqrt(n), rng)
    net = Net(ACTIVATIONS[phi], x, y, v, both, offset)
    theta = np.concatenate([w.ravel(), v[: k * both], np.zeros(int(offset))])
    return Start(net, theta, c / float(np.linalg.eigvalsh(net.at(theta).kernel)[-1]))


def train(starts: list[Start], steps: int, every: int = 0) -> tuple[list[Array], Array]:
    """Run gradient descent from many starts of one shape and φ for some steps.

    Args:
        starts: All with one φ, shape, and trained layers.
        steps: Steps.
        every: Steps between two records of ‖r‖; 0 records none but the last.

    Returns:
        Last weights, and the norms (records, nets).
    """
    with np.errstate(all="ignore"):  # nets may diverge
        return _train(starts, steps, every)


def _train(starts: list[Start], steps: int, every: int) -> tuple[list[Array], Array]:
    first = starts[0].net
    x = np.stack([s.net.x for s in starts])
    y = np.stack([s.net.y for s in starts])
    eta = np.array([s.step_size for s in starts])[:, None]
    theta = np.stack([s.theta for s in starts])
    w = theta[:, : first.hidden].reshape(len(starts), first.k, -1)
    v = theta[:, first.hidden : first.hidden + first.k] if first.both else np.stack([s.net.output for s in starts])
    c = theta[:, -1:] if first.offset else np.zeros((len(starts), 1))
    xt, phi, norms = x.swapaxes(1, 2).copy(), first.activation, []
    for step in range(steps + 1):
        z = x @ w.swapaxes(1, 2)
        values = phi.phi(z)
        r = (values @ v[:, :, None])[:, :, 0] + c - y
        if step == steps or (every and step % every == 0):
            norms.append(np.linalg.norm(r, axis=1))
        if step == steps:
            break
        pull = phi.dphi(z) * (eta * r)[:, :, None] * v[:, None, :]
        after = w - (xt @ pull).swapaxes(1, 2)
        if first.both:
            v = v - eta * (values.swapaxes(1, 2) @ r[:, :, None])[:, :, 0]
        if first.offset:
            c = c - eta * r.sum(axis=1, keepdims=True)
        w = after
    parts = [w.reshape(len(starts), -1)] + [v] * first.both + [c] * first.offset
    return list(np.concatenate(parts, axis=1)), np.array(norms)


def violations(found: list[tuple[Start, Path]], steps: int) -> tuple[int, int, list[str]]:
    """Train certified ends on. Return how many fits and how many minima there were, and what contradicted them."""
    certified = [(begun, path) for begun, path in found if path.certificate is not None]
    fits = sum(path.end == "fit" for _, path in certified)
    if not certified:
        return 0, 0, []
    lasts, norms = train([replace(b, theta=p.point.theta) for b, p in certified], steps, every=max(steps // 50, 1))
    wrong = []
    for (begun, path), last, run in zip(certified, lasts, norms.T, strict=True):
        certificate = path.certificate
        assert certificate is not None
        size = begun.net.label_norm
        if path.end == "fit" and not (run[-1] <= max(certificate.rate**steps * run[0] * 2.0, 1e-12 * size)):
            wrong.append(f"fit at {run[-1] / size:.1e}")
        if path.end == "minimum" and not (run >= certificate.floor * (1 - 1e-12)).all():
            wrong.append(f"floor {certificate.floor / size:.3e}, met {run.min() / size:.3e}")
        if np.linalg.norm(last - path.point.theta) > 2.0 * certificate.radius:
            wrong.append("left the ball")
    return fits, len(certified) - fits, wrong
