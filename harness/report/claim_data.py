"""The records of tested claims of papers in ``thresholds.json``."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict  # of typing, pydantic takes it from Python 3.12 on

from harness.report.described import described


@described
class FlipData(TypedDict):
    """A change of a claim's test that changes the verdict."""

    knob: str
    """what is changed"""
    verdict: str
    """the verdict then"""


@described
class VariantData(TypedDict):
    """A claim's test with a knob of the suite changed."""

    knob: str
    """what is changed"""
    value: float | None
    """the first over or minus the second"""
    low: float | None
    """lower end of the interval of `value`; `null` where it is open"""
    high: float | None
    """upper end; `null` where it is open"""
    verdict: str
    """the verdict then"""


@described
class ClaimData(TypedDict):
    """A claim of a paper that the suite tests, and its verdict."""

    text: str
    """the claim in one sentence"""
    source: str
    """paper, and where in it"""
    certainty: str
    """how the text of the claim is known"""
    measure: str
    """what is compared"""
    at_error: NotRequired[float]
    """of `fit` and `k_half`, the share of wrong labels that counts as a fit in place of the tolerance"""
    at_margin: NotRequired[float]
    """likewise, the smallest margin"""
    expect: str
    """whether the first is claimed to be smaller, larger or equal"""
    ratio: bool
    """whether quotients are compared, and not differences"""
    first: float | None
    """mean of the first side"""
    second: float | None
    """mean of the other side"""
    value: float | None
    """the first over or minus the second"""
    low: float | None
    """lower end of the interval of `value`; `null` where it is open"""
    high: float | None
    """upper end; `null` where it is open"""
    margin: float
    """how far `value` must be from equality, or may be for `equal`"""
    pairs: int
    """number of pairs that were compared"""
    p_value: float | None
    """of the test, where there is one"""
    verdict: str
    """what came of it"""
    flips: list[FlipData]
    """changes of the test that change the verdict"""
    variants: NotRequired[list[VariantData]]
    """the test with each change that the suite names"""
    knobs: int
    """number of changes that were tried"""
