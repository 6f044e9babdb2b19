"""The widths that own data need, as sentences, a table and a record."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from harness.components.entries import Entry, Estimate, Missing, Note, Number, Text
from harness.components.numbers import clean, decimal, plain, width
from harness.components.table import Column, Row, Table
from harness.report.export import threshold_data
from harness.report.headline import bracketed
from harness.report.nothing_found import late_fit, why_no_bracket
from harness.report.plan_view import duration
from harness.report.thresholds_view import measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.claims.predictions import Prediction
    from harness.report.width_answer import Needed, WidthAnswer
    from harness.statistics.share_width import ShareWidth
    from harness.statistics.thresholds import Threshold


COLUMNS = (
    Column("regime", wrap=24),
    Column("fit", wrap=18),
    Column("k½", "right"),
    Column("k₉₅", "right"),
    Column("theorems ask for", wrap=18),
)


SHARED = Note(
    "from the trials of the search for exact fits, so that its bracket can be wider; --no-limit searches for this k½"
)


UNFINISHED = "the search is not finished"


def width_view(answer: WidthAnswer) -> Table:
    """Return two rows for each regime: exact fits with unlimited steps, and the tolerance within the budget."""
    rows = [row for one in answer.regimes for row in _rows(answer, one)]
    said = (
        "k½: smallest width at which half of the nets fit. (low, high] misses it with a chance of at most 5 %. k₉₅: "
        "the same for the width from which 95 % fit. theorems ask for: their widths with all constants 1, from the "
        "mildest theorem to the strictest."
    )
    return Table(
        name="width",
        title=f"Widths for {clean(answer.data)} (n = {answer.n}, d = {answer.d})",
        caption=said,
        columns=COLUMNS,
        rows=tuple(rows),
    )


def sentence(answer: WidthAnswer) -> str:
    """Return the answer in plain sentences: the width to take, or why there is none."""
    data = f"{clean(answer.data)} (n = {answer.n}, d = {answer.d})"
    if all(one.unfittable for one in answer.regimes):
        return f"For {data} {answer.regimes[0].unfittable}."
    found = [(one.budget.high, one) for one in answer.regimes if one.budget is not None and one.budget.high is not None]
    within = f"within {answer.steps} steps to a residual of {plain(answer.tolerance)}"
    if found:
        k, one = min(found, key=lambda pair: (pair[0], pair[1].regime))
        assert one.results is not None
        half = one.results.threshold(one.regime, answer.n, answer.d, answer.tolerance)
        done = (
            f", 95 % of them by step {decimal(one.steps)}"
            if one.steps is not None and one.steps <= answer.steps
            else ""
        )
        said = (
            f"Take width {k}: at least 95 % of {clean(one.regime)} nets of that width fit {data} {within}{done}"
            f"{half_fits(half)}."
        )
    elif not any(one.results is not None and one.results.trial_count for one in answer.regimes):
        said = f"Time was up before a net was trained on {data}."
    else:
        why = {one.regime: _why(answer, one, one.budget, one.steps) for one in answer.regimes}
        known = [f" {clean(regime)}: {reason}." for regime, reason in why.items() if reason != UNFINISHED]
        yet = "" if answer.complete else " yet"
        said = f"No width was found{yet} at which 95 % of the nets fit {data} {within}.{''.join(known)}"
    unfinished = "" if answer.complete else " The search is not finished: run the same command again to go on."
    return f"{said}{unfinished} This took {duration(answer.seconds)}."


def half_fits(found: Threshold) -> str:
    """Return from which width on half of the nets fit, as far as it is known."""
    if found.k_half is not None:
        return f"; half fit from about width {found.k_half} on ({bracketed(found)})"
    if found.low or found.high is not None:
        return f"; of the width from which half fit it is known that {bracketed(found)}"
    return ""


def width_record(answer: WidthAnswer) -> dict[str, Any]:
    """Return the answer as plain data."""
    return {
        "data": answer.data,
        "n": answer.n,
        "d": answer.d,
        "tolerance": answer.tolerance,
        "steps": answer.steps,
        "complete": answer.complete,
        "answer": sentence(answer),
        "regimes": [_record(answer, one) for one in answer.regimes],
    }


def _record(answer: WidthAnswer, one: Needed) -> dict[str, Any]:
    results = one.results
    found = None if results is None else results.threshold(one.regime, answer.n, answer.d)
    within = None if results is None else results.threshold(one.regime, answer.n, answer.d, answer.tolerance)
    known = one.budget is not None and one.budget.high is not None
    return {
        "regime": one.regime,
        "unfittable": one.unfittable or None,
        "exact": None if found is None or found.kind != "exact" else threshold_data(found),
        "budget": None if within is None else threshold_data(within),
        "nearly_all_exact": _share_data(one.exact),
        "nearly_all_budget": _share_data(one.budget),
        "steps_of_95_percent": one.steps if one.steps is not None and math.isfinite(one.steps) else None,
        "why_not": None if known else _why(answer, one, one.budget, one.steps),
    }


def _share_data(found: ShareWidth | None) -> dict[str, Any] | None:
    if found is None:
        return None
    counts = [{"k": k, "fit": m, "open": found.open.get(k, 0), "trials": t} for k, (m, t) in found.counts.items()]
    return {**dataclasses.asdict(found), "counts": counts, "open": sum(found.open.values())}


def _rows(answer: WidthAnswer, one: Needed) -> list[Row]:
    if one.results is None:
        none = Missing(one.unfittable, notes=(Note(one.unfittable),))
        return [Row((Text(one.regime), Text("none can"), none, none, none))]
    asked = _theorems(one.predictions)
    found = one.results.threshold(one.regime, answer.n, answer.d)
    kinds: list[tuple[str, float | None, ShareWidth | None]] = []
    if found.kind == "exact":
        kinds.append(("exactly, in the limit", None, one.exact))
    kinds.append((f"to {plain(answer.tolerance)} in {answer.steps} steps", answer.tolerance, one.budget))
    rows = []
    for words, tolerance, share in kinds:
        half = one.results.threshold(one.regime, answer.n, answer.d, tolerance)
        entry = measured(half)
        if isinstance(entry, Missing):
            why = why_no_bracket(one.results, one.results.regime(one.regime), answer.n, answer.d, tolerance)
            entry = Missing(why, notes=(Note(why),))
        if len(kinds) > 1 and tolerance is not None:
            entry = dataclasses.replace(entry, notes=(*entry.notes, SHARED))
        nearly = _share(answer, one, share, None if tolerance is None else one.steps)
        if tolerance is None and half.high is None:
            why = "no width is known from which half of the nets fit exactly"
            nearly = Missing(why, notes=(Note(why),))
        rows.append(Row((Text(one.regime), Text(words), entry, nearly, asked)))
    return rows


def _share(answer: WidthAnswer, one: Needed, share: ShareWidth | None, steps: float | None) -> Entry:
    if share is not None and share.high is not None:
        return Estimate(share.high, share.low, share.high, style="strong")
    why = _why(answer, one, share, steps)
    if share is not None and share.low is not None:
        return Text(f"> {share.low}", notes=(Note(why),))
    return Missing(why, notes=(Note(why),))


def _why(answer: WidthAnswer, one: Needed, share: ShareWidth | None, steps: float | None) -> str:
    """Return why the width for 95 % has no upper end.

    Args:
        answer: The answer.
        one: That of the regime.
        share: The bracket of the width, or None where none was tried.
        steps: Step by which 95 % fit at the widest width, or None for exact fits.
    """
    if one.results is None:
        return one.unfittable
    if not one.complete:
        return UNFINISHED
    if share is not None and share.counts:
        k = max(share.counts)
        fits, trials = share.counts[k]
        if steps is not None and answer.steps < steps < math.inf:
            return (
                f"the budget ends first: {fits} of {trials} nets fit at width {k}; at their late rates 95 % would by "
                f"step {decimal(steps)}, so ask for --steps {_rounded(steps)}"
            )
        unknown = share.open.get(k, 0)
        others = f" and {unknown} {'is' if unknown == 1 else 'are'} open" if unknown else ""
        return (
            f"{fits} of {trials} nets fit{others} at width {k}, the widest that was tried; all of {trials} must fit to "
            "show 95 %"
        )
    regime = one.results.regime(one.regime)
    late = late_fit(one.results, regime, answer.n, answer.d)
    step = 2 * late[2] if late is not None and math.isfinite(late[2]) else 10.0 * answer.steps
    more = f"; ask for --steps {_rounded(step)}" if late is not None else ""
    return why_no_bracket(one.results, regime, answer.n, answer.d, answer.tolerance) + more


def _rounded(steps: float) -> int:
    """Return the next number of steps with one digit.

    >>> _rounded(23_456), _rounded(900)
    (30000, 900)
    """
    size = 10 ** math.floor(math.log10(steps))
    return int(math.ceil(steps / size) * size)


def _theorems(predictions: Sequence[Prediction]) -> Entry:
    asked = [p.scaling for p in predictions if p.theory.claim.guarantee == "convergence" and p.scaling]
    if not asked:
        why = "no theorem on training speaks of this regime"
        return Missing(why, notes=(Note(why),))
    low, high = min(asked), max(asked)
    return Number(low) if low == high else Text(f"{width(low)} to {width(high)}")
