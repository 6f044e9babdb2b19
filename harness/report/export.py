"""The record ``thresholds.json``: every threshold, exponent and prediction of a run as strict JSON in a fixed order."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

from harness.complaints import unprintable
from harness.components import Cell
from harness.driver.reasons import near, reasons
from harness.driver.replication import replications
from harness.report.headline import headline, limits, weights_per_label
from harness.report.law_rows import Compared, each_law
from harness.report.nothing_found import why_no_bracket
from harness.report.setting import component, optimizer, sizes, trains

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Regime
    from harness.driver.replication import Replication
    from harness.driver.results import Results
    from harness.statistics.size_bracket import SizeBracket
    from harness.statistics.thresholds import Threshold

FORMAT = 3
"""Version of the format. It is raised when the meaning of a key changes."""


def thresholds_record(
    results: Results, predictions: Mapping[tuple[str, int, int], Sequence[Prediction]] | None = None
) -> dict[str, Any]:
    """Return the contents of ``thresholds.json``.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d), or None if they were not evaluated.

    Returns:
        Plain data.
    """
    suite = results.suite
    beside = predictions or {}
    claimed = [
        (prediction, regime.name)
        for regime in suite.regimes
        for n, d in sizes(suite)
        for prediction in beside.get((regime.name, n, d), ())
    ]
    return {
        "format": FORMAT,
        "suite": suite.name,
        "title": suite.title,
        "complete": results.missing == 0,
        "headline": list(headline(results, beside)),
        "limits": limits(results),
        "regimes": [_regime(regime) for regime in suite.regimes],
        "thresholds": [_threshold(results, regime.name, n, d) for regime in suite.regimes for n, d in sizes(suite)],
        "exponents": [_exponents(results, regime.name) for regime in suite.regimes],
        "laws": [_law(compared) for compared in each_law(results)],
        **({"claims": [claim_record(one) for one in replications(results)]} if suite.claims else {}),
        "theories": theory_records(prediction for prediction, _ in claimed),
        "predictions": [_beside(results, prediction, regime) for prediction, regime in claimed],
        "provenance": dict(results.provenance),
    }


def claim_record(one: Replication) -> dict[str, Any]:
    """Return a claim, what was measured of it, and its verdict as plain data. Open ends of intervals are null."""
    section, found = one.section, one.tested
    return {
        "text": section.text,
        "source": section.source,
        "certainty": section.certainty,
        "measure": section.measure,
        "expect": section.expect,
        "ratio": section.as_ratio,
        "first": _finite(found.first),
        "second": _finite(found.second),
        "value": _finite(found.value),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "margin": section.margin,
        "pairs": found.pairs,
        "p_value": found.p_value,
        "verdict": found.verdict,
        "flips": [{"knob": other.knob, "verdict": other.verdict} for other in one.flips],
        "knobs": len(one.others),
    }


def dumps(record: Any) -> str:
    """Return strict JSON (no NaN, no ∞) with sorted keys, ending in a newline.

    Raises:
        ValueError: If a number is not finite.
    """
    text = laid_out(record) + "\n"
    # Control characters occur in texts only, so they can be escaped.
    return "".join(json.dumps(c)[1:-1] if unprintable(c, allowed="\n") else c for c in text)


LINE = 120
"""Columns within which a part of a record is written on one line."""

STATED = ("title", "formula", "guarantee", "certainty", "certainty_note", "verified", "explicit", "unit")
"""The fields of a claim that the record of a theory repeats, beside the source."""


def laid_out(value: Any) -> str:
    """Return JSON with sorted keys, each part that fits on a line on one and none indented, so that files stay small.

    Args:
        value: Plain data without NaN.

    >>> laid_out({"k": [1, 2], "note": None})
    '{"k": [1, 2], "note": null}'
    """
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)
    if not value or not isinstance(value, dict | list | tuple) or len(flat) <= LINE:
        return flat
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {laid_out(value[key])}" for key in sorted(value)]
    else:
        parts = [laid_out(one) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([opening, ",\n".join(parts), closing])


def theory_records(predictions: Iterable[Prediction]) -> list[dict[str, Any]]:
    """Return each theory of some predictions once as plain data, in their order."""
    return [
        {
            "theory": theory.name,
            "reference": theory.claim.reference.text,
            "bibtex": theory.claim.reference.bibtex,
            **{name: getattr(theory.claim, name) for name in STATED},
            "options": theory.options(),
        }
        for theory in {prediction.theory.name: prediction.theory for prediction in predictions}.values()
    ]


def prediction_record(prediction: Prediction, regime: str = "", certified: Certified | None = None) -> dict[str, Any]:
    """Return a prediction as plain data. A width that is not finite is null, with its kind and the reason.

    Facts about the theory are not repeated. :func:`theory_records` has them.

    Args:
        prediction: Prediction of a theory.
        regime: Name of the regime, if it is not the prediction's own.
        certified: Certified width, or None if it was not searched for.

    Returns:
        Plain data.
    """
    theory, value = prediction.theory, prediction.width.value
    finite = math.isfinite(value)
    exponents = theory.claim.exponents.at(prediction.n, prediction.d) if theory.claim.exponents else None
    return {
        "theory": theory.name,
        "regime": regime or prediction.regime.name,
        "n": prediction.n,
        "d": prediction.d,
        "scaling": _finite(prediction.scaling),
        "exponents": list(exponents) if exponents else None,
        "width": value if finite else None,
        "width_is": "error" if prediction.failed else _kind(value),
        "reason": prediction.width.reason,
        "applies": prediction.applies,
        "assumptions": [{"text": a.text, "holds": a.holds, "found": a.found} for a in prediction.assumptions],
        **({} if certified is None else {"certified": dataclasses.asdict(certified)}),
    }


def _beside(results: Results, prediction: Prediction, regime: str) -> dict[str, Any]:
    """Return a prediction with its scaling over the measured k½, or None where one of them is missing."""
    k_half = results.threshold(regime, prediction.n, prediction.d).k_half
    ratio = prediction.scaling / k_half if prediction.scaling is not None and k_half is not None else None
    return {**prediction_record(prediction, regime), "scaling_over_k_half": _finite(ratio)}


def _kind(value: float) -> str:
    return "finite" if math.isfinite(value) else "nan" if math.isnan(value) else "infinite"


def _regime(regime: Regime) -> dict[str, Any]:
    return {
        "name": regime.name,
        "trains": trains(regime),
        "activation": regime.model.describe().activation,
        "initializer": component(regime.initializer),
        "optimizer": optimizer(regime.optimizer, regime.tune),
        "has_width": regime.model.has_width,
        "ingredients": {
            part: getattr(regime, part).spec() for part in ("model", "initializer", "optimizer", "criterion")
        },
    }


def _threshold(results: Results, regime: str, n: int, d: int) -> dict[str, Any]:
    """Return the leading record of a threshold, with the exact and the budgeted record within."""
    decided = results.decides_fates(regime)
    leading = results.threshold(regime, n, d)
    budget = results.threshold(regime, n, d, results.suite.budget.report_tolerance)
    trials = [t for k in results.widths(regime, n, d) for t in results.outcomes[Cell(regime, n, d, k)]]
    return {
        "regime": regime,
        "n": n,
        "d": d,
        **_answer(results, regime, n, d, leading),
        "exact": _answer(results, regime, n, d, leading) if decided else None,
        "budget": _answer(results, regime, n, d, budget),
        "certified": leading.certified,
        "weights_per_label": weights_per_label(results.regime(regime), n, d, leading.k_half),
        "diverged": sum(trial.diverged for trial in trials),
        "errors": sum(bool(trial.message) for trial in trials),
        "why_no_bracket": _why(results, regime, n, d, leading),
        "fates": leading.fates or None,
        "ended": results.endings.get((regime, n, d)),
    }


def _why(results: Results, regime: str, n: int, d: int, found: Threshold) -> str | None:
    trained = results.regime(regime)
    if found.k_half is not None:
        return None
    if not trained.model.has_width:
        return "the limit of infinite width has no threshold"
    return why_no_bracket(results, trained, n, d)


def _answer(results: Results, regime: str, n: int, d: int, found: Threshold) -> dict[str, Any]:
    """Return an answer with the reasons of the trials that do not fit near it."""
    counts = reasons(results, regime, n, d, found.tolerance, None if found.kind == "exact" else found.steps)
    return {**threshold_data(found), "reasons": near(counts, found.low)}


def threshold_data(found: Threshold) -> dict[str, Any]:
    """Return one answer about a threshold as plain data."""
    return {
        "kind": found.kind,
        "k_half": found.k_half,
        "low": found.low,
        "high": found.high,
        "bound": found.bound,
        "trials": found.trials,
        "counts": [
            {"k": k, "fit": m, "open": found.open.get(k, 0), "trials": trials}
            for k, (m, trials) in sorted(found.counts.items())
        ],
        "violations": [list(pair) for pair in found.violations],
        "tolerance": found.tolerance,
        "steps": _finite(found.steps),
        "limited_by_budget": found.limited,
    }


def _exponents(results: Results, regime: str) -> dict[str, Any]:
    fit = results.exponent_fit(regime)
    return {
        "regime": regime,
        "a": _finite(fit.a),
        "a_interval": _pair(fit.a_interval),
        "b": _finite(fit.b),
        "b_interval": _pair(fit.b_interval),
        "refuted": fit.region.refuted,
        "conflict": [_bracket(one) for one in fit.region.conflict],
        "drop": [[one.n, one.d] for one in fit.region.drop],
        "region": [list(vertex) for vertex in fit.region.polygon],
        "sizes": [list(size) for size in fit.sizes],
        "note": fit.note,
    }


def _law(compared: Compared) -> dict[str, Any]:
    conflict = [_bracket(one) for one in compared.constant.conflict]
    return {**dataclasses.asdict(compared.record()), "conflict": conflict}


def _bracket(bracket: SizeBracket) -> dict[str, Any]:
    """Return a bracket as plain data. Open ends are null."""
    return {"n": bracket.n, "d": bracket.d, "low": bracket.low or None, "high": bracket.high}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _pair(interval: tuple[float, float] | None) -> list[float | None] | None:
    return None if interval is None else [_finite(end) for end in interval]
