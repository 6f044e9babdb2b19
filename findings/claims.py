"""The tables of the claims that suites test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from findings.markdown import table
from findings.reports import OTHER_SEED, kept, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from findings.reports import Report


def claims(report: Report) -> str:
    """Return a row for each claim: what was measured, the verdict, and the knobs that change it."""
    head = ["claim", "source", "first − second, or their quotient", "margin", "verdict", "another verdict"]
    return table(head, [_row(record) for record in report.claims])


def knobs(report: Report) -> str:
    """Return a row for each claim and each knob that the suite names for it."""
    rows = [[text, knob or "–", _measured(found), found["verdict"]] for (text, knob), found in _tests(report)]
    return table(["claim", "knob", "first − second, or their quotient", "verdict"], rows)


def other_seeds(folder: Path) -> str:
    """Return a row for each claim of every suite, and for each knob that it names: two seeds, and the same verdict?"""
    rows = []
    for suite in kept(folder):
        report, again = read(suite, folder), read(suite, folder, OTHER_SEED)
        found, others = ({} if one is None else dict(_tests(one)) for one in (report, again))
        for (text, knob), record in found.items():
            other = others.get((text, knob))
            said = f"with the knob “{knob}”" if knob else text
            held = "not run" if other is None else "yes" if other["verdict"] == record["verdict"] else "**no**"
            apart = other is not None and _apart(record, other)
            measured = ["–" if one is None else f"{_measured(one)}, {one['verdict']}" for one in (record, other)]
            rows.append([suite, said, *measured, held + ", intervals apart" * apart])
    return table(["suite", "claim", "first seed", "another seed", "same verdict"], rows)


def _tests(report: Report) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Yield the test of each claim, and with each knob that the suite names, by the text and the knob."""
    for record in report.claims:
        yield (record["text"], ""), record
        for changed in record.get("variants", ()):
            yield (record["text"], changed["knob"]), {**record, **changed}


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two intervals have no point in common. Open ends reach everywhere."""
    (low, high), (least, most) = (
        (-math.inf if each["low"] is None else each["low"], math.inf if each["high"] is None else each["high"])
        for each in (one, other)
    )
    return bool(high < least or most < low)


def chosen(report: Report) -> str:
    """Return the step sizes that ``tune`` chose with the first seed and with another, by regime and width."""
    again = read(report.suite, name=OTHER_SEED)
    others = {} if again is None else {_place(record): record for record in again.choices}
    rows = [
        [
            record["regime"],
            f"{record['n']}, {record['d']}",
            str(record["k"]),
            *("–" if one is None else _choice(one) for one in (record, others.get(_place(record)))),
        ]
        for record in report.choices
    ]
    return table(["regime", "n, d", "k", "chosen with the first seed", "with another"], rows)


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(record[key] for key in ("regime", "n", "d", "k"))


def _choice(record: Mapping[str, Any]) -> str:
    edge = f", the {record['edge']} candidate" if record["edge"] else ""
    return f"{record['option']} = {record['value']:g}{edge}"


def _measured(record: Mapping[str, Any]) -> str:
    ends = ", ".join("…" if record[end] is None else _number(record[end]) for end in ("low", "high"))
    value = "?" if record["value"] is None else _number(record["value"]) + "×" * record["ratio"]
    return f"{value} [{ends}]"


def _row(record: Mapping[str, Any]) -> list[str]:
    times = "×" if record["ratio"] else ""
    flips = "; ".join(f"{flip['knob']}: {flip['verdict']}" for flip in record["flips"])
    return [
        record["text"],
        f"{record['source']} ({record['certainty']})",
        _measured(record),
        f"{record['margin']:g}{times}",
        f"**{record['verdict']}**",
        flips or f"none of {record['knobs']} knobs",
    ]


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
