"""Inputs on the unit sphere that are harder than uniform ones: in a subspace, in clusters, in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from harness import Array, NonNegative, PositiveInt
from harness.builtin.datasets.synthetic import Synthetic
from harness.mathematics.spectra import unit_rows

Chord = Annotated[float, Ge(0), Le(2)]
"""A distance between two points of the unit sphere."""

MOST_TRIES = 10_000
"""Draws of a centre after which a sphere counts as full."""


@dataclass(frozen=True)
class LowDimension(Synthetic):
    """Inputs on the unit sphere near a random subspace: z + noise · g, normalised.

    z is N(0, I/m) in the subspace of dimension m, g is N(0, I/d) in all of R^d, so ‖z‖ and ‖g‖ are near 1. Without
    noise XXᵀ has rank m and (XXᵀ)^{∘2} rank at most m(m + 1)/2, whatever d is.

    Attributes:
        dimension: Dimension m of the subspace, at most d.
        noise: Size of the part outside of it. 0 keeps the inputs in the subspace.
    """

    name: ClassVar[str] = "low-dimension"
    dimension: PositiveInt = 5
    noise: NonNegative = 0.0

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw the subspace, then unit rows (n, d).

        Raises:
            ValueError: The subspace has more dimensions than R^d.
        """
        return self.further_inputs(n, d, rng, rng)

    def further_inputs(self, n: int, d: int, start: np.random.Generator, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d) near the subspace that ``start`` gives."""
        m = self.dimension
        if m > d:
            raise ValueError(f"the subspace has dimension = {m}, more than d = {d}")
        basis, _ = np.linalg.qr(start.standard_normal((d, m)))
        x = rng.standard_normal((n, m)) @ basis.T / np.sqrt(m)
        if self.noise:
            x += self.noise * rng.standard_normal((n, d)) / np.sqrt(d)
        return unit_rows(x)


@dataclass(frozen=True)
class Clustered(Synthetic):
    """Inputs on the unit sphere in clusters whose centres keep a distance: c + radius · u, normalised.

    Centres are uniform on the sphere, drawn again where they come closer than the separation δ to an earlier one; u
    is uniform on the sphere. Every cluster has the same number of inputs, up to one. Labels do not know the clusters.

    Attributes:
        clusters: Number of centres.
        separation: Least distance δ between two centres.
        radius: Distance of an input from its centre, before it is normalised.
    """

    name: ClassVar[str] = "clustered"
    clusters: PositiveInt = 10
    separation: Chord = 0.5
    radius: NonNegative = 0.1

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw the centres, then unit rows (n, d), cluster by cluster in turn.

        Raises:
            ValueError: If the sphere is too small for the centres.
        """
        return self.further_inputs(n, d, rng, rng)

    def further_inputs(self, n: int, d: int, start: np.random.Generator, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d) around the centres that ``start`` gives."""
        centres = self._centres(d, start)[np.arange(n) % self.clusters]
        return unit_rows(centres + self.radius * unit_rows(rng.standard_normal((n, d))))

    def _centres(self, d: int, rng: np.random.Generator) -> Array:
        found = np.empty((0, d))
        for _ in range(MOST_TRIES):
            centre = unit_rows(rng.standard_normal((1, d)))
            if (np.linalg.norm(found - centre, axis=1) >= self.separation).all():
                found = np.vstack([found, centre])
                if len(found) == self.clusters:
                    return found
        raise ValueError(
            f"{self.clusters} clusters of separation = {self.separation:g} find no room on the unit sphere of R^{d}: "
            f"{len(found)} of them fitted in {MOST_TRIES} tries"
        )


@dataclass(frozen=True)
class NearDuplicates(Synthetic):
    """Pairs of inputs on the unit sphere at distance δ, with labels that have nothing in common.

    The first of a pair is uniform, the second uniform among the points at that distance from it. A net that fits
    both changes by |y − y'| over δ. At δ = 0 the pairs are equal inputs, which no net fits. For odd n the last
    input has no partner.

    Attributes:
        distance: δ.
    """

    name: ClassVar[str] = "near-duplicates"
    distance: Chord = 0.01

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d), each pair in a row.

        Raises:
            ValueError: On the two points of the sphere of R^1.
        """
        if d < 2:
            raise ValueError("pairs at a given distance need d ≥ 2")
        first = unit_rows(rng.standard_normal(((n + 1) // 2, d)))
        aside = rng.standard_normal(first.shape)
        aside = unit_rows(aside - (aside * first).sum(axis=1, keepdims=True) * first)
        angle = 2.0 * np.arcsin(self.distance / 2.0)
        second = np.cos(angle) * first + np.sin(angle) * aside if self.distance else first
        return _pairs(first, second, n)


class Antipodal(Synthetic):
    """Pairs x, −x on the unit sphere, with labels that have nothing in common.

    x ⊗ x is the same for both, so theorems that ask for σ_min(X*X) > 0 exclude them. An odd network without
    biases has f(−x) = −f(x). For odd n the last input has no partner.
    """

    name: ClassVar[str] = "antipodal"

    def inputs(self, n: int, d: int, rng: np.random.Generator) -> Array:
        """Draw unit rows (n, d), each pair in a row."""
        first = unit_rows(rng.standard_normal(((n + 1) // 2, d)))
        return _pairs(first, -first, n)


def _pairs(first: Array, second: Array, n: int) -> Array:
    """Return the rows of both in turn, n of them."""
    return np.stack([first, second], axis=1).reshape(-1, first.shape[1])[:n].copy()
