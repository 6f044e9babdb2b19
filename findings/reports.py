"""Reference reports, read from their ``thresholds.json``."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
OTHER_SEED = "other-seed.json"
"""The record of a run that tests the claims of a suite once more, with the seed of the suite plus 1000."""


@dataclass(frozen=True)
class Answer:
    """One answer about a threshold.

    Attributes:
        k_half: k½, or None where an end of the bracket is open.
        low: Lower end of the bracket, or 0 where it is open.
        high: Upper end of the bracket, or infinity where it is open.
        tolerance: What counts as a fit, 0 for exact fits.
        steps: Budget, infinity for exact fits.
        counts: Fits and trials by width.
        limited: Whether the budget made the lower end, or None if the report does not say.
    """

    k_half: float | None
    low: float
    high: float
    tolerance: float
    steps: float
    counts: Mapping[int, tuple[int, int]]
    limited: bool | None

    @staticmethod
    def of(record: Mapping[str, Any]) -> Answer:
        """Return the answer that a record of ``thresholds.json`` holds."""
        closed = record["low"] is not None and record["high"] is not None
        return Answer(
            record["k_half"] if closed else None,
            record["low"] or 0,
            math.inf if record["high"] is None else record["high"],
            record["tolerance"],
            math.inf if record["steps"] is None else record["steps"],
            {row["k"]: (row["fit"], row["trials"]) for row in record["counts"]},
            record.get("limited_by_budget"),
        )

    def __str__(self) -> str:
        """Return k½ with its bracket, a bound, or a dash."""
        if self.k_half is not None:
            return f"{self.k_half:g} ({self.low:g}, {self.high:g}]"
        if self.high < math.inf:
            return f"≤ {self.high:g}"
        return f"> {self.low:g}" if self.low else "–"


@dataclass(frozen=True)
class Found:
    """A threshold.

    Attributes:
        regime: Name of the regime.
        n: Samples.
        d: Input dimension.
        exact: The answer for exact fits, or None where the run does not decide them.
        budget: The answer at the reported tolerance within the budget.
        certified: Number of trials of which the end is proved, or None where the run does not decide it.
        trials: Number of trials.
        marks: The answers for marks of further measures, by the words for them.
    """

    regime: str
    n: int
    d: int
    exact: Answer | None
    budget: Answer
    certified: int | None
    trials: int
    marks: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def leading(self) -> Answer:
        """The answer that tables print first."""
        return self.budget if self.exact is None else self.exact


@dataclass(frozen=True)
class Report:
    """The report of a suite.

    Attributes:
        suite: Name of the suite.
        title: Title of the suite.
        regimes: Records of regimes by name.
        thresholds: Thresholds in the order of the report.
        exponents: Records of exponents by regime.
        laws: Records of formulas.
        theories: Records of theories by name.
        predictions: Records of predictions.
        claims: Records of claims of papers, with their verdicts.
        seed: Seed of the suite.
        choices: Records of the step sizes that were chosen.
    """

    suite: str
    title: str
    regimes: Mapping[str, Mapping[str, Any]]
    thresholds: tuple[Found, ...]
    exponents: Mapping[str, Mapping[str, Any]]
    laws: tuple[Mapping[str, Any], ...]
    theories: Mapping[str, Mapping[str, Any]]
    predictions: tuple[Mapping[str, Any], ...]
    claims: tuple[Mapping[str, Any], ...] = ()
    seed: int | None = None
    choices: tuple[Mapping[str, Any], ...] = ()

    def of(self, regime: str) -> tuple[Found, ...]:
        """Return the thresholds of a regime."""
        return tuple(found for found in self.thresholds if found.regime == regime)

    def largest(self, regime: str) -> Found:
        """Return the threshold of a regime at its largest n, and there at the smallest d."""
        return max(self.of(regime), key=lambda found: (found.n, -found.d))

    def with_width(self) -> list[str]:
        """Return the regimes that have a width."""
        return [name for name, record in self.regimes.items() if record["has_width"]]


FORMATS = (1, 2, 3, 4)
"""Formats of ``thresholds.json`` that can be read: earlier ones are in the history of the reports."""


def parse(text: str) -> Report:
    """Return the report that a ``thresholds.json`` of any format describes.

    Predictions have their assumptions in full, as files before format 4 have them.

    Raises:
        ValueError: If its format is a later one.
    """
    record = json.loads(text)
    if record["format"] not in FORMATS:
        raise ValueError(f"thresholds.json of format {record['format']}: only formats up to {FORMATS[-1]} can be read")
    stated = {theory["theory"]: theory.get("assumptions", ()) for theory in record["theories"]}
    return Report(
        record["suite"],
        record["title"],
        {regime["name"]: regime for regime in record["regimes"]},
        tuple(map(_threshold, record["thresholds"])),
        {exponent["regime"]: exponent for exponent in record["exponents"]},
        tuple(record.get("laws", ())),
        {theory["theory"]: theory for theory in record["theories"]},
        tuple(_whole(prediction, stated[prediction["theory"]]) for prediction in record["predictions"]),
        tuple(record.get("claims", ())),
        record.get("provenance", {}).get("seed"),
        tuple(record.get("choices", ())),
    )


def _whole(prediction: Mapping[str, Any], stated: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return a prediction with its assumptions in place of their numbers."""
    listed = [stated[one] if isinstance(one, int) else one for one in prediction["assumptions"]]
    return {**prediction, "assumptions": listed}


def _threshold(record: Mapping[str, Any]) -> Found:
    exact = record.get("exact")
    return Found(
        record["regime"],
        record["n"],
        record["d"],
        None if exact is None else Answer.of(exact),
        Answer.of(record.get("budget") or record),
        record.get("certified"),
        record["trials"],
        {_words(mark): Answer.of(mark) for mark in record.get("marks", ())},
    )


def _words(mark: Mapping[str, Any]) -> str:
    """Return the words for a mark, such as ``error ≤ 0``."""
    return f"{mark['measure']} {'≤' if mark['measure'] == 'error' else '≥'} {mark['mark']:g}"


def read(suite: str, folder: Path = REPORTS, name: str = "thresholds.json") -> Report | None:
    """Return the reference report of a suite, or None if there is none.

    Args:
        suite: Name of the suite.
        folder: Where the reports are.
        name: The file of the report, or :data:`OTHER_SEED` for that of the same suite with another seed.
    """
    file = folder / suite / name
    return parse(file.read_text(encoding="utf-8")) if file.exists() else None


def kept(folder: Path = REPORTS) -> Iterator[str]:
    """Yield the names of suites that have a reference report."""
    for file in sorted(folder.glob("*/thresholds.json")):
        yield file.parent.name
