"""The shipped activations, in float64 NumPy and in torch, with their statements in C++ and in Triton's language.

Importing this package does not import torch. The methods on tensors import it.
"""

from __future__ import annotations

from harness.components import Activation
from harness.mathematics.activations.gaussian import Erf, Gelu
from harness.mathematics.activations.logistic import Sigmoid, Silu, Softplus, Tanh
from harness.mathematics.activations.option import ActivationOption
from harness.mathematics.activations.piecewise import Elu, LeakyRelu, Relu, Softsign, SquaredRelu
from harness.mathematics.activations.sine import Sin
from harness.mathematics.activations.table import ACTIVATIONS, named

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "ActivationOption",
    "Elu",
    "Erf",
    "Gelu",
    "LeakyRelu",
    "Relu",
    "Sigmoid",
    "Silu",
    "Sin",
    "Softplus",
    "Softsign",
    "SquaredRelu",
    "Tanh",
    "named",
]
