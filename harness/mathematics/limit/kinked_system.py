"""The linear equations of an interpolator on kinks: f_i(w*) = y_i on live samples and z*_ij = 0 on chosen pairs.

One row for each live sample, (v_j s_ij x_i)_j, and one for each pair, c x_i in the place of neuron j. The number c
makes rows of both kinds about equally long. Where further weights are trained, the rows of samples have entries for
them too. A itself, m × kd or wider, is never formed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.mathematics.limit.rounding import at_least, gamma

if TYPE_CHECKING:
    from harness.components import Array

HALVINGS = 5
"""Number of times that a lower bound of an eigenvalue is halved before the matrix counts as singular."""


class KinkedSystem:
    """A w* = b with A of full row rank, or the finding that it has not.

    Attributes:
        live: Indices of the live samples.
        samples: Sample of each pair.
        neurons: Neuron of each pair.
        scale: c.
        matrix: AAᵀ.
        width: Number of weights.
    """

    def __init__(
        self,
        x: Array,
        gram: Array,
        slopes: Array,
        live: NDArray[np.bool_],
        kinks: NDArray[np.bool_],
        further: Array | None = None,
    ) -> None:
        """Form AAᵀ.

        Args:
            x: Inputs, (n, d).
            gram: XXᵀ, (n, n).
            slopes: v_j s_ij, (n, k). Those of the chosen pairs may be anything.
            live: Live samples, (n,).
            kinks: Chosen pairs, (n, k), all of live samples.
            further: Entries of the samples' rows for weights of other layers, (n, q).
        """
        self.x = x
        self.slopes = np.where(kinks, 0.0, slopes)
        self.live = np.flatnonzero(live)
        self.samples, self.neurons = np.nonzero(kinks)
        own = self.slopes[self.live]
        first = (own @ own.T) * gram[np.ix_(self.live, self.live)]
        self.width = self.slopes.shape[1] * x.shape[1]
        if further is not None:
            first += further[self.live] @ further[self.live].T
            self.width += further.shape[1]
        lengths = float(np.mean(np.diagonal(gram)[self.live]))
        self.scale = float(np.sqrt(np.trace(first) / len(first) / lengths)) if lengths > 0.0 else 0.0
        self.scale = self.scale or 1.0
        across = own[:, self.neurons] * gram[np.ix_(self.live, self.samples)] * self.scale
        same = self.neurons[:, None] == self.neurons
        last = np.where(same, gram[np.ix_(self.samples, self.samples)], 0.0) * self.scale**2
        self.matrix = np.block([[first, across], [across.T, last]])
        self._factor: Array | None = None

    def factors(self) -> bool:
        """Factor AAᵀ, and return whether that succeeds. Without it A has no full row rank."""
        if len(self.matrix) > self.width:
            return False
        try:
            self._factor = np.linalg.cholesky(self.matrix)
        except np.linalg.LinAlgError:
            return False
        return True

    def smallest(self) -> float | None:
        """Return a lower bound of σ_min(A), or None if A is not proved to have full row rank.

        Raises:
            AssertionError: If :meth:`factors` has not factored the matrix.
        """
        assert self._factor is not None
        error, estimate = self._error(), self._estimate()
        for _ in range(HALVINGS):
            estimate *= 0.5
            bound = at_least(self.matrix, estimate, error)
            if bound is not None:
                return float(np.sqrt(bound)) * (1.0 - 1e-12) if bound > 0.25 * estimate else None
        return None

    def _error(self) -> float:
        """Return a bound of the norm of the rounding error of the matrix."""
        return gamma(self.slopes.shape[1] + self.x.shape[1] + 8) * float(np.trace(self.matrix)) * 1.1

    def inverse(self, smallest: float) -> tuple[Array, float]:
        """Return (AAᵀ)⁻¹ and a bound of the norm of its error, from a lower bound of σ_min(A).

        With S the exact AAᵀ and C the computed inverse, S⁻¹ − C = S⁻¹(I − SC).

        Raises:
            AssertionError: If :meth:`factors` has not factored the matrix.
        """
        assert self._factor is not None
        size, found = len(self.matrix), self._solve(np.eye(len(self.matrix)))
        missed = float(np.linalg.norm(np.eye(size) - self.matrix @ found))
        large = float(np.linalg.norm(found)) * (1.0 + 1e-9)
        missed += (gamma(size + 4) * float(np.linalg.norm(self.matrix)) + self._error()) * large + gamma(size + 4)
        return 0.5 * (found + found.T), missed * (1.0 + 1e-9) / smallest**2  # S⁻¹ is symmetric

    def _estimate(self) -> float:
        """Return an estimate of λ_min(AAᵀ) from above, by inverse iteration."""
        vector = np.cos(np.arange(1.0, len(self.matrix) + 1.0))  # no symmetry that an eigenvector could have
        estimate = np.inf
        for _ in range(8):
            vector = vector / np.linalg.norm(vector)
            vector = self._solve(vector)
            estimate = 1.0 / float(np.linalg.norm(vector))
        return estimate

    def _solve(self, right: Array) -> Array:
        from scipy.linalg import cho_solve

        solved: Array = cho_solve((self._factor, True), right, check_finite=False)
        return solved

    def gap(self, z: Array, error: Array, y: Array, label_error: Array) -> tuple[Array, Array]:
        """Return b − Aw, (m,), and bounds of its errors.

        Args:
            z: Preactivations at w, (n, k).
            error: Bounds of their errors.
            y: Labels, (n,).
            label_error: Bounds of their errors.
        """
        terms = self.slopes[self.live] * z[self.live]
        labels = y[self.live]
        first = labels - terms.sum(axis=1)
        wrong = (np.abs(self.slopes[self.live]) * error[self.live]).sum(axis=1) + label_error[self.live]
        wrong = wrong + gamma(terms.shape[1] + 4) * (np.abs(terms).sum(axis=1) + np.abs(labels))
        at = self.samples, self.neurons
        last, last_wrong = -self.scale * z[at], self.scale * (error[at] + gamma(3) * np.abs(z[at]))
        return np.concatenate([first, last]), np.concatenate([wrong, last_wrong])

    def correction(self, gap: Array) -> Array:
        """Return the least-norm δ with Aδ = gap, (k, d), up to rounding.

        Raises:
            AssertionError: If :meth:`factors` has not factored the matrix.
        """
        assert self._factor is not None
        solved = self._solve(gap)
        coefficients = np.zeros_like(self.slopes)
        coefficients[self.live] = self.slopes[self.live] * solved[: len(self.live), None]
        np.add.at(coefficients, (self.samples, self.neurons), self.scale * solved[len(self.live) :])
        change: Array = coefficients.T @ self.x
        return change
