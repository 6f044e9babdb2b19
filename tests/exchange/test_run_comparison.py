"""Two runs side by side: numbers that binomials fix, and trials that are compared only where they are the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.exchange.counterparts import counterparts, renamed
from harness.exchange.run_comparison import compare_runs
from harness.plugin_host.registry import Registry
from harness.report.compare_runs_view import compare_runs_record, compare_runs_view, differences_view
from harness.report.json_text import dumps
from harness.report.terminal import lines
from harness.suite import parse_suite
from tests.small_grid import SUITE


def results(registry: Registry, fits: dict[int, int], text: str = SUITE, **provenance: str) -> Results:
    """Return a run in which so many of the first twenty trials fit, by width."""
    outcomes = {
        Cell("softplus", 12, 4, k): tuple(
            Outcome(seed, (5, 9 if seed < count else None), 400, 0.05 if seed < count else 0.2) for seed in range(20)
        )
        for k, count in fits.items()
    }
    return Results(parse_suite(text, registry), registry, outcomes, {"device": "cpu", **provenance})


def test_thresholds_stand_side_by_side_with_the_interval_of_their_ratio(registry: Registry) -> None:
    """Certified brackets (4, 6] and (2, 4] bound the quotient by 5/4 and 6/3."""
    found = compare_runs(results(registry, {2: 0, 4: 0, 6: 20, 8: 20}), results(registry, {2: 0, 4: 20, 6: 20, 8: 20}))
    (size,) = found.sizes
    assert (size.first.low, size.first.high, size.second.low, size.second.high) == (4, 6, 2, 4)
    assert (size.ratio.low, size.ratio.high) == (5 / 4, 6 / 3)
    assert size.ratio.value is not None
    assert 5 / 4 <= size.ratio.value <= 2
    assert found.differences == ()


def test_verdicts_are_paired_by_width_and_number(registry: Registry) -> None:
    """Six trials fit in the first alone: a fair coin shows six of six with chance 2·½⁶ = 0.03125."""
    found = compare_runs(results(registry, {4: 10, 6: 20}), results(registry, {4: 4, 6: 20, 8: 20}))
    (size,) = found.sizes
    c = size.verdicts
    assert c is not None
    assert (c.both, c.only_first, c.only_second, c.neither, c.p_value) == (24, 6, 0, 10, 0.03125)
    assert found.pooled == c
    assert (size.shared, size.equal) == (40, 34)
    assert [(one.cell.k, one.seed, one.verdicts) for one in size.disagreements] == [
        (4, seed, ("fit", "unfit")) for seed in range(4, 10)
    ]


def test_what_only_one_measured_is_said(registry: Registry) -> None:
    one, two = results(registry, {4: 3}), results(registry, {4: 3})
    moved = {replace(cell, n=16): trials for cell, trials in two.outcomes.items()}
    found = compare_runs(one, replace(two, outcomes=moved))
    assert (found.sizes, found.only_first, found.only_second) == ((), (("softplus", 12, 4),), (("softplus", 16, 4),))
    caption = compare_runs_view(found, one, two, ("here", "there")).caption
    assert "Only A measured, at (n, d): “softplus” at (12, 4)." in caption
    assert "Only B measured, at (n, d): “softplus” at (16, 4)." in caption


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("seed = 3", "seed = 4"), r"the seeds differ (3 and 4)"),
        (('"sphere"', '"gaussian"'), "the datasets differ"),
        (("d = 4", "d = 4\nresample = false"), "only one of them draws each trial's problem anew"),
    ],
)
def test_other_problems_are_not_paired(change: tuple[str, str], reason: str, registry: Registry) -> None:
    one, two = results(registry, {4: 9}), results(registry, {4: 9}, SUITE.replace(*change))
    found = compare_runs(one, two)
    (size,) = found.sizes
    assert (found.incomparable, size.verdicts, size.shared, found.pooled) == (reason, None, 0, None)
    assert size.ratio.value is None or size.ratio.value == 1
    table = compare_runs_view(found, one, two, ("a", "b"))
    assert any(reason in note.text for note in table.notes())


def test_errors_have_no_verdict(registry: Registry) -> None:
    one, two = results(registry, {4: 10}), results(registry, {4: 10})
    cell = Cell("softplus", 12, 4, 4)
    broken = (replace(two.outcomes[cell][0], message="no memory"), *two.outcomes[cell][1:])
    (size,) = compare_runs(one, replace(two, outcomes={cell: broken})).sizes
    assert size.shared == 19


def test_a_tolerance_and_a_budget_are_those_of_both(registry: Registry) -> None:
    one, two = results(registry, {4: 10}), results(registry, {4: 2})
    (size,) = compare_runs(one, two, tolerance=0.5).sizes
    assert size.verdicts is not None
    assert size.verdicts.both == 20, "all meet 0.5 at step 5"
    (size,) = compare_runs(one, two, steps=8).sizes
    assert size.verdicts is not None
    assert size.verdicts.neither == 20, "none meets 0.1 before step 9"
    with pytest.raises(ValueError, match="was not recorded"):
        compare_runs(one, results(registry, {4: 2}, SUITE.replace("[0.5, 0.1]", "[0.1]")), tolerance=0.5)


def test_all_that_differs_is_listed_and_nothing_else(registry: Registry) -> None:
    other = SUITE.replace("steps = 400", "steps = 500").replace(
        'use = "moderate"', 'use = "moderate"\nactivation = "relu"'
    )
    one = results(registry, {4: 10}, device="cpu")
    two = results(registry, {4: 10}, other, device="cuda:0")
    found = compare_runs(one, two)
    assert [(d.what, d.first, d.second) for d in found.differences] == [
        ("steps", "400", "500"),
        ("device", "cpu", "cuda:0"),
        ("softplus: model.activation", "softplus", "relu"),
    ]


def test_a_regime_that_an_edited_option_renamed_is_compared_with_what_it_became(registry: Registry) -> None:
    """A name that is not given is made from the options, and so changes with them."""
    momentum = '\n[[regimes]]\nuse = "moderate"\noptimizer = { use = "momentum", beta = 0.9 }\n'
    one, two = (results(registry, {4: 10}, SUITE + text) for text in (momentum, momentum.replace("0.9", "0.5")))
    one, two = (
        replace(run, outcomes=run.outcomes | {replace(cell, regime=run.suite.regimes[-1].name): trials})
        for run in (one, two)
        for cell, trials in run.outcomes.items()
    )
    before, after = "moderate, momentum, beta 0.9", "moderate, momentum, beta 0.5"
    assert counterparts(one, two) == {before: after}
    edited = renamed(two, {after: before})
    found = replace(compare_runs(one, edited), counterparts={before: after})
    assert [(d.what, d.first, d.second) for d in found.differences] == [(f"{before}: optimizer.beta", "0.9", "0.5")]
    assert [size.regime for size in found.sizes] == ["softplus", before]
    assert (found.only_first, found.only_second, found.sizes[1].shared) == ((), (), 20)
    shown = " ".join(line.plain for line in lines(compare_runs_view(found, one, edited, ("a", "b")), 80, legend=False))
    assert f"“{before}” is compared with “{after}” of B" in shown
    assert counterparts(one, results(registry, {4: 10})) == {}, "nothing is left to compare it with"
    twice = results(registry, {4: 10}, SUITE + momentum.replace("0.9", "0.5") + momentum.replace("0.9", "0.7"))
    assert counterparts(one, twice) == {}, "either could be the one"


def test_it_fits_the_screen_and_the_record_is_strict_json(registry: Registry) -> None:
    one = results(registry, {4: 10, 6: 20})
    two = replace(results(registry, {4: 4, 6: 20}, seed="\x1b[31m"), missing=7)
    two.provenance["machine"] = "Li\x1bnux <b>"
    found = compare_runs(one, two)
    names = ("a", "b\x1b[2J")
    for table in (differences_view(found, names), compare_runs_view(found, one, two, names)):
        for width in (80, 160):
            shown = [line.plain for line in lines(table, width)]
            assert max(map(len, shown)) <= width
            assert "\x1b" not in "".join(shown)
    assert "UNFINISHED: B misses 7 trials." in compare_runs_view(found, one, two, names).caption
    record = json.loads(dumps(compare_runs_record(found, names)), parse_constant=pytest.fail)
    (size,) = record["sizes"]
    assert (size["shared"], len(size["disagreements"]), size["verdicts"]["p_value"]) == (40, 6, 0.03125)
