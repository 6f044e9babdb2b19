"""Claims of papers that a suite tests: who is compared with whom, by which measure, where, and by which margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, Field, model_validator

from harness.complaints import Refusal

# Not under TYPE_CHECKING: pydantic reads the annotations.
from harness.components import Certainty, Fraction, Mark, Positive
from harness.components.expression import holds, value_of
from harness.statistics.verdict import Expected
from harness.suite.file import Section


def _condition(text: str) -> str:
    try:
        holds(text, n=7.0, d=5.0, k=3.0)
    except ValueError as error:
        raise Refusal("refused", str(error)) from error
    return text


def _formula(text: str | float) -> str | float:
    try:
        value_of(text, n=7.0, d=5.0, k=3.0) if isinstance(text, str) else text
    except ValueError as error:
        raise Refusal("refused", str(error)) from error
    return text


FITS = ("fit", "k_half")
"""Measures that depend on what counts as a fit."""

Condition = Annotated[str, AfterValidator(_condition)]
Filled = Annotated[str, MinLen(1)]


class KnobSection(Section):
    """A change of a claim's sides, to see whether it changes the verdict."""

    knob: Filled = Field(description="Words for what is changed.")
    first: str | None = Field(None, description="Regime in place of the first.")
    second: str | None = Field(None, description="Regime in place of the second.")
    where: Condition | None = Field(None, description="Condition in place of where, for both sides.")
    measure: str | None = Field(None, description="Measure in place of the claim's.")
    margin: Positive | None = Field(None, description="Margin in place of the claim's, where another measure has one.")
    tolerance: Positive | None = Field(
        None, description="Tolerance that a fit meets within the budget, in place of what counts as a fit in the run."
    )


class ClaimSection(Section):
    """A claim of a paper about two regimes, or about one regime and a number."""

    text: Filled = Field(description="The claim in one sentence.")
    source: Filled = Field(description="Paper, and where in it.")
    certainty: Certainty = Field(description="How the text of the claim is known.")
    first: str = Field(description="Name of a regime.")
    second: str | None = Field(None, description="Name of the regime that it is compared with.")
    value: Annotated[str | float, AfterValidator(_formula)] | None = Field(
        None, description="Number, or formula of n, d and k, that the first is compared with in place of a regime."
    )
    expect: Expected = Field(description="Whether the first is claimed to be smaller, larger, or equal.")
    measure: Filled = Field(description="A diagnostic, or fit, k_half, steps, measure, movement, lambda_min.")
    where: Condition = Field("", description="Condition on n, d and k of both, such as 'n = 100 and k <= n/d'.")
    where_first: Condition | None = Field(None, description="Condition for the first alone.")
    where_second: Condition | None = Field(None, description="Condition for the second alone.")
    margin: Positive = Field(description="Smallest difference that matters; of k_half and ratio = true, a factor > 1.")
    at_error: Fraction | None = Field(None, description="Of fit and k_half: share of wrong labels that is a fit.")
    at_margin: float | None = Field(None, description="Of fit and k_half: smallest margin that is a fit.")
    ratio: bool = Field(False, description="Whether the quotient is compared with 1 rather than the difference with 0.")
    knobs: list[KnobSection] = Field([], description="Changes that might change the verdict.")

    @model_validator(mode="after")
    def _consistent(self) -> ClaimSection:
        if (self.second is None) == (self.value is None):
            raise Refusal("missing", "needs second or value, what the first is compared with")
        if self.at_error is not None and self.at_margin is not None:
            raise Refusal("given-twice", "has at_error and at_margin, expected one of them")
        if self.mark is not None and self.measure not in FITS:
            raise Refusal("refused", f"has {self.mark}, which is for measure = 'fit' or 'k_half'")
        if self.as_ratio and self.margin <= 1:
            raise Refusal("out-of-range", f"has margin {self.margin:g}, expected a factor above 1 for quotients")
        return self

    @property
    def mark(self) -> Mark | None:
        """The mark of a further measure that counts as a fit, or None for the usual question."""
        if self.at_error is not None:
            return Mark("error", self.at_error)
        return None if self.at_margin is None else Mark("margin", self.at_margin)

    @property
    def as_ratio(self) -> bool:
        """Whether quotients are compared."""
        return self.ratio or self.measure == "k_half"


@dataclass(frozen=True)
class Side:
    """One side of a claim.

    Attributes:
        regime: Name of the regime.
        where: Condition on n, d and k.
    """

    regime: str
    where: str


@dataclass(frozen=True)
class Claimed:
    """A claim, or a variant of it with a knob changed.

    Attributes:
        section: The claim as the suite has it.
        knob: What is changed, or an empty string for the claim itself.
        first: First side.
        second: Second side, or None if the first is compared with a number.
        measure: What is compared.
        margin: Smallest difference that matters.
        tolerance: Tolerance of a fit in place of the run's, or None.
    """

    section: ClaimSection
    knob: str
    first: Side
    second: Side | None
    measure: str
    margin: float
    tolerance: float | None = None

    @property
    def as_ratio(self) -> bool:
        """Whether quotients are compared."""
        return self.section.ratio or self.measure == "k_half"


def claimed(section: ClaimSection) -> Claimed:
    """Return a claim as it is tested."""
    where = section.where
    second = None
    if section.second is not None:
        second = Side(section.second, where if section.where_second is None else section.where_second)
    first = Side(section.first, where if section.where_first is None else section.where_first)
    return Claimed(section, "", first, second, section.measure, section.margin)


def variants(section: ClaimSection) -> list[Claimed]:
    """Return the claim with each of its knobs changed."""
    found = []
    for knob in section.knobs:
        base = claimed(section)
        first = Side(knob.first or base.first.regime, base.first.where if knob.where is None else knob.where)
        second = base.second
        if second is not None:
            second = Side(knob.second or second.regime, second.where if knob.where is None else knob.where)
        margin = section.margin if knob.margin is None else knob.margin
        measure = knob.measure or section.measure
        found.append(Claimed(section, knob.knob, first, second, measure, margin, knob.tolerance))
    return found


def names_of(section: ClaimSection) -> dict[tuple[str | int, ...], str]:
    """Return the regimes that a claim names, by their path in it."""
    found: dict[tuple[str | int, ...], str] = {("first",): section.first}
    if section.second is not None:
        found["second",] = section.second
    for index, knob in enumerate(section.knobs):
        for key in ("first", "second"):
            if (name := getattr(knob, key)) is not None:
                found["knobs", index, key] = name
    return found


def data_of(section: ClaimSection) -> dict[str, Any]:
    """Return a claim as a suite has it, without what is not given."""
    return section.model_dump(exclude_none=True, exclude_defaults=True)
