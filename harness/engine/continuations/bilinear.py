"""ReLU and leaky nets both of whose layers are trained: the bilinear certificate, on the way that ``kink`` goes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from harness.components import Continuation, Descend, Fate, Regime, TrainedTrial, Weights
from harness.engine.continuations.kink import KinkedNet, followed, no_kinks
from harness.engine.shallow import ShallowSolver
from harness.mathematics.limit.bilinear import certify
from harness.mathematics.limit.kink import KinkCertificate, KinkedDescent
from harness.mathematics.limit.rounding import UNIT

NEAR = 1e-8
"""Relative residual of the live samples that is awaited. With n = 20 most certificates hold before."""

KEPT = 0.5
"""Share of a smaller one that may be left after a quarter more steps. What falls no faster is rounding, mostly."""

LEAST = 1e-15
"""Relative residual that float64 does not reach; most steps end above 10⁻¹⁴."""


class Bilinear(Continuation):
    """The bilinear certificate for both layers with ReLU or leaky ReLU, which goes on as the kink certificate does."""

    name: ClassVar[str] = "bilinear"
    version: ClassVar[int] = 2
    summary: ClassVar[str] = "ReLU and leaky ReLU, both layers trained: fits and stuck nets, proved at kinks"
    preference: ClassVar[int] = 21

    def refuses(self, regime: Regime, q: int) -> str:
        """Return why the theorem does not apply to a regime, or an empty string."""
        reason, form = no_kinks(regime, q), ShallowSolver.form(regime)
        if reason or form is None or form.trains == "all":
            return reason
        return f"the {form.trains} layer alone is trained"

    def take_on(self, regime: Regime, trained: TrainedTrial, descend: Descend, most: int) -> Fate:
        """Return the fate of a trial."""
        return followed(_BilinearNet(regime, trained.trial), regime, trained, descend, most, NEAR, KEPT, LEAST)


class _BilinearNet(KinkedNet):
    """The net of a trial whose output weights, and output bias, change."""

    theorem: ClassVar[str] = "bilinear"

    def at(self, weights: Weights) -> KinkedDescent:
        """Return what is trained on from weights, with the output bias taken off the labels."""
        descent = replace(self.descent, v=weights["v"])
        if not self.offset:
            return descent
        labels = descent.y - weights["c"]
        return replace(descent, y=labels, label_error=descent.label_error + UNIT * np.abs(labels))

    def certificate(self, weights: Weights) -> KinkCertificate:
        """Return the certificate at weights."""
        return certify(self.at(weights), self.hidden(weights), offset=self.offset)
