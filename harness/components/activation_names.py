"""The names of the activations, which can be listed without NumPy."""

from __future__ import annotations

from typing import Literal

ActivationName = Literal["softplus", "relu", "leaky-relu", "tanh", "gelu", "silu", "sigmoid", "erf", "sin"]
"""The activations of :mod:`harness.mathematics.activations`."""
