"""The fate of gradient descent on a model that is linear in its trained weights, decided from its kernel.

The residual after t steps of size η on loss a/2 ‖f − y‖² is (I − aηK)^t r₀ with K = JJᵀ. If aη λ_max < 2, the part of
r₀ in the range of K vanishes, and the rest stays for ever. A fit is proved if K is positive definite, which a Cholesky
factorization shows [Rump 2006, BIT 46(2)]. That there is none is proved if J has r < n columns and r eigenvalues are
clearly positive: the range is then known up to an angle [Davis and Kahan 1970, SINUM 7(1)]. Otherwise least squares
with J give what stays, without proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from harness.components import Array, Fate, FateKind

EPS = float(np.finfo(np.float64).eps)
STEP = 2.0 * (1.0 - 1e-8)
"""Largest aη λ_max that counts as below 2."""

NOISE = 1e-10
"""Bound of the error of r₀, relative to ‖r₀‖ + ‖y‖."""

LEAST = 2.0
"""Margin of what is proved."""

MOST_ENTRIES = 2**27
"""Entries of J, 1 GiB, up to which its singular values are computed, which takes two such matrices."""

BLOCK = 2**22
"""Entries of J that are made at a time. Differentiation takes many times their memory."""

FULL = 1e3
"""Multiple of n ε σ_max above which the smallest singular value of J counts as positive."""


@dataclass(frozen=True)
class Linear:
    """One trial of a linear model.

    Attributes:
        kernel: K, (n, n).
        values: Eigenvalues of K, increasing.
        weight: (uᵢ · r₀)², (n,), uᵢ its unit eigenvectors in the same order.
        residual: r₀, (n,).
        rate: aη.
        y_norm: ‖y‖.
        kernel_error: Bound of the error of K in the spectral norm.
        columns: Number of columns of J, or None if it is not finite.
        jacobian: Returns rows of J, those of some samples. Called only if K does not decide.
    """

    kernel: Array
    values: Array
    weight: Array
    residual: Array
    rate: float
    y_norm: float
    kernel_error: float
    columns: int | None
    jacobian: Callable[[slice], Array]

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.residual)

    @property
    def error(self) -> float:
        """Bound of the error of K in the spectral norm, with that of its spectral measure.

        What is computed of the measure is that of a matrix which differs from K by a few roundings of each of the n
        reflections that make K tridiagonal, and of the rotations after them [Wilkinson 1965, The Algebraic Eigenvalue
        Problem, 3]. They count as 8 n ε ‖K‖, as they do where eigenvectors are formed, which begins likewise.
        """
        return self.kernel_error + 8 * self.n * EPS * float(self.values[-1])

    @property
    def converges(self) -> bool:
        """Whether every part of the residual in the range of K vanishes."""
        return 0.0 < self.rate * (float(self.values[-1]) + self.error) < STEP

    def fate(self) -> Fate:
        """Return the fate of the trial."""
        if self.rate == 0.0 or not self.kernel.any():
            return self._outside(0)
        if self.columns is None or self.columns >= self.n:
            return self._full()
        found = self._outside(self.columns)
        # Neurons that no sample activates have columns of zeros.
        return found if "floor" in found.constants else self._stuck(self._nonzero())

    def _full(self) -> Fate:
        """Return the fate of a trial whose kernel may have full rank."""
        highest = self.rate * float(self.values[-1])
        if not self.converges:
            return Fate("open", max_eta_lambda=highest)
        shift = 2 * _gamma(self.n + 4) * float(np.trace(self.kernel)) + self.error
        if _is_positive_definite(self.kernel - LEAST * shift * np.eye(self.n)):
            margin, least = float(self.values[0]) / shift, {"lambda_min": (LEAST - 1.0) * shift}
            return Fate("fit proved", "positive definite kernel", margin, 0.0, highest, 0, least)
        if self.columns is None:
            return Fate("open", max_eta_lambda=highest)
        if (rank := self._nonzero()) < self.n:
            return self._stuck(rank)
        if not self._too_large and self._has_full_rank():
            return Fate("fit in the limit", residual=0.0, max_eta_lambda=highest)
        return Fate("open", max_eta_lambda=highest, constants={"too_large": 1.0} if self._too_large else {})

    @property
    def _too_large(self) -> bool:
        """Whether J has too many entries to be decomposed."""
        return self.n * (self.columns or 0) > MOST_ENTRIES

    def _has_full_rank(self) -> bool:
        """Return whether the singular values of J are all clearly positive."""
        sizes = np.linalg.svd(np.concatenate([*self._blocks()]), compute_uv=False)
        return bool(sizes[-1] > FULL * self.n * EPS * sizes[0])

    def _stuck(self, rank: int) -> Fate:
        """Return the fate of a trial whose J has so many columns that are not zero, fewer than n.

        If the kernel proves nothing, its smallest eigenvalues are lost in rounding. Their roots are not, which are the
        singular values of J, so least squares with J give what is left.
        """
        found = self._outside(rank)
        if "floor" in found.constants or not self.converges:
            return found
        if self._too_large:
            return replace(found, constants={**found.constants, "too_large": 1.0})
        jacobian = np.concatenate([*self._blocks()])
        nearest = jacobian @ np.linalg.lstsq(jacobian, self.residual, rcond=None)[0]
        left = float(np.linalg.norm(self.residual - nearest))
        kind: FateKind = "stuck in the limit" if left > LEAST * self._noise else "open"
        return replace(found, kind=kind, residual=left / self.y_norm)

    @property
    def _noise(self) -> float:
        """Bound of the error of r₀."""
        return NOISE * (float(np.linalg.norm(self.residual)) + self.y_norm)

    def _outside(self, rank: int) -> Fate:
        """Return what the kernel proves of a trial if its rank is at most this, which is below n."""
        norm, highest = float(np.linalg.norm(self.residual)), self.rate * float(self.values[-1])
        outside = float(np.sqrt(self.weight[: self.n - rank].sum()))
        smallest = float(self.values[self.n - rank]) if rank else np.inf
        angle = self.error / (smallest - self.error) if smallest > LEAST * self.error else 1.0
        floor = outside - (angle if rank else 0.0) * norm - self._noise
        constants = {"rank": float(rank)}
        if not floor > 0.5 * outside:
            return Fate("open", max_eta_lambda=highest, constants=constants)
        constants["floor"] = floor / self.y_norm
        margin = smallest / self.error if rank and self.error else None
        if self.converges or not rank:
            left = outside / self.y_norm
            return Fate("stuck proved", "rank of the kernel", margin, left, highest, 0, constants)
        return Fate("open", "rank of the kernel", margin, None, highest, 0, constants)

    def _nonzero(self) -> int:
        """Return the number of columns of J that are not zero."""
        return int(np.any([np.any(rows != 0.0, axis=0) for rows in self._blocks()], axis=0).sum())

    def _blocks(self) -> Iterator[Array]:
        """Return J in blocks of rows."""
        step = max(BLOCK // max(self.columns or 0, 1), 1)
        return (self.jacobian(slice(first, first + step)) for first in range(0, self.n, step))


def _gamma(operations: int) -> float:
    """Return γ_m = m u / (1 − m u), u = ε/2."""
    unit = 0.5 * EPS * operations
    return unit / (1.0 - unit)


def _is_positive_definite(matrix: Array) -> bool:
    """Return whether the Cholesky factorization of a symmetric matrix ends."""
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(factor).all())
