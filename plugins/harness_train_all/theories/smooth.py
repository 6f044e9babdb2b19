"""Widths for smooth nets with all layers trained of which only abstracts are known."""

from __future__ import annotations

from dataclasses import replace

from harness import Assumption, Claim, Exponents
from harness.claims import conditions as shared
from harness.claims.shallow import Nets, ScalingTheory
from harness_train_all.theories import conditions as own
from harness_train_all.theories import references

FURTHER = Assumption("further conditions on data and step size, which are not known", None)
DESCENT = (shared.quadratic_loss, shared.gradient_descent, FURTHER)


class NguyenMondelli(ScalingTheory):
    """Gradient descent converges if one layer has n neurons, the layers behind it narrowing."""

    name = "nguyen-mondelli"
    claim = Claim(
        title="Nguyen & Mondelli 2020",
        formula="k ≥ n from an initialization of its own; C n² from LeCun's or Xavier's",
        reference=references.NGUYEN_MONDELLI,
        guarantee="convergence",
        certainty="abstract",
        certainty_note="width n by the theorem's own initialization, in which the layer behind is small",
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "train-all"},
    )
    nets = Nets("all", "smooth")
    conditions = (shared.smooth, own.unknown_start, *DESCENT)


class Eftekhari(ScalingTheory):
    """A variant of gradient descent or SGD converges at a width linear in n, not in the lazy regime alone."""

    name = "eftekhari"
    claim = replace(
        NguyenMondelli.claim,
        title="Eftekhari, Song & Cevher 2019",
        formula="k ≥ C n, a variant of (stochastic) gradient descent",
        reference=references.EFTEKHARI,
        guarantee="special algorithm",
        certainty_note="linear overparameterization; which variant of the descent was not seen",
    )
    nets = Nets("all", "smooth", "any")
    conditions = (own.other_algorithm("the paper's variant of gradient descent"), own.unknown_start)
