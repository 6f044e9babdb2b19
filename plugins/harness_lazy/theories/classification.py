"""Widths for the logistic loss, in powers of the margin γ of the data under the tangent kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness import Assumption, Problem, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ShallowTheory
from harness_lazy.theories import conditions as own
from harness_lazy.theories import references
from harness_lazy.theories.convergence import SongYang


def signs(problem: Problem) -> Assumption:
    """Check for labels ±1."""
    return Assumption("labels ±1", bool(np.all(np.abs(problem.y) == 1.0)))


def logistic_loss(regime: Regime) -> Assumption:
    """Check for the logistic loss, by the criterion's name."""
    name = regime.criterion.name
    return Assumption("logistic loss", name == "logistic", name)


class JiTelgarsky(ShallowTheory):
    """Gradient descent reaches any small logistic loss if k ≥ C polylog(n, 1/ε)/γ⁸."""

    name = "ji-telgarsky"
    claim = replace(
        SongYang.claim,
        title="Ji & Telgarsky 2020, logistic loss",
        formula="k ≥ C polylog(n, 1/ε)/γ⁸, γ the margin under the tangent kernel",
        reference=references.JI_TELGARSKY,
        certainty="secondary",
        certainty_note="γ⁻⁸ from a table of Munteanu et al.; γ is not computed here",
        exponents=None,
        home={"use": "ntk-du", "criterion": "logistic"},
    )
    nets = Nets("hidden", "relu", "any")

    def concerns(self, regime: Regime) -> bool:
        """Decide whether a ReLU net is trained by the logistic loss."""
        return super().concerns(regime) and bool(logistic_loss(regime).holds)

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check labels, loss and initial weights."""
        return self.check((shared.unit_rows, signs, logistic_loss, self.start), problem, regime)

    def start(self, regime: Regime) -> Assumption:
        """Check the initial weights of the theorem."""
        return own.random_signs(regime)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return NaN: the margin is not computed."""
        return Width(math.nan, "the margin γ under the tangent kernel is not computed")


class MunteanuLogistic(JiTelgarsky):
    """From pairs of equal Gaussian rows with opposite outputs, k ≥ C polylog/γ²."""

    name = "munteanu-logistic"
    claim = replace(
        JiTelgarsky.claim,
        title="Munteanu et al. 2022, coupled initialization, logistic loss",
        formula="k ≥ C polylog(n, 1/ε)/γ², γ the margin under the tangent kernel",
        reference=references.MUNTEANU,
        certainty="abstract",
        certainty_note="from γ⁻⁸ to γ⁻²; γ is not computed here",
        home={"use": "ntk-du", "initializer": {"use": "paired"}, "criterion": "logistic"},
    )

    def start(self, regime: Regime) -> Assumption:
        """Check the initial weights of the theorem."""
        return own.paired(regime)
