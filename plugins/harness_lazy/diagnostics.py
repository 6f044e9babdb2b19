"""Diagnostics of lazy training, before and after a network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from harness import Diagnostic, Network, Positive
from harness.mathematics.spectra import smallest_eigenvalue
from harness_lazy.limit import HiddenScale, limiting_kernel
from harness_lazy.tangent import (
    jacobian_lipschitz,
    output_factor,
    relative_distance,
    tangent_kernel,
    unscaled_price,
)


class KernelMovement(Diagnostic):
    """‖K_T − K₀‖_F/‖K₀‖_F: how far training has moved the tangent kernel K = JJᵀ. 0 is lazy.

    Trials that are solved exactly have kernels that do not move, and are left out.
    """

    name: ClassVar[str] = "kernel-movement"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "last"

    def measure(self, network: Network) -> float:
        """Compare the kernel with that of the initial weights."""
        before = tangent_kernel(network.model, network.start, network.problem.x)
        after = tangent_kernel(network.model, network.params, network.problem.x)
        size = float(np.linalg.norm(before))
        return float(np.linalg.norm(after - before)) / size if size > 0 else float("nan")


class Sharpness(Diagnostic):
    """η λ_max(JJᵀ), the largest on the path: gradient descent on a quadratic is stable up to 2.

    For the loss ½‖f − y‖² the Hessian is JᵀJ up to terms of the size of the residual, so near a fit λ_max(JJᵀ) is the
    sharpness that moves towards 2/η in Cohen et al. (arXiv 2103.00065). By the heavy ball the edge is 2(1 + β).
    """

    name: ClassVar[str] = "sharpness"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "max"

    def measure(self, network: Network) -> float:
        """Return the product at the present weights."""
        kernel = tangent_kernel(network.model, network.params, network.problem.x)
        return network.step_size * float(np.linalg.eigvalsh(kernel)[-1])


class Laziness(Diagnostic):
    """L‖r₀‖/σ_min(J₀)², L a Lipschitz constant of the Jacobian: how much the Jacobian can turn on the way to a fit.

    A bound that is computed before training, for the ratio ‖r₀‖‖D²h‖/‖Dh‖² of Chizat, Oyallon and Bach (arXiv
    1812.07956). At ⅛ and below, gradient descent of step 2/(9‖J₀‖²) provably stays lazy and fits the labels.
    For the hidden layer of a shallow net with a twice differentiable φ; 0 for linear models.
    """

    name: ClassVar[str] = "laziness"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "first"

    def measure(self, network: Network) -> float:
        """Evaluate at the initial weights; NaN where no L is known or J₀ has not full rank."""
        import torch

        x, model = network.problem.x, network.model
        weights = {name: value.double().numpy() for name, value in network.start.items()}
        lipschitz = jacobian_lipschitz(model, weights, x)
        sigma_squared = smallest_eigenvalue(tangent_kernel(model, network.start, x))
        if not np.isfinite(lipschitz) or sigma_squared == 0:
            return float("nan")
        outputs = model.forward(network.start, torch.from_numpy(x)).double().numpy()
        return lipschitz * float(np.linalg.norm(outputs - network.problem.y)) / sigma_squared


class PriceOfLaziness(Diagnostic):
    """s_min(k) = 8L‖y‖/σ_min(J₀)²: scaled by α ≥ s_min and centred, this very net is provably lazy and fits.

    L and J₀ are those of the net itself (α = 1). Finite at every width at which J₀ has full rank; falls like 1/√k.
    """

    name: ClassVar[str] = "price-of-laziness"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "first"

    def measure(self, network: Network) -> float:
        """Evaluate at the initial weights; NaN where no L is known or J₀ has not full rank."""
        return unscaled_price(network.model, network.start, network.problem.x, network.problem.y)


@dataclass(frozen=True)
class KernelDistance(Diagnostic):
    """‖K₀ − K∞‖/‖K∞‖ in the operator norm: how far the initial kernel is from that of infinite width.

    K∞ is the limit for W ~ N(0, sigma²) and v of size a/√k. See :func:`harness_lazy.limit.limiting_kernel`. Its
    output layer's part is multiplied by k, as v itself is trained.

    Attributes:
        sigma: σ, or ``lecun`` for 1/√d, or ``he`` for √(2/d).
        output: a. By default ‖v₀‖ is taken, which is a exactly for v = ±a/√k.
    """

    name: ClassVar[str] = "kernel-distance"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "first"
    sigma: HiddenScale = 1.0
    output: Positive | None = None

    def measure(self, network: Network) -> float:
        """Compare the kernels; NaN for models without a known limit, and for the limit itself."""
        traits = network.model.describe()
        if traits.phi is None or traits.trains is None or not network.model.has_width:
            return float("nan")
        if "v" not in network.start:
            return float("nan")
        output = self.output
        if output is None:
            output = float(np.linalg.norm(network.start["v"].double().numpy()))
        limit = limiting_kernel(
            network.problem.x,
            traits.phi,
            traits.trains,
            sigma=self.sigma,
            output=output,
            biases=traits.biases,
            width=len(network.start["v"]),
        )
        kernel = tangent_kernel(network.model, network.start, network.problem.x) / output_factor(network.model) ** 2
        return relative_distance(kernel, limit)


DIAGNOSTICS: tuple[type[Diagnostic], ...] = (KernelMovement, Sharpness, Laziness, PriceOfLaziness, KernelDistance)
"""The diagnostics of this plugin."""
