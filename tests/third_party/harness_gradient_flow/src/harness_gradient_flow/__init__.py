"""Gradient flow on weakly interacting inputs: ReLU nets of width about log n [Dana, Bach & Pillaud-Vivien 2025].

Regime ``gradient-flow``; inputs ``weakly-interacting``, whose correlations are chosen; the claim ``dana``; and
``orthogonal-cover``, which says exactly which networks fit where inputs are orthogonal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import Dataset, Initializer, Regime, Theory, hookimpl
from harness.builtin.criteria import Quadratic
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import GradientDescent

from harness_gradient_flow.inputs import WeaklyInteracting
from harness_gradient_flow.theories import LogWidth, OrthogonalCover
from harness_gradient_flow.weights import Unbalanced

if TYPE_CHECKING:
    from collections.abc import Iterable

FLOW = Regime(
    name="gradient-flow",
    model=ShallowNet(activation="relu", train="all"),
    initializer=Unbalanced(),
    optimizer=GradientDescent(c=0.1),
    criterion=Quadratic(),
    summary="both layers of a ReLU net, |v_j| > ‖w_j‖ at the start, by gradient descent of small steps",
)
"""Gradient descent at a fifteenth of the usual step, in place of the flow."""


@hookimpl
def harness_initializers() -> Iterable[type[Initializer]]:
    """Provide unbalanced weights."""
    return [Unbalanced]


@hookimpl
def harness_datasets() -> Iterable[type[Dataset]]:
    """Provide inputs of chosen correlations."""
    return [WeaklyInteracting]


@hookimpl
def harness_regimes() -> Iterable[Regime]:
    """Provide the regime of the theorem."""
    return [FLOW]


@hookimpl
def harness_theories() -> Iterable[type[Theory]]:
    """Provide the claim, and what holds exactly for orthogonal inputs."""
    return [LogWidth, OrthogonalCover]
