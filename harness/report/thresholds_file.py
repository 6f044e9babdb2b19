"""The form of ``thresholds.json``: its records as types, and their JSON Schema.

``python -m harness.report.thresholds_file`` prints the schema.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict  # of typing, pydantic takes it from Python 3.12 on

from harness.components.vocabulary import Reason  # not under TYPE_CHECKING: pydantic reads the annotations

FORMAT: Literal[4] = 4
"""Version of the format. It is raised when the meaning of a key changes."""

_described = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))


@_described
class CountData(TypedDict):
    """The trials of one width."""

    k: int
    """the width; 0 is the limit of infinite width"""
    fit: int
    """trials that fit"""
    open: int
    """trials of which it is not known whether they fit; they are among `trials`, and not among `fit`"""
    trials: int
    """trials without those that ended in an error"""


@_described
class BareAnswerData(TypedDict):
    """One answer about a threshold, without reasons."""

    kind: Literal["exact", "limit", "budget", "diagnostic", "mark"]
    """the question: `exact` (an exact fit with unlimited steps), `limit` (the tolerance with unlimited steps), \
`budget` (the tolerance within the steps), `diagnostic` (a level of a diagnostic after the budget), or `mark` (an \
error or a margin within the steps)"""
    k_half: int | None
    """estimate of k½, the smallest width at which at least half of the trials fit: an admissible width, \
low < `k_half` ≤ high; `null` where an end is open"""
    low: int | None
    """lower end of the bracket low < k½ ≤ high, which misses with a chance of at most 5 %; `null` where it is open"""
    high: int | None
    """upper end of the bracket; `null` where it is open"""
    bound: Literal["", "<=", ">", "none"]
    """empty where both ends are known; `>` where only `low` is, `<=` where only `high` is, `none` where neither is"""
    counts: list[CountData]
    """of each width `k` tried, how many of its `trials` `fit`, and how many are `open`"""
    trials: int
    """all trials in `counts`"""
    violations: list[list[int]]
    """pairs of widths, narrow then wide, between which the fraction that fits falls by more than chance explains; \
none where trials are open"""
    tolerance: float
    """largest relative residual that counts as a fit; 0 for `exact`"""
    steps: float | None
    """number of steps within which it must be met; `null` where they are unlimited"""
    limited_by_budget: bool
    """whether the budget made `low`: at least half of the unfit trials there could fit with more steps"""


@_described
class AnswerData(BareAnswerData):
    """One answer about a threshold."""

    reasons: dict[Reason, int]
    """number of trials that do not fit, by the reason, at widths from `low` on: `dead samples`, `local minimum`, \
`rank`, `too few weights`, `diverged`, `edge of stability`, `still falling` or `plateau`"""


@_described
class MarkData(BareAnswerData):
    """The answer for a mark of a further measure, an error or a margin."""

    measure: Literal["error", "margin"]
    """`error`, the share of wrong labels, or `margin`, the smallest margin over the samples"""
    mark: float
    """largest error of a fit, or its smallest margin"""


@_described
class ThresholdData(AnswerData):
    """A threshold, with the keys of its leading answer, which is `exact` where there is one and else `budget`."""

    regime: str
    """name of the regime"""
    n: int
    """samples"""
    d: int
    """input dimension"""
    exact: AnswerData | None
    """the answer for exact fits with unlimited steps; `null` where the run does not decide them"""
    budget: AnswerData
    """the answer at the reported tolerance within the budget"""
    marks: NotRequired[list[MarkData]]
    """an answer for each error and margin that the regime records, with `measure`, `mark` and the keys of an answer \
but `reasons`"""
    certified: int | None
    """number of trials of which it is proved whether they end in an exact fit; `null` where the run does not decide \
it"""
    fates: dict[str, int] | None
    """number of trials of each fate, and of those that diverged or have none; `null` likewise"""
    weights_per_label: float | None
    """k½ d/n, trained hidden weights for each label; `null` without k½, or where the hidden layer is not trained"""
    diverged: int
    """number of trials that diverged, which count as trials that do not fit"""
    errors: int
    """number of trials that ended in an error, which do not count"""
    why_no_bracket: str | None
    """why there is no bracket, as a clause; `null` where there is one"""
    ended: str | None
    """why an adaptive search is over: `fine enough`, `beyond`, `trials spent`, `nothing to certify`, `open trials`, \
`contradiction` or `errors`; `null` while it is not, and for grids"""


@_described
class BracketData(TypedDict):
    """A bracket of k½ at one size."""

    n: int
    """samples"""
    d: int
    """input dimension"""
    low: int | None
    """lower end; `null` where it is open"""
    high: int | None
    """upper end; `null` where it is open"""


@_described
class ExponentData(TypedDict):
    """The exponents of a regime, k½ = ⌈C nᵃ dᵇ⌉, from its leading answers."""

    regime: str
    """name of the regime"""
    a: float | None
    """least squares on the middles of the brackets, among the exponents that are allowed; `null` where a size has \
only a bound, or fewer than three values of n have a bracket"""
    a_interval: list[float | None] | None
    """smallest and largest exponent that the brackets of all sizes allow together, at 95 %; an end is `null` where it \
is free"""
    b: float | None
    """as `a`, for d"""
    b_interval: list[float | None] | None
    """as `a_interval`, for d"""
    region: list[list[float]]
    """vertices (a, b) of all exponents that are allowed; empty where n or d has one value"""
    refuted: bool
    """whether no C, a and b meet all brackets"""
    conflict: list[BracketData]
    """at most four brackets that none meets together"""
    drop: list[list[int]]
    """a smallest set of (n, d) without which one meets the rest; empty where more than four are needed"""
    sizes: list[list[int]]
    """the (n, d) with a bound"""
    limited_by_budget: list[list[int]]
    """those (n, d) among `sizes` at which the budget made the lower end"""
    note: str
    """what was left out, and why"""


@_described
class FormulaData(TypedDict):
    """A formula with a free constant, k½ = ⌈C g(n, d)⌉, against the leading answers of a regime."""

    regime: str
    """name of the regime"""
    law: str
    """the formula, or the title of the theory that claims it"""
    theory: str
    """name of that theory, or empty"""
    allowed: bool
    """whether some C meets all brackets"""
    low: float | None
    """low < C; `null` where the end is open or no C is left"""
    high: float | None
    """C ≤ high; `null` likewise"""
    met: int
    """brackets that the best C meets"""
    sizes: int
    """sizes with a bound"""
    conflict: list[BracketData]
    """two brackets that no C meets together"""


@_described
class AssumptionData(TypedDict):
    """A condition of a theory, with what came of checking it on one problem or on several."""

    text: str
    """the condition"""
    holds: bool | None
    """whether it holds; `null` where it was not checked"""
    found: str
    """what was found"""


@_described
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


@_described
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


@_described
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


@_described
class FlipData(TypedDict):
    """A change of a claim's test that changes the verdict."""

    knob: str
    """what is changed"""
    verdict: str
    """the verdict then"""


@_described
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


@_described
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


@_described
class ChoiceData(TypedDict):
    """The step size that `tune` chose for a regime at an n, d and k."""

    regime: str
    """name of the regime"""
    n: int
    """number of samples"""
    d: int
    """input dimension"""
    k: int
    """the width"""
    option: str
    """what was chosen: `step_size`, or `c`, a factor of the stable step"""
    value: float
    """the choice"""
    edge: str
    """end of the candidates at which it is, `smallest` or `largest`, or empty"""


@_described
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


@_described
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


@_described
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


def schema_text() -> str:
    """Return the schema as the text of ``harness/report/thresholds.schema.json``."""
    return json.dumps(thresholds_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    """Write the schema to the file in ``arguments``, or to standard output."""
    if arguments:
        Path(arguments[0]).write_text(schema_text(), encoding="utf-8")
    else:
        sys.stdout.buffer.write(schema_text().encode())


if __name__ == "__main__":
    main(sys.argv[1:])
