"""The sentences that a report opens with: they follow the outcomes, and their numbers are those of the record."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from harness.components import Cell, Outcome
from harness.components.numbers import decimal, exponent, plain, width
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.export import thresholds_record
from harness.report.headline import headline, subject
from harness.report.json_text import dumps
from harness.report.leading import leading
from harness.report.nothing_found import why_no_bracket
from harness.report.predicted import predict_suite
from harness.suite import parse_suite

from ..ends import SOFTPLUS
from .conftest import SUITE, cells, trials

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def said(results: Results) -> str:
    return " ".join(headline(results, predict_suite(results.suite, results.registry.theories())))


def numbers_of(value: object) -> set[str]:
    """Return every number of a record in each of the spellings of tables."""
    if isinstance(value, dict):
        return set().union(*map(numbers_of, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(numbers_of, value), {str(len(value))})
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        spelled = {width(value), exponent(value), plain(value), *(decimal(value, digits) for digits in (2, 3))}
        return {one.replace("−", "-") for one in spelled}
    return set()


def numbers_in(text: str, record: dict[str, object]) -> set[str]:
    """Return the numbers of sentences, without the titles of theories and names of regimes."""
    for theory in record["theories"]:  # type: ignore[attr-defined]  # a list of records
        text = text.replace(theory["title"], "")
    text = re.sub(r"“[^”]*”|k½|n\^a|d\^b|C = 1", "", text).translate(RAISED).replace("−", "-")
    return set(re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", text)) | set(re.findall(r"(?<=R)\d+", text))


def test_each_number_of_the_sentences_is_in_the_record(results: Results) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())
    record = json.loads(dumps(thresholds_record(results, predictions)))
    sentences = record.pop("headline")
    assert 3 <= len(sentences) <= 6
    found = numbers_in(" ".join(sentences), record)
    assert {"160", "10", "23", "25"} <= found
    assert found <= numbers_of(record) | {str(len(predictions))}, found - numbers_of(record)


def test_the_sentences_have_the_bracket_the_weights_and_what_limits_them(results: Results) -> None:
    text = said(results)
    assert text.startswith(
        "Softplus nets, hidden layer trained by gradient descent, fit to 0.01 within 9000 steps 160 "
    )
    assert "labels in R¹⁰ from about width 25 on (23 < k½ ≤ 25), 1.56 trained weights a label." in text
    assert "“relu | wide” 512 < k½" in text
    others = text.index("At the same n and d:")
    assert all(text.index(own) < others for own in ("its k½ grows like", "theorems on its training"))
    assert "asks for 2560 at C = 1: 102 times k½." in text
    assert "Limits: 6 of 9 thresholds have no bracket; 1 of 9 lower ends comes from the budget, not the width" in text


def test_the_mildest_theorem_asks_for_the_least_width_and_the_title_decides_between_equals(results: Results) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())
    place = "softplus", 160, 10
    about = [p for p in predictions[place] if p.theory.claim.guarantee == "convergence" and p.scaling]
    titles = [p.theory.claim.title for p in about]
    assert len(titles) == 3
    assert f"the mildest, {min(titles)}" in " ".join(headline(results, predictions))
    for one in about:
        milder = tuple(replace(p, scaling=250.0) if p == one else p for p in predictions[place])
        text = " ".join(headline(results, {**predictions, place: milder}))
        title = re.escape(one.theory.claim.title)
        assert re.search(rf"Of 3 theorems on its training the mildest, {title}.*, asks for 250", text), text


def test_other_outcomes_give_other_sentences(results: Results) -> None:
    before = said(results)
    moved = dict(results.outcomes)
    moved |= cells("softplus", 160, 10, {25: (0, 20), 30: (20, 20)})
    after = said(replace(results, outcomes=moved))
    assert after != before
    assert "(25 < k½ ≤ 30)" in after
    assert leading(replace(results, outcomes={})) is None


def one(registry: Registry, counts: dict[int, tuple[Outcome, ...]]) -> Results:
    """Return results of the first regime at one size."""
    suite = parse_suite(SOFTPLUS.replace("n = [40, 80, 160]", "n = 40"), registry)
    return Results(suite, registry, {Cell("softplus", 40, 10, k): several for k, several in counts.items()})


def test_a_regime_has_its_name_where_there_are_several(registry: Registry) -> None:
    *others, last = re.split(r"(?=\[\[regimes)", SUITE.replace('"softplus"', '"mine"'))
    for number, named in ((1, False), (2, True)):
        text = "".join([*others, last][: 1 + number])
        suite = parse_suite(text, registry)
        assert len(suite.regimes) == number
        said = subject(Results(suite, registry, {}), suite.regimes[0])
        assert said == f"softplus nets{' of “mine”' * named}, hidden layer trained by gradient descent,"


def late(steps: int = 9000) -> Outcome:
    return Outcome(0, (None,) * 4, steps=steps, measure=0.02, falling=True, rate=0.9999)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "no trial was trained yet"),
        ({64: tuple(replace(late(), seed=i) for i in range(20))}, "the budget of 9000 steps ends first: 20 of 20 nets"),
        ({2: trials(0, 20), 4: trials(0, 20)}, "the widths are too small: 0 of 20 nets fit at the widest k = 4"),
        ({4: trials(0, 3), 8: trials(3, 3)}, "too few trials: 6 in all, and an end of a bracket takes at least 5"),
        ({4: trials(9, 20), 8: trials(11, 20)}, "too few trials: about half of the nets fit at the widths tried"),
        (
            {64: (*trials(10, 10), *(replace(late(), seed=i) for i in range(10, 20)))},
            "too few trials: about half of the nets fit",  # so neither the budget nor the width is to blame
        ),
        (
            {2: trials(0, 9), 4: trials(9, 20), 8: trials(11, 20)},
            "In these trials 9 of 20 nets fit at k = 4, and 11 of 20 at k = 8.",
        ),
    ],
)
def test_a_run_that_finds_nothing_says_why(
    registry: Registry, counts: dict[int, tuple[Outcome, ...]], words: str
) -> None:
    found = one(registry, counts)
    text = said(found)
    assert text.startswith("No bracket of k½ was found. At n = 40, d = 10: ")
    assert words in text


def test_the_hitting_time_is_fitted(registry: Registry) -> None:
    """At a factor of 0.9999 a step, the residual falls from 0.02 to 0.01 in log 2 / 1e-4 = 6931 steps."""
    found = one(registry, {64: tuple(replace(late(), seed=i) for i in range(20))})
    why = why_no_bracket(found, found.suite.regimes[0], 40, 10)
    assert "the median of them fits at step 1.6e4" in why


def test_an_unfinished_run_says_so(results: Results) -> None:
    assert said(replace(results, missing=7)).endswith("The run is not finished: at least 7 trials are missing.")
