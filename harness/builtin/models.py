"""The shallow net, the one model that all theories of this field share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import ActivationOption, Model, Outputs, ShallowForm, Stack, Trained

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params


@dataclass(frozen=True)
class ShallowNet(Model):
    """f(x) = vᵀφ(Wx + b) + c with W (k, d), v (k,), and, with biases, b (k,) and c.

    With q > 1 outputs f(x) = vφ(Wx + b) + c with v (q, k) and c (q,).

    Attributes:
        activation: φ.
        train: Which layers training moves: hidden (W, b), output (v, c) or all.
        biases: Whether b and c exist; they belong to the hidden and the output layer.
    """

    name: ClassVar[str] = "shallow"
    outputs: ClassVar[Outputs] = "any"
    activation: ActivationOption = ActivationOption("softplus")
    train: Trained = "hidden"
    biases: bool = False

    def shapes(self, d: int, k: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of W, v and the biases."""
        shapes: dict[str, tuple[int, ...]] = {"W": (k, d), "v": (k,)}
        return {**shapes, "b": (k,), "c": ()} if self.biases else shapes

    def shapes_for(self, d: int, k: int, q: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes for q outputs."""
        several = {} if q == 1 else {"v": (q, k), "c": (q,)}
        return {name: several.get(name, shape) for name, shape in self.shapes(d, k).items()}

    def trained(self) -> tuple[str, ...]:
        """Return the weights of the trained layers."""
        hidden, output = (("W", "b"), ("v", "c")) if self.biases else (("W",), ("v",))
        return {"hidden": hidden, "output": output, "all": hidden + output}[self.train]

    def linear(self) -> bool:
        """Say that the net is linear in its output layer."""
        return self.train == "output"

    def forward(self, params: Params, x: Tensor) -> Tensor:
        """Return vᵀφ(Wx + b) + c, (n,) or (n, q)."""
        z = x @ params["W"].mT
        v = params["v"] if params["v"].dim() == 1 else params["v"].mT
        if self.biases:
            return self.activation.forward(z + params["b"]) @ v + params["c"]
        return self.activation.forward(z) @ v

    def stack(self, params: Params, x: Tensor) -> Stack:
        """Return the closed form on B nets."""
        from harness.builtin.shallow_stack import SeveralOutputs, ShallowStack

        made = ShallowStack if params["v"].dim() == 2 else SeveralOutputs
        return made(params, x, self.activation, self.train)

    def shallow_form(self) -> ShallowForm:
        """Return itself."""
        return ShallowForm(self.activation, self.train, biases=self.biases)

    def kernel(self, params: Params, x: Tensor) -> Tensor:
        """Return (XXᵀ + 1) ∘ (φ' diag(v²) φ'ᵀ) for the hidden layer plus φφᵀ + 1 for the output layer, as trained.

        The ones are there with biases only.
        """
        phi, slope = self.features(params, x)
        parts = []
        if self.train != "output":
            weighted = params["v"][:, None] * slope
            parts.append((weighted.mT @ weighted).mul_(self._products(x.mT)))
        if self.train != "hidden":
            parts.append(self._products(phi))
        kernel, *others = parts  # in place, as new memory of (n, n) takes longer than what is computed in it
        return kernel.add_(others[0]) if others else kernel

    def _products(self, rows: Tensor) -> Tensor:
        """Return the products of all columns of (m, n), with biases plus 1."""
        products = rows.mT @ rows
        return products.add_(1.0) if self.biases else products

    def features(self, params: Params, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return φ and φ' of all neurons, (k, n)."""
        import torch

        phi = params["W"] @ x.mT
        if self.biases:
            phi = phi + params["b"][:, None]
        slope = torch.empty_like(phi)
        self.activation.activate_(phi, slope)
        return phi, slope

    def kernel_error(self, params: Params, x: Tensor, kernel: Tensor) -> float | None:
        """Return a bound from the rounding of z, φ and φ'."""
        import numpy as np

        from harness.mathematics.limit.kernel_error import kernel_error

        inputs, w = x.numpy(), params["W"].numpy()
        if self.biases:
            inputs, w = np.column_stack([inputs, np.ones(len(inputs))]), np.column_stack([w, params["b"].numpy()])
        v = None if self.train == "output" else params["v"].numpy()
        return kernel_error(self.activation, kernel.numpy(), inputs, w, v, self.train != "hidden")
