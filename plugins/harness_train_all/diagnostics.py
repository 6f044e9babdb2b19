"""Numbers in theories of training all layers, measured on the networks that are trained."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from harness import Diagnostic, Network
from harness_train_all.instances import features


def pl_ratio(network: Network) -> float:
    """Return ½‖∇L‖²/L over the trained weights, or NaN if L vanishes.

    L is the loss as it is trained. For L = (a/2)‖f − y‖² the ratio is a·rᵀJJᵀr/‖r‖² with r = f − y, between
    a σ_min(J)² and a σ_max(J)². For L = ½‖f − y‖² of the theorems, a = 1. L falls at 2·ratio·L along the gradient
    flow, so the smallest ratio of a path is its Polyak–Łojasiewicz constant. Computed from the definition, by one
    reverse pass: cheaper than the kernel JJᵀ, and right for any model and loss.
    """
    level, gradients = network.loss_gradient(network.params)
    square = sum(float((gradient * gradient).sum()) for gradient in gradients.values())
    return 0.5 * square / level if level > 0 else math.nan


class PLRatio(Diagnostic):
    """The smallest ½‖∇L‖²/L along the path, the Polyak–Łojasiewicz constant that training met.

    To be held against what theories promise: σ_min(φ(XW₀ᵀ))²/4 under certificate D2 (times the a of a loss
    (a/2)‖f − y‖²), of the order of μ² = σ_min(φ(XW₀ᵀ))² for Song et al.
    """

    name: ClassVar[str] = "pl-ratio"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "min"

    def measure(self, network: Network) -> float:
        """Measure the ratio of one network."""
        return pl_ratio(network)


class PLInitial(Diagnostic):
    """½‖∇L‖²/L before training."""

    name: ClassVar[str] = "pl-initial"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "first"

    def measure(self, network: Network) -> float:
        """Measure the ratio of one network."""
        return pl_ratio(network)


class FeatureSigma(Diagnostic):
    """σ_min(φ(XW₀ᵀ)), the μ_Φ of Song et al.: smallest of n singular values, 0 for fewer neurons than samples."""

    name: ClassVar[str] = "feature-sigma"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "first"

    def measure(self, network: Network) -> float:
        """Measure the singular value on a shallow net; NaN for other models."""
        traits = network.model.describe()
        if not traits.shallow or traits.phi is None:
            return math.nan
        weights = {name: np.asarray(value) for name, value in network.params.items()}
        matrix = features(weights, network.problem.x, traits.phi)
        if matrix.shape[1] < matrix.shape[0]:
            return 0.0
        return float(np.linalg.svd(matrix, compute_uv=False)[-1])
