"""Claims of a suite: what is compared, the verdicts on constructed trials, and what flips them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.builtin.renderers import RENDERERS
from harness.components import Cell, Outcome
from harness.components.numbers import decimal
from harness.driver.replication import replications
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.headline import headline
from harness.report.held_out_view import held_out_pairs_view, held_out_view
from harness.report.replication_view import replication_view
from harness.report.summary import summary_views
from harness.session.results import Results as Shown
from harness.suite import DiagnosticFit, SuiteError, parse_suite
from harness.suite.resolved import resolve, suite_of

SUITE = """
[suite]
name = "claims"
[problems]
dataset = { use = "sphere", labels = "rademacher", teacher = "linear" }
n = 24
d = 6
held_out = 100
[budget]
steps = 100
tolerances = [0.5, 0.1]
report_tolerance = 0.1
limit = false
[search]
method = "grid"
widths = [4, 8]
trials = 30
[[regimes]]
name = "a"
use = "narrow"
diagnostics = ["training-error", "held-out-error"]
[[regimes]]
name = "b"
use = "narrow"
activation = "softplus"
diagnostics = ["training-error", "held-out-error"]
[[claims]]
text = "a errs less than b"
source = "Nobody 2026"
certainty = "read"
first = "a"
second = "b"
measure = "held-out-error"
where = "k = 4"
expect = "smaller"
margin = 0.01
knobs = [{ knob = "k = 8 instead", where = "k = 8" }]
"""
CLAIM = SUITE[SUITE.index("[[claims]]") :]
EVERYWHERE = "".join(line for line in CLAIM.splitlines(keepends=True) if not line.startswith(("where", "knobs")))


def made(registry: Registry, claim: str = "", effect: float = -0.04, spread: float = 0.03) -> Results:
    """Return results whose held-out errors differ by an effect at k = 4, and by its opposite at k = 8."""
    suite = parse_suite(SUITE.replace(CLAIM, claim or CLAIM), registry)
    rng = np.random.default_rng(5)
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for k, sign in ((4, 1.0), (8, -1.0)):
        base = rng.normal(0.2, 0.1, 30)
        for name, shift in (("a", sign * effect), ("b", 0.0)):
            errors = base + shift + rng.normal(0.0, spread / math.sqrt(2), 30)
            fits = np.arange(30) < (25 if name == "a" else 9)
            outcomes[Cell(name, 24, 6, k)] = tuple(
                Outcome(
                    seed,
                    (40, 80 if fit else None),
                    100,
                    0.2,
                    diagnostics={"held-out-error": float(error), "training-error": 0.0},
                )
                for seed, (error, fit) in enumerate(zip(errors, fits, strict=True))
            )
    return Results(suite, registry, outcomes)


def verdict_of(results: Results) -> str:
    return replications(results)[0].tested.verdict


def test_a_difference_is_replicated_and_its_negation_is_opposite(registry: Registry) -> None:
    assert verdict_of(made(registry)) == "replicated"
    assert verdict_of(made(registry, CLAIM.replace('"smaller"', '"larger"'))) == "opposite"
    exchanged = CLAIM.replace('first = "a"', 'first = "b"').replace('second = "b"', 'second = "a"')
    assert verdict_of(made(registry, exchanged)) == "opposite"
    assert verdict_of(made(registry, CLAIM.replace('"smaller"', '"equal"'))) == "opposite"
    assert verdict_of(made(registry, effect=0.0, spread=0.001)) == "equivalent"


def test_the_measured_difference_is_that_of_the_trials(registry: Registry) -> None:
    results = made(registry)
    found = replications(results)[0].tested
    one, two = (
        np.array([o.diagnostics["held-out-error"] for o in results.outcomes[Cell(name, 24, 6, 4)]]) for name in "ab"
    )
    assert found.value == pytest.approx(float((one - two).mean()))
    assert (found.first, found.second) == pytest.approx((float(one.mean()), float(two.mean())))
    assert found.pairs == 30


def test_shuffled_labels_of_regimes_are_inconclusive(registry: Registry) -> None:
    """The regimes of each seed exchanged at random: the effect of 0.04 is gone in at least 90 % of the shuffles."""
    results, rng, seen = made(registry), np.random.default_rng(7), []
    a, b = Cell("a", 24, 6, 4), Cell("b", 24, 6, 4)
    for _ in range(40):
        pairs = zip(results.outcomes[a], results.outcomes[b], strict=True)
        one, two = zip(*((y, x) if rng.random() < 0.5 else (x, y) for x, y in pairs), strict=True)
        seen.append(verdict_of(replace(results, outcomes={**results.outcomes, a: one, b: two})))
    assert seen.count("inconclusive") + seen.count("equivalent") >= 36
    assert seen.count("inconclusive") >= 30


def test_knobs_that_flip_are_named(registry: Registry) -> None:
    (found,) = replications(made(registry))
    assert [(one.knob, one.verdict) for one in found.flips] == [("k = 8 instead", "opposite")]


def test_each_width_is_a_knob_of_a_claim_about_several(registry: Registry) -> None:
    claim = CLAIM.replace('where = "k = 4"\n', "").replace(
        'knobs = [{ knob = "k = 8 instead", where = "k = 8" }]\n', ""
    )
    (found,) = replications(made(registry, claim))
    assert found.tested.verdict == "equivalent" or abs(found.tested.value or 1) < 0.02
    assert {(one.knob, one.verdict) for one in found.others} == {("k = 4", "replicated"), ("k = 8", "opposite")}


def test_fits_are_shares_and_other_tolerances_are_knobs(registry: Registry) -> None:
    claim = CLAIM.replace('"held-out-error"', '"fit"').replace('"smaller"', '"larger"').replace("0.01", "0.2")
    (found,) = replications(made(registry, claim))
    assert (found.tested.first, found.tested.second) == pytest.approx((25 / 30, 9 / 30))
    assert found.tested.verdict == "replicated"
    others = {one.knob: one.verdict for one in found.others}
    assert others["tolerance 0.5"] == "equivalent", "all trials met it"
    assert others["half the steps"] == "equivalent", "no trial met 0.1 by step 50"


def test_equal_fits_of_few_seeds_do_not_show_that_shares_are_equal(registry: Registry) -> None:
    """Of 30 seeds none differs at tolerance 0.5; a share of 1 - 0.025^(1/30) = 0.116 that differ would go unseen."""
    claim = CLAIM.replace('"held-out-error"', '"fit"').replace('"smaller"', '"equal"').replace("0.01", "0.1")
    (found,) = replications(made(registry, claim))
    (tolerant,) = (one for one in found.others if one.knob == "tolerance 0.5")
    assert (tolerant.value, tolerant.verdict) == (0.0, "inconclusive")
    assert -tolerant.low == pytest.approx(tolerant.high)
    assert tolerant.high > 0.116


def test_a_report_opens_with_the_verdicts(registry: Registry) -> None:
    results = made(registry)
    (found,) = replications(results)
    first, second, *_ = headline(results)
    assert first == "The claim of this suite is replicated."
    assert second.endswith(
        f"replicated, with a difference of {decimal(found.tested.value or 0)} "
        f"({decimal(found.tested.low)}, {decimal(found.tested.high)})."
    )


def test_a_report_counts_the_verdicts_of_several_claims(registry: Registry) -> None:
    opposite = CLAIM.replace('"smaller"', '"larger"')
    unclear = CLAIM.replace('"smaller"', '"equal"').replace("0.01", "0.04")
    results = made(registry, CLAIM + opposite + unclear)
    assert headline(results)[0] == "Of 3 claims 1 is replicated, 1 is opposite and 1 is inconclusive."
    assert headline(made(registry, CLAIM + opposite))[0] == "Of 2 claims 1 is replicated and 1 is opposite."


def test_a_knob_may_ask_for_another_tolerance(registry: Registry) -> None:
    """Every trial met 0.5, of which 30 seeds cannot show equal shares; 25 of 30 against 9 of 30 met 0.1."""
    claim = CLAIM.replace('"held-out-error"', '"fit"').replace('"smaller"', '"larger"')
    claim = claim.replace('{ knob = "k = 8 instead", where = "k = 8" }', '{ knob = "loose", tolerance = 0.5 }')
    (found,) = replications(made(registry, claim))
    assert (found.others[0].knob, found.others[0].value, found.others[0].verdict) == ("loose", 0.0, "inconclusive")
    by = DiagnosticFit("training-error", at_most=-1.0)
    results = made(registry, claim)
    nothing_fits = replace(results, suite=replace(results.suite, budget=replace(results.suite.budget, fit=by)))
    (found,) = replications(nothing_fits)
    assert (found.tested.first, found.others[0].first) == (0.0, 1.0), "the knob asks for the first hit all the same"


def test_quotients_and_numbers_in_place_of_a_regime(registry: Registry) -> None:
    number = CLAIM.replace('second = "b"', 'value = "(n + d)/300"')
    (found,) = replications(made(registry, number))
    assert found.tested.second == pytest.approx(0.1)
    assert found.tested.verdict == "inconclusive" or (found.tested.value or 0) > 0
    quotient = CLAIM.replace('"held-out-error"', '"steps"').replace("margin = 0.01", "margin = 1.1\nratio = true")
    (found,) = replications(made(registry, quotient))
    assert (found.tested.value, found.tested.low, found.tested.verdict) == (1.0, 1.0, "equivalent")


def test_thresholds_are_compared_by_their_brackets(registry: Registry) -> None:
    claim = EVERYWHERE.replace('"held-out-error"', '"k_half"').replace("0.01", "1.5")
    results = made(registry, claim)
    widths = {
        Cell(name, 24, 6, k): tuple(Outcome(s, (1, 1 if k >= first else None), 1, 0.2) for s in range(30))
        for name, first in (("a", 4), ("b", 8))
        for k in (2, 4, 8)
    }
    suite = replace(results.suite, search=replace(results.suite.search, widths=(2, 4, 8)))  # type: ignore[type-var]  # it is a grid
    (found,) = replications(replace(results, suite=suite, outcomes=widths))
    # Mirrored nets have even widths, so that k½ of a is 4, and that of b is 6 or 8.
    assert (found.tested.low, found.tested.high) == pytest.approx((0.5, 4 / 6))
    assert found.tested.verdict == "replicated"


def test_the_views_are_written_in_every_format(registry: Registry) -> None:
    results = made(registry)
    for table in (replication_view(results), held_out_view(results), held_out_pairs_view(results)):
        assert table.rows
        for renderer in RENDERERS:
            text = renderer().render(table, 80)
            assert "a" in text
            assert renderer.suffix != ".txt" or all(len(line) <= 80 for line in text.splitlines())
    assert "a errs less than b" in RENDERERS[1]().render(replication_view(results))
    names = [table.name for table in summary_views(Shown.of(results), {})]
    assert names[0] == "replication"
    assert names[-2:] == ["held-out", "held-out-pairs"]
    unseen = SUITE.replace(CLAIM, "").replace("held_out = 100", "").replace(', "held-out-error"', "")
    nothing = parse_suite(unseen, registry)
    assert "makes no claims" in replication_view(replace(results, suite=nothing)).caption
    assert "held_out = 1000" in held_out_view(replace(results, suite=nothing)).caption


def test_pairs_are_in_points_with_their_floor(registry: Registry) -> None:
    rows = held_out_pairs_view(made(registry)).rows
    assert [row.entries[4].text() for row in rows] == ["4", "8"]
    difference: Any = rows[0].entries[5]
    assert difference.value == pytest.approx(100 * (replications(made(registry))[0].tested.value or 0))
    floor = rows[0].entries[8].fields()[""]
    assert isinstance(floor, float)
    assert 0.5 < floor < 1.5


def test_claims_are_kept_with_the_run(registry: Registry) -> None:
    suite = made(registry).suite
    assert suite_of(resolve(suite, registry), registry, suite.text).claims == suite.claims


@pytest.mark.parametrize(
    ("change", "by", "complaint"),
    [
        ('first = "a"', 'first = "aa"', "claims[0].first unknown-name"),
        ('"held-out-error"\nwhere', '"held-out-eror"\nwhere', "claims[0].measure unknown-name"),
        ('second = "b"', "", "claims[0] missing"),
        ("margin = 0.01", "", "claims[0].margin missing"),
        ("margin = 0.01", "margin = 0.5\nratio = true", "claims[0] out-of-range"),
        ('where = "k = 4"', 'where = "k == m"', "claims[0].where refused"),
        ('"read"', '"seen"', "claims[0].certainty unknown-value"),
        ('expect = "smaller"', 'expects = "smaller"', "claims[0].expect missing"),
        ('where = "k = 8" }', 'were = "k = 8" }', "claims[0].knobs[0].were unknown-option"),
        ('where = "k = 8" }', "tolerance = 0.5 }", "claims[0].knobs[0].tolerance refused"),
        (
            'where = "k = 8" }',
            'measure = "fit", tolerance = 0.2 }',
            "claims[0].knobs[0].tolerance tolerance-not-recorded",
        ),
    ],
)
def test_faults_of_claims_are_complaints(registry: Registry, change: str, by: str, complaint: str) -> None:
    assert change in SUITE
    with pytest.raises(SuiteError) as error:
        parse_suite(SUITE.replace(change, by, 1), registry)
    assert complaint in [f"{c.place} {c.code}" for c in error.value.complaints]
