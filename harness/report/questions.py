"""Sentences that say which question a number answers: an exact fit, a tolerance in the limit, or within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.components.numbers import number_of, plain
from harness.engine.continuations import continuation_of, undecided
from harness.report import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.components import Regime
    from harness.driver.question import Asked, Question, QuestionKind
    from harness.driver.results import Results

EXACT = (
    "A trial fits when it ends in an exact fit, as gradient descent goes on for ever from where training ended. Where "
    "nothing decides the end of a trial, it is open: a fit for the lower end of a bracket, a failure for the upper "
    "one, no fit for the number between."
)
CERTIFIED = (
    "certified: m of M trials of which it is proved, for gradient descent in exact arithmetic, whether they end in an "
    "exact fit; the rest were followed along the gradient flow, diverged, or are open."
)
LIMIT = (
    "A trial fits when it meets the tolerance {tolerance} within the budget, or with unlimited steps, where its end is "
    "decided; else it is open: a fit for the lower end of a bracket, a failure for the upper one, no fit for the "
    "number between."
)


def kinds(results: Results, tolerance: Asked, steps: float | None) -> dict[QuestionKind, list[Regime]]:
    """Return the regimes of a run by the question that is asked of them."""
    found: dict[QuestionKind, list[Regime]] = {}
    for regime in results.suite.regimes:
        found.setdefault(results.question(regime.name, tolerance, steps).kind, []).append(regime)
    return found


def question_explained(
    results: Results,
    tolerance: Asked = None,
    steps: float | None = None,
    regimes: Sequence[Regime] | None = None,
    *,
    measures: bool = True,
) -> str:
    """Return the sentences that define a fit, for each kind of question that is asked, and the measures.

    Args:
        results: Results of the run.
        tolerance: Tolerance as it was asked for.
        steps: Steps as they were asked for.
        regimes: The regimes shown, or None for all.
        measures: Whether the criteria's measures are defined too.
    """
    shown = results.suite.regimes if regimes is None else regimes
    asked = {regime.name: results.question(regime.name, tolerance, steps) for regime in shown}
    sentences = dict.fromkeys(fit_explained(question) for question in asked.values())
    if len(sentences) > 1:
        budgeted = [name for name, question in asked.items() if question.kind == "budget"]
        exact, within = sorted(sentences, key=lambda said: said != EXACT)
        said = f"{exact} Nothing decides this for {named(budgeted)}: there {within[0].lower()}{within[1:]}"
    else:
        said = next(iter(sentences), "")
    return f"{said} {setting.measures_explained(shown) if measures else ''}".strip()


def fit_in_brief(
    results: Results,
    regimes: Iterable[Regime] | None = None,
    tolerance: Asked = None,
    steps: float | None = None,
) -> str:
    """Return the tolerance and the budget of a question in a few words, of each kind that is asked.

    Args:
        results: Results of the run.
        regimes: The regimes shown, or None for all.
        tolerance: Tolerance as it was asked for, or None for the leading question.
        steps: Steps as they were asked for, likewise.
    """
    shown = results.suite.regimes if regimes is None else regimes
    asked = (results.question(regime.name, tolerance, steps) for regime in shown)
    return ", or ".join(dict.fromkeys(map(_brief, asked)))


def asked_for(results: Results, tolerance: Asked, steps: float | None) -> str:
    """Return another question than that of the suite in brackets, to follow a definition of k½, or nothing."""
    asked = tolerance is not None or steps is not None
    return f" ({fit_in_brief(results, None, tolerance, steps)})" if asked else ""


def _brief(asked: Question) -> str:
    if asked.by is not None:
        return f"{asked.by} within {int(asked.steps)} steps"
    if asked.kind == "exact":
        return "exact fits, unlimited steps"
    within = "unlimited steps" if asked.kind == "limit" else f"within {int(asked.steps)} steps"
    return f"fits to {plain(asked.tolerance)} {within}"


def fit_explained(asked: Question) -> str:
    """Return the sentence that defines a fit."""
    if asked.by is not None:
        said = f"A trial fits when its {asked.by}; it has at most {number_of(int(asked.steps), 'step')}."
        falls = " No bracket is printed, as the chance of a fit may fall with the width."
        return said if asked.by.monotone else said + falls
    if asked.kind == "exact":
        return EXACT
    if asked.kind == "limit":
        return LIMIT.format(tolerance=plain(asked.tolerance))
    budget = number_of(int(asked.steps), "step")
    return f"A trial fits when it meets the tolerance {plain(asked.tolerance)} within {budget}."


def chosen_for(results: Results) -> str:
    """Return which threshold the search chose the widths for."""
    exact = [regime.name for regime in results.suite.regimes if results.decides_fates(regime.name)]
    if not exact:
        return "the framed entry"
    others = len(exact) < len(results.suite.regimes)
    return f"exact fits of {named(exact)}, and for the framed entry elsewhere" if others else "exact fits"


def named(names: Iterable[str]) -> str:
    """Return names in quotes.

    >>> named(["relu", "sgd"])
    '“relu”, “sgd”'
    """
    return ", ".join(f"“{name}”" for name in names)


def why_undecided(results: Results, regime: Regime) -> str:
    """Return why the run does not know what becomes of the trials of a regime, or an empty string if it does."""
    if results.decides_fates(regime.name):
        return ""
    if not results.suite.budget.limit:
        return "the run was made without fates"
    reasons = undecided(regime, results.suite.q)
    if regime.continuation or continuation_of(regime, results.suite.q) is not None or not reasons:
        return "none of its trials has a fate"
    return "; ".join(dict.fromkeys(reasons.values()))


def common(results: Results, regimes: Iterable[Regime], tolerance: Asked, steps: float | None) -> Question:
    """Return the question that can be asked of several regimes: the leading one of all, or that of the budget."""
    found = {results.question(regime.name, tolerance, steps) for regime in regimes}
    if len(found) == 1:
        return found.pop()
    return next(question for question in found if question.kind == "budget")
