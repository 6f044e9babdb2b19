"""The table of networks whose existence theories prove. Each is built and measured on one problem."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.components import Constructive
from harness.components.entries import Entry, Missing, Note, Number, Text
from harness.components.table import Column, Row, Table
from harness.engine.draws import stream
from harness.plugin_host.guarded import guarded
from harness.plugin_host.plugin_process import Unanswered
from harness.report.bibliography import sources, titled
from harness.report.overview_view import DOUBT, known
from harness.report.prediction_entries import on_data_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Construction, Problem
    from harness.plugin_host.registry import Registry

FITTED = 1e-6
"""Largest relative residual of a network that counts as interpolating. Larger ones are marked."""

CAPTION = """
Networks built as proofs build them, or found where a theorem says that there is one; no gradient descent is involved,
and none is promised to find them. claimed: width of the theorem on this problem. neurons: width of the network.
residual: ‖f − y‖/‖y‖ in float64. The threshold activation is 1 where z > 0, else 0.
"""

COLUMNS = (
    Column("theory", wrap=44),
    Column("claimed", "right"),
    Column("neurons", "right"),
    Column("activation"),
    Column("biases"),
    Column("residual", "right"),
    Column("method", below=True, wrap=44),
    Column("known", below=True, wrap=30),
)


@dataclass(frozen=True)
class Built:
    """The result of one theory's construction.

    Attributes:
        prediction: The theory, and the width that it claims on the problem.
        construction: The network, or None if this problem has none.
        reason: Reason why there is no network.
    """

    prediction: Prediction
    construction: Construction | None
    reason: str = ""


def build(prediction: Prediction, problem: Problem, seed: int, registry: Registry) -> Built:
    """Build the network of a theory, with random numbers of its own. A failure becomes the reason.

    Args:
        prediction: Prediction of the theory for the problem.
        problem: The problem.
        seed: Seed of the random numbers.
        registry: The plugins.
    """
    theory = prediction.theory
    assert isinstance(theory, Constructive)  # the caller asks no others
    rng = stream({"for": "construction", "theory": theory.name, "n": problem.n, "d": problem.d, "seed": seed})
    call = partial(theory.construct, problem, rng)
    try:
        construction = guarded(call, [prediction.theory], registry, subject=f"theory {prediction.theory.name!r}")
    except (ValueError, Unanswered) as error:
        return Built(prediction, None, str(error))
    except Exception as error:  # theories of plugins may raise anything
        return Built(prediction, None, f"{type(error).__name__}: {error}")
    return Built(prediction, construction, "" if construction else "the theory builds none for this problem")


def constructions_view(built: Sequence[Built], *, problem: str) -> Table:
    """Return one row per construction.

    Args:
        built: Result of each theory that offers a construction.
        problem: Text for the title that describes the problem.

    Returns:
        The table.
    """
    return Table(
        name="constructions",
        title=f"Networks that theories construct · {problem}",
        caption=CAPTION,
        columns=COLUMNS,
        rows=tuple(Row(_entries(one)) for one in built),
        bibtex=sources(one.prediction.theory for one in built),
    )


def _entries(built: Built) -> tuple[Entry, ...]:
    claim, made = built.prediction.theory.claim, built.construction
    note = (Note(made.note),) if made and made.note else (Note(built.reason),) if built.reason else ()
    return (
        titled(claim, DOUBT),
        on_data_width(built.prediction),
        Number(made.neurons, notes=note) if made else Text("none", notes=note, style="bad"),
        Text(made.activation) if made else Missing(),
        Text("yes" if made.biases else "no") if made else Missing(),
        _residual(made) if made else Missing(),
        Text(made.method) if made else Missing(),
        Text(known(claim)),
    )


def _residual(made: Construction) -> Number:
    fitted = made.residual <= FITTED
    return Number(made.residual, width=False, style="good" if fitted else "bad")


def construction_record(built: Built) -> dict[str, Any]:
    """Return a construction with all its weights as plain data for strict JSON."""
    theory, made, claimed = built.prediction.theory, built.construction, built.prediction.width.value
    record: dict[str, Any] = {
        "theory": theory.name,
        "title": theory.claim.title,
        "reference": theory.claim.reference.text,
        "verified": theory.claim.verified,
        "n": built.prediction.n,
        "d": built.prediction.d,
        "claimed": claimed if math.isfinite(claimed) else None,
        "reason": built.reason,
    }
    if made is None:
        return record
    return record | {
        "neurons": made.neurons,
        "activation": made.activation,
        "biases": made.biases,
        "residual": made.residual if math.isfinite(made.residual) else None,
        "method": made.method,
        "note": made.note,
        "weights": {name: value.tolist() for name, value in made.weights.items()},
    }
