"""The kernel J₀J₀ᵀ of a network at its initial weights, and what is read off it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from harness.components import Array, Model, Params
from harness.engine.fused import eigenvalues
from harness.engine.one_thread import one_thread_of_blas

TOLERANCE = 1e-8
"""Residual in units of λ_max at which Lanczos' method ends. The eigenvalue errs by its square."""

INVERSE_TOLERANCE = 1e-6
"""The same for 1/λ_min."""

DENSE = 160
"""Samples from which on NumPy takes extreme eigenvalues from Lanczos' method: below, all eigenvalues take less time."""

BASIS = 64
"""Basis vectors for which there is space at first."""

SAMPLES = 200
"""Samples whose gradients are in memory at a time."""

MOST_ENTRIES = 2**25
"""Entries of J that are in memory at a time, 256 MiB, of which differentiation takes a few copies."""

MOST_DIFFERENTIATED = 2**27
"""Entries of an array of differentiation, 1 GiB. It takes up to three such arrays at a time."""

CHECKED = 4
"""Steps of Lanczos' method between two looks at the Ritz values."""

SLACK = 1.5
"""Residuals within so many tolerances are computed from all Ritz vectors."""


def initial_kernel(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return J Jᵀ (n, n) of one network: in closed form if the model gives one, else by reverse differentiation.

    Without a closed form, blocks of samples are taken in turn where J has more than :data:`MOST_ENTRIES` entries.
    """
    kernel = model.kernel(params, x)
    if kernel is not None:
        return kernel
    rows = max(MOST_ENTRIES // sum(value.numel() for value in _moved(model, params).values()), 1)
    blocks = torch.split(x, rows)
    kernel = x.new_empty(len(x), len(x))
    for i, samples in enumerate(blocks):  # a block of J is formed again for each of those before it
        jacobian = initial_jacobian(model, params, samples)
        for j, others in enumerate(blocks[: i + 1]):
            block = jacobian @ (jacobian if j == i else initial_jacobian(model, params, others)).mT
            here, there = slice(i * rows, i * rows + len(samples)), slice(j * rows, j * rows + len(others))
            kernel[here, there], kernel[there, here] = block, block.mT
    return kernel


def initial_jacobian(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return J (n, p) of one network of one output, by reverse differentiation.

    For n outputs of n samples at once it takes arrays of about n²p/d entries. Blocks of samples are taken in turn where
    these are more than :data:`MOST_DIFFERENTIATED`.
    """
    moved = _moved(model, params)
    jacobian = x.new_empty(len(x), sum(value.numel() for value in moved.values()))
    rows = max(math.isqrt(MOST_DIFFERENTIATED * x.shape[1] // max(jacobian.shape[1], 1)), 1)
    for samples, block in zip(torch.split(x, rows), torch.split(jacobian, rows), strict=True):
        parts = jacrev(_outputs(model, params, samples))(moved)
        torch.cat([part.reshape(len(samples), -1) for part in parts.values()], dim=1, out=block)
    return jacobian


def eigenvalue_range(kernel: Tensor, parameters: int) -> tuple[float, float]:
    """Return the smallest and largest eigenvalue of a positive semidefinite kernel of that many parameters, (n, n).

    The largest is that of :func:`largest_eigenvalue`. With fewer parameters than samples the smallest is exactly zero,
    whatever rounding makes of it. Else it is the inverse of the largest eigenvalue of K⁻¹, which one Cholesky
    factorization applies, unless K is singular. Both are NaN if K is not finite.
    """
    whole = parameters >= len(kernel)
    if not eigenvalues.compiled() and len(kernel) < DENSE and _finite(kernel):
        values = torch.linalg.eigvalsh(kernel)
        return max(float(values[0]), 0.0) if whole else 0.0, _ten_digits(float(values[-1]))
    largest = largest_eigenvalue(kernel)
    if math.isnan(largest):
        return math.nan, math.nan
    return max(_smallest(kernel.numpy()), 0.0) if whole else 0.0, largest


def largest_eigenvalue(kernel: Tensor) -> float:
    """Return the largest eigenvalue of a positive semidefinite kernel, (n, n), to ten digits; NaN if it is not finite.

    Ten, because step sizes are made from it, and the last bits of a linear algebra library, or of a compiler, would
    decide trials. It comes from compiled code, or from NumPy where there is none.
    """
    matrix, value = kernel.numpy(), math.nan
    if eigenvalues.compiled():
        value = eigenvalues.largest(matrix, TOLERANCE)
    elif len(kernel) >= DENSE:
        value = lanczos(lambda u: matrix @ u, np.linspace(1.0, 2.0, len(matrix)))
    if math.isnan(value) and _finite(kernel):  # small, or so large that squares of it overflow
        value = float(torch.linalg.eigvalsh(kernel)[-1])
    return _ten_digits(value)


def _finite(kernel: Tensor) -> bool:
    """Return whether all entries are finite. Their sum takes a tenth of the time, and is not finite if one is not."""
    return bool(torch.isfinite(kernel.sum()) or torch.isfinite(kernel).all())


def _smallest(kernel: Array) -> float:
    """Return the smallest eigenvalue of a positive semidefinite matrix, (n, n)."""
    if eigenvalues.compiled():
        smallest = eigenvalues.smallest(kernel, INVERSE_TOLERANCE)
        return float(torch.linalg.eigvalsh(torch.from_numpy(kernel))[0]) if math.isnan(smallest) else smallest
    from scipy.linalg import blas, lapack

    with one_thread_of_blas():
        factor, failed = lapack.dpotrf(kernel.T, lower=0)
        if failed:
            return float(np.linalg.eigvalsh(kernel)[0])
    start = np.cos(np.arange(1.0, len(kernel) + 1.0))  # no symmetry that an eigenvector could have
    inverse = lanczos(lambda u: blas.dtrsv(factor, blas.dtrsv(factor, u, trans=1)), start, INVERSE_TOLERANCE)
    return 1.0 / inverse if inverse > 0.0 else 0.0


def largest_of_several(model: Model, params: Params, x: Tensor) -> float:
    """Return the largest eigenvalue of J Jᵀ (nq, nq) of one network of q outputs to ten digits, from Jᵀ and J.

    The matrix is not formed. J g is the derivative of u ↦ Jᵀu, a linear map, pulled back along g. torch.func does the
    same, and imports a compiler of torch for it, which takes a process two seconds.
    """
    moved = {name: value.detach().requires_grad_() for name, value in _moved(model, params).items()}
    weights = list(moved.values())
    value = _outputs(model, params, x)(moved)
    if not value.requires_grad:  # the outputs depend on no weight that moves
        return 0.0
    u0 = torch.zeros_like(value, requires_grad=True)
    back = torch.autograd.grad(value, weights, u0, create_graph=True, materialize_grads=True)
    moving = [part for part in back if part.requires_grad]

    def apply(u: Array) -> Array:
        along = torch.from_numpy(u).reshape(value.shape)
        slope = torch.autograd.grad(value, weights, along, retain_graph=True, materialize_grads=True)
        some = [one for one, part in zip(slope, back, strict=True) if part.requires_grad]
        (image,) = torch.autograd.grad(moving, u0, some, retain_graph=True, materialize_grads=True)
        found: Array = image.flatten().numpy()
        return found

    return _ten_digits(lanczos(apply, np.linspace(1.0, 2.0, value.numel())))


def largest_block(model: Model, params: Params, x: Tensor) -> float:
    """Return the largest eigenvalue of the blocks (q, q) of J Jᵀ, one a sample."""
    largest, moved = 0.0, _moved(model, params)
    if model.forward(params, x[:1]).dim() == 1:  # blocks of one output are numbers
        slopes = vmap(grad(lambda weights, sample: _outputs(model, params, sample.unsqueeze(0))(weights)[0]), (None, 0))
        for some in torch.split(x, SAMPLES):
            squares = sum((slope * slope).reshape(len(some), -1).sum(1) for slope in slopes(moved, some).values())
            largest = max(largest, float((squares + torch.zeros(len(some), dtype=x.dtype)).max()))
        return largest
    for sample in x:
        jacobian = jacrev(_outputs(model, params, sample.unsqueeze(0)))(moved)
        rows = torch.cat([part.reshape(part.shape[1], -1) for part in jacobian.values()], dim=1)
        largest = max(largest, float(torch.linalg.eigvalsh(rows @ rows.mT)[-1]))
    return largest


def _moved(model: Model, params: Params) -> Params:
    return {name: params[name] for name in model.moved(params)}


def _outputs(model: Model, params: Params, x: Tensor) -> Callable[[Params], Tensor]:
    moved = model.moved(params)
    fixed = {name: value for name, value in params.items() if name not in moved}
    return lambda weights: model.forward({**fixed, **weights}, x)


def lanczos(apply: Callable[[Array], Array], start: Array, tolerance: float = TOLERANCE) -> float:
    """Return the largest eigenvalue of a positive semidefinite map by Lanczos' method, or NaN if the map is not finite.

    The basis is orthogonalized twice in full, as Ritz values would appear several times otherwise [Parlett, The
    Symmetric Eigenvalue Problem (1998), 13]. A Ritz value whose vector has the residual ρ errs by ρ² over its distance
    from other eigenvalues. The start is fixed, so equal maps give equal values.

    Args:
        apply: The map of vectors, (m,).
        start: First vector, (m,), not orthogonal to the eigenvector.
        tolerance: Residual in units of the eigenvalue at which it ends.

    >>> round(lanczos(lambda u: np.array([3.0, 1.0]) * u, np.ones(2)), 12)
    3.0
    """
    with one_thread_of_blas():
        return _lanczos(apply, start, tolerance)


def _lanczos(apply: Callable[[Array], Array], start: Array, tolerance: float) -> float:
    size = len(start)
    basis, vector = np.empty((min(BASIS, size), size)), start / np.linalg.norm(start)
    diagonal, below, value = np.zeros(size), np.zeros(size), 0.0
    for step in range(size):
        if step == len(basis):
            basis = np.concatenate([basis, np.empty_like(basis)])
        basis[step] = vector
        image, known = apply(vector), basis[: step + 1]
        along = known @ image
        image = image - along @ known
        image -= (known @ image) @ known
        diagonal[step], below[step] = along[step], math.sqrt(image.dot(image))
        if not math.isfinite(diagonal[step] + below[step]):
            return math.nan
        ended = below[step] <= 1e-14 * math.sqrt(along.dot(along)) or step + 1 == size
        if ended or (step % CHECKED == CHECKED - 1 and _may_end(diagonal[: step + 1], below[: step + 1], tolerance)):
            values, vectors = np.linalg.eigh(np.diag(diagonal[: step + 1]) + np.diag(below[:step], -1))
            value = float(values[-1])
            if ended or below[step] * abs(vectors[-1, -1]) <= tolerance * value:
                break
        vector = image / below[step]
    return max(value, 0.0)


def _may_end(diagonal: Array, below: Array, tolerance: float) -> bool:
    """Return whether the residual of the largest Ritz value is within the tolerance, or nearly so.

    It takes a fraction of the time of all Ritz vectors. The vector is followed from its last entry to its first, along
    which it grows, so that rounding stays small beside it.

    Args:
        diagonal: Diagonal of the tridiagonal matrix, (m,).
        below: Entries below it, and at last the norm of what the basis leaves of the next vector, (m,).
        tolerance: Residual in units of the eigenvalue.
    """
    from scipy.linalg import lapack

    values, failed = lapack.dsterf(diagonal, below[:-1])
    if failed:
        return True
    largest = float(values[-1])
    entry, after, squares = 1.0, 0.0, 1.0
    along, beside = diagonal.tolist(), below.tolist()
    for i in range(len(along) - 1, 0, -1):
        entry, after = ((largest - along[i]) * entry - (beside[i] * after if after else 0.0)) / beside[i - 1], entry
        squares += entry * entry
    return not beside[-1] > SLACK * tolerance * largest * math.sqrt(squares)


def _ten_digits(value: float) -> float:
    return float(f"{value:.10g}")
