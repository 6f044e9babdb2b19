"""The width below which some sample is seen by no ReLU neuron, so that a linearized net cannot fit its label."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from harness import Array, Assumption, Problem, Reference, Regime, Width
from harness.builtin.initializers import GaussianHalves, He, LeCun, Xavier
from harness.claims import conditions as shared
from harness.claims.shallow import Nets
from harness.mathematics.kernels import angles
from harness_lazy.initializers import RandomSigns, TangentGaussian
from harness_lazy.models import Linearized
from harness_lazy.theories import references
from harness_lazy.theories.certificates import PAIRS
from harness_lazy.theories.spectrum import Chernoff, TangentTheory

INDEPENDENT = (RandomSigns, TangentGaussian, GaussianHalves, LeCun, He, Xavier)
"""Initializers whose neurons are independent, with hidden weights that are Gaussian."""


def least_unlit(theta: Array, k: int) -> float:
    """Return a lower bound of P(some sample is unlit) for k independent Gaussian neurons without biases.

    A sample is unlit if w_j·x_i < 0 for all j. That has probability 2^{−k}, and for two samples at once
    ((π − θ)/2π)^k, θ their angle. By Chung and Erdős (1952) the union of events has probability at least
    (Σ_i P(A_i))²/Σ_{ij} P(A_i ∩ A_j). For orthogonal inputs it is 1 − (1 − 2^{−k})^n, a little more than the bound.

    Args:
        theta: Angles between the inputs (n, n).
        k: Number of neurons.

    >>> round(least_unlit(np.full((2, 2), np.pi / 2) * (1 - np.eye(2)), 1), 12)  # 3/4 exactly
    0.666666666667
    """
    n = len(theta)
    both = np.exp(k * np.log(np.maximum((math.pi - theta) / (2.0 * math.pi), 1e-300)))
    return float((n * 0.5**k) ** 2 / both.sum())


def independent_neurons(regime: Regime) -> Assumption:
    """Check that the hidden weights are Gaussian, and the neurons independent or in pairs of equal weights."""
    holds = isinstance(regime.initializer, (*INDEPENDENT, *PAIRS))
    return Assumption("W₀ Gaussian, perhaps in pairs", holds or None, "" if holds else regime.initializer.name)


def labels_not_zero(problem: Problem) -> Assumption:
    """Check that no label is 0: an unlit sample has the output 0 for ever."""
    least = float(np.abs(problem.y).min())
    return Assumption("no label is 0", least > 0, f"least |y_i| = {least:.2g}")


class LitSamples(TangentTheory):
    """P(some sample is unlit) > ½ at smaller k, and then the linearized ReLU net without biases does not fit.

    On a sample with w_j·x < 0 for all neurons at the start the linearized net has the output 0 and the gradient 0,
    for ever. With inputs on orthogonal lines P(all lit) = (1 − 2^{−k})^n, which passes ½ near k = log₂(n/ln 2). For
    other inputs :func:`least_unlit` bounds it.
    """

    name = "lit-samples"
    claim = replace(
        Chernoff.claim,
        title="Every sample lit, ReLU without biases",
        formula="P(some sample with all neurons off) ≤ ½; about log₂(n/ln 2) for d ≫ n",
        reference=Reference(f"samples without an active neuron, {references.DERIVED}"),
        guarantee="necessary",
        certainty_note="proof in the documentation of LitSamples and least_unlit; tested by simulation",
        exponents=None,
        home={"use": "linearized", "activation": "relu"},
    )
    models = (Linearized,)
    nets = Nets("hidden", "relu", "any")
    conditions = (independent_neurons, shared.without_biases, labels_not_zero, shared.interpolates)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return the least k at which an unlit sample is not shown to be more likely than not."""
        if regime.model.describe().biases:
            return Width(math.nan, "with biases a sample can be unlit for all neurons alike")
        copies = 2 if isinstance(regime.initializer, PAIRS) else 1
        theta, k = angles(problem.x), 1
        while least_unlit(theta, k) > 0.5:
            k += 1
        return Width(float(copies * k), f"log₂(n/ln 2) = {math.log2(problem.n / math.log(2)):.3g}")
