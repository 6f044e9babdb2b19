"""The records of theories in ``thresholds.json``."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # of typing, pydantic takes it from Python 3.12 on

from harness.report.described import described


@described
class AssumptionData(TypedDict):
    """A condition of a theory, with what came of checking it on one problem or on several."""

    text: str
    """the condition"""
    holds: bool | None
    """whether it holds; `null` where it was not checked"""
    found: str
    """what was found"""


@described
class TheoryData(TypedDict):
    """A theory that concerns any of the regimes."""

    theory: str
    """name, which predictions have too"""
    title: str
    """author, year and number of the theorem"""
    reference: str
    """where it comes from"""
    bibtex: str
    """the same as an entry of BibTeX"""
    guarantee: str
    """what it promises at that width: `convergence` of training, a `certificate` of it (constants known), \
`landscape`, `existence`, `necessary`, `linearised`, by a `special algorithm`, or `generalization` (a bound on the \
test error)"""
    certainty: str
    """how its statement is known: `read` (statement and conditions seen), `derived` here, `abstract` (scaling seen in \
the authors' abstract, conditions not), `secondary` (another author's text), `memory`"""
    certainty_note: str
    """which part of it is known how"""
    verified: bool
    """whether it was read, or derived here; others carry a mark in tables"""
    formula: str
    """the width, as it is evaluated"""
    explicit: bool
    """whether its constant is printed in the source; otherwise widths are at C = 1"""
    unit: str
    """what the source counts, `width` or `parameters`; widths here are always widths"""
    options: dict[str, Any]
    """options with which the theory was evaluated"""
    assumptions: list[AssumptionData]
    """its conditions, each with what was found of it: predictions name them by their places in this list, from 0"""


@described
class CertifiedData(TypedDict):
    """The width from which a certificate holds, over several draws."""

    width: float | None
    """geometric mean over the draws; `null` where a draw is not certified at any width tried"""
    low: float | None
    """smallest over the draws, or a lower bound on the geometric mean where `width` is `null`"""
    high: float | None
    """largest over the draws; `null` where `width` is"""
    seeds: int
    """number of draws"""
    reason: str
    """why there is no width, or empty"""
    judged: int | None
    """draws whose test was repeated in ball arithmetic; `null` where that was not asked for"""
    confirmed: int | None
    """draws at which it holds there too"""


@described
class PredictionData(TypedDict):
    """The width that a theory asks for on one problem."""

    theory: str
    """name of the theory"""
    regime: str
    """name of the regime"""
    n: int
    """samples"""
    d: int
    """input dimension"""
    width: float | None
    """the width that it asks for on this problem; `null` if it is not finite"""
    width_is: Literal["finite", "infinite", "nan", "error"]
    """`finite`, `infinite` (no width suffices), `nan` (cannot be evaluated here) or `error`"""
    reason: str
    """what to know of that width"""
    scaling: float | None
    """the scaling that it claims at C = 1, nᵃ dᵇ or its floor; `null` where there is none, or only a width is \
claimed"""
    scaling_over_k_half: NotRequired[float | None]
    """`scaling` over the measured k½; `null` where one of them is missing"""
    exponents: list[float] | None
    """a and b of the width that it asks for, at this n and d; `null` if it claims no such scaling"""
    applies: bool
    """whether no assumption is known to fail"""
    assumptions: list[int]
    """places of its conditions, each with what was found of it here, in the `assumptions` of its theory"""
    certified: NotRequired[CertifiedData]
    """where its certificate begins to hold, if that was asked for"""
