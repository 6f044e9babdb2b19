"""The entries of formulas for k½ that were held against its brackets: exponents, and free constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.entries import Entry, Exponent, Missing, Note, Text
from harness.components.numbers import decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.statistics.exponents import ExponentFit
    from harness.statistics.formulas import Constant
    from harness.statistics.size_bracket import SizeBracket


EXPONENTS = (
    "exponents of k½ = ⌈C n^a d^b⌉; in brackets the exponents that the brackets of k½ at all sizes allow together, at "
    "a confidence of 95 %."
)
"""Explanation of measured exponents for captions."""

REFUTED = (
    "No power law, refuted: at this confidence, tolerance, budget and step rule no such formula, rounded up to a "
    "width, lies in all brackets; nothing is said about larger sizes."
)
"""Explanation of refuted formulas for captions."""


def exponent_entry(fit: ExponentFit) -> Entry:
    """Return the measured a and b with their intervals, or words if no such formula meets the brackets."""
    if fit.region.refuted:
        said = in_conflict(fit.region.conflict)
        if fit.region.drop:
            said += f"; one meets the rest without {'; '.join(f'n = {one.n}, d = {one.d}' for one in fit.region.drop)}"
        return Text("no power law", notes=(Note(said),), style="bad")
    if not fit.informative:
        return Missing(fit.note or "the brackets leave both exponents free")
    return Exponent(fit.a, fit.b, fit.a_interval, fit.b_interval)


def in_conflict(brackets: Sequence[SizeBracket]) -> str:
    """Return the words that name brackets which no formula meets together."""
    return f"no such formula meets these brackets together: {'; '.join(map(str, brackets))}"


def constant_entry(found: Constant) -> Entry:
    """Return the constants that are allowed, or that there are none, with the brackets in conflict as a note."""
    if not found.allowed:
        return Text("refuted", notes=(Note(in_conflict(found.conflict)),), style="bad")
    if found.free:
        return Missing("no size has a bound")
    high = "∞)" if found.high == float("inf") else f"{decimal(found.high, 3)}]"
    return Text(f"({decimal(found.low, 3)}, {high}", style="good")
