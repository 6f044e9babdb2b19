"""Convergence at any width with weight decay, to the least regularised loss and not to a fit."""

from __future__ import annotations

from dataclasses import replace

from harness import Claim, Exponents, Problem, Regime, Width
from harness.claims.shallow import Nets, ShallowTheory
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references


class GopalaniMukherjee(ShallowTheory):
    """SGD on a net of any width converges to the least loss with a Frobenius penalty on W, which is not zero."""

    name = "gopalani-mukherjee"
    claim = Claim(
        title="Gopalani & Mukherjee 2022, weight decay",
        formula="any k; converges to the least regularised loss, which is no fit",
        reference=references.GOPALANI_MUKHERJEE,
        guarantee="special algorithm",
        certainty="abstract",
        certainty_note="sigmoid and tanh, a penalty above a bound that the abstract does not give",
        exponents=Exponents(large_n=(0.0, 0.0)),
        home={"use": "train-all-sgd", "activation": "sigmoid"},
    )
    nets = Nets(("hidden", "all"), "smooth", "any")
    conditions = (own.other_algorithm("a Frobenius penalty on the weights"),)

    def concerns(self, regime: Regime) -> bool:
        """Return False: no regime has a penalty on the weights, and without it the claim says nothing."""
        return False

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return 1: any width converges, and none is shown to fit."""
        return Width(1.0, "any width; the regularised loss is not zero at its minimum")


class Kumar(GopalaniMukherjee):
    """Langevin Monte Carlo learns nets of any width with a Frobenius penalty."""

    name = "kumar"
    claim = replace(
        GopalaniMukherjee.claim,
        title="Kumar et al. 2025, Langevin Monte Carlo",
        reference=references.KUMAR,
        certainty_note="Langevin Monte Carlo on a regularised loss; conditions were not read",
    )
    conditions = (own.other_algorithm("Langevin Monte Carlo with a Frobenius penalty"),)
