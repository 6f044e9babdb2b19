"""Initial weights of nets f(x) = vᵀφ(Wx + b) + c whose layers are all trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness import Model, Positive, Problem, Weights
from harness.builtin.initializers import ShallowInitializer

if TYPE_CHECKING:
    from harness import Array


def gaussian_layers(model: Model, d: int, k: int, hidden: float, output: float, rng: np.random.Generator) -> Weights:
    """Draw W ~ N(0, hidden²), (k, d), then v ~ N(0, output²), (k,); biases, where there are any, are zero."""
    drawn = {"W": hidden * rng.standard_normal((k, d)), "v": output * rng.standard_normal(k)}
    return {name: drawn.get(name, np.zeros(shape)) for name, shape in model.shapes(d, k).items()}


@dataclass(frozen=True)
class GaussianLayers(ShallowInitializer):
    """W ~ N(0, sigma²), v ~ N(0, output²/k): the 1/√k parametrisation of the tangent kernel.

    For unit inputs and sigma = 1 the pre-activations are N(0, 1), whatever d.

    Attributes:
        sigma: Standard deviation of the entries of W.
        output: √k times the standard deviation of the entries of v.
    """

    name: ClassVar[str] = "gaussian-layers"
    sees_labels: ClassVar[bool] = False
    sigma: Positive = 1.0
    output: Positive = 1.0

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v (k,)."""
        return gaussian_layers(model, problem.d, k, self.sigma, self.output / math.sqrt(k), rng)


@dataclass(frozen=True)
class Omega(ShallowInitializer):
    """W ~ N(0, ω₁²), v ~ N(0, ω₂²) with ω₁ω₂ fixed: from lazy (small ratio) to feature learning (large ratio).

    The initializations of Song et al. (arXiv 2111.01875), who require ω₁ω₂ ≲ 1/√(dk) and show that the distance to the
    linearised model vanishes as ω₁ ≫ ω₂: ω₂/ω₁ → ∞ is necessary to leave the lazy regime.

    Attributes:
        ratio: ω₂/ω₁ relative to that of LeCun and of He, √(d/k) for both; 1 gives these.
        product: Whose product ω₁ω₂ has: 1/√(dk) of ``lecun``, 2/√(dk) of ``he``.
    """

    name: ClassVar[str] = "omega"
    sees_labels: ClassVar[bool] = False
    ratio: Positive = 1.0
    product: Literal["lecun", "he"] = "lecun"

    def scales(self, d: int, k: int) -> tuple[float, float]:
        """Return ω₁ and ω₂.

        >>> Omega(ratio=4.0, product="he").scales(d=8, k=2)  # He: 0.5 and 1
        (0.25, 2.0)
        """
        gain, tilt = (1.0 if self.product == "lecun" else 2.0), math.sqrt(self.ratio)
        return math.sqrt(gain / d) / tilt, math.sqrt(gain / k) * tilt

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v (k,)."""
        hidden, output = self.scales(problem.d, k)
        return gaussian_layers(model, problem.d, k, hidden, output, rng)


@dataclass(frozen=True)
class PyTorchDefault(ShallowInitializer):
    """The default of ``torch.nn.Linear``: weights and biases uniform on ±1/√fan-in, of variance 1/(3 fan-in)."""

    name: ClassVar[str] = "pytorch-default"
    sees_labels: ClassVar[bool] = False

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), v (k,) and, where the model has them, b (k,) of fan-in d and c of fan-in k."""
        fan_in = {"W": problem.d, "b": problem.d, "v": k, "c": k}

        def uniform(name: str, shape: tuple[int, ...]) -> Array:
            bound = 1.0 / math.sqrt(fan_in[name])
            return np.asarray(rng.uniform(-bound, bound, shape))

        return {name: uniform(name, shape) for name, shape in model.shapes(problem.d, k).items()}
