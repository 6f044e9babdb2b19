"""Parameter counts: widths below which no training can fit labels in general position."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness import Assumption, Claim, Exponents, Problem, Reference, Regime, Theory, Trained, Width
from harness.claims.conditions import activation_of, interpolates
from harness.claims.deep import home, least_width, widths_at
from harness.claims.shallow import LINEAR
from harness.mathematics.spectra import rank
from harness_moderate.theories.references import DERIVED


def degrees_of_freedom(regime: Regime, d: int, k: int, q: int = 1) -> int:
    """Return the dimension of the set of functions that training moves in, on inputs that span d dimensions.

    The number of trained weights, or one less a neuron if all layers are trained and φ is positively homogeneous,
    as vφ(w·x + b) = v/|v| φ(|v|w·x + |v|b) then, for each neuron of each layer.

    Args:
        regime: How the networks are trained.
        d: Dimension that the inputs span.
        k: Width.
        q: Number of outputs.
    """
    model = regime.model
    shapes, traits = model.shapes_for(d, k, q), model.describe()
    trained = model.trained()
    count = sum(math.prod(shapes[name]) for name in (shapes if trained is None else trained))
    activation = traits.phi if traits.layers else activation_of(regime)
    if activation is None or not activation.homogeneous:
        return count
    return count - (sum(widths_at(regime, k)) if traits.layers else k if traits.trains == "all" else 0)


def fewest_neurons(regime: Regime, n: int, d: int, q: int = 1) -> int:
    """Return the least k with at least n q degrees of freedom."""
    found = least_width(lambda k: degrees_of_freedom(regime, d, k, q) >= n * q)
    assert found is not None  # a further neuron adds at least one
    return found


class ParameterCount(Theory):
    """The outputs are a locally Lipschitz image of p numbers. For p < nq it has measure 0 in R^(nq).

    So labels with a density are almost surely not fitted exactly. A fit within a tolerance may need a little less. The
    one-hot rows of classes have no density: nq is the number of their equations, and no theorem.
    """

    outputs = "any"
    targets = ("numbers", "signs", "values", "one-hot")
    layers: ClassVar[Trained]

    def concerns(self, regime: Regime) -> bool:
        """Decide whether a shallow net trains these layers, by any algorithm."""
        traits = regime.model.describe()
        return traits.shallow and traits.trains == self.layers

    def assumptions(self, problem: Problem, regime: Regime) -> list[Assumption]:
        """Check for labels from a density, as far as one draw shows, and that a fit is an interpolation."""
        values = len(np.unique(problem.y, axis=0))
        dense = False if problem.classes else True if values == problem.n else None
        labels = Assumption("labels from a density", dense, f"{values} distinct labels")
        return [labels, interpolates(regime)]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Count the trained weights of the actual model."""
        biases = regime.model.describe().biases
        spanned = rank(problem.x, affine=True) - 1 if biases else rank(problem.x)
        k = fewest_neurons(regime, problem.n, spanned, problem.q)
        free = degrees_of_freedom(regime, spanned, k, problem.q)
        where = "" if spanned >= min(problem.n, problem.d) else f"; the inputs span {spanned} of {problem.d} dimensions"
        return Width(float(k), f"{free} degrees of freedom at that width{where}")


class CountHidden(ParameterCount):
    """W alone: kd ≥ nq, or with biases k(d + 1) ≥ nq."""

    name = "count-hidden"
    claim = Claim(
        title="Parameter count, hidden layer",
        formula="k ≥ ⌈nq/d⌉ for q outputs; with biases ⌈nq/(d+1)⌉",
        reference=Reference(f"dimension count, {DERIVED}"),
        guarantee="necessary",
        certainty="derived",
        certainty_note="a locally Lipschitz image of R^p has measure 0 in R^(nq) for p < nq",
        explicit=True,
        exponents=LINEAR,
        home={"use": "moderate"},
    )
    layers = "hidden"


class CountAll(ParameterCount):
    """W and v: k(d + q) ≥ nq, or with biases k(d + q + 1) + q ≥ nq. One less a neuron for the (leaky) ReLU."""

    name = "count-all"
    claim = replace(
        CountHidden.claim,
        title="Parameter count, all layers",
        formula="k ≥ ⌈nq/(d+q)⌉ for q outputs, ReLU ⌈nq/(d+q−1)⌉; with biases ⌈(n−1)q/(d+q+1)⌉, ReLU ⌈(n−1)q/(d+q)⌉",
        home={"use": "moderate", "train": "all"},
    )
    layers = "all"


class CountOutput(ParameterCount):
    """The output layer alone: k ≥ n, or with a bias k ≥ n − 1."""

    name = "count-output"
    claim = replace(
        CountHidden.claim,
        title="Parameter count, output layer",
        formula="k ≥ n; with a bias n − 1",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "output-only"},
    )
    layers = "output"


class CountDeep(ParameterCount):
    """All weights of a net of several hidden layers."""

    name = "count-deep"
    claim = replace(
        CountHidden.claim,
        title="Parameter count, deep nets",
        formula="kd + (L − 1)k² + kq ≥ nq for L layers of width k, less Lk for the ReLU; with biases Lk + q more",
        exponents=None,
        home=home("gelu"),
    )

    def concerns(self, regime: Regime) -> bool:
        """Decide whether a net of several hidden layers is trained, by any algorithm."""
        return bool(regime.model.describe().layers)
