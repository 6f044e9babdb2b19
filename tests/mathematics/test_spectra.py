from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from harness.mathematics import spectra

if TYPE_CHECKING:
    from harness import Array


def sphere(n: int, d: int, seed: int = 0) -> Array:
    return spectra.unit_rows(np.random.default_rng(seed).standard_normal((n, d)))


@pytest.mark.parametrize(("n", "positive"), [(14, True), (15, True), (16, False), (40, False)])
def test_khatri_rao_is_singular_beyond_the_symmetric_matrices(n: int, positive: bool) -> None:
    x = sphere(n, 5)  # d(d + 1)/2 = 15
    assert (spectra.khatri_rao_sigma_min(x) > 0) is positive
    explicit = np.einsum("ni,nj->nij", x, x).reshape(n, 25)
    assert bool(np.linalg.matrix_rank(explicit) == n) is positive
    if positive:
        assert spectra.khatri_rao_sigma_min(x) == pytest.approx(np.linalg.svd(explicit)[1].min(), rel=1e-9)


def test_higher_khatri_rao_powers() -> None:
    x = sphere(30, 5)
    cube = np.einsum("ni,nj,nk->nijk", x, x, x).reshape(30, 125)  # C(7, 3) = 35 ≥ 30
    assert spectra.khatri_rao_sigma_min(x, 3) == pytest.approx(np.linalg.svd(cube)[1].min(), rel=1e-7)
    assert spectra.khatri_rao_sigma_min(sphere(36, 5), 3) == 0.0


def test_results_are_kept_by_content_not_by_identity() -> None:
    x = sphere(5, 4)
    before = spectra.operator_norm(x)
    x *= 2
    assert spectra.operator_norm(x) == pytest.approx(2 * before)
    assert spectra.operator_norm(x.copy(order="F")) == spectra.operator_norm(x)
    assert spectra.operator_norm(np.zeros((2, 3))) == spectra.operator_norm(np.zeros((3, 2))) == 0
