"""The sentences that say what a run found, made from its numbers, with their intervals and what limits them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.components.numbers import clean, decimal, exponent, number_of, plain, width
from harness.driver.replication import replications
from harness.report.claim_sentences import claim_sentences
from harness.report.leading import Place, leading, limits, weights_per_label
from harness.report.nothing_found import why_nothing
from harness.report.questions import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.claims.predictions import Prediction
    from harness.components import Regime
    from harness.driver.question import Asked, Asking
    from harness.driver.results import Results
    from harness.statistics.exponents import ExponentFit
    from harness.statistics.thresholds import Threshold

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
METHODS = {
    "gd": "gradient descent",
    "sgd": "minibatch gradient descent",
    "momentum": "gradient descent with momentum",
    "projected": "projected gradient descent",
    "normalised-gd": "normalised gradient descent",
    "adam": "Adam",
    "adamw": "AdamW",
}
ACTIVATIONS = {
    "relu": "ReLU",
    "gelu": "GELU",
    "elu": "ELU",
    "leaky-relu": "leaky ReLU",
    "squared-relu": "squared ReLU",
}
LAYERS = {"hidden": "hidden layer", "output": "output layer", "all": "two layers"}
LISTED = 2
"""Number of further regimes that a sentence lists one by one."""


def headline(
    results: Results,
    predictions: Mapping[tuple[str, int, int], Sequence[Prediction]] | None = None,
    *,
    tolerance: Asked = None,
    steps: float | None = None,
) -> tuple[str, ...]:
    """Return the sentences that a report opens with: at most six, the most important first.

    Where a suite makes claims, they come first, with their verdicts. The next is about the regime with the smallest k½
    at the largest n and d at which one has a bracket.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d), or None if they were not evaluated.
        tolerance: See :meth:`harness.driver.results.Results.question`.
        steps: Likewise.
    """
    asked = (tolerance, steps)
    lead = leading(results, *asked)
    claims = claim_sentences(replications(results)) if asked == (None, None) else []
    if claims:
        said = [*claims, _lead(results, lead, asked) if lead is not None else ""]
    elif lead is None:
        said = [why_nothing(results, *asked)]
    else:
        said = [
            _lead(results, lead, asked),
            _exponents(results.exponent_fit(lead.regime.name, *asked)),
            ""
            if lead.found.kind in ("diagnostic", "mark")
            else _theories((predictions or {}).get((lead.regime.name, lead.n, lead.d), ()), lead.found),
            _budget(results, lead) if asked == (None, None) else "",
            _others(results, lead, asked),  # after all that is said of the lead's own k½
        ]
    unfinished = f"The run is not finished: {results.lacking}." if results.missing else ""
    counts = limits(results, *asked)
    if claims and lead is None:  # thresholds were not asked for
        counts |= dict.fromkeys(("without_bracket", "limited_by_budget", "with_open_trials"), 0)
    return tuple(filter(None, [*said, unfinished or _limits(counts)]))


def subject(results: Results, regime: Regime) -> str:
    """Return the nets of a regime in words, with its name where the suite has several."""
    traits = regime.model.describe()
    activation = traits.activation and ACTIVATIONS.get(traits.activation, traits.activation)
    kind = f"{activation} nets" if activation else f"{regime.model.name} models"
    method = METHODS.get(regime.optimizer.name, regime.optimizer.name)
    several = len(results.suite.regimes) > 1 and regime.name != traits.activation
    name = f" of “{clean(regime.name)}”" if several else ""
    trained = f"{LAYERS[traits.trains]} trained" if traits.trains in LAYERS else "trained"
    return f"{clean(kind)}{name}, {trained} by {clean(method)},"


def space(d: int) -> str:
    """Return the space of the inputs.

    >>> space(40)
    'R⁴⁰'
    """
    return f"R{str(d).translate(RAISED)}"


def bracketed(found: Threshold) -> str:
    """Return a bracket as inequalities, such as ``10 < k½ ≤ 11``."""
    low = f"{found.low} < " if found.low else ""
    high = f" ≤ {found.high}" if found.high is not None else ""
    return f"{low}k½{high}"


def _from(found: Threshold) -> str:
    exactly = found.high is not None and found.least == found.high
    return f"from width {found.k_half} on" if exactly else f"from about width {found.k_half} on"


def _fits(results: Results, lead: Place, asked: Asking) -> str:
    found, by = lead.found, results.question(lead.regime.name, *asked).by
    if by is not None:
        return f"have {by}, after at most {number_of(int(found.steps), 'step')}, on"
    if found.kind == "exact":
        return "exactly fit"
    budget = "" if math.isinf(found.steps) else f" within {number_of(int(found.steps), 'step')}"
    return f"fit to {plain(found.tolerance)}{budget}"


def _lead(results: Results, lead: Place, asked: Asking) -> str:
    found = lead.found
    share = weights_per_label(lead.regime, lead.n, lead.d, found.k_half)
    weights = "" if share is None else f", {_counted(share)} a label"
    nets = subject(results, lead.regime)
    first = nets[:1].upper() + nets[1:]
    fit = f"{first} {_fits(results, lead, asked)} {lead.n} labels in {space(lead.d)}"
    return f"{fit} {_from(found)} ({bracketed(found)}){weights}."


def _counted(share: float) -> str:
    text = decimal(share, 3)
    return "one trained weight" if text == "1" else f"{text} trained weights"


def _others(results: Results, lead: Place, asked: Asking) -> str:
    """Return the sentence about the other regimes at the same size."""
    closed: list[str] = []
    open_: list[str] = []
    smallest, largest = math.inf, 0
    kinds: set[str] = set()
    for regime in results.suite.regimes:
        if regime.name == lead.regime.name or not regime.model.has_width:
            continue
        found = results.threshold(regime.name, lead.n, lead.d, *asked)
        other = _other_kind(found, lead.found)
        kinds.add(other)
        if found.k_half is not None:
            smallest, largest = min(smallest, found.k_half), max(largest, found.k_half)
            closed.append(f"{found.k_half} ({bracketed(found)}{other}) for {named([clean(regime.name)])}")
        elif found.bound != "none":
            open_.append(f"{named([clean(regime.name)])} {bracketed(found)}{other}")
        else:
            open_.append(f"{named([clean(regime.name)])} no bound")
    said = []
    if closed:
        many = len(closed) > LISTED
        mixed = ", exact or within the budget," if any(kinds) else ""
        said.append(
            f"k½ of {len(closed)} other regimes{mixed} lies between {smallest:g} and {largest}"
            if many
            else f"k½ is {' and '.join(closed)}"
        )
    if open_:
        if len(open_) > LISTED:
            said.append(f"{len(open_)} have no bracket")
        else:
            said.append(f"no bracket: {'; '.join(open_)}")
    return f"At the same n and d: {'; '.join(said)}." if said else ""


def _other_kind(found: Threshold, lead: Threshold) -> str:
    """Return in words of what fits a threshold is, where they are of another kind than those of the lead."""
    if found.kind == lead.kind:
        return ""
    return ", exactly" if found.kind == "exact" else f", to {plain(found.tolerance)} within the budget"


def _exponents(fit: ExponentFit) -> str:
    if fit.region.refuted:
        return f"No power law n^a d^b meets the brackets of its k½ at all {len(fit.sizes)} sizes together."
    parts = []
    for name, interval in (("a", fit.a_interval), ("b", fit.b_interval)):
        if interval is not None and all(map(math.isfinite, interval)):
            parts.append(f"{exponent(interval[0])} ≤ {name} ≤ {exponent(interval[1])}")
    if not parts:
        return ""
    form = "n^a" if fit.b_interval is None else "d^b" if fit.a_interval is None else "n^a d^b"
    return f"Over {len(fit.sizes)} sizes its k½ grows like {form} with {' and '.join(parts)}."


def _theories(predictions: Sequence[Prediction], found: Threshold) -> str:
    """Return the sentence about the least width that a theorem on training asks for."""
    about = [p for p in predictions if p.theory.claim.guarantee == "convergence" and p.scaling]
    if not about or found.k_half is None or found.kind == "diagnostic":  # theorems on training are about losses
        return ""
    least = min(about, key=lambda prediction: (prediction.scaling or 0.0, prediction.theory.claim.title))
    claim, asked = least.theory.claim, least.scaling or 0.0
    constant = "" if claim.explicit else " at C = 1"
    doubts = [
        *(["not read in its source"] if not claim.verified else []),
        *(["an assumption fails here"] if not least.applies else []),
    ]
    doubt = f" ({', '.join(doubts)})" if doubts else ""
    number = (
        f"Of {len(about)} theorems on its training the mildest, " if len(about) > 1 else "The theorem on its training, "
    )
    return (
        f"{number}{clean(claim.title)}{doubt}, asks for {width(asked)}{constant}: "
        f"{decimal(asked / found.k_half)} times k½."
    )


def _budget(results: Results, lead: Place) -> str:
    """Return the sentence about the budget, where exact fits lead."""
    if lead.found.kind != "exact":
        return ""
    budget = results.suite.budget
    found = results.threshold(lead.regime.name, lead.n, lead.d, budget.report_tolerance)
    what = f"To a residual of {plain(budget.report_tolerance)} within {number_of(budget.steps, 'step')}"
    if found.bound == "none":
        return f"{what}, no bound was found there in {found.trials} trials."
    return f"{what}: {bracketed(found)}."


def _limits(counts: Mapping[str, int]) -> str:
    """Return the sentence about what limits the numbers, or an empty string if nothing does."""
    several = counts["thresholds"]
    said = [
        f"{counts[key]} of {several} {one if counts[key] == 1 else more}"
        for key, one, more in (
            ("without_bracket", "thresholds has no bracket", "thresholds have no bracket"),
            (
                "limited_by_budget",
                "lower ends comes from the budget, not the width",
                "lower ends come from the budget, not the width",
            ),
            ("with_open_trials", "brackets holds trials whose end is open", "brackets hold trials whose end is open"),
        )
        if counts[key]
    ]
    if counts["errors"]:
        left = "is" if counts["errors"] == 1 else "are"
        said.append(f"{counts['errors']} of {counts['trials']} trials ended in errors and {left} left out")
    return f"Limits: {'; '.join(said)}." if said else ""
