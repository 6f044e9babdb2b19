"""The kernel J₀J₀ᵀ of a network at its initial weights, and what is read off it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jacrev

from harness.components import Model, Params


def trained_names(model: Model, params: Params) -> tuple[str, ...]:
    """Return the names of the weights that training moves."""
    names = model.trained()
    return tuple(params) if names is None else names


def initial_kernel(model: Model, params: Params, x: Tensor) -> Tensor:
    """Return J Jᵀ (n, n) of one network: in closed form if the model gives one, else by reverse differentiation."""
    kernel = model.kernel(params, x)
    if kernel is not None:
        return kernel
    moved = trained_names(model, params)
    fixed = {name: value for name, value in params.items() if name not in moved}

    def outputs(weights: Params) -> Tensor:
        return model.forward({**fixed, **weights}, x)

    jacobian = jacrev(outputs)({name: params[name] for name in moved})
    columns = torch.cat([jacobian[name].reshape(len(x), -1) for name in moved], dim=1)
    return columns @ columns.mT


def eigenvalue_range(kernel: Tensor, parameters: int) -> tuple[float, float]:
    """Return the smallest and largest eigenvalue of a kernel of that many parameters.

    With fewer parameters than samples the smallest is exactly zero, whatever rounding makes of it.
    """
    values = torch.linalg.eigvalsh(kernel)
    smallest = 0.0 if parameters < len(kernel) else max(float(values[0]), 0.0)
    return smallest, float(values[-1])


def largest_eigenvalue(kernel: Tensor, tolerance: float = 1e-9, most: int = 5000) -> float:
    """Return the largest eigenvalue of a positive semidefinite kernel by power iteration.

    The start is fixed, so equal kernels give equal values. Iterates until the Rayleigh quotient changes by less
    than ``tolerance`` relative, at ``most`` steps: a step size needs no more.
    """
    u = torch.linspace(1.0, 2.0, len(kernel), dtype=kernel.dtype)
    value = 0.0
    for _ in range(most):
        u = u / torch.linalg.vector_norm(u)
        image = kernel @ u
        before, value = value, float(u @ image)
        if value == 0.0 or abs(value - before) <= tolerance * value:
            break
        u = image
    return value
