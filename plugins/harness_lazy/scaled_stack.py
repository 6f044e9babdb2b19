"""B scaled and centred nets α (h(x; w) − h(x; w₀)) advanced together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import Stack
from harness_lazy.start import at_start

if TYPE_CHECKING:
    from torch import Tensor

    from harness import Params
    from harness.builtin.models import ShallowNet


class ScaledStack(Stack):
    """The closed form of the shallow net, with its initial outputs taken off and the rest multiplied by α."""

    def __init__(self, net: ShallowNet, params: Params, x: Tensor, alpha: float) -> None:
        """Take weights with copies of the trained ones as they started, inputs (B, n, d), and α."""
        from harness.engine import lanes

        self.net = net
        self.alpha = alpha
        self.start = at_start(params, net.trained())
        self.inner: Stack = net.stack(params, x)
        self.anchor: Stack | None = None  # the net at w₀; kept only if inputs change, as it takes as much memory again
        self.zero = lanes.zeros(x.shape[0], x.shape[1], like=x)
        self.base = lanes.zeros(x.shape[0], x.shape[1], like=x)
        self.scaled = lanes.zeros(x.shape[0], x.shape[1], like=x)
        net.stack(self.start, x).forward(self.base, self.zero)

    def load(self, x: Tensor) -> None:
        """Take new inputs (B, n, d), and the initial outputs on them."""
        self.inner.load(x)
        if self.anchor is None:
            self.anchor = self.net.stack(self.start, x)
        else:
            self.anchor.load(x)
        self.anchor.forward(self.base, self.zero)

    def forward(self, out: Tensor, offset: Tensor) -> None:
        """Write α (h(x; w) − h(x; w₀)) + offset.

        Both terms come from the same operation, so that their difference at w₀ is zero to the last bit.
        """
        self.inner.forward(out, self.zero)
        out.sub_(self.base).mul_(self.alpha).add_(offset)

    def vjp(self, cotangent: Tensor, into: Params, keep: float) -> None:
        """Accumulate α times the gradients of h."""
        import torch

        torch.mul(cotangent, self.alpha, out=self.scaled)
        self.inner.vjp(self.scaled, into, keep)
