"""Initial weights of nets f(x) = vᵀφ(Wx + b) + c whose layers are all trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from harness import Model, Outputs, Positive, Problem, Weights
from harness.builtin.initializers import SharedNormals

if TYPE_CHECKING:
    from harness import Array


class _Layers(SharedNormals):
    """W ~ N(0, ω₁²), v ~ N(0, ω₂²); biases, where there are any, are zero."""

    outputs: ClassVar[Outputs] = "any"

    def scales(self, d: int, k: int) -> tuple[float, float]:
        """Return ω₁ and ω₂."""
        raise NotImplementedError  # each initializer states its own

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v, (k,) or (q, k)."""
        of_hidden, of_output = self.scales(problem.d, k)
        hidden, output = self.normals(problem, k, rng)
        drawn = {"W": of_hidden * hidden, "v": of_output * output}
        shapes = model.shapes_for(problem.d, k, problem.q)
        return {name: drawn.get(name, np.zeros(shape)) for name, shape in shapes.items()}


@dataclass(frozen=True)
class GaussianLayers(_Layers):
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

    def scales(self, d: int, k: int) -> tuple[float, float]:
        """Return sigma and output/√k."""
        return self.sigma, self.output / math.sqrt(k)


@dataclass(frozen=True)
class Omega(_Layers):
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


class PyTorchDefault(SharedNormals):
    """The default of ``torch.nn.Linear``: weights and biases uniform on ±1/√fan-in, of variance 1/(3 fan-in).

    W and v are the shared normal numbers z, mapped to uniform ones by the normal distribution function: 2Φ(z) − 1.
    """

    name: ClassVar[str] = "pytorch-default"
    sees_labels: ClassVar[bool] = False

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), v (k,) and, where the model has them, b (k,) of fan-in d and c of fan-in k."""
        from scipy.special import erf

        fan_in = {"W": problem.d, "b": problem.d, "v": k, "c": k}
        drawn: dict[str, Array] = dict(zip(("W", "v"), self.normals(problem, k, rng), strict=True))
        shapes = model.shapes(problem.d, k)
        normals = {name: drawn[name] if name in drawn else rng.standard_normal(shape) for name, shape in shapes.items()}
        return {name: np.asarray(erf(z / math.sqrt(2.0)) / math.sqrt(fan_in[name])) for name, z in normals.items()}
