"""The record ``thresholds.json``: every threshold, exponent and prediction of a run as strict JSON in a fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from harness.components import Cell
from harness.driver.reasons import near, reasons
from harness.driver.replication import replications
from harness.report.headline import headline
from harness.report.law_rows import Compared, each_law
from harness.report.leading import limits, weights_per_label
from harness.report.nothing_found import why_no_bracket
from harness.report.prediction_records import judged, prediction_record, theory_records
from harness.report.rows import finite
from harness.report.setting import component, optimizer, sizes, trains
from harness.report.thresholds_file import FORMAT
from harness.suite.resolved import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Regime
    from harness.driver.replication import Replication, Tested
    from harness.driver.results import Results
    from harness.report import thresholds_file as form
    from harness.report.claim_data import ClaimData, VariantData
    from harness.report.prediction_records import Judged
    from harness.report.theory_data import PredictionData
    from harness.report.threshold_data import (
        AnswerData,
        BareAnswerData,
        BracketData,
        ChoiceData,
        ExponentData,
        FormulaData,
        ThresholdData,
    )
    from harness.statistics.choice import Choice
    from harness.statistics.size_bracket import SizeBracket
    from harness.statistics.thresholds import Threshold


def thresholds_record(
    results: Results, predictions: Mapping[tuple[str, int, int], Sequence[Prediction]] | None = None
) -> form.ThresholdsFile:
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
    places, setting = judged(prediction for prediction, _ in claimed), _setting(results)
    record: form.ThresholdsFile = {
        "format": FORMAT,
        "suite": suite.name,
        "title": suite.title,
        "complete": results.missing == 0,
        "headline": list(headline(results, beside)),
        "limits": cast("form.LimitsData", limits(results)),
        "problems": setting["problems"],
        "budget": setting["budget"],
        "search": setting["search"],
        "regimes": [_regime(regime) for regime in suite.regimes],
        "thresholds": [_threshold(results, regime.name, n, d) for regime in suite.regimes for n, d in sizes(suite)],
        "exponents": [_exponents(results, regime.name) for regime in suite.regimes],
        "laws": [_law(compared) for compared in each_law(results)],
        "theories": theory_records((prediction for prediction, _ in claimed), places),
        "predictions": [_beside(results, prediction, places, regime) for prediction, regime in claimed],
        "provenance": dict(results.provenance),
    }
    if suite.claims:
        record["claims"] = [claim_record(one) for one in replications(results)]
    if results.choices:
        record["choices"] = [_choice(*found) for found in sorted(results.choices.items())]
    return record


def _choice(cell: Cell, choice: Choice) -> ChoiceData:
    """Return the step size that ``tune`` chose for a cell."""
    return {
        "regime": cell.regime,
        "n": cell.n,
        "d": cell.d,
        "k": cell.k,
        "option": choice.option,
        "value": choice.value,
        "edge": choice.edge,
    }


def claim_record(one: Replication) -> ClaimData:
    """Return a claim, what was measured of it, and its verdict as plain data. Open ends of intervals are null."""
    section, found = one.section, one.tested
    record: ClaimData = {
        "text": section.text,
        "source": section.source,
        "certainty": section.certainty,
        "measure": section.measure,
        "expect": section.expect,
        "ratio": section.as_ratio,
        "first": finite(found.first),
        "second": finite(found.second),
        "value": finite(found.value),
        "low": finite(found.low),
        "high": finite(found.high),
        "margin": section.margin,
        "pairs": found.pairs,
        "p_value": found.p_value,
        "verdict": found.verdict,
        "flips": [{"knob": other.knob, "verdict": other.verdict} for other in one.flips],
        "variants": [_variant(other) for other in one.others[: len(section.knobs)]],
        "knobs": len(one.others),
    }
    if section.at_error is not None:
        record["at_error"] = section.at_error
    if section.at_margin is not None:
        record["at_margin"] = section.at_margin
    return record


def _variant(tested: Tested) -> VariantData:
    """Return the test of a claim with a knob of the suite changed."""
    return {
        "knob": tested.knob,
        "value": finite(tested.value),
        "low": finite(tested.low),
        "high": finite(tested.high),
        "verdict": tested.verdict,
    }


def _beside(results: Results, prediction: Prediction, places: Judged, regime: str) -> PredictionData:
    """Return a prediction with its scaling over the measured k½, or None where one of them is missing."""
    k_half = results.threshold(regime, prediction.n, prediction.d).k_half
    ratio = prediction.scaling / k_half if prediction.scaling is not None and k_half is not None else None
    record = prediction_record(prediction, places, regime)
    record["scaling_over_k_half"] = finite(ratio)
    return record


def _setting(results: Results) -> dict[str, dict[str, Any]]:
    """Return the problems, the budget and the search of a suite as plain data, without what is empty or unset."""
    asked = resolve(results.suite, results.registry)
    return {
        part: {key: value for key, value in asked[part].items() if value not in (None, "", [])}
        for part in ("problems", "budget", "search")
    }


def _regime(regime: Regime) -> form.RegimeData:
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


def _threshold(results: Results, regime: str, n: int, d: int) -> ThresholdData:
    """Return the leading record of a threshold, with the exact and the budgeted record within."""
    decided = results.decides_fates(regime)
    leading = results.threshold(regime, n, d)
    budget = results.threshold(regime, n, d, results.suite.budget.report_tolerance)
    trials = results.at(regime, n, d).trials
    record: ThresholdData = {
        "regime": regime,
        "n": n,
        "d": d,
        **_answer(results, regime, n, d, leading),  # type: ignore[typeddict-item]  # marks are added below
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
    if marks := results.regime(regime).criterion.marks():
        record["marks"] = [
            {**threshold_data(results.threshold(regime, n, d, mark)), "measure": mark.measure, "mark": mark.value}
            for mark in marks
        ]
    return record


def _why(results: Results, regime: str, n: int, d: int, found: Threshold) -> str | None:
    trained = results.regime(regime)
    if found.k_half is not None:
        return None
    if not trained.model.has_width:
        return "the limit of infinite width has no threshold"
    return why_no_bracket(results, trained, n, d)


def _answer(results: Results, regime: str, n: int, d: int, found: Threshold) -> AnswerData:
    """Return an answer with the reasons of the trials that do not fit near it."""
    counts = reasons(results, regime, n, d, found.tolerance, None if found.kind == "exact" else found.steps)
    return {**threshold_data(found), "reasons": near(counts, found.low)}


def threshold_data(found: Threshold) -> BareAnswerData:
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
        "steps": finite(found.steps),
        "limited_by_budget": found.limited,
    }


def _exponents(results: Results, regime: str) -> ExponentData:
    fit = results.exponent_fit(regime)
    return {
        "regime": regime,
        "a": finite(fit.a),
        "a_interval": _pair(fit.a_interval),
        "b": finite(fit.b),
        "b_interval": _pair(fit.b_interval),
        "refuted": fit.region.refuted,
        "conflict": [_bracket(one) for one in fit.region.conflict],
        "drop": [[one.n, one.d] for one in fit.region.drop],
        "region": [list(vertex) for vertex in fit.region.polygon],
        "sizes": [list(size) for size in fit.sizes],
        "limited_by_budget": [[n, d] for n, d in fit.sizes if results.threshold(regime, n, d).limited],
        "note": fit.note,
    }


def _law(compared: Compared) -> FormulaData:
    record = compared.record()
    return {
        "regime": record.regime,
        "law": record.law,
        "theory": record.theory,
        "allowed": record.allowed,
        "low": record.low,
        "high": record.high,
        "met": record.met,
        "sizes": record.sizes,
        "conflict": [_bracket(one) for one in compared.constant.conflict],
    }


def _bracket(bracket: SizeBracket) -> BracketData:
    """Return a bracket as plain data. Open ends are null."""
    return {"n": bracket.n, "d": bracket.d, "low": bracket.low or None, "high": bracket.high}


def _pair(interval: tuple[float, float] | None) -> list[float | None] | None:
    return None if interval is None else [finite(end) for end in interval]
