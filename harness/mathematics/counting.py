"""Exact fits that have probability zero because a net has fewer weights than there are labels.

Let f = (f(x_1), …, f(x_n)) be the outputs of a shallow net at inputs of rank r, and let the labels have a density given
the inputs. Hidden weights enter through Xw_j, so through kr numbers. With both layers trained there are k(r + 1)
numbers, or kr where φ is homogeneous, since the size of v_j can be moved into w_j. Hidden biases are a further column
of X, and an output bias is one more number. The outputs that can be attained are the image of a locally Lipschitz map
of so many variables. If these are fewer than n, the image has measure zero, so almost surely no weights fit exactly.
For a tame φ the closure of the image has the same dimension (the image is definable in an o-minimal structure), so
inf ‖f − y‖ > 0, and no training reaches or approaches residual zero.

Two equal inputs with different labels rule out a fit at any width, as do x and −x for an odd φ without biases.

The argument needs fixed weights that depend on the labels by their norm at most: with v = ‖y‖u the condition is on the
direction y/‖y‖, whose density is over n − 1 dimensions, and which meets the image on a set of one dimension less.
Labels that are scaled to a norm are such directions: they need fewer than n − 1 variables. The argument says nothing of
labels ±1, of a teacher's or of a data set's own, and nothing of tolerances above zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.components import Array, Problem, Regime, ShallowForm


def variables(form: ShallowForm, rank: int, k: int) -> int:
    """Return the number of variables on which the outputs of a shallow net depend.

    Args:
        form: The net.
        rank: Rank r of the inputs, or an upper bound.
        k: Width.

    >>> from harness.builtin.models import ShallowNet
    >>> [variables(ShallowNet(phi, train).shallow_form(), 10, 3) for phi, train in (("tanh", "all"), ("relu", "all"))]
    [33, 30]
    """
    if form.trains == "output":
        return k + form.biases
    inner = rank + form.biases
    outer = 1 if form.trains == "all" and not form.activation.homogeneous else 0
    return k * (inner + outer) + (form.biases if form.trains == "all" else 0)


def counts(regime: Regime) -> bool:
    """Return whether the argument applies to a regime, given labels with a density.

    It needs a shallow net of one output with a tame φ. Weights that stay fixed must depend on the labels by their
    norm at most.
    """
    form = regime.model.shallow_form()
    if form is None or not getattr(form.activation, "tame", False):  # plugins of version 0.1 give a name
        return False
    return not regime.initializer.sees_labels or (form.trains == "all" and not form.centred)


def too_narrow(regime: Regime, n: int, d: int, k: int, free: int | None = None) -> bool:
    """Return whether exact fits have probability zero at a size, for any inputs and labels with a density.

    Args:
        regime: What is trained.
        n: Number of samples.
        d: Input dimension.
        k: Width.
        free: Dimension of the surface on which labels have a density, or None for n.
    """
    form = regime.model.shallow_form()
    return form is not None and counts(regime) and variables(form, min(n, d), k) < (n if free is None else free)


def counted(regime: Regime, problem: Problem, k: int) -> bool:
    """Return whether an exact fit of a problem has probability zero by counting.

    Args:
        regime: What is trained.
        problem: Inputs and labels. Only whether the labels have a density is read of the latter.
        k: Width.
    """
    form = regime.model.shallow_form()
    if form is None or not problem.labels_have_density or problem.q > 1 or not counts(regime):
        return False
    distinct, lines = len(np.unique(problem.x, axis=0)), _lines(problem.x)
    if distinct < problem.n or (form.activation.odd and not form.biases and lines < problem.n):
        return True
    rank = min(lines, int(problem.x.any(axis=0).sum()))
    return variables(form, rank, k) < problem.n - problem.label_equations


def _lines(x: Array) -> int:
    """Return the number of rows that differ by more than their sign, an upper bound of the exact rank.

    The numerical rank is no bound: inputs of a subspace have full rank once they are rounded.
    """
    first = x[np.arange(len(x)), (x != 0.0).argmax(axis=1)]
    return len(np.unique(np.where(first < 0.0, -1.0, 1.0)[:, None] * x + 0.0, axis=0))
