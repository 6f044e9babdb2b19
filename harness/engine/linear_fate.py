"""The fate of gradient descent on a model that is linear in its trained weights, decided from its kernel.

The residual after t steps of size η on loss a/2 ‖f − y‖² is (I − aηK)^t r₀ with K = JJᵀ. If aη λ_max < 2, the part of
r₀ in the range of K vanishes, and the rest stays for ever. A fit is proved if K is positive definite, which a Cholesky
factorization shows [Rump 2006, BIT 46(2)]. That there is none is proved if J has r < n columns and r eigenvalues are
clearly positive: the range is then known up to an angle [Davis and Kahan 1970, SINUM 7(1)].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
        vectors: Its eigenvectors, one a column.
        residual: r₀, (n,).
        rate: aη.
        y_norm: ‖y‖.
        kernel_error: Bound of the error of K in the spectral norm.
        columns: Number of columns of J, or None if it is not finite.
        jacobian: Returns rows of J, those of some samples. Called only if K does not decide.
    """

    kernel: Array
    values: Array
    vectors: Array
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
        """Bound of the error of K in the spectral norm, with that of its eigenvalues."""
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
        return found if "floor" in found.constants else self._outside(self._nonzero())

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
            return self._outside(rank)
        too_large = self.n * self.columns > MOST_ENTRIES
        if not too_large and self._has_full_rank():
            return Fate("fit in the limit", residual=0.0, max_eta_lambda=highest)
        return Fate("open", max_eta_lambda=highest, constants={"too_large": 1.0} if too_large else {})

    def _has_full_rank(self) -> bool:
        """Return whether the singular values of J are all clearly positive."""
        sizes = np.linalg.svd(np.concatenate([*self._blocks()]), compute_uv=False)
        return bool(sizes[-1] > FULL * self.n * EPS * sizes[0])

    def _outside(self, rank: int) -> Fate:
        """Return the fate of a trial whose kernel has at most this rank, which is below n."""
        norm, highest = float(np.linalg.norm(self.residual)), self.rate * float(self.values[-1])
        outside = float(np.linalg.norm(self.vectors[:, : self.n - rank].T @ self.residual))
        noise = NOISE * (norm + self.y_norm)
        smallest = float(self.values[self.n - rank]) if rank else np.inf
        angle = self.error / (smallest - self.error) if smallest > LEAST * self.error else 1.0
        floor = outside - (angle if rank else 0.0) * norm - noise
        constants = {"rank": float(rank)}
        left = outside / self.y_norm
        converges = self.converges or not rank
        if floor > 0.5 * outside:
            constants["floor"] = floor / self.y_norm
            margin = smallest / self.error if rank and self.error else None
            if converges:
                return Fate("stuck proved", "rank of the kernel", margin, left, highest, 0, constants)
            return Fate("open", "rank of the kernel", margin, None, highest, 0, constants)
        kind: FateKind = "stuck in the limit" if converges and outside > LEAST * noise else "open"
        return Fate(kind, residual=left, max_eta_lambda=highest, constants=constants)

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
