"""Certificates of trained nets. Their widths are measured by a run, since they look at where training went."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from harness import Claim, Problem, Reference, Regime, Width
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ShallowTheory
from harness_moderate.theories.references import DERIVED

MEASURED = "measured by a run: the width at which half of its trained nets are certified"


class CertificateD4(ShallowTheory):
    """From its trained weights on, gradient descent with the step of the run provably converges to residual zero.

    D1g asks for ‖r‖ ≤ Rac and D4 for η(β + LR)‖r‖ ≤ R(1 − Q), at a trained iterate and with the run's own η
    (:mod:`harness.mathematics.limit.fit` has both with their proofs). Certificate D1 asks the same at the start, where
    the residual is a thousand times as large. So the quotient of the widths is the price of not looking at the
    trajectory.

    A width a priori would be a theorem on where training goes, which is not known. A run measures it from the fates of
    its trials: the least width at which at least half of the nets are proved to fit. Fits that were followed along the
    gradient flow do not count.
    """

    name = "cert-d4"
    measured = True
    claim = Claim(
        title="Certificate D4, after training",
        formula="‖r‖ ≤ Rac or η(β + LR)‖r‖ ≤ R(1 − Q) at the trained weights of half of the nets",
        reference=Reference(f"path-length argument at a trained iterate, {DERIVED}"),
        guarantee="certificate",
        certainty="derived",
        certainty_note="proofs in the documentation of harness.mathematics.limit.fit; tested against continued descent",
        explicit=True,
        home={"use": "moderate", "activation": "softplus"},
    )
    nets: ClassVar[Nets] = Nets(("hidden", "all"), "smooth")
    conditions = (shared.smooth, shared.quadratic_loss, shared.gradient_descent)

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return NaN: a run measures it."""
        return Width(math.nan, MEASURED)


class CertificateKink(CertificateD4):
    """From its trained weights on, gradient descent on the hidden layer of a ReLU net provably converges to a fit.

    The theorem and its proof are in :mod:`harness.mathematics.limit.kink`. It needs no bound of φ''.
    """

    name = "cert-kink"
    claim = replace(
        CertificateD4.claim,
        title="Kink certificate, ReLU, after training",
        formula="a fit w* with constant signs off its kinks in B(w*, ‖w − w*‖), for half of the trained nets",
        reference=Reference(f"Fejér monotone descent to a fit on kinks, {DERIVED}"),
        certainty_note="proof in docs/limit-relu.md; tested against continued descent",
        home={"use": "moderate", "activation": "relu"},
    )
    nets = Nets("hidden", "relu")
    conditions = (shared.relu, shared.quadratic_loss, shared.gradient_descent)
