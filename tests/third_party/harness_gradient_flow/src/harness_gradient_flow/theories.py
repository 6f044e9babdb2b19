"""The claim of the paper, and what holds exactly where inputs are orthogonal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness import Assumption, Claim, Exponents, Problem, Reference, Regime, Theory, Weights, Width

from harness_gradient_flow.cover import covered, half_width, signs
from harness_gradient_flow.inputs import largest_correlation
from harness_gradient_flow.weights import Unbalanced

if TYPE_CHECKING:
    from collections.abc import Sequence

DANA = Reference(
    "L. Dana, F. Bach, L. Pillaud-Vivien, Convergence of shallow ReLU networks on weakly interacting data, "
    "arXiv 2502.16977, 2025",
    """\
@misc{dana2025weakly,
  title  = {Convergence of Shallow {ReLU} Networks on Weakly Interacting Data},
  author = {Dana, L{\\'e}o and Bach, Francis and Pillaud-Vivien, Loucas},
  year   = {2025},
  eprint = {2502.16977},
  archivePrefix = {arXiv},
}""",
)
SMALL = 0.1
"""Of the stable step, up to which gradient descent stands for the flow."""

ORTHOGONAL = 1e-9
"""Correlation up to which inputs count as orthogonal."""


def relu_net(regime: Regime) -> bool:
    """Say whether the regime trains both layers of a shallow ReLU net, on full batches."""
    traits = regime.model.describe()
    trains = traits.shallow and traits.activation == "relu" and traits.trains == "all"
    return trains and not traits.biases and regime.optimizer.full_batch()


def of_the_flow(regime: Regime) -> list[Assumption]:
    """Check initial weights, loss and steps."""
    start, optimizer = regime.initializer, regime.optimizer
    unbalanced = isinstance(start, Unbalanced)
    heavy = unbalanced and start.ratio >= 1.0
    small = optimizer.heavy_ball() == 0.0 and optimizer.step_size == "stable" and optimizer.c <= SMALL
    return [
        Assumption("|v_j| ≥ ‖w_j‖ at the start", heavy if unbalanced else None, "" if heavy else start.name),
        Assumption("gradient flow (steps of at most a tenth of the stable one)", small, f"c = {optimizer.c:g}"),
        Assumption(
            "quadratic loss", regime.criterion.curvature(1) is not None and regime.criterion.name == "quadratic"
        ),
    ]


class LogWidth(Theory):
    """Gradient flow fits n weakly interacting inputs with high probability if k ≥ C log n."""

    name = "dana"
    claim = Claim(
        title="Dana, Bach & Pillaud-Vivien 2025",
        formula="k ≥ C log n, max |x_i·x_j| ≲ 1/n (d ≳ n² on the sphere)",
        reference=DANA,
        guarantee="convergence",
        certainty="memory",
        certainty_note="that width of order log n suffices with high probability, in high dimension, was read in the "
        "abstract; the condition d ≳ n² on the correlations, the constants and the initial weights are from memory",
        exponents=Exponents((0.0, 0.0)),
        home={"use": "gradient-flow"},
    )

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains both layers of a ReLU net on full batches."""
        return relu_net(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Show the correlations, whose bound has an unknown constant, and check the rest."""
        largest = largest_correlation(problem.x)
        interaction = f"n max |cos| = {problem.n * largest:.2g}"
        weak = True if largest <= ORTHOGONAL else None
        return [Assumption("weakly interacting: n max |cos(x_i, x_j)| ≲ 1", weak, interaction), *of_the_flow(regime)]

    def scaling(self, n: int, d: int) -> float | None:
        """Return log n; None for one sample."""
        return math.log(n) if n > 1 else None

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate log n, at least one neuron."""
        return Width(max(math.log(problem.n), 1.0))


class OrthogonalCover(Theory):
    """Orthogonal inputs are fitted if and only if each has an active neuron that pushes towards its label.

    Gradient flow of ½‖f − y‖² on a shallow ReLU net with v_j² > ‖w_j‖² at the start, x_i orthogonal:
      only if: w_j·x_i moves by −r_i v_j‖x_i‖² while it is positive, and not at all else, so a neuron that is inactive
        on x_i stays so. v_j² − ‖w_j‖² is kept, so no v_j changes its sign. Without j as above f(x_i) never has the sign
        of y_i.
      if: where f(x_i) lies short of y_i, the right neurons of x_i grow on it; where it lies beyond, they shrink, but
        f(x_i) ≠ 0 of the sign of y_i keeps one of them active. So one always is, and λ_min(JJᵀ) ≥ min_j (v_j² −
        ‖w_j‖²) min_i ‖x_i‖² > 0 for all time: the residual falls exponentially.
    So P(fit | k) is known exactly, and with it the width at which it passes ½.
    """

    name = "orthogonal-cover"
    claim = Claim(
        title="cover of orthogonal inputs",
        formula="for each i some j with v_j y_i > 0 and w_j·x_i > 0",
        reference=Reference(f"derived with this plugin, after the setting of {DANA.text}"),
        guarantee="certificate",
        certainty="derived",
        explicit=True,
        home={"use": "gradient-flow"},
    )

    def concerns(self, regime: Regime) -> bool:
        """Decide whether the regime trains both layers of a ReLU net on full batches."""
        return relu_net(regime)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check that inputs are orthogonal, and the rest."""
        largest = largest_correlation(problem.x)
        return [
            Assumption("orthogonal inputs", largest <= ORTHOGONAL, f"max |cos| = {largest:.2g}"),
            *of_the_flow(regime),
        ]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return the smallest k at which half of the drawn networks cover as many orthogonal inputs."""
        if not isinstance(regime.initializer, Unbalanced):
            return Width(math.nan, "known for symmetric hidden weights and random output signs")
        return Width(half_width(*signs(problem.y)), "the width at which half of the drawn networks cover")

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Say whether this network covers these orthogonal inputs, with v_j² > ‖w_j‖² for every neuron."""
        heavy = bool((weights["v"] ** 2 > (weights["W"] ** 2).sum(axis=1)).all())
        apart = largest_correlation(problem.x) <= ORTHOGONAL
        return heavy and apart and covered(weights["W"], weights["v"], problem.x, problem.y)
