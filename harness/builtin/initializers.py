"""Initial weights of the shallow net f(x) = vᵀφ(Wx + b) + c. Biases, where the model has them, start at zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import SHALLOW_WEIGHTS, Array, Initializer, Model, Outputs, Positive, Problem, Weights, has_shallow_weights

if TYPE_CHECKING:
    from collections.abc import Mapping


class ShallowInitializer(Initializer):
    """A distribution of the weights W, v, b, c of a shallow net."""

    needs: ClassVar[str] = SHALLOW_WEIGHTS

    def accepts(self, model: Model) -> bool:
        """Return whether the model has no other weights."""
        return has_shallow_weights(model)


class SharedNormals(ShallowInitializer):
    """Weights made of standard normal numbers that all initializers of this base share.

    They depend on k, d, q, n and the seeds alone. So regimes that differ in the scale, the signs or the mirroring of
    their initial weights start from the same directions, and differ in nothing else.
    """

    version: ClassVar[int] = 2

    def stream(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
        """Return the shapes of W and v; biases start at zero, or are drawn after them."""
        return {"normals": "shallow", "shapes": {name: list(shapes[name]) for name in ("W", "v")}}

    @staticmethod
    def normals(problem: Problem, k: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw the normal numbers of W, (k, d), then those of v, (k,) or (q, k)."""
        hidden: Array = rng.standard_normal((k, problem.d))
        output: Array = rng.standard_normal(k if problem.q == 1 else (problem.q, k))
        return hidden, output


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
class GaussianHalves(SharedNormals):
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
        size = float(np.linalg.norm(problem.y)) / np.sqrt(problem.n) if self.output is None else self.output
        hidden, _ = self.normals(problem, k, rng)
        return _with_biases(model, problem, {"W": self.sigma * hidden, "v": _half_signs(k) * size / np.sqrt(k)})


class _Normal(SharedNormals):
    """W and v Gaussian with variances that depend on the layer's sizes."""

    outputs: ClassVar[Outputs] = "any"
    sees_labels: ClassVar[bool] = False

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return the variances of the entries of W and of v."""
        raise NotImplementedError  # each initializer states its own

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then v, (k,) or (q, k)."""
        of_hidden, of_output = self.variances(problem.d, k, problem.q)
        hidden, output = self.normals(problem, k, rng)
        return _with_biases(model, problem, {"W": np.sqrt(of_hidden) * hidden, "v": np.sqrt(of_output) * output})


class LeCun(_Normal):
    """W ~ N(0, 1/d), v ~ N(0, 1/k)."""

    name: ClassVar[str] = "lecun"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 1/fan-in."""
        return 1.0 / d, 1.0 / k


class He(_Normal):
    """W ~ N(0, 2/d), v ~ N(0, 2/k)."""

    name: ClassVar[str] = "he"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 2/fan-in."""
        return 2.0 / d, 2.0 / k


class Xavier(_Normal):
    """W ~ N(0, 2/(d+k)), v ~ N(0, 2/(k+q)), q = 1 for one output."""

    name: ClassVar[str] = "xavier"

    def variances(self, d: int, k: int, q: int = 1) -> tuple[float, float]:
        """Return 2/(fan-in + fan-out)."""
        return 2.0 / (d + k), 2.0 / (k + q)


class MirroredLeCun(SharedNormals):
    """LeCun weights for half of the neurons, copied to the others with the output sign flipped: f = 0 at the start.

    The first half is that of ``lecun`` with the same seed.
    """

    name: ClassVar[str] = "mirrored-lecun"
    sees_labels: ClassVar[bool] = False
    width_step: ClassVar[int] = 2
    outputs: ClassVar[Outputs] = "any"

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d) and v, (k,) or (q, k), and mirror the first half of each."""
        hidden, output = self.normals(problem, k, rng)
        w = np.sqrt(1.0 / problem.d) * hidden[: k // 2]
        v = np.sqrt(1.0 / k) * output[..., : k // 2]
        return _with_biases(model, problem, {"W": np.concatenate([w, w]), "v": np.concatenate([v, -v], axis=-1)})
