"""Records of theories and of their predictions, as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, cast

from harness.report.rows import finite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Assumption
    from harness.report.theory_data import CertifiedData, PredictionData, TheoryData

Judged = dict[str, dict["Assumption", int]]
"""Conditions of each theory with what was found of them, and the place of each in the record of the theory."""

STATED = ("title", "formula", "guarantee", "certainty", "certainty_note", "verified", "explicit", "unit")
"""The fields of a claim that the record of a theory repeats, beside the source."""


def judged(predictions: Iterable[Prediction]) -> Judged:
    """Return the conditions of each theory with what was found of them, each once, and their places from 0."""
    found: Judged = {}
    for prediction in predictions:
        places = found.setdefault(prediction.theory.name, {})
        for assumption in prediction.assumptions:
            places.setdefault(assumption, len(places))
    return found


def theory_records(predictions: Iterable[Prediction], places: Judged) -> list[TheoryData]:
    """Return each theory of some predictions once as plain data, in their order.

    Args:
        predictions: The predictions.
        places: Their conditions, from :func:`judged`.
    """
    return [
        {
            "theory": theory.name,
            "reference": theory.claim.reference.text,
            "bibtex": theory.claim.reference.bibtex,
            **{name: getattr(theory.claim, name) for name in STATED},  # type: ignore[typeddict-item]  # names of keys
            "options": theory.options(),
            "assumptions": [{"text": a.text, "holds": a.holds, "found": a.found} for a in places[theory.name]],
        }
        for theory in {prediction.theory.name: prediction.theory for prediction in predictions}.values()
    ]


def prediction_record(
    prediction: Prediction, places: Judged, regime: str = "", certified: Certified | None = None
) -> PredictionData:
    """Return a prediction as plain data. A width that is not finite is null, with its kind and the reason.

    Facts about the theory are not repeated. :func:`theory_records` has them.

    Args:
        prediction: Prediction of a theory.
        places: Conditions of the theories, from :func:`judged`.
        regime: Name of the regime, if it is not the prediction's own.
        certified: Certified width, or None if it was not searched for.

    Returns:
        Plain data.
    """
    theory, value = prediction.theory, prediction.width.value
    exponents = theory.claim.exponents.at(prediction.n, prediction.d) if theory.claim.exponents else None
    record: PredictionData = {
        "theory": theory.name,
        "regime": regime or prediction.regime.name,
        "n": prediction.n,
        "d": prediction.d,
        "scaling": finite(prediction.scaling),
        "exponents": list(exponents) if exponents else None,
        "width": finite(value),
        "width_is": "error" if prediction.failed else _kind(value),
        "reason": prediction.width.reason,
        "applies": prediction.applies,
        "assumptions": [places[theory.name][assumption] for assumption in prediction.assumptions],
    }
    if certified is not None:
        record["certified"] = cast("CertifiedData", vars(certified))
    return record


def _kind(value: float) -> Literal["finite", "nan", "infinite"]:
    return "finite" if math.isfinite(value) else "nan" if math.isnan(value) else "infinite"
