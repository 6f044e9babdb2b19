"""Spectra of the inputs: what theorems ask of the rows of X, (n, d).

Numbers are kept for the last few inputs seen, so that many theories cost one decomposition.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from math import comb, sqrt
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.components import Array, Regime

TOLERANCE = 1e-12
"""Eigenvalues below this times n and the largest diagonal entry are taken as 0."""

MOST_FORMED = 5000
"""Samples from which on J₀J₀ᵀ of nonlinear models is not formed, which would take 200 MB and, for λ_min, minutes."""

MOST_SAMPLES = 10_000
"""Most samples n for which matrices (n, n) are made: 0.75 GiB each, of which a kernel needs a handful at once."""

P = ParamSpec("P")
T = TypeVar("T")


class TooManySamples(ValueError):
    """Matrices (n, n) of a problem that would not fit in memory."""


def forms_kernel(regime: Regime, n: int, q: int, *, spectrum: bool) -> bool:
    """Return whether the engine forms J₀J₀ᵀ, (n, n), before it trains a network.

    Args:
        regime: The regime.
        n: Number of samples.
        q: Number of outputs.
        spectrum: Whether the eigenvalues are asked for.
    """
    linear = regime.model.linear()
    wanted = spectrum or regime.optimizer.step_size == "stable" or linear
    return wanted and q == 1 and (n < MOST_FORMED or linear)


def refuse_too_many(n: int) -> None:
    """Refuse to make matrices (n, n) that would not fit in memory.

    Raises:
        TooManySamples: If n is above :data:`MOST_SAMPLES`.
    """
    if n > MOST_SAMPLES:
        size = 8.0 * n * n / 2.0**30
        raise TooManySamples(f"it needs matrices of n × n, {size:.3g} GiB each at n = {n}; up to n = {MOST_SAMPLES}")


class _Inputs:
    """An array that hashes by its bytes."""

    def __init__(self, x: Array) -> None:
        self.x = np.ascontiguousarray(x, dtype=np.float64)
        self.key = (self.x.shape, self.x.tobytes())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inputs) and self.key == other.key


def per_inputs(function: Callable[Concatenate[Array, P], T]) -> Callable[Concatenate[Array, P], T]:
    """Keep the results of a function of the inputs, and of further hashable arguments, for the last calls.

    Only for results that cannot be changed in place (numbers and tuples).
    """

    @lru_cache(maxsize=256)
    def of_bytes(inputs: _Inputs, *args: Any, **kwargs: Any) -> T:
        return function(inputs.x, *args, **kwargs)

    @wraps(function)
    def kept(x: Array, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return of_bytes(_Inputs(x), *args, **kwargs)  # type: ignore[arg-type]  # hashable, as the docstring asks

    return kept


def unit_rows(x: Array) -> Array:
    """Return the rows of X divided by their norms.

    >>> unit_rows(np.array([[3.0, 4.0], [0.0, -2.0]])).tolist()
    [[0.6, 0.8], [0.0, -1.0]]
    """
    unit: Array = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit


def has_unit_rows(x: Array, tolerance: float = 1e-8) -> bool:
    """Say whether all rows of X have norm 1, as nearly every theorem assumes.

    >>> has_unit_rows(np.eye(3)), has_unit_rows(2 * np.eye(3))
    (True, False)
    """
    return bool(np.abs(np.linalg.norm(x, axis=1) - 1.0).max() <= tolerance)


@per_inputs
def rank(x: Array, *, affine: bool = False) -> int:
    """Return the dimension that the rows of X span: the d of theorems on inputs in general position.

    Singular values below max(n, d) ε times the largest count as 0, ε the distance of 1 to the next float64.

    Args:
        x: Inputs (n, d).
        affine: Whether a column of ones is added, as biases do.

    >>> rank(np.ones((3, 2))), rank(np.eye(3)), rank(np.eye(3), affine=True)
    (1, 3, 3)
    """
    return int(np.linalg.matrix_rank(np.column_stack([x, np.ones(len(x))]) if affine else x))


@per_inputs
def operator_norm(x: Array) -> float:
    """Return ‖X‖, the largest singular value.

    >>> operator_norm(np.diag([3.0, 4.0]))
    4.0
    """
    return float(np.linalg.norm(x, 2))


def smallest_eigenvalue(matrix: Array) -> float:
    """Return λ_min of a symmetric positive semidefinite matrix, or 0 if it is below rounding errors.

    >>> smallest_eigenvalue(np.array([[2.0, 1.0], [1.0, 2.0]])), smallest_eigenvalue(np.ones((3, 3)))
    (1.0, 0.0)
    """
    value = float(np.linalg.eigvalsh(matrix)[0])
    return value if value > TOLERANCE * len(matrix) * float(np.diagonal(matrix).max()) else 0.0


@per_inputs
def khatri_rao_sigma_min(x: Array, t: int = 2) -> float:
    """Return σ_min(X^{*t}) of the t-fold row-wise Khatri–Rao power, whose row i is x_i ⊗ … ⊗ x_i.

    From X^{*t} (X^{*t})ᵀ = (XXᵀ)^{∘t}, never forming n × d^t. The rows lie in the symmetric tensors, so it is 0
    as soon as n > C(d + t − 1, t), which is d(d + 1)/2 for t = 2.

    >>> khatri_rao_sigma_min(np.eye(4)), khatri_rao_sigma_min(np.ones((4, 2)))
    (1.0, 0.0)
    """
    n, d = x.shape
    if n > comb(d + t - 1, t):
        return 0.0
    refuse_too_many(n)
    return sqrt(smallest_eigenvalue((x @ x.T) ** t))


def kappa(x: Array) -> float:
    """Return κ(X) = √(d/n) ‖X‖ / σ_min(X*X)² [Oymak and Soltanolkotabi, arXiv 1902.04674]; ∞ where σ_min is 0.

    >>> kappa(np.eye(4))
    1.0
    """
    n, d = x.shape
    sigma = khatri_rao_sigma_min(x)
    return sqrt(d / n) * operator_norm(x) / sigma**2 if sigma > 0 else float("inf")


@per_inputs
def extreme_cosines(x: Array) -> tuple[float, float]:
    """Return the smallest and the largest cosine between two rows: −1 for antipodal, 1 for parallel inputs.

    >>> extreme_cosines(np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0]]))
    (-1.0, 0.0)
    """
    if len(x) < 2:
        return 0.0, 0.0
    refuse_too_many(len(x))
    unit = unit_rows(x)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, np.inf)
    least = float(cosines.min())
    np.fill_diagonal(cosines, -np.inf)
    return least, float(cosines.max())
