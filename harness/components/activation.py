"""An activation φ: R → R, for arrays, for tensors and for compiled code, with the constants that theorems use."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from harness.components.component import Component
from harness.components.vocabulary import Array

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema
    from torch import Tensor


class Activation(Component, ABC):
    """An activation φ: R → R.

    A plugin gives φ and φ' for arrays and φ for tensors. Everything else has a default. Without C++ text the model
    trains with the stacked solver, and without Triton text it does not train with the GPU kernel.

    Attributes:
        b1: ``sup |φ'|``, or infinity where φ' is unbounded.
        b2: ``sup |φ''|`` where φ'' exists, or infinity where φ has a kink.
        b3: ``sup |φ'''|``, or infinity where it is not known. Fates with unlimited steps are certified where b1, b2
            and b3 are finite and :meth:`d2phi` is given.
        tame: Whether φ is made from polynomials, exp, log and erf by finitely many operations and cases. Sine is not.
            The argument that counts weights to rule out exact fits needs it.
        smooth: Whether φ is twice differentiable everywhere.
        analytic: Whether φ is real analytic and not a polynomial.
        odd: Whether φ(−z) = −φ(z).
        homogeneous: Whether φ(az) = aφ(z) for a > 0.
    """

    kind: ClassVar[str] = "activation"
    b3: ClassVar[float] = math.inf
    tame: ClassVar[bool] = False
    smooth: ClassVar[bool] = False
    analytic: ClassVar[bool] = False
    odd: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = False

    @property
    @abstractmethod
    def b1(self) -> float:
        """Return ``sup |φ'|``."""

    @property
    @abstractmethod
    def b2(self) -> float:
        """Return ``sup |φ''|``."""

    @property
    def bound(self) -> float:
        """Return B = max(``sup |φ'|``, ``sup |φ''|``), the one constant of several theorems.

        >>> from harness.mathematics.activations import ACTIVATIONS
        >>> ACTIVATIONS["softplus"].bound, ACTIVATIONS["relu"].bound
        (1.0, inf)
        """
        return max(self.b1, self.b2)

    @abstractmethod
    def phi(self, z: Array) -> Array:
        """Return φ(z), float64, of the shape of z."""

    @abstractmethod
    def dphi(self, z: Array) -> Array:
        """Return φ'(z). At a kink it is the slope from the left, so ReLU'(0) = 0."""

    def d2phi(self, z: Array) -> Array | None:
        """Return φ''(z) from the left, or None if the activation does not give it."""
        return None

    @abstractmethod
    def forward(self, z: Tensor) -> Tensor:
        """Return φ(z) for a tensor. Autograd and ``torch.func`` must be able to differentiate it."""

    def activate_(self, z: Tensor, slope: Tensor) -> None:
        """Replace z by φ(z) and ``slope`` by φ'(z), in place.

        The default differentiates :meth:`forward`. An activation with a cheaper closed form overrides it.
        """
        import torch

        with torch.enable_grad():
            argument = z.detach().clone().requires_grad_()
            value = self.forward(argument)
            (derivative,) = torch.autograd.grad(value, argument, torch.ones_like(value))
        slope.copy_(derivative)
        z.copy_(value.detach())

    def cpp(self) -> str | None:
        """Return C++ statements that set ``phi`` and ``slope`` from ``z``, or None if there are none.

        All three are vectors of floats or doubles, ``vec``. ``harness/engine/fused/kernel.cpp`` defines what the
        statements may use: ``exp_negative`` (e^x for x ≤ 0), ``exp_quotient``, ``log1p``, ``log1p_ratio``,
        ``error_function``, ``half_erfc``, ``sine_cosine``, ``sigmoid``, ``magnitude``, ``choose``, ``all`` and
        ``real``. Comments must be of the form ``/* … */``.
        """
        return None

    def triton(self) -> str | None:
        """Return statements in Triton's language that set ``phi`` and ``slope`` from ``z``, or None if there are none.

        They may use ``tl`` and what ``harness/engine/gpu/activations.py`` defines: ``sigmoid(z)``,
        ``log1p(u, TERMS)`` for 0 ≤ u ≤ 1, and ``error_function(x, TERMS)`` and ``sine_cosine(x, TERMS)``, which return
        two.
        """
        return None

    def __str__(self) -> str:
        """Return the name, with the options that differ from their defaults."""
        default = type(self)()
        changed = [f"{key} {value:g}" for key, value in vars(self).items() if value != getattr(default, key)]
        return " ".join([self.name, *changed])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic check options of the type Activation by their class. Composition makes them from their names."""
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls) if inspect.isabstract(cls) else handler(source)
