"""Trials one by one, as CSV or as JSON lines."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING, Any, TextIO

from harness.components.numbers import clean
from harness.report.trial_records import TrialRecord, each_trial

if TYPE_CHECKING:
    from harness.driver.question import Asked
    from harness.driver.results import Results

FORMS = ("csv", "jsonl")
"""Formats that can be written line by line."""

MAPPED = ("hits", "diagnostics")
"""Fields of a trial that give a column for each of their keys."""


def write_trials(
    results: Results, out: TextIO, form: str, *, tolerance: Asked = None, steps: int | None = None
) -> None:
    """Write the trials of a run, one on each line; no text of more than one of them is kept.

    Args:
        results: The results.
        out: File to write to.
        form: One of :data:`FORMS`.
        tolerance: Tolerance of the verdicts, by default the reported one.
        steps: Budget of the verdicts, by default the suite's.
    """
    rows = each_trial(results, tolerance, steps)
    if form == "jsonl":
        for row in rows:
            out.write(json.dumps(_plain(row), ensure_ascii=True, allow_nan=False) + "\n")
        return
    watched = sorted({name for outcomes in results.outcomes.values() for o in outcomes for name in o.diagnostics})
    keys = {"hits": [f"{tolerance:g}" for tolerance in results.suite.budget.tolerances], "diagnostics": watched}
    writer = csv.writer(out, lineterminator="\n")
    names = [field.name for field in dataclasses.fields(TrialRecord) if field.name not in MAPPED]
    writer.writerow([*names, *(clean(f"{field}_{key}") for field in MAPPED for key in keys[field])])
    for row in rows:
        plain = _plain(row)
        mapped = [plain[field].get(key) for field in MAPPED for key in keys[field]]
        writer.writerow([*(plain[name] for name in names), *mapped])


def _plain(row: Any) -> dict[str, Any]:
    return {name: clean(value) if isinstance(value, str) else value for name, value in dataclasses.asdict(row).items()}
