"""The table of the claims that a suite tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from findings.markdown import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from findings.reports import Report


def claims(report: Report) -> str:
    """Return a row for each claim: what was measured, the verdict, and the knobs that change it."""
    head = ["claim", "source", "first − second, or their quotient", "margin", "verdict", "another verdict"]
    return table(head, [_row(record) for record in report.claims])


def _row(record: Mapping[str, Any]) -> list[str]:
    times = "×" if record["ratio"] else ""
    ends = ", ".join("…" if record[end] is None else _number(record[end]) for end in ("low", "high"))
    value = "?" if record["value"] is None else _number(record["value"]) + times
    flips = "; ".join(f"{flip['knob']}: {flip['verdict']}" for flip in record["flips"])
    return [
        record["text"],
        f"{record['source']} ({record['certainty']})",
        f"{value} [{ends}]",
        f"{record['margin']:g}{times}",
        f"**{record['verdict']}**",
        flips or f"none of {record['knobs']} knobs",
    ]


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
