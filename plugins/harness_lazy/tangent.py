"""Tangent kernels of a network at given weights, and how far its Jacobian can turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness import Array, Model, Weights
from harness.mathematics.spectra import operator_norm, smallest_eigenvalue
from harness_lazy.models import LazyScaled

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params


MOST_ENTRIES = 2**27
"""Entries of an array of differentiation, 1 GiB. It takes up to three such arrays at a time."""


def tangent_kernel(model: Model, params: Params, x: Array) -> Array:
    """Return JJᵀ, (n, n), in float64: in closed form if the model gives one, else by reverse differentiation.

    Differentiation takes arrays of n·p entries and, for n outputs of n samples at once, of about n²p/d. Where these are
    more than :data:`MOST_ENTRIES`, it takes a block of samples at a time, and half as many as would do for one.
    """
    import torch

    inputs = torch.from_numpy(x)
    kernel = model.kernel(params, inputs)
    if kernel is None:
        trained = model.trained() or tuple(params)
        columns = sum(params[name].numel() for name in trained)
        most = int(min(MOST_ENTRIES / columns, (MOST_ENTRIES * x.shape[1] / columns) ** 0.5))
        rows = len(x) if len(x) <= most else max(most // 2, 1)
        blocks = [slice(first, first + rows) for first in range(0, len(x), rows)]
        kernel = inputs.new_empty(len(x), len(x))
        for i, here in enumerate(blocks):  # a block of J is formed again for each of those before it
            jacobian = _jacobian(model, params, inputs[here], trained)
            kernel[here, here] = jacobian @ jacobian.mT
            for there in blocks[:i]:
                block = jacobian @ _jacobian(model, params, inputs[there], trained).mT
                kernel[here, there], kernel[there, here] = block, block.mT
    values: Array = kernel.double().cpu().numpy()
    return values


def _jacobian(model: Model, params: Params, x: Tensor, trained: tuple[str, ...]) -> Tensor:
    """Return J of some samples in the trained weights, (n, p)."""
    import torch
    from torch.func import jacrev

    def outputs(weights: Params) -> Tensor:
        return model.forward({**params, **weights}, x)

    parts = jacrev(outputs)({name: params[name] for name in trained})
    return torch.cat([parts[name].reshape(len(x), -1) for name in trained], dim=1)


def relative_distance(kernel: Array, reference: Array) -> float:
    """Return ‖K − K'‖/‖K'‖ in the operator norm; NaN where K' = 0.

    >>> relative_distance(np.diag([1.0, 3.0]), np.diag([2.0, 4.0]))
    0.25
    """
    size = float(np.abs(np.linalg.eigvalsh(reference)).max())
    change = float(np.abs(np.linalg.eigvalsh(kernel - reference)).max())
    return change / size if size > 0 else float("nan")


def output_factor(model: Model) -> float:
    """Return by how much the model multiplies its net: α for the scaled net, else 1."""
    return model.alpha if isinstance(model, LazyScaled) else 1.0


def jacobian_lipschitz(model: Model, weights: Weights, x: Array) -> float:
    """Return L with ‖J(w) − J(w')‖ ≤ L ‖w − w'‖ for all w, w'; NaN where none is known.

    0 for models linear in what they train. For the hidden layer of a shallow net, φ twice differentiable,
    L = α sup|φ''| ‖v‖_∞ ‖X‖ max_i‖x_i‖, with a column of ones in X if there are hidden biases.
    """
    traits = model.describe()
    if model.linear():
        return 0.0
    if not (traits.shallow or isinstance(model, LazyScaled)) or traits.trains != "hidden" or traits.phi is None:
        return float("nan")
    if not traits.phi.smooth:
        return float("nan")
    inputs = np.column_stack([x, np.ones(len(x))]) if traits.biases else x
    longest = float(np.linalg.norm(inputs, axis=1).max())
    steepest = float(np.abs(weights["v"]).max())
    return output_factor(model) * traits.phi.b2 * steepest * operator_norm(inputs) * longest


def price_of_laziness(lipschitz: float, sigma_squared: float, labels: float) -> float:
    """Return s_min = 8L‖y‖/σ₀², ∞ where σ₀ = 0.

    >>> price_of_laziness(0.5, 2.0, 3.0)
    6.0
    """
    return 8.0 * lipschitz * labels / sigma_squared if sigma_squared > 0 else float("inf")


def unscaled_price(model: Model, params: Params, x: Array, y: Array) -> float:
    """Return s_min of the net behind the model, that is at α = 1; NaN where no L is known or J₀ lacks full rank."""
    factor = output_factor(model)
    lipschitz = jacobian_lipschitz(model, {name: value.double().numpy() for name, value in params.items()}, x)
    sigma_squared = smallest_eigenvalue(tangent_kernel(model, params, x)) / factor**2
    if not np.isfinite(lipschitz) or sigma_squared == 0:
        return float("nan")
    return price_of_laziness(lipschitz / factor, sigma_squared, float(np.linalg.norm(y)))
