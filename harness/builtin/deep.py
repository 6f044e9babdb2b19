"""Fully connected nets of several hidden layers, and their initial weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness import (
    ActivationOption,
    Array,
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

    from harness import Params

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
        same: tuple[Width, ...] = ("k",)
        layers = same * self.hidden if isinstance(self.hidden, int) else self.hidden
        return [k if width == "k" else width for width in layers]

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
            x = x @ params[f"W{layer}"].mT
            x = self.activation.forward(x + params[f"b{layer}"] if self.biases else x)
        found = x @ (params["v"] if params["v"].dim() == 1 else params["v"].mT)
        return found + params["c"] if self.biases else found

    def describe(self) -> ModelTraits:
        """Return that it is no shallow net, its activation, and whether it has biases."""
        return ModelTraits(activation=self.activation.name, biases=self.biases, phi=self.activation)


@dataclass(frozen=True)
class FanIn(Initializer):
    """Weights N(0, gain²/fan-in) in every layer of a deep net. Biases start at zero.

    Attributes:
        gain: 1 is LeCun's scale, and √2 that of He.
    """

    name: ClassVar[str] = "fan-in"
    needs: ClassVar[str] = "a deep net"
    outputs: ClassVar[Outputs] = "any"
    sees_labels: ClassVar[bool] = False
    gain: Positive = 1.0

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
        drawn: Array = rng.standard_normal(shape) * (self.gain / np.sqrt(shape[-1]))
        return drawn
