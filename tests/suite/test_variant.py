"""Variants of suites: another seed, and the size of a paper."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.driver.plan import Plan
from harness.engine.draws import digest
from harness.engine.trial import draw_of
from harness.plugin_host.registry import Registry
from harness.suite import Suite, SuiteError, load_suite, shipped_suites, varied
from harness.suite.resolved import resolve, suite_of
from harness.suite.sizes import too_large

from .good_suite import GOOD, parse

PAPER = (
    GOOD.replace("seed = 1", 'seed = 1\ntitle = "Good"')
    + """
[paper]
problems = { n = 300, held_out = 50 }
budget = { steps = 70_000 }
search = { trials = 40 }
regimes = { optimizer = { batch = 32 } }
"""
)
SIZED = [name for name in shipped_suites() if "[paper]" in shipped_suites()[name].read_text(encoding="utf-8")]
"""Shipped suites that have the size of a paper."""


def suite(text: str, registry: Registry) -> Suite:
    return replace(parse(text), registry=registry)


def test_another_seed_changes_the_seed_and_the_name_alone(registry: Registry) -> None:
    before = suite(PAPER, registry)
    after = varied(before, seed=1001)
    assert (after.name, after.title, after.seed) == ("good-seed-1001", "Good (seed 1001)", 1001)
    assert replace(after, name="good", title="Good", seed=1, text=before.text, registry=registry) == before
    assert varied(before) is before


def test_another_seed_draws_other_problems_and_is_kept_with_the_run(registry: Registry) -> None:
    before = suite(GOOD, registry)
    after = varied(before, seed=1001)
    one, two = (Plan(of, registry, "cpu").searches[0].setting for of in (before, after))
    assert not (draw_of(one, 40, 20, 3, 0).x == draw_of(two, 40, 20, 3, 0).x).any()
    again = suite_of(resolve(after, registry), registry, after.text)
    assert (again.name, again.seed) == ("good-seed-1001", 1001)
    assert parse(after.text).seed == 1001, "the text that archives hold is that of the variant"
    assert digest(after.text) != digest(before.text)


def test_the_size_of_the_paper_replaces_the_keys_that_it_names(registry: Registry) -> None:
    found = varied(suite(PAPER, registry), paper_size=True, seed=7)
    assert (found.name, found.title) == ("good-paper-seed-7", "Good (the paper's size) (seed 7)")
    assert (found.n, found.d, found.held_out, found.seed) == ((300,), (20,), 50, 7)
    assert (found.budget.steps, found.budget.tolerances, found.search.trials) == (70_000, (0.1, 0.01), 40)
    assert [regime.optimizer.batch for regime in found.regimes] == [32, 32]
    assert [regime.optimizer.step_size for regime in found.regimes] == ["stable", "stable"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (GOOD, "missing-section", ("paper",)),
        (PAPER.replace("n = 300", "n = 0"), "out-of-range", ("problems", "n")),
        (PAPER.replace("steps = 70_000", "stepz = 7"), "unknown-option", ("budget", "stepz")),
    ],
)
def test_sizes_that_are_missing_or_wrong_are_complaints(
    text: str, code: str, place: tuple[str, ...], registry: Registry
) -> None:
    with pytest.raises(SuiteError) as refused:
        varied(suite(text, registry), paper_size=True)
    (fault,) = refused.value.complaints
    assert (fault.code, fault.path[: len(place)], fault.line) == (code, place, None)


def test_the_command_line_refuses_a_size_that_no_paper_has() -> None:
    done = CliRunner().invoke(main, ["plan", "quickstart", "--paper-size"])
    assert (done.exit_code, "does not have the size of a paper" in " ".join(done.output.replace("│", "").split())) == (
        2,
        True,
    )


@pytest.mark.parametrize("name", SIZED)
def test_shipped_sizes_of_papers_can_be_planned(name: str) -> None:
    """Their trials are counted, and a trial fits into 32 GiB."""
    small, _ = load_suite(name)
    found = varied(small, paper_size=True)
    most, least = (
        sum(
            trials * n * d * k
            for regime in of.regimes
            for n, d in of.sizes
            for k, trials in of.search.wanted(regime, n, d).items()
        )
        for of in (found, small)
    )
    assert most > least > 0, "the paper's size is the larger one"
    assert not too_large(found, 2.0**35)
    assert [claim.text for claim in found.claims] == [claim.text for claim in small.claims]


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZED)
def test_shipped_sizes_of_papers_are_planned_with_their_time(name: str) -> None:
    done = CliRunner().invoke(main, ["plan", name, "--paper-size", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["suite"] == f"{name}-paper"
