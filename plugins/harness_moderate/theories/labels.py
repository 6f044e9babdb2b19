"""Counts of labellings: how many of the labellings by q classes the output layer can produce on fixed features."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness import Assumption, Claim, Exponents, Problem, Reference, Regime, Theory, Width
from harness_moderate.theories.references import DERIVED


def fewest_features(n: int, q: int) -> int:
    """Return the least number of features on which at least half of the labellings of n samples may be right.

    On k features fᵢ the label of sample i is the a for which all (w_a − w_b)·fᵢ are positive. With w_q = 0 these are
    N = n q(q − 1)/2 hyperplanes through the origin of R^D, D = (q − 1)k, and labels are constant in their cells. There
    are at most 2 Σ_{i<D} C(N − 1, i) cells, with equality for hyperplanes in general position (Schläfli 1901, Cover
    1965), and qⁿ labellings.

    Args:
        n: Number of samples.
        q: Number of classes, at least 2.

    >>> [fewest_features(n, 2) for n in (7, 40, 160)]  # Cover: half of the dichotomies at n = 2k
    [4, 20, 80]
    >>> [fewest_features(40, q) for q in (5, 10)]
    [5, 2]
    """
    planes, k = n * q * (q - 1) // 2, 0
    term, below, at = 1, 0, 0  # C(N − 1, i), the sum over smaller i, and i
    while 4 * below < q**n:
        k += 1
        while at < min((q - 1) * k, planes):
            below += term
            term = term * (planes - 1 - at) // (at + 1)
            at += 1
    return k


class CountLabellings(Theory):
    """Below this width the output layer is right on fewer than half of the labellings, whatever trains it.

    So of labels that are uniformly random, k½ of nets whose features do not depend on the labels is not smaller. For
    two classes and features in general position it is Cover's n/2. For more classes it is a bound, since several cells
    have the same labels.
    """

    name = "count-labellings"
    outputs = "any"
    targets = ("one-hot",)
    claim = Claim(
        title="Count of labellings, output layer",
        formula="4 Σ_{i<(q−1)k} C(nq(q−1)/2 − 1, i) ≥ qⁿ for q classes; n/2 for q = 2. With a bias one feature more",
        reference=Reference(f"count of the cells of hyperplanes, as by Schläfli and Cover, {DERIVED}"),
        guarantee="necessary",
        certainty="derived",
        certainty_note="N hyperplanes through 0 in R^D have at most 2 Σ_{i<D} C(N−1, i) cells, by induction on N",
        explicit=True,
        exponents=Exponents(large_n=(1.0, 0.0)),
        home={"use": "output-only", "criterion": "cross-entropy"},
    )

    def concerns(self, regime: Regime) -> bool:
        """Decide whether a shallow net trains its output layer, alone or with the hidden one."""
        traits = regime.model.describe()
        return traits.shallow and traits.trains in ("output", "all")

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check that features are fixed. A draw does not show whether labels are random, nor a regime what a fit is."""
        fixed = regime.model.describe().trains == "output" and not regime.initializer.sees_labels
        return (
            Assumption("features that do not depend on the labels", fixed, "" if fixed else "trained features"),
            Assumption("labels uniformly random", None),
            Assumption("a fit has all labels right", None, "k½ by error ≤ 0"),
        )

    def width(self, problem: Problem, regime: Regime) -> Width:
        """Return the least width with so many features; a bias is one of them."""
        if problem.classes is None:
            return Width(math.nan, "the labels are not classes")
        features = fewest_features(problem.n, problem.classes)
        found = max(features - regime.model.describe().biases, 1)
        return Width(float(found), f"{(problem.classes - 1) * features} weights up to a common shift of the classes")
