"""The distance of a network from a stationary point of the problem that its method solves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from harness import Diagnostic
from harness_narrow.optimizers import Projected

if TYPE_CHECKING:
    from harness import Network, Params


class KKTResidual(Diagnostic):
    """‖G(w)‖/‖∇L(w₀)‖ with G(w) = (w − P(w − η∇L(w)))/η, at the end of training.

    P is the projection of the method: with :class:`~harness_narrow.optimizers.Projected`, G(w) = 0 if and only if w is
    a Karush-Kuhn-Tucker point of the constrained problem. Any other method has P the identity, and G = ∇L.

    The scale is the gradient without constraints at the initial weights, so that a method that does not move from
    the start has residual 1, and two methods that start from the same weights are measured alike. G is that of the
    trained weights, whose norm is over all of them together; η is that of the trial.
    """

    name: ClassVar[str] = "kkt-residual"
    summary: ClassVar[Literal["first", "last", "min", "max"]] = "last"

    def measure(self, network: Network) -> float:
        """Return the residual; NaN where the gradient vanishes at the start, or is not finite."""
        scale = _norm(network.loss_gradient(network.start)[1])
        value = _norm(gradient_mapping(network))
        return value / scale if scale > 0 and math.isfinite(value) else math.nan


def gradient_mapping(network: Network) -> Params:
    """Return G(w) = (w − P(w − η∇L(w)))/η of each trained weight at the weights as they are now."""
    _, slopes = network.loss_gradient(network.params)
    if not isinstance(network.optimizer, Projected):
        return slopes
    names, eta = network.model.moved(network.params), network.step_size
    state = network.optimizer.start({name: network.start[name] for name in names})
    stepped = {name: network.params[name] - eta * slopes[name] for name in names}
    landed = network.optimizer.project(stepped, state)
    return {name: (network.params[name] - landed[name]) / eta for name in names}


def _norm(parts: Params) -> float:
    return math.sqrt(sum(float((part.double() ** 2).sum()) for part in parts.values()))
