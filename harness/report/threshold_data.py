"""The records of thresholds in ``thresholds.json``: answers, exponents, formulas and chosen steps."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # of typing, pydantic takes it from Python 3.12 on

from harness.components.vocabulary import Reason  # not under TYPE_CHECKING: pydantic reads the annotations
from harness.report.described import described


@described
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


@described
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


@described
class AnswerData(BareAnswerData):
    """One answer about a threshold."""

    reasons: dict[Reason, int]
    """number of trials that do not fit, by the reason, at widths from `low` on: `dead samples`, `local minimum`, \
`rank`, `too few weights`, `diverged`, `edge of stability`, `still falling` or `plateau`"""


@described
class MarkData(BareAnswerData):
    """The answer for a mark of a further measure, an error or a margin."""

    measure: Literal["error", "margin"]
    """`error`, the share of wrong labels, or `margin`, the smallest margin over the samples"""
    mark: float
    """largest error of a fit, or its smallest margin"""


@described
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


@described
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


@described
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


@described
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


@described
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
