"""The table in which each theory on training is judged at home, as Markdown, made of the report of ``at-home``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from findings.markdown import brief, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from findings.reports import Report

TRAINING = ("certificate", "convergence", "linearised")
"""Guarantees that are about training, in the order of the table."""


def unmet(prediction: Mapping[str, Any]) -> list[str]:
    """Return the conditions of a prediction that are known to fail."""
    return [one["text"] for one in prediction["assumptions"] if one["holds"] is False]


def unknown(prediction: Mapping[str, Any]) -> list[str]:
    """Return the conditions of a prediction that cannot be checked."""
    return [one["text"] for one in prediction["assumptions"] if one["holds"] is None]


def home_of(report: Report, theory: str) -> Mapping[str, Any] | None:
    """Return the prediction of a theory for the regime that meets most of its conditions, or None without one.

    Of several the first in the suite is taken.
    """
    found = [p for p in report.predictions if p["theory"] == theory]
    return min(found, key=lambda p: (len(unmet(p)), len(unknown(p))), default=None)


def at_home(report: Report) -> str:
    """Return a row for each theory on training that no condition excludes: its regime, k½ there, and its width."""
    rows = []
    places = {(found.regime, found.n, found.d): found for found in report.thresholds}
    for theory in sorted(
        report.theories.values(),
        key=lambda one: TRAINING.index(one["guarantee"]) if one["guarantee"] in TRAINING else len(TRAINING),
    ):
        home = home_of(report, theory["theory"]) if theory["guarantee"] in TRAINING else None
        if home is None or unmet(home):
            continue
        leading = places[home["regime"], home["n"], home["d"]].leading
        rows.append(
            [
                theory["title"] + ("" if theory["verified"] else " †"),
                home["regime"],
                str(leading),
                _width(home, home["scaling"]),
                _width(home, home["width"]),
                _quotient(home["width"], leading.k_half),
                _met(home),
            ]
        )
    head = ["theory", "at home in", "k½", "C=1", "on data", "on data ÷ k½", "conditions but the width"]
    return table(head, rows)


def _width(home: Mapping[str, Any], value: float | None) -> str:
    if value is not None:
        return brief(value)
    return "∞" if value is home["width"] and home["width_is"] == "infinite" else "–"


def _quotient(width: float | None, k_half: float | None) -> str:
    return "–" if width is None or k_half is None or math.isinf(width) else brief(width / k_half)


def _met(home: Mapping[str, Any]) -> str:
    return f"? {'; '.join(open_)}" if (open_ := unknown(home)) else "✓"
