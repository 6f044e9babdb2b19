"""Widths at which the loss has no bad stationary points of some kind. Whether training meets others is left open."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from harness import Activation, Assumption, Claim, Positive, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import LINEAR, Nets, ShallowTheory
from harness_narrow.theories import conditions as own
from harness_narrow.theories import references
from harness_narrow.theories.counts import Count, ratio


class ZhangLandscape(Count):
    """k ≥ 2n/d: every Karush-Kuhn-Tucker point of the constrained problem is nearly a global minimum.

    Whether projected gradient descent reaches such a point is left open by the paper.
    """

    name = "zhang-landscape"
    claim = Claim(
        title="Zhang et al. 2021, constrained landscape",
        formula="k ≥ 2⌈n/d⌉",
        reference=references.ZHANG,
        guarantee="landscape",
        certainty="abstract",
        certainty_note="2n/d and the claim from abstract and introduction; the exact feasible set, its constants and "
        "what φ must satisfy from memory",
        explicit=True,
        exponents=LINEAR,
        home={"use": "narrow-constrained"},
    )
    nets = Nets("all", "smooth", "any")
    conditions = (
        shared.from_a_density,
        own.analytic,
        own.mirrored,
        shared.quadratic_loss,
        own.constrained,
        Assumption("ε, ζ and κ as in the paper", None, "its values are not known here"),
    )
    each = 2
    reason = "landscape: it says nothing about where training ends"

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains all layers of a smooth shallow net under the constraints."""
        return super().concerns(regime) and bool(own.constrained(regime).holds)


class SoudryCarmon(Count):
    """k ≥ n/d: differentiable local minima are global, for leaky ReLU with multiplicative noise on its slopes.

    The noise is drawn once and belongs to the loss. W and v are both trained. With v fixed and not zero anywhere the
    statement follows from the same rank: J has n independent rows, so that a vanishing gradient Jᵀ(f − y) is a fit.
    """

    name = "soudry-carmon"
    claim = replace(
        ZhangLandscape.claim,
        title="Soudry & Carmon 2016",
        formula="k ≥ ⌈n/d⌉",
        reference=references.SOUDRY_CARMON,
        certainty="read",
        certainty_note="statement and proof, for a leak of 0.1 and almost all inputs and noise, in lecture notes",
        home={"use": "narrow-noisy"},
    )
    nets = Nets(("hidden", "all"), "leaky-relu", "any")
    conditions = (shared.from_a_density, shared.quadratic_loss, own.noise_in_the_loss)
    reason = "landscape, where the loss is differentiable"

    def phi(self, regime: Regime) -> Activation | None:
        """Return φ of a shallow net, with noise on its activations or without, or None for other models."""
        noisy = regime.model.activation_noise() is not None
        return regime.model.describe().phi if noisy else super().phi(regime)


class Xie(ShallowTheory):
    """A stationary point has a loss of at most its gradient over the least singular value of the features.

    For a full-rank J the loss is 0, which needs kd ≥ n. The paper's bound that diverse weights give such a rank on the
    sphere is not empty for d of order k n² and more only.
    """

    name = "xie"
    claim = replace(
        SoudryCarmon.claim,
        title="Xie, Liang & Song 2017",
        formula="rank J = n at the stationary point, so kd ≥ n; its bound on the rank needs d ≥ C k n²",
        reference=references.XIE,
        certainty="secondary",
        certainty_note="as described by Du et al. and by Karhadkar et al. 2024",
        explicit=False,
        home={"use": "narrow-hidden", "activation": "relu"},
    )
    nets = Nets("hidden", "relu", "any")
    conditions = (own.drawn_on_the_sphere, shared.quadratic_loss, own.very_high_dimension)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate n/d, the least width at which J can have rank n."""
        return Width(ratio(problem), "the least width of full rank; the paper's bound asks for d ≥ C k n²")


@dataclass(frozen=True)
class Karhadkar(ShallowTheory):
    """k ≳ (n/d) log(1/ε): all but a share ε of the activation regions of a ReLU net have no bad stationary point.

    That is, no differentiable one, for fixed v. The share counts the regions, however small they are.

    Attributes:
        epsilon: ε, the share of regions that may be bad.
    """

    name = "karhadkar"
    claim = Claim(
        title="Karhadkar et al. 2024",
        formula="k ≥ C (n/d) log(1/ε), ε = 0.01",
        reference=references.KARHADKAR,
        guarantee="landscape",
        certainty="memory",
        certainty_note="mildly above n/d from reviews of the paper; the logarithm from memory",
        exponents=LINEAR,
        home={"use": "narrow-hidden", "activation": "relu"},
    )
    nets = Nets("hidden", "relu", "any")
    conditions = (shared.from_a_density, shared.quadratic_loss)
    epsilon: Positive = 0.01

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate (n/d) log(1/ε)."""
        return Width(ratio(problem) * math.log(1.0 / self.epsilon), f"ε = {self.epsilon:g}")
