"""Initial weights whose output layer dominates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness import Initializer, Model, Positive, Problem, Weights


@dataclass(frozen=True)
class Unbalanced(Initializer):
    """w_j ~ N(0, σ²I/d), v_j = ± r‖w_j‖ with random signs.

    Gradient flow keeps v_j² − ‖w_j‖², so with r > 1 no v_j ever changes its sign.

    Attributes:
        sigma: σ.
        ratio: r; the theorem is about r ≥ 1.
    """

    name: ClassVar[str] = "unbalanced"
    sigma: Positive = 0.5
    ratio: Positive = 1.5

    def draw(self, model: Model, problem: Problem, k: int, rng: np.random.Generator) -> Weights:
        """Draw W (k, d), then the signs of v (k,).

        Raises:
            ValueError: The model has other weights than W and v.
        """
        shapes = model.shapes(problem.d, k)
        if set(shapes) != {"W", "v"}:
            raise ValueError(f"unbalanced weights are W and v; model {model.name!r} has {', '.join(shapes)}")
        w = self.sigma * rng.standard_normal((k, problem.d)) / np.sqrt(problem.d)
        signs = rng.choice(np.array([-1.0, 1.0]), size=k)
        return {"W": w, "v": self.ratio * signs * np.linalg.norm(w, axis=1)}
