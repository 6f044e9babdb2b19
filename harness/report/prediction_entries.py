"""The entries of a prediction in tables: its widths, its exponents and whether its assumptions hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.components.entries import (
    Bound,
    Entry,
    Estimate,
    Exponent,
    Interval,
    Missing,
    Note,
    Number,
    Ratio,
    Style,
    Text,
)

if TYPE_CHECKING:
    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction


UNVERIFIED = Note(
    "unverified: known from an abstract, a secondary source or memory, not from reading statement and conditions; "
    "“harness theory” says which part is known how",
    mark="†",
)


CERTIFIED = (
    "certified: width from which the theory's certificate holds for networks drawn as in the regime, found by doubling "
    "and bisection; geometric mean and range over a few draws of problem and weights. From there on, gradient "
    "descent with the theorem's step (or the flow, where the theorem is about that) is proved to fit; beside k½, the "
    "quotient is the gap between proof and measurement."
)
"""Explanation of certified widths for captions."""


def on_data_width(prediction: Prediction) -> Entry:
    """Return the width on the data. Infinite, undefined and drawn widths have their reason, and ? has an error."""
    if prediction.failed:
        return _error(prediction, prediction.width.reason)
    if math.isnan(prediction.width.value):
        return Missing(prediction.width.reason, notes=_reason(prediction))
    return Number(prediction.width.value, notes=_reason(prediction))


def certified_width(certified: Certified | None) -> Entry:
    """Return a certified width with its range over the draws, or a bound if some draw is not certified."""
    if certified is None:
        return Missing("the claim has no test of initial weights")
    if certified.width is not None:
        return Interval(certified.width, certified.low, certified.high, notes=_in_balls(certified))
    notes = (Note(certified.reason),) if certified.reason else ()
    return Missing(certified.reason, notes=notes) if certified.low is None else Bound(">", certified.low, notes=notes)


def _in_balls(certified: Certified) -> tuple[Note, ...]:
    if certified.judged is None:
        return ()
    if certified.judged == 0:
        return (Note("not repeated in ball arithmetic: φ is not known there, or the networks are too large"),)
    return (Note(f"in ball arithmetic the test holds for {certified.confirmed} of {certified.judged} draws"),)


def scaling_width(prediction: Prediction) -> Entry:
    """Return the claimed scaling at C = 1, if there is one."""
    if prediction.scaling_error:
        return _error(prediction, prediction.scaling_error)
    if prediction.scaling is None:
        return Missing(why_no_scaling(prediction))
    return Number(prediction.scaling)


def why_no_scaling(prediction: Prediction) -> str:
    """Return why a claim has no width at C = 1."""
    given = prediction.theory.claim.exponents is not None
    return "the claim's constant follows from the data" if given else "the claim has no power law"


def claimed_exponents(prediction: Prediction) -> Entry:
    """Return the claimed a and b of n^a d^b at this n and d."""
    if prediction.theory.claim.exponents is None:
        return Missing("the claim has no power law")
    return Exponent(*prediction.theory.claim.exponents.at(prediction.n, prediction.d))


def holds(prediction: Prediction) -> Entry:
    """Return whether the theorem's assumptions hold: ✓, ✗ or ?, with those that fail or cannot be checked."""
    failed = [a for a in prediction.assumptions if a.holds is False]
    open_ = [a for a in prediction.assumptions if a.holds is None]
    if failed:
        said = "; ".join(f"{a.text} ({a.found})" if a.found else a.text for a in failed)
        return Text("✗", notes=(Note(f"does not hold: {said}", detail=True),), style="bad")
    if open_:
        said = "; ".join(f"{a.text} ({a.found})" if a.found else a.text for a in open_)
        return Text("?", notes=(Note(f"not checked: {said}", detail=True),), style="doubt")
    return Text("✓", style="good") if prediction.assumptions else Missing("the claim states no assumption")


def ratio(predicted: Entry, measured: Entry) -> Entry:
    """Return predicted over measured width, or a bound if one of them is a bound."""
    if isinstance(predicted, Bound):
        return Ratio(predicted.limit / measured.value, ">") if isinstance(measured, Estimate) else Missing()
    if not isinstance(predicted, (Number, Interval)) or predicted.value is None or predicted.value != predicted.value:
        return Missing()
    if isinstance(measured, Estimate):
        return _coloured(predicted.value / measured.value)
    if isinstance(measured, Bound) and measured.limit > 0:
        return Ratio(predicted.value / measured.limit, "<" if measured.relation == ">" else ">=")
    return Missing()


def _coloured(value: float) -> Ratio:
    style: Style = "bad" if value >= 1e3 else ""
    return Ratio(value, style=style)


def _error(prediction: Prediction, said: str) -> Entry:
    return Text("?", notes=(Note(f"error in theory {prediction.theory.name}: {said}", error=True),), style="bad")


def _reason(prediction: Prediction) -> tuple[Note, ...]:
    width = prediction.width
    finite = abs(width.value) < float("inf")
    return () if (finite and not width.noted) or not width.reason else (Note(width.reason),)
