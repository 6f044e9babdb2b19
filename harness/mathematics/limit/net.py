"""A shallow net on n samples with its Jacobian, kernel and Hessian in closed form, in double precision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.lipschitz import Bends
from harness.mathematics.limit.point_rounding import Rounding

if TYPE_CHECKING:
    from harness.components import Activation, Array

ROUNDED_UP = 1.0 + 1e-12
"""Factor for bounds that are themselves computed."""


@dataclass(frozen=True)
class Net:
    """The net f(x) = Σ_j v_j φ(w_j·x) + c with loss ‖r‖²/2, r = f − y, where φ is smooth.

    Its weights θ are W in rows, followed by v where both layers are trained, and by c where that is trained.
    Hidden biases are a last column of ones in X.

    Attributes:
        activation: φ, with finite bounds of φ', φ'' and φ'''.
        x: Inputs X, (n, d).
        y: Labels less a fixed output bias, (n,).
        output: Output weights v, (k,), where they are not trained.
        both: Whether v is trained.
        offset: Whether an output bias c is trained.
        label_error: Bounds of the errors of y as it is here, (n,), or one for all.
    """

    activation: Activation
    x: Array
    y: Array
    output: Array
    both: bool = False
    offset: bool = False
    label_error: Array | float = 0.0

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.x)

    @property
    def k(self) -> int:
        """Width."""
        return len(self.output)

    @property
    def hidden(self) -> int:
        """Number of hidden weights, kd."""
        return self.k * int(self.x.shape[1])

    @property
    def size(self) -> int:
        """Number p of trained weights."""
        return self.hidden + self.k * self.both + self.offset

    @property
    def b1(self) -> float:
        """Upper bound of ``sup |φ'|``."""
        return self.activation.b1 * ROUNDED_UP

    @property
    def b2(self) -> float:
        """Upper bound of ``sup |φ''|``."""
        return self.activation.b2 * ROUNDED_UP

    @property
    def b3(self) -> float:
        """Upper bound of ``sup |φ'''|``."""
        return self.activation.b3 * ROUNDED_UP

    @cached_property
    def gram(self) -> Array:
        """XXᵀ, (n, n)."""
        gram: Array = self.x @ self.x.T
        return gram

    @cached_property
    def row_norms(self) -> Array:
        """Upper bounds of ‖x_i‖, (n,)."""
        norms: Array = np.linalg.norm(self.x, axis=1) * ROUNDED_UP
        return norms

    @cached_property
    def norm(self) -> float:
        """Upper bound of ‖X‖."""
        return float(np.linalg.norm(self.x, 2)) * (1.0 + 1e-9)

    @cached_property
    def label_norm(self) -> float:
        """‖y‖."""
        return float(np.linalg.norm(self.y))

    def at(self, theta: Array) -> Point:
        """Return the net at weights θ, (p,)."""
        return Point(self, theta)


@dataclass(frozen=True)
class Point:
    """A net at weights θ. What is asked of it is computed once.

    Attributes:
        net: The net.
        theta: Weights θ, (p,).
    """

    net: Net
    theta: Array

    @cached_property
    def w(self) -> Array:
        """Hidden weights W, (k, d)."""
        return self.theta[: self.net.hidden].reshape(self.net.k, -1)

    @cached_property
    def v(self) -> Array:
        """Output weights v, (k,)."""
        net = self.net
        return self.theta[net.hidden : net.hidden + net.k] if net.both else net.output

    @cached_property
    def c(self) -> float:
        """Trained output bias c, or 0."""
        return float(self.theta[-1]) if self.net.offset else 0.0

    @cached_property
    def z(self) -> Array:
        """Arguments XWᵀ, (n, k)."""
        z: Array = self.net.x @ self.w.T
        return z

    @cached_property
    def phi(self) -> Array:
        """φ(z), (n, k)."""
        return self.net.activation.phi(self.z)

    @cached_property
    def slope(self) -> Array:
        """φ'(z), (n, k)."""
        return self.net.activation.dphi(self.z)

    @cached_property
    def curvature(self) -> Array:
        """φ''(z), (n, k)."""
        found = self.net.activation.d2phi(self.z)
        assert found is not None
        return found

    @cached_property
    def weighted(self) -> Array:
        """v_j φ'(z_ij), (n, k)."""
        return self.slope * self.v

    @cached_property
    def residual(self) -> Array:
        """Residuals r = f − y, (n,)."""
        residual: Array = self.phi @ self.v - self.net.y
        return residual + self.c if self.net.offset else residual

    @cached_property
    def norm(self) -> float:
        """‖r‖."""
        return float(np.linalg.norm(self.residual))

    @cached_property
    def relative(self) -> float:
        """‖r‖/‖y‖."""
        return self.norm / self.net.label_norm

    @cached_property
    def gradient(self) -> Array:
        """Gradient Jᵀr of the loss, (p,)."""
        return self.pull(self.residual)

    @property
    def jacobian(self) -> Array:
        """Jacobian J of the outputs, (n, p). It is as large as all else together, and not kept."""
        net = self.net
        parts = [(self.weighted[:, :, None] * net.x[:, None, :]).reshape(net.n, -1)]
        parts += [self.phi] if net.both else []
        parts += [np.ones((net.n, 1))] if net.offset else []
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    @cached_property
    def kernel(self) -> Array:
        """K = JJᵀ, (n, n)."""
        kernel: Array = (self.weighted @ self.weighted.T) * self.net.gram
        if self.net.both:
            kernel += self.phi @ self.phi.T
        if self.net.offset:
            kernel += 1.0
        return kernel

    @cached_property
    def jacobian_norm(self) -> float:
        """Upper bound of ‖J‖ up to rounding: the root of the Frobenius norm of K."""
        return float(np.sqrt(np.linalg.norm(self.kernel))) * (1.0 + 1e-9)

    @cached_property
    def hessian(self) -> Array:
        """Hessian JᵀJ + Σ_i r_i ∇²f_i of the loss, (p, p). The second part has one block a neuron."""
        net, d = self.net, self.net.x.shape[1]
        jacobian = self.jacobian
        hessian: Array = jacobian.T @ jacobian
        del jacobian
        bends = self.residual[:, None] * self.curvature * self.v
        pulls = (self.residual[:, None] * self.slope).T @ net.x if net.both else None
        for j in range(net.k):
            block = slice(j * d, j * d + d)
            hessian[block, block] += (net.x * bends[:, j, None]).T @ net.x
            if pulls is not None:
                hessian[block, net.hidden + j] += pulls[j]
                hessian[net.hidden + j, block] += pulls[j]
        return hessian

    @cached_property
    def rounding(self) -> Rounding:
        """Bounds of the rounding errors of what is computed here."""
        return Rounding(self)

    @cached_property
    def bends(self) -> Bends:
        """Lipschitz constants around the point."""
        return Bends(self)

    def pull(self, u: Array) -> Array:
        """Return Jᵀu, (p,), for u (n,)."""
        net = self.net
        parts = [((self.weighted * u[:, None]).T @ net.x).ravel()]
        parts += [self.phi.T @ u] if net.both else []
        parts += [np.array([u.sum()])] if net.offset else []
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def push(self, move: Array) -> Array:
        """Return J Δθ, (n,), for a move Δθ (p,)."""
        net = self.net
        moved = net.x @ move[: net.hidden].reshape(net.k, -1).T
        image: Array = np.einsum("ij,ij->i", self.weighted, moved)
        if net.both:
            image += self.phi @ move[net.hidden : net.hidden + net.k]
        return image + move[-1] if net.offset else image

    def moved(self, move: Array) -> Point:
        """Return the net at θ + Δθ."""
        return Point(self.net, self.theta + move)
