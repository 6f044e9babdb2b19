"""Unit inputs whose correlations are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from harness import Array, Dataset, NonNegative


@dataclass(frozen=True)
class WeaklyInteracting(Dataset):
    """Unit inputs with x_i·x_j = ±ρ for i ≠ j, ρ = interaction/n, in a random position; labels independent of them.

    The signs are s_i s_j with s_i = ±1 at random, so that the Gram matrix is (1 − ρ)I + ρssᵀ. Inputs uniform on the
    sphere of R^d have correlations of about 1/√d: an interaction of 1 is theirs at d = n². Since gradient descent
    from Gaussian weights sees inputs through their Gram matrix alone, d need only be n here.

    Attributes:
        interaction: ρn; 0 gives orthogonal inputs. Below n.
        labels: ``gaussian`` (N(0, 1)) or ``rademacher`` (±1 with equal probability).
    """

    name: ClassVar[str] = "weakly-interacting"
    interaction: NonNegative = 1.0
    labels: Literal["gaussian", "rademacher"] = "rademacher"

    def draw(self, n: int, d: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw inputs (n, d), then labels (n,).

        Raises:
            ValueError: d < n, where there are no such inputs, or the interaction is n or more.
        """
        if d < n:
            raise ValueError(f"weakly interacting inputs need d ≥ n, found n = {n}, d = {d}")
        if self.interaction >= n:
            raise ValueError(f"interaction = {self.interaction:g} must be below n = {n}: correlations are below 1")
        frame, _ = np.linalg.qr(rng.standard_normal((d, n)))
        signs = rng.choice(np.array([-1.0, 1.0]), size=n)
        rho = self.interaction / n
        gram = (1.0 - rho) * np.eye(n) + rho * np.outer(signs, signs)
        x: Array = np.linalg.cholesky(gram) @ frame.T
        y = rng.standard_normal(n) if self.labels == "gaussian" else rng.choice(np.array([-1.0, 1.0]), size=n)
        return x, y


def largest_correlation(x: Array) -> float:
    """Return max |x_i·x_j|/(‖x_i‖‖x_j‖) over i ≠ j; 0 for one input.

    >>> largest_correlation(np.array([[1.0, 0.0], [3.0, 4.0]]))
    0.6
    """
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosines = np.abs(unit @ unit.T)
    np.fill_diagonal(cosines, 0.0)
    return float(cosines.max())
