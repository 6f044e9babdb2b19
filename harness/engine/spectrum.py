"""The kernel J₀J₀ᵀ of a network at its initial weights, and what is read off it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jacrev, vjp

from harness.components import Model, Params


def initial_kernel(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return J Jᵀ (n, n) of one network: in closed form if the model gives one, else by reverse differentiation."""
    kernel = model.kernel(params, x)
    if kernel is not None:
        return kernel
    jacobian = initial_jacobian(model, params, x)
    return jacobian @ jacobian.mT


def initial_jacobian(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return J (n, p) of one network of one output, by reverse differentiation."""
    jacobian = jacrev(_outputs(model, params, x))(_moved(model, params))
    return torch.cat([part.reshape(len(x), -1) for part in jacobian.values()], dim=1)


def eigenvalue_range(kernel: Tensor, parameters: int) -> tuple[float, float]:
    """Return the smallest and largest eigenvalue of a kernel of that many parameters.

    With fewer parameters than samples the smallest is exactly zero, whatever rounding makes of it.
    """
    values = torch.linalg.eigvalsh(kernel)
    smallest = 0.0 if parameters < len(kernel) else max(float(values[0]), 0.0)
    return smallest, float(values[-1])


def largest_eigenvalue(kernel: Tensor, tolerance: float = 1e-9, most: int = 5000) -> float:
    """Return the largest eigenvalue of a positive semidefinite kernel by power iteration."""
    return _power_iteration(
        lambda u: kernel @ u, torch.linspace(1.0, 2.0, len(kernel), dtype=kernel.dtype), tolerance, most
    )


def largest_of_several(model: Model, params: Params, x: Tensor, tolerance: float = 1e-9, most: int = 5000) -> float:
    """Return the largest eigenvalue of J Jᵀ (nq, nq) of one network of q outputs, by power iteration on Jᵀ and J.

    The matrix is not formed. J g is the derivative of u ↦ Jᵀu, a linear map, pulled back along g.
    """
    value, pullback = vjp(_outputs(model, params, x), _moved(model, params))  # type: ignore[misc]  # no auxiliary output
    _, forward = vjp(lambda u: pullback(u)[0], torch.zeros_like(value))  # type: ignore[misc]  # likewise
    start = torch.linspace(1.0, 2.0, value.numel(), dtype=value.dtype).reshape(value.shape)
    return _power_iteration(lambda u: forward(pullback(u)[0])[0], start, tolerance, most)


def largest_block(model: Model, params: Params, x: Tensor) -> float:
    """Return the largest eigenvalue of the blocks (q, q) of J Jᵀ, one a sample."""
    largest = 0.0
    for sample in x:
        jacobian = jacrev(_outputs(model, params, sample.unsqueeze(0)))(_moved(model, params))
        rows = torch.cat([part.reshape(part.shape[1], -1) for part in jacobian.values()], dim=1)
        largest = max(largest, float(torch.linalg.eigvalsh(rows @ rows.mT)[-1]))
    return largest


def _moved(model: Model, params: Params) -> Params:
    return {name: params[name] for name in model.moved(params)}


def _outputs(model: Model, params: Params, x: Tensor) -> Callable[[Params], Tensor]:
    moved = model.moved(params)
    fixed = {name: value for name, value in params.items() if name not in moved}
    return lambda weights: model.forward({**fixed, **weights}, x)


def _power_iteration(apply: Callable[[Tensor], Tensor], start: Tensor, tolerance: float, most: int) -> float:
    """Return the largest eigenvalue of a positive semidefinite map.

    The start is fixed, so equal maps give equal values. Iterates until the Rayleigh quotient changes by less than
    ``tolerance`` relative, at ``most`` steps: a step size needs no more.
    """
    u = start
    value = 0.0
    for _ in range(most):
        u = u / torch.linalg.vector_norm(u)
        image = apply(u)
        before, value = value, float(u.flatten() @ image.flatten())
        if value == 0.0 or abs(value - before) <= tolerance * value:
            break
        u = image
    return value
