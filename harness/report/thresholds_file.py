"""The form of ``thresholds.json``: its records as types, and their JSON Schema.

``python -m harness.report.thresholds_file`` prints the schema.
"""

from __future__ import annotations

import sys
from typing import Any, Literal, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict  # of typing, pydantic takes it from Python 3.12 on

from harness.json_schema import write_schema
from harness.report.claim_data import ClaimData  # not under TYPE_CHECKING: pydantic reads the annotations
from harness.report.described import described
from harness.report.theory_data import PredictionData, TheoryData
from harness.report.threshold_data import (
    AnswerData,
    BareAnswerData,
    ChoiceData,
    ExponentData,
    FormulaData,
    MarkData,
    ThresholdData,
)

FORMAT: Literal[4] = 4
"""Version of the format. It is raised when the meaning of a key changes."""


@described
class RegimeData(TypedDict):
    """A regime."""

    name: str
    """by which the other records name it"""
    trains: str
    """the layers that are trained, as tables print them"""
    activation: str | None
    """likewise"""
    initializer: str
    """likewise"""
    optimizer: str
    """likewise"""
    has_width: bool
    """false for limits of infinite width, which have no threshold"""
    ingredients: dict[str, Any]
    """`model`, `initializer`, `optimizer` and `criterion` with their options, as in the suite"""


@described
class LimitsData(TypedDict):
    """The counts of what limits the numbers, over regimes with a width."""

    thresholds: int
    """number of thresholds"""
    without_bracket: int
    """those without a closed bracket"""
    limited_by_budget: int
    """those whose lower end the budget made"""
    with_open_trials: int
    """those with trials of which it is not known whether they fit"""
    trials: int
    """number of trials"""
    errors: int
    """those that ended in an error"""
    diverged: int
    """those that diverged"""


@described
class ThresholdsFile(TypedDict):
    """The whole file."""

    format: Literal[4]
    """4; raised when a key changes its meaning. Keys may be added"""
    suite: str
    """name of the suite"""
    title: str
    """its title"""
    headline: list[str]
    """the sentences that reports open with; their numbers are those of the records"""
    limits: LimitsData
    """what limits the numbers, over regimes with a width: `thresholds`, those `without_bracket`, `limited_by_budget` \
and `with_open_trials`, and `trials`, `errors`, `diverged`"""
    complete: bool
    """whether nothing of the suite is left to train"""
    problems: dict[str, Any]
    """the data set with its options, the sizes, and whether each trial draws its own data, as in a suite"""
    budget: dict[str, Any]
    """steps, tolerances, the reported one, number format, and whether unlimited steps were asked for, as in a suite"""
    search: dict[str, Any]
    """method of the search with its options, as in a suite"""
    regimes: list[RegimeData]
    """a record a regime"""
    thresholds: list[ThresholdData]
    """a record for each regime, n and d"""
    exponents: list[ExponentData]
    """a record a regime"""
    laws: list[FormulaData]
    """a record for each regime and formula: those that every run compares, and the claims of its theories"""
    claims: NotRequired[list[ClaimData]]
    """a record for each claim of a paper, in suites that test claims"""
    choices: NotRequired[list[ChoiceData]]
    """a record for each step size that was chosen, in suites with tuned regimes"""
    theories: list[TheoryData]
    """a record for each theory that concerns any of the regimes"""
    predictions: list[PredictionData]
    """a record for each theory, regime, n and d that it concerns"""
    provenance: dict[str, Any]
    """date, machine, versions, solvers, plugins, seed, and the suite's hash"""


def thresholds_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``thresholds.json``."""
    schema = TypeAdapter(ThresholdsFile).json_schema()
    said: dict[str, str] = {}
    for kind in (BareAnswerData, AnswerData, MarkData, ThresholdData):  # pydantic describes no inherited keys
        of = schema["$defs"].get(kind.__name__) or TypeAdapter(kind).json_schema()
        for key, value in of["properties"].items():
            said[key] = value.setdefault("description", said.get(key, ""))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    write_schema(thresholds_schema(), sys.argv[1:])
