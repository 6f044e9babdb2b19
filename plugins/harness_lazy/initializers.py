"""Initial weights in the scaling of the neural tangent kernel: W ~ N(0, σ²), v of size 1/√k.

Biases, where the model has them, start at zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import Array, Initializer, Model, Positive, Problem, Weights
from harness.builtin.datasets.labels import signs
from harness.builtin.initializers import SharedNormals


def _complete(model: Model, d: int, w: Array, v: Array) -> Weights:
    """Add the biases of the model, at zero."""
    drawn = {"W": w, "v": v}
    return {name: drawn.get(name, np.zeros(shape)) for name, shape in model.shapes(d, len(v)).items()}


@dataclass(frozen=True)
class _TangentScaling(SharedNormals):
    """W ~ N(0, sigma²) and v of size output/√k.

    Attributes:
        sigma: Standard deviation of the entries of W.
        output: √k times the size of the entries of v.
    """

    sees_labels: ClassVar[bool] = False
    sigma: Positive = 1.0
    output: Positive = 1.0


class RandomSigns(_TangentScaling):
    """W ~ N(0, sigma²), v = ±output/√k with random signs [Du, Zhai, Póczos and Singh, arXiv 1810.02054].

    Their factor 1/√k before the net is folded into v, which training leaves alone. The signs are those of the weights v
    of ``ntk-gaussian``.
    """

    name: ClassVar[str] = "du"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then the signs of v (k,)."""
        hidden, output = self.normals(problem, k, rng)
        return _complete(model, problem.d, self.sigma * hidden, signs(output) * self.output / math.sqrt(k))


class Paired(_TangentScaling):
    """W ~ N(0, sigma²) in pairs of equal rows, v = ±output/√k with opposite signs in a pair: f = 0 at the start.

    The coupled initialization of Munteanu, Omlor, Song and Woodruff (arXiv 2206.12802).
    """

    name: ClassVar[str] = "paired"
    width_step: ClassVar[int] = 2

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), and repeat its first half."""
        half = self.sigma * self.normals(problem, k, rng)[0][: k // 2]
        v = np.full(k // 2, self.output / math.sqrt(k))
        return _complete(model, problem.d, np.concatenate([half, half]), np.concatenate([v, -v]))


class TangentGaussian(_TangentScaling):
    """W ~ N(0, sigma²), v ~ N(0, output²/k): all weights random, as in the neural tangent kernel of both layers."""

    name: ClassVar[str] = "ntk-gaussian"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v (k,)."""
        hidden, output = self.normals(problem, k, rng)
        return _complete(model, problem.d, self.sigma * hidden, self.output / math.sqrt(k) * output)


class Weightless(Initializer):
    """Nothing: for models without weights, such as the infinitely wide net."""

    name: ClassVar[str] = "weightless"
    needs: ClassVar[str] = "a model without weights"

    def accepts(self, model: Model) -> bool:
        """Return whether the model has no weights."""
        return not model.shapes(2, 4)

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Return no weights."""
        return {}
