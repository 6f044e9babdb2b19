"""Initial weights of the shallow net f(x) = vᵀφ(Wx + b) + c. Biases, where the model has them, start at zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import SHALLOW_WEIGHTS, Initializer, Model, Outputs, Positive, Problem, Weights, has_shallow_weights


@dataclass(frozen=True)
class ShallowInitializer(Initializer):
    """A distribution of the weights W, v, b, c of a shallow net."""

    needs: ClassVar[str] = SHALLOW_WEIGHTS

    def accepts(self, model: Model) -> bool:
        """Return whether the model has no other weights."""
        return has_shallow_weights(model)


def _with_biases(model: Model, problem: Problem, weights: Weights) -> Weights:
    """Return the weights of the model: those given, and its biases at zero."""
    shapes = model.shapes_for(problem.d, len(weights["W"]), problem.q)
    return {name: weights.get(name, np.zeros(shape)) for name, shape in shapes.items()}


def _half_signs(k: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return +1 for the first ⌈k/2⌉ neurons and −1 for the others."""
    signs = np.ones(k)
    signs[(k + 1) // 2 :] = -1.0
    return signs


@dataclass(frozen=True)
class GaussianHalves(ShallowInitializer):
    """W ~ N(0, sigma²); v = ± a constant, half and half.

    For odd k the first half is the larger.

    Attributes:
        sigma: Standard deviation of the entries of W.
        output: A number a makes the constant a/√k. By default it is ‖y‖/√(kn), as Oymak and Soltanolkotabi choose it.
    """

    name: ClassVar[str] = "gaussian-halves"
    sees_labels: ClassVar[bool] = False
    sigma: Positive = 1.0
    output: Positive | None = None

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d) and set v (k,)."""
        n, d = problem.x.shape
        size = float(np.linalg.norm(problem.y)) / np.sqrt(n) if self.output is None else self.output
        w = self.sigma * rng.standard_normal((k, d))
        return _with_biases(model, problem, {"W": w, "v": _half_signs(k) * size / np.sqrt(k)})


@dataclass(frozen=True)
class _Normal(ShallowInitializer):
    """W and v Gaussian with variances that depend on the layer's sizes."""

    outputs: ClassVar[Outputs] = "any"
    sees_labels: ClassVar[bool] = False

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return the variances of the entries of W and of v."""
        raise NotImplementedError  # each initializer states its own

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v, (k,) or (q, k)."""
        d, q = problem.d, problem.q
        hidden, output = self.variances(d, k, q)
        w = np.sqrt(hidden) * rng.standard_normal((k, d))
        v = np.sqrt(output) * rng.standard_normal(k if q == 1 else (q, k))
        return _with_biases(model, problem, {"W": w, "v": v})


@dataclass(frozen=True)
class LeCun(_Normal):
    """W ~ N(0, 1/d), v ~ N(0, 1/k)."""

    name: ClassVar[str] = "lecun"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 1/fan-in."""
        return 1.0 / d, 1.0 / k


@dataclass(frozen=True)
class He(_Normal):
    """W ~ N(0, 2/d), v ~ N(0, 2/k)."""

    name: ClassVar[str] = "he"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 2/fan-in."""
        return 2.0 / d, 2.0 / k


@dataclass(frozen=True)
class Xavier(_Normal):
    """W ~ N(0, 2/(d+k)), v ~ N(0, 2/(k+q)), q = 1 for one output."""

    name: ClassVar[str] = "xavier"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 2/(fan-in + fan-out)."""
        return 2.0 / (d + k), 2.0 / (k + q)


@dataclass(frozen=True)
class MirroredLeCun(ShallowInitializer):
    """LeCun weights for half of the neurons, copied to the others with the output sign flipped: f = 0 at the start."""

    name: ClassVar[str] = "mirrored-lecun"
    sees_labels: ClassVar[bool] = False
    width_step: ClassVar[int] = 2
    outputs: ClassVar[Outputs] = "any"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k/2, d) and v, (k/2,) or (q, k/2), and mirror them."""
        d, half, q = problem.d, k // 2, problem.q
        w = rng.standard_normal((half, d)) / np.sqrt(d)
        v = rng.standard_normal(half if q == 1 else (q, half)) / np.sqrt(k)
        return _with_biases(model, problem, {"W": np.concatenate([w, w]), "v": np.concatenate([v, -v], axis=-1)})
