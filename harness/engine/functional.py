"""The stack of any model: ``torch.func`` makes B networks of the single form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import vjp, vmap

from harness.components import Model, Params, Stack
from harness.engine.feature_major import feature_major, sample_last


class FunctionalStack(Stack):
    """``Model.forward`` mapped over lanes, its gradient by reverse differentiation.

    The vector-Jacobian product of the mapped function is that of each lane, since a lane's outputs depend on its
    own weights only.
    """

    def __init__(self, model: Model, params: Params, x: Tensor, moved: tuple[str, ...]) -> None:
        """Take weights with a leading axis B, inputs (B, n, d), and the names of the weights that move."""
        self.moved = moved
        self.params = params
        self.x = sample_last(x)
        self.mapped: Callable[[Params, Tensor], Tensor] = vmap(feature_major(model.forward))
        self.pullback: Callable[[Tensor], tuple[Params]] | None = None

    def load(self, x: Tensor) -> None:
        """Take new inputs."""
        self.x = sample_last(x)

    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write the outputs plus offset; remember how to pull a cotangent back."""
        fixed = {name: value for name, value in self.params.items() if name not in self.moved}

        def outputs(weights: Params) -> Tensor:
            return self.mapped({**fixed, **weights}, self.x)

        values, self.pullback = vjp(outputs, {name: self.params[name] for name in self.moved})  # type: ignore[misc]  # no auxiliary output
        self.form = values.shape
        if values.dim() == 3:  # several outputs
            values = values.flatten(1)
        if values.shape != offset.shape:
            raise ValueError(f"forward returned shape {tuple(self.form[1:])} for one network; expected (n,) or (n, q)")
        torch.add(values.detach(), offset, out=out)

    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Accumulate the pulled-back cotangent."""
        if self.pullback is None:
            raise RuntimeError("vjp before forward")
        (gradients,) = self.pullback(cotangent.reshape(self.form))
        for name, gradient in gradients.items():
            into[name].mul_(keep).add_(gradient)
