"""Parameter counts: widths below which no training can fit labels in general position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Assumption, Certainty, Exponents, Guarantee, Problem, Regime, Theory, Trained, Width
from harness.claims import conditions
from harness_moderate.theories import references

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def degrees_of_freedom(regime: Regime, d: int, k: int) -> int:
    """Return the dimension of the set of functions that training moves in.

    The number of trained weights; one less a neuron if both layers are trained and φ is positively homogeneous,
    as vφ(w·x + b) = sign(v) φ(|v|w·x + |v|b) then.
    """
    model = regime.model
    shapes, traits, activation = model.shapes(d, k), model.describe(), conditions.activation_of(regime)
    trained = model.trained()
    count = sum(math.prod(shapes[name]) for name in (shapes if trained is None else trained))
    return count - k if activation is not None and activation.homogeneous and traits.trains == "all" else count


def fewest_neurons(regime: Regime, n: int, d: int) -> int:
    """Return the least k whose degrees of freedom are at least n; they are affine in k."""
    one, two = degrees_of_freedom(regime, d, 1), degrees_of_freedom(regime, d, 2)
    slope = two - one
    return max(1, math.ceil((n - (one - slope)) / slope))


@dataclass(frozen=True)
class ParameterCount(Theory):
    """The outputs are a locally Lipschitz image of p numbers; for p < n it has measure 0 in R^n.

    So labels with a density are almost surely not fitted exactly. A fit within a tolerance may need a little less.
    """

    reference: ClassVar[str] = f"dimension count, {references.DERIVED}"
    guarantee: ClassVar[Guarantee] = "necessary"
    certainty: ClassVar[Certainty] = "derived"
    certainty_note: ClassVar[str] = "a locally Lipschitz image of R^p has measure 0 in R^n for p < n"
    explicit: ClassVar[bool] = True
    layers: ClassVar[Trained]

    def concerns(self, regime: Regime) -> bool:
        """Speak of shallow nets with these layers trained, however they are."""
        traits = regime.model.describe()
        return traits.shallow and traits.trains == self.layers

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check for labels from a density, as far as one draw can tell."""
        values = len(np.unique(problem.y))
        return [Assumption("labels from a density", True if values == problem.n else None, f"{values} distinct labels")]

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Count the trained weights of the actual model."""
        k = fewest_neurons(regime, problem.n, problem.d)
        free = degrees_of_freedom(regime, problem.d, k)
        return Width(float(k), f"{free} degrees of freedom at that width")


@dataclass(frozen=True)
class CountHidden(ParameterCount):
    """W alone: kd ≥ n; with biases k(d + 1) ≥ n."""

    name: ClassVar[str] = "count-hidden"
    title: ClassVar[str] = "Parameter count, hidden layer"
    formula: ClassVar[str] = "k ≥ ⌈n/d⌉; with biases ⌈n/(d+1)⌉"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate"}
    layers: ClassVar[Trained] = "hidden"


@dataclass(frozen=True)
class CountAll(ParameterCount):
    """W and v: k(d + 1) ≥ n; with biases k(d + 2) + 1 ≥ n. One less a neuron for the ReLU and the leaky ReLU."""

    name: ClassVar[str] = "count-all"
    title: ClassVar[str] = "Parameter count, all layers"
    formula: ClassVar[str] = "k ≥ ⌈n/(d+1)⌉, ReLU ⌈n/d⌉; with biases ⌈(n−1)/(d+2)⌉, ReLU ⌈(n−1)/(d+1)⌉"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, -1.0), small_n=(0.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "moderate", "train": "all"}
    layers: ClassVar[Trained] = "all"


@dataclass(frozen=True)
class CountOutput(ParameterCount):
    """The output layer alone: k ≥ n; with a bias k ≥ n − 1."""

    name: ClassVar[str] = "count-output"
    title: ClassVar[str] = "Parameter count, output layer"
    formula: ClassVar[str] = "k ≥ n; with a bias n − 1"
    exponents: ClassVar[Exponents | None] = Exponents(large_n=(1.0, 0.0))
    home: ClassVar[Mapping[str, Any]] = {"use": "output-only"}
    layers: ClassVar[Trained] = "output"
