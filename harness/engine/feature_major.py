"""Makes an author's ``forward`` store its temporaries neuron by sample, without changing what it says.

Networks are written sample by neuron: x Wᵀ is (n, k). With few neurons and many samples that is the slow way round
for matrix kernels and for everything elementwise after them. (W xᵀ)ᵀ is the same matrix, and is stored with its
samples next to each other, which temporaries computed from it keep. Every entry is the same sum of products; only the
order of summation, hence the last bits, may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from harness.components import Params

PRODUCTS = (
    torch.matmul,
    torch.mm,
    torch.mv,
    Tensor.matmul,
    Tensor.mm,
    Tensor.mv,
    Tensor.__matmul__,
)


class FeatureMajor(TorchFunctionMode):
    """Computes products of data (n, d) with weights by their transposes; leaves everything else alone.

    Data are the inputs and what is computed from them by calls; views that are taken by attribute (``x.T``) are not,
    so that a ``W @ x.T``, which is stored well already, stays as it is. Works the same when a compiler traces it,
    which is why data are recognised by identity and not by strides.
    """

    def __init__(self, x: Tensor) -> None:
        """Start from the inputs of one network, (n, d)."""
        super().__init__()
        self.data = [x]

    def _is_data(self, thing: Any) -> bool:
        return any(thing is known for known in self.data)  # not ``in``, which compares elements

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one operation of the author's code."""
        given = {} if kwargs is None else kwargs
        if func is functional.linear and self._product(args):
            found = _transposed(args[0], args[1].mT)
            bias = args[2] if len(args) > 2 else given.get("bias")
            if bias is not None:
                found = found + bias
        elif func in PRODUCTS and not given and self._product(args):
            found = _transposed(args[0], args[1])
        else:
            found = func(*args, **given)
        if isinstance(found, Tensor) and self._from_data(args):
            self.data.append(found)
        return found

    def _product(self, args: tuple[Any, ...]) -> bool:
        """Whether the first two arguments are data (n, d), and a matrix or vector that is not."""
        if len(args) < 2 or not (self._is_data(args[0]) and isinstance(args[1], Tensor)) or self._is_data(args[1]):
            return False
        return bool(args[0].dim() == 2 and args[1].dim() in (1, 2))

    def _from_data(self, args: Sequence[Any]) -> bool:
        for argument in args:
            if isinstance(argument, list | tuple):
                if self._from_data(argument):
                    return True
            elif self._is_data(argument):
                return True
        return False


def _transposed(x: Tensor, weight: Tensor) -> Tensor:
    """Return x @ weight, for a vector or a matrix, stored with samples next to each other."""
    return weight @ x.mT if weight.dim() == 1 else (weight.mT @ x.mT).mT


def feature_major(forward: Callable[[Params, Tensor], Tensor]) -> Callable[[Params, Tensor], Tensor]:
    """Return ``forward`` of one network, run in feature-major layout."""

    def run(params: Params, x: Tensor) -> Tensor:
        with FeatureMajor(x):
            return forward(params, x)

    return run


def sample_last(x: Tensor) -> Tensor:
    """Return inputs (B, n, d) with the same entries, stored (B, d, n), or (d, n) where all networks have the same."""
    if len(x) > 1 and x.stride(0) == 0:
        return x[0].mT.contiguous().mT.expand(len(x), -1, -1)
    return x.mT.contiguous().mT
