"""Fully connected nets of several hidden layers, their initial weights, and the kernel of their last two layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness import (
    ActivationOption,
    Array,
    Diagnostic,
    Initializer,
    Model,
    ModelTraits,
    Outputs,
    Positive,
    PositiveInt,
    Problem,
    Weights,
)

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Network, Params

Width = PositiveInt | Literal["k"]
"""The width of a layer: a number, or the width k that is tried."""


@dataclass(frozen=True)
class DeepNet(Model):
    """f(x) = vᵀφ(W_L … φ(W₁x + b₁) … + b_L) + c, with L hidden layers.

    W₁ is (k₁, d), W_l (k_l, k_{l−1}) and v (k_L,), or (q, k_L) for q > 1 outputs. All weights are trained.

    Attributes:
        activation: φ.
        hidden: The number L of layers of width k, or the width of each layer as a list, such as ["k", 32, "k"].
        biases: Whether b₁ … b_L and c exist.
    """

    name: ClassVar[str] = "deep"
    version: ClassVar[int] = 2
    outputs: ClassVar[Outputs] = "any"
    activation: ActivationOption = ActivationOption("relu")
    hidden: PositiveInt | tuple[Width, ...] = 2
    biases: bool = False

    def __post_init__(self) -> None:
        """Refuse nets without a layer of width k.

        Raises:
            ValueError: If no layer has the width k.
        """
        if not isinstance(self.hidden, int) and "k" not in self.hidden:
            raise ValueError(f"hidden = {list(self.hidden)} has no layer of width 'k', the width that is tried")

    def widths(self, k: int) -> list[int]:
        """Return the widths of the hidden layers.

        >>> DeepNet(hidden=("k", 3)).widths(8), DeepNet(hidden=3).widths(8)
        ([8, 3], [8, 8, 8])
        """
        return [k if width == "k" else width for width in self._hidden()]

    def _hidden(self) -> tuple[Width, ...]:
        same: tuple[Width, ...] = ("k",)
        return same * self.hidden if isinstance(self.hidden, int) else self.hidden

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of W1, b1, …, v and c."""
        return self.shapes_for(d, k, 1)

    def shapes_for(self, d: int, k: int, q: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes for q outputs."""
        shapes: dict[str, tuple[int, ...]] = {}
        fan_in = d
        for layer, width in enumerate(self.widths(k), 1):
            shapes[f"W{layer}"] = (width, fan_in)
            if self.biases:
                shapes[f"b{layer}"] = (width,)
            fan_in = width
        shapes["v"] = (fan_in,) if q == 1 else (q, fan_in)
        if self.biases:
            shapes["c"] = () if q == 1 else (q,)
        return shapes

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return the outputs, (n,) or (n, q)."""
        for layer in range(1, len(self.widths(1)) + 1):
            x = self.activation.forward(self.preactivations(params, x, layer))
        found = x @ (params["v"] if params["v"].dim() == 1 else params["v"].mT)
        return found + params["c"] if self.biases else found

    def preactivations(self, params: Params, below: Tensor, layer: int) -> Tensor:
        """Return W_l h + b_l of a layer, (n, k_l).

        Args:
            params: Weights.
            below: Features h of the layer below, (n, k_{l−1}), or the inputs.
            layer: l, counted from 1.
        """
        found = below @ params[f"W{layer}"].mT
        return found + params[f"b{layer}"] if self.biases else found

    def kernel(self, params: Params, x: Tensor) -> Tensor | None:
        """Return Σ_l (H_{l−1}H_{l−1}ᵀ + 1) ∘ Δ_lΔ_lᵀ + H_L H_Lᵀ + 1, the ones with biases only, or None for q > 1.

        H_l (n, k_l) are the features of layer l, H₀ the inputs, and Δ_l the gradients of the outputs in its
        preactivations. The Jacobian, which has k_l k_{l−1} columns for each layer, is not formed.
        """
        import torch

        if params["v"].dim() != 1:
            return None
        one = 1.0 if self.biases else 0.0
        features, slopes = [x], []
        for layer in range(1, len(self.widths(1)) + 1):
            h = self.preactivations(params, features[-1], layer)
            slope = torch.empty_like(h)
            self.activation.activate_(h, slope)
            features.append(h)
            slopes.append(slope)
        kernel = features[-1] @ features[-1].mT + one
        above = params["v"]
        for layer, slope in reversed(list(enumerate(slopes, 1))):
            delta = above * slope
            kernel += (features[layer - 1] @ features[layer - 1].mT + one) * (delta @ delta.mT)
            above = delta @ params[f"W{layer}"]
        return kernel

    def describe(self) -> ModelTraits:
        """Return that it is no shallow net, its activation, its layers, and whether it has biases."""
        return ModelTraits(
            activation=self.activation.name,
            biases=self.biases,
            phi=self.activation,
            layers=tuple(None if width == "k" else width for width in self._hidden()),
        )


@dataclass(frozen=True)
class FanIn(Initializer):
    """Weights N(0, gain²/fan-in) in every layer of a deep net. Biases start at zero.

    Attributes:
        gain: 1 is LeCun's scale, and √2 that of He.
        first: Standard deviation of the entries of W₁, or None for gain/√d. With 1, inputs of norm 1 reach the first
            layer at the size that inputs N(0, I) have with gain/√d.
        output: Standard deviation of the entries of v, or None for gain/√k_L.
    """

    name: ClassVar[str] = "fan-in"
    needs: ClassVar[str] = "a deep net"
    outputs: ClassVar[Outputs] = "any"
    sees_labels: ClassVar[bool] = False
    since: ClassVar[Mapping[str, str]] = dict.fromkeys(("first", "output"), "0.2")
    gain: Positive = 1.0
    first: Positive | None = None
    output: Positive | None = None

    def accepts(self, model: Model) -> bool:
        """Return whether the model is a deep net."""
        return isinstance(model, DeepNet)

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw the weights of all layers, from the first to the last."""
        shapes = model.shapes_for(problem.d, k, problem.q)
        return {name: self._weights(name, shape, rng) for name, shape in shapes.items()}

    def _weights(self, name: str, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        if name.startswith(("b", "c")):
            return np.zeros(shape)
        given = {"W1": self.first, "v": self.output}.get(name)
        drawn: Array = rng.standard_normal(shape) * (self.gain / np.sqrt(shape[-1]) if given is None else given)
        return drawn


class PairKernel(Diagnostic):
    """λ_min(J_L J_Lᵀ)/(k_L k_{L−1}) at the start, J_L the Jacobian in the weights W_L of the last hidden layer.

    Bombari, Amani and Mondelli (NeurIPS 2022, arXiv 2205.10217) prove for smooth deep nets that λ_min of the tangent
    kernel is of the order of k_L k_{L−1} once that product exceeds n by logarithms, as Karhadkar, Murray and Montúfar
    (arXiv 2405.14630) quote them. The published code of figure 1 has output weights N(0, 1) and takes the kernel of W_L
    alone, which bounds that of all weights from below. With one hidden layer k₀ is d.
    """

    name: ClassVar[str] = "pair-kernel"
    summary: ClassVar[Literal["first"]] = "first"

    def measure(self, network: Network) -> float:
        """Return the quotient, or NaN for other models than deep nets of one output."""
        import torch

        model, params = network.model, network.start
        if not isinstance(model, DeepNet) or params["v"].dim() != 1:
            return math.nan
        last = len(model.widths(1))
        below = torch.from_numpy(network.problem.x)
        for layer in range(1, last):
            below = model.activation.forward(model.preactivations(params, below, layer))
        z = model.preactivations(params, below, last).detach().requires_grad_()
        # Row i of the gradient of Σ_i f(x_i) in z is that of f(x_i), as no other row enters f(x_i).
        (above,) = torch.autograd.grad((model.activation.forward(z) @ params["v"]).sum(), z)
        # The gradient of f(x_i) in W_L is an outer product of above_i and below_i, so the kernel is a product of two.
        kernel = (above @ above.mT) * (below @ below.mT)
        if not bool(torch.isfinite(kernel).all()):
            return math.nan
        least = float(torch.linalg.eigvalsh(kernel)[0])
        return max(least, 0.0) / (above.shape[1] * below.shape[1])
