"""Multiplicative noise on the activations of the samples that a network is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np

from harness.components.vocabulary import Array

FACTORS = "noise"
"""Name of the factors (k, n) of a network among its weights."""

NoiseKind = Literal["gaussian", "dropout"]
"""Distributions of the factors: N(1, σ²), or 0 with chance p and 1/(1 − p) otherwise."""


T = TypeVar("T")


def without_factors(weights: Mapping[str, T]) -> dict[str, T]:
    """Return the weights of a network for samples that it was not trained on, which have no factors.

    Args:
        weights: Weights by name.
    """
    return {name: value for name, value in weights.items() if name != FACTORS}


@dataclass(frozen=True)
class ActivationNoise:
    """Independent factors ε_ji of mean 1, which multiply the activation of neuron j on training sample i.

    Attributes:
        kind: Distribution of the factors.
        strength: σ of ``gaussian``, or p of ``dropout``.
        fresh: Whether each step draws factors of its own. Otherwise a trial has one draw, which is a part of its loss.
    """

    kind: NoiseKind
    strength: float
    fresh: bool = False

    def __post_init__(self) -> None:
        """Refuse another distribution, and a strength that it does not have.

        Raises:
            ValueError: If there is no such distribution, σ is not positive, or p is not between 0 and 1.
        """
        kinds = get_args(NoiseKind)
        if self.kind not in kinds:
            raise ValueError(f"there is no noise {self.kind!r}, expected {' or '.join(map(repr, kinds))}")
        most = 1.0 if self.kind == "dropout" else np.inf
        if not 0.0 < self.strength < most:
            expected = "a chance between 0 and 1" if self.kind == "dropout" else "a positive number"
            raise ValueError(f"strength = {self.strength:g} of {self.kind} noise, expected {expected}")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Draw factors of a shape.

        Gaussian factors of different strength are the same normal numbers, scaled.

        >>> rng = np.random.Generator(np.random.Philox(key=1))
        >>> sorted(set(ActivationNoise("dropout", 0.75).draw(rng, (100,)).tolist()))
        [0.0, 4.0]
        """
        if self.kind == "dropout":
            return np.where(rng.random(shape) < self.strength, 0.0, 1.0 / (1.0 - self.strength))
        return 1.0 + self.strength * rng.standard_normal(shape)

    def variance(self) -> float:
        """Return the variance of a factor: σ², or p/(1 − p).

        >>> ActivationNoise("gaussian", 0.5).variance(), ActivationNoise("dropout", 0.5).variance()
        (0.25, 1.0)
        """
        return self.strength / (1.0 - self.strength) if self.kind == "dropout" else self.strength**2

    def has_density(self) -> bool:
        """Return whether the factors have a density."""
        return self.kind == "gaussian"
