"""The Hessian of a net with many weights for its samples, as blocks of neurons and the Jacobian, never as a matrix.

∇²F = D + JᵀJ, where D = Σ r_i ∇²f_i has one block a neuron and J has n rows. With E = D + sI,

(E + JᵀJ)⁻¹ = E⁻¹ − E⁻¹Jᵀ(I + JE⁻¹Jᵀ)⁻¹JE⁻¹    [Woodbury 1950],

so that a system in p weights is solved by one decomposition of an (n, n) matrix, which takes 2n²p operations to form.
Memory is that of D, its eigenvectors and E⁻¹, pb numbers each, of a few matrices (n, n), and of a part of J. By the
inertia of a Schur complement E + JᵀJ is positive definite if and only if I + JE⁻¹Jᵀ has as many negative eigenvalues as
E [Haynsworth 1968].

Functions of the Hessian times a vector u, such as (1 − (1 − ηλ)^h)/λ, are taken on the space that u and its images
under (∇²F + sI)⁻¹ span. A few images suffice for any h with s about 10/(ηh) [van den Eshof & Hochbruck 2006, SIAM J.
Sci. Comput. 27].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.mathematics.limit.rounding import UNIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.components import Array
    from harness.mathematics.limit.net import Net, Point

MOST_ENTRIES = 2**27
"""Most entries of D, 1 GiB. A path that would need more is not followed."""

AT_ONCE = 2**21
"""Most entries of J that are formed at once."""

IMAGES = 8
"""Dimension of the space on which a function of the Hessian is taken."""

POWERS = 8
"""Dimension of the space on which the largest eigenvalue is taken."""


def entries(net: Net) -> int:
    """Return the number of entries of D."""
    return net.k * (int(net.x.shape[1]) + net.both) ** 2


@dataclass(frozen=True)
class SplitHessian:
    """The Hessian of ‖r‖²/2 at a point.

    Attributes:
        point: The point.
    """

    point: Point

    @cached_property
    def blocks(self) -> Array:
        """Blocks of D, (k, b, b), with b = d, or d + 1 for both layers. An output bias has none."""
        point, net = self.point, self.point.net
        d = net.x.shape[1]
        blocks = np.zeros((net.k, d + net.both, d + net.both))
        bends = point.residual[:, None] * point.curvature * point.v
        for j in range(net.k):
            blocks[j, :d, :d] = (net.x * bends[:, j, None]).T @ net.x
        if net.both:
            blocks[:, :d, d] = blocks[:, d, :d] = (point.residual[:, None] * point.slope).T @ net.x
        return blocks

    @cached_property
    def _turns(self) -> tuple[Array, Array]:
        """Eigenvalues (k, b) and eigenvectors (k, b, b) of the blocks."""
        values, vectors = np.linalg.eigh(self.blocks)
        return values, vectors

    def times(self, u: Array) -> Array:
        """Return ∇²F u, (p,), for u (p,)."""
        return self.in_blocks(self.blocks, 0.0, u) + self.point.pull(self.point.push(u))

    def shifted(self, shift: float) -> ShiftedHessian:
        """Return ∇²F + sI, decomposed.

        Args:
            shift: s.
        """
        net = self.point.net
        values, vectors = self._turns
        moved = values + shift
        scales = 1.0 / np.where(moved == 0.0, UNIT * shift, moved)
        system = np.eye(net.n)
        inverse = np.empty_like(vectors)
        step = max(AT_ONCE // (net.n * scales.shape[1]), 1)
        for first in range(0, net.k, step):
            some = slice(first, first + step)
            inverse[some] = (vectors[some] * scales[some, None, :]) @ vectors[some].swapaxes(1, 2)
            columns = self._columns(some)
            system += (columns * scales[some].ravel()) @ columns.T
        if net.offset:
            system += 1.0 / shift
        negative = int(np.count_nonzero(scales < 0.0))
        return ShiftedHessian(self, shift, inverse, negative, *np.linalg.eigh(system))

    def largest(self, start: Array) -> tuple[float, Array]:
        """Return the largest eigenvalue, from below, and nearly its eigenvector, from a vector that is not 0."""
        values, vectors = self._on(_spanned(start, self.times, POWERS))
        return float(values[-1]), vectors[:, -1]

    def _on(self, basis: Array) -> tuple[Array, Array]:
        """Return eigenvalues and eigenvectors (p, m) of the Hessian on a space with an orthonormal basis (p, m)."""
        small = basis.T @ np.array([self.times(u) for u in basis.T]).reshape(basis.T.shape).T
        values, turn = np.linalg.eigh(0.5 * (small + small.T))
        return values, basis @ turn

    def _columns(self, some: slice) -> Array:
        """Return the columns of J that belong to some neurons, in the eigenvectors of their blocks."""
        point, net = self.point, self.point.net
        columns = point.weighted.T[some, :, None] * net.x
        if net.both:
            columns = np.concatenate([columns, point.phi.T[some, :, None]], axis=2)
        return (columns @ self._turns[1][some]).transpose(1, 0, 2).reshape(net.n, -1)

    def in_blocks(self, blocks: Array, last: float, u: Array) -> Array:
        """Return the product, (p,), of a matrix in blocks (k, b, b), and a number for an output bias, with u (p,)."""
        net = self.point.net
        parts = u[: net.hidden].reshape(net.k, -1)
        if net.both:
            parts = np.column_stack([parts, u[net.hidden : net.hidden + net.k]])
        image, d = (blocks @ parts[:, :, None])[:, :, 0], net.x.shape[1]
        return np.concatenate([image[:, :d].ravel(), image[:, d:].ravel(), last * u[net.hidden + net.k * net.both :]])


@dataclass(frozen=True)
class ShiftedHessian:
    """∇²F + sI, decomposed.

    Attributes:
        hessian: ∇²F.
        shift: s.
        inverse: Blocks of E⁻¹, (k, b, b).
        negative: Number of its negative eigenvalues.
        values: Eigenvalues of I + JE⁻¹Jᵀ, (n,).
        vectors: Its eigenvectors, (n, n).
    """

    hessian: SplitHessian
    shift: float
    inverse: Array
    negative: int
    values: Array
    vectors: Array

    @property
    def positive(self) -> bool:
        """Whether ∇²F + sI is positive definite, up to rounding, for s > 0."""
        return int(np.count_nonzero(self.values < 0.0)) == self.negative

    def solve(self, u: Array) -> Array:
        """Return (∇²F + sI)⁻¹u, (p,)."""
        point = self.hessian.point
        first = self._first(u)
        outputs = self.vectors @ ((self.vectors.T @ point.push(first)) / self.values)
        return first - self._first(point.pull(outputs))

    def around(self, u: Array, size: int = IMAGES) -> tuple[Array, Array]:
        """Return eigenvalues and eigenvectors (p, m) of ∇²F on the space of u and its images under the inverse.

        Args:
            u: (p,). Its images span nothing if it is 0.
            size: Largest m.
        """
        return self.hessian._on(_spanned(u, self.solve, size))

    def _first(self, u: Array) -> Array:
        """Return E⁻¹u."""
        return self.hessian.in_blocks(self.inverse, 1.0 / self.shift, u)


def _spanned(u: Array, image: Callable[[Array], Array], size: int) -> Array:
    """Return an orthonormal basis, (p, m ≤ size), of the space of u and its repeated images."""
    basis, norm = np.empty((len(u), size)), float(np.linalg.norm(u))
    if norm == 0.0:
        return basis[:, :0]
    basis[:, 0] = u / norm
    for m in range(1, size):
        found = image(basis[:, m - 1])
        before = float(np.linalg.norm(found))
        for _ in range(2):  # once leaves parts of the others
            found = found - basis[:, :m] @ (basis[:, :m].T @ found)
        left = float(np.linalg.norm(found))
        if not left > 1e-10 * before:
            return basis[:, :m]
        basis[:, m] = found / left
    return basis
