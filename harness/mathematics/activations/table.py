"""The shipped activations by name."""

from __future__ import annotations

from harness.components import Activation
from harness.mathematics.activations.gaussian import Erf, Gelu
from harness.mathematics.activations.logistic import Sigmoid, Silu, Softplus, Tanh
from harness.mathematics.activations.piecewise import Elu, LeakyRelu, Relu, Softsign, SquaredRelu
from harness.mathematics.activations.sine import Sin

SHIPPED: tuple[type[Activation], ...] = (
    Softplus,
    Relu,
    LeakyRelu,
    Tanh,
    Gelu,
    Silu,
    Sigmoid,
    Erf,
    Sin,
    Elu,
    Softsign,
    SquaredRelu,
)
"""The classes, as the hook ``harness_activations`` of the built-in plugin provides them."""

ACTIVATIONS: dict[str, Activation] = {cls.name: cls() for cls in SHIPPED}
"""The shipped activations with their options at the defaults, by name."""


def named(activation: Activation | str) -> Activation:
    """Return an activation as it is, or the shipped one of a name.

    >>> named("relu") == named(ACTIVATIONS["relu"])
    True

    Raises:
        ValueError: If no shipped activation has the name.
    """
    if isinstance(activation, Activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"there is no activation {activation!r}, expected one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]
