"""The table of theories with the columns of papers' own tables: scaling, trained layers, and setting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Entry, Formula, Missing, Note, Text
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.bibliography import sources, titled
from harness.report.guarantees import group, in_order
from harness.report.prediction_entries import UNVERIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Component

CAPTION = (
    "Each theory on its home regime, from what it says of itself; nothing was trained. Trained layers, Activation, "
    "Initialization, Algorithm: of that regime, the setting of ours that comes nearest to the theorem's. What the "
    "theorem itself assumes stands under Setting, and counts where the two differ. Scaling: the claim as a power "
    "law at this n and d, up to constants, logarithms and factors that depend on the data, such as powers of 1/λ. "
    "Unit: what the source counts and the scaling is of, the width k or the number of trained parameters. Claims of "
    "different guarantees stand under different headings: they do not compete."
)

COLUMNS = (
    Column("Reference", wrap=34),
    Column("Trained layers", wrap=8),
    Column("Activation"),
    Column("Initialization", wrap=20, priority=1),
    Column("Algorithm", wrap=20, priority=2),
    Column("Scaling"),
    Column("Unit"),
    Column("Setting", below=True, wrap=60),
)

POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def claims_view(
    predictions: Sequence[Prediction], *, problem: str, provenance: Mapping[str, str] | None = None
) -> Table:
    """Return one row per theory, in the columns that papers compare results by.

    Args:
        predictions: Prediction of each theory for its home regime.
        problem: Text for the title that describes the problem: ``n = 200, d = 20, sphere``.
        provenance: Lines about the run, for exports.

    Returns:
        The table.
    """
    ordered = in_order(predictions)
    return Table(
        name="claims",
        title=f"Claimed scaling of the width · {problem}",
        caption=CAPTION,
        columns=COLUMNS,
        rows=tuple(Row(_entries(prediction), group(prediction.theory)) for prediction in ordered),
        provenance=dict(provenance or {}),
        bibtex=sources(p.theory for p in ordered),
    )


def _entries(prediction: Prediction) -> tuple[Entry, ...]:
    claim, regime = prediction.theory.claim, prediction.regime
    activation = regime.model.describe().activation
    assumed = "; ".join(assumption.text for assumption in prediction.assumptions)
    return (
        titled(claim, UNVERIFIED),
        Text(setting.trains(regime)),
        Text(activation) if activation else Missing("the model has no activation"),
        _explained(setting.component(regime.initializer), regime.initializer),
        _explained(setting.optimizer(regime.optimizer), regime.optimizer),
        _scaling(prediction),
        Text(claim.unit),
        Text(assumed) if assumed else Missing("the claim states no assumption"),
    )


def _explained(words: str, component: Component) -> Entry:
    said = setting.summary(type(component))
    return Text(words, notes=(Note(f"{component.name}: {said}"),) if said else ())


def _scaling(prediction: Prediction) -> Entry:
    """Return the claimed scaling, in the units of its source."""
    claim = prediction.theory.claim
    if claim.exponents is None:
        return Missing("the claim has no power law")
    a, b = claim.exponents.at(prediction.n, prediction.d)
    # A neuron has d trained weights, or d + 1, where the hidden layer is trained; one where the output layer is.
    per_neuron = claim.unit == "parameters" and prediction.regime.model.describe().trains != "output"
    where = claim.exponents.where
    return Formula(
        law(a, b + per_neuron, claim.exponents.logs), notes=(Note(f"claimed for: {where}"),) if where else ()
    )


def law(a: float, b: float, logs: float = 0.0) -> str:
    """Return n^a d^b (log n)^logs as papers write it.

    Args:
        a: Exponent of n.
        b: Exponent of d.
        logs: Exponent of log n.

    >>> law(2, -1), law(1.5, 0), law(4, -3), law(0, 0), law(1, 1), law(-1, -0.5), law(1.25, 0)
    ('n²/d', 'n√n', 'n⁴/d³', '1', 'nd', '1/(n√d)', 'n^{1.25}')
    >>> law(1, -1, 1), law(1, -1, 2), law(0, 0, 4), law(2, 0, 1.5)
    ('(n log n)/d', '(n log² n)/d', 'log⁴ n', 'n² log^{1.5} n')
    """
    above = "".join(_power(sign, power) for sign, power in (("n", a), ("d", b)) if power > 0) or "1"
    if logs:
        power = (
            f"log{str(int(logs)).translate(POWERS) if logs != 1 else ''}" if logs == int(logs) else f"log^{{{logs:g}}}"
        )
        above = f"{power} n" if above == "1" else f"{above} {power} n"
        above = f"({above})" if (a < 0 or b < 0) and " " in above else above
    parts = [_power(sign, -power) for sign, power in (("n", a), ("d", b)) if power < 0]
    below = "".join(parts)
    if not below:
        return above
    return f"{above}/({below})" if len(parts) > 1 or "√" in below else f"{above}/{below}"


def _power(sign: str, power: float) -> str:
    whole, rest = divmod(power, 1)
    if rest not in (0, 0.5):
        return f"{sign}^{{{power:g}}}"
    integer = sign + (str(int(whole)).translate(POWERS) if whole > 1 else "") if whole else ""
    return integer + (f"√{sign}" if rest else "")
