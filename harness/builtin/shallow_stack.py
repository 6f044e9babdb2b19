"""B shallow nets f(x) = vᵀφ(Wx + b) + c advanced together in closed form.

Temporaries are stored neuron by sample, (B, k, n), samples contiguous: at the small widths of interest the products
are then long and thin in the direction that matrix kernels like, which is worth a factor of two to three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from harness import Activation, Stack, Trained
from harness.engine import lanes

if TYPE_CHECKING:
    from harness import Params


class ShallowStack(Stack):
    """The closed form of the shallow net's outputs and gradients on aligned lanes."""

    def __init__(self, params: Params, x: Tensor, activation: Activation, train: Trained) -> None:
        """Take weights W (B, k, d), v (B, k) and perhaps b (B, k), c (B,), which are read at each call, and inputs."""
        self.params = params
        self.hidden = train != "output"
        self.output = train != "hidden"
        self.activation = activation
        count, k, d = params["W"].shape
        n = x.shape[1]
        self.shared = count > 1 and x.stride(0) == 0  # all networks have the same inputs
        if self.shared:
            self.x, self.xt = x, x[0].mT.contiguous().expand(count, -1, -1)
        else:
            self.x = lanes.zeros(count, n, d, like=x)
            self.xt = lanes.zeros(count, d, n, like=x)
        self.phi = lanes.zeros(count, k, n, like=x)
        self.slope = lanes.zeros(count, k, n, like=x)
        # Where both layers train, φ is still needed when the outer product is formed; else it may be overwritten.
        self.outer = lanes.zeros(count, k, n, like=x) if train == "all" else self.phi
        self.v_row = params["v"].unsqueeze(1)
        self.v_column = params["v"].unsqueeze(2)
        self.load(x)

    def load(self, x: Tensor) -> None:
        """Copy inputs (B, n, d) into both layouts."""
        if not self.shared:
            self.x.copy_(x)
            self.xt.copy_(x.mT)
        if not self.hidden:
            self._features()  # constant while only v trains

    def _features(self) -> None:
        """Compute φ and φ' at the current hidden weights."""
        if "b" in self.params:
            torch.baddbmm(self.params["b"].unsqueeze(2), self.params["W"], self.xt, out=self.phi)
        else:
            torch.bmm(self.params["W"], self.xt, out=self.phi)
        self.activation.activate_(lanes.flat(self.phi), lanes.flat(self.slope))

    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write vᵀφ(Wx + b) + c + offset."""
        if self.hidden:
            self._features()
        torch.baddbmm(offset.unsqueeze(1), self.v_row, self.phi, out=out.unsqueeze(1))
        if "c" in self.params:
            out.add_(self.params["c"].unsqueeze(1))

    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Accumulate the gradients of the trained layers."""
        if self.output:
            # The hidden layer's gradient uses v as it was, and ``into`` may hold v itself: outer product first.
            if self.hidden:
                torch.mul(self.v_column, cotangent.unsqueeze(1), out=self.outer)
            into["v"].unsqueeze(2).baddbmm_(self.phi, cotangent.unsqueeze(2), beta=keep)
            if "c" in self.params:
                into["c"].mul_(keep).add_(cotangent.sum(1))
        else:
            torch.mul(self.v_column, cotangent.unsqueeze(1), out=self.outer)
        if self.hidden:
            self._hidden_gradients(into, keep)

    def _hidden_gradients(self, into: Params, keep: float) -> None:
        """Accumulate the gradients of W and b from the cotangents of φ."""
        lanes.flat(self.slope).mul_(lanes.flat(self.outer))
        into["W"].baddbmm_(self.slope, self.x, beta=keep)
        if "b" in self.params:
            into["b"].mul_(keep).add_(self.slope.sum(2))


class SeveralOutputs(ShallowStack):
    """The same for q > 1 outputs, with v (B, q, k) and c (B, q)."""

    def __init__(self, params: Params, x: Tensor, activation: Activation, train: Trained) -> None:
        """Take weights and inputs."""
        super().__init__(params, x, activation, train)
        count, q, _ = params["v"].shape
        self.q = q
        self.values = lanes.zeros(count, q, x.shape[1], like=x)
        self.cotangents = lanes.zeros(count, q, x.shape[1], like=x)

    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write vφ(Wx + b) + c + offset, the outputs of a sample side by side."""
        if self.hidden:
            self._features()
        torch.bmm(self.params["v"], self.phi, out=self.values)
        if "c" in self.params:
            self.values.add_(self.params["c"].unsqueeze(2))
        torch.add(self.values.mT, torch.unflatten(offset, 1, (-1, self.q)), out=torch.unflatten(out, 1, (-1, self.q)))

    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Accumulate the gradients of the trained layers."""
        self.cotangents.copy_(torch.unflatten(cotangent, 1, (-1, self.q)).mT)
        if self.output:
            if self.hidden:  # with v as it was, which ``into`` may hold
                torch.bmm(self.params["v"].mT, self.cotangents, out=self.outer)
            into["v"].baddbmm_(self.cotangents, self.phi.mT, beta=keep)
            if "c" in self.params:
                into["c"].mul_(keep).add_(self.cotangents.sum(2))
        else:
            torch.bmm(self.params["v"].mT, self.cotangents, out=self.outer)
        if self.hidden:
            self._hidden_gradients(into, keep)
