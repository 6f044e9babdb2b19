"""Warnings of too few trials, beside what searches with as many can really certify."""

from __future__ import annotations

import logging

import pytest

import harness
from harness.driver.fewest_trials import fewest_trials, too_few_trials
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.rounds import Tally
from harness.statistics.thresholds import threshold
from harness.suite import Suite, parse_suite

from .tiny_suite import SUITE


def suite(registry: Registry, search: str) -> Suite:
    return parse_suite(SUITE.replace("trials = 60", search), registry)


def test_fewer_bets_than_the_least_number_certify_no_end(registry: Registry) -> None:
    least = fewest_trials(suite(registry, "trials = 60"))
    assert 2 ** (least - 1) < 1 / 0.05 <= 2**least  # each trial doubles the capital at most
    few = least - 1
    for k in (4, 8, 64, 1024):
        for tally in (Tally(few, few, few), Tally(0, 0, few)):
            assert Adaptive().evidence([{k: tally}], 8, 1).bracket() == (None, None)
    joint = suite(registry, "trials = 60\njoint = true")
    assert 2 ** (fewest_trials(joint) - 1) < len(joint.sizes) / 0.05 <= 2 ** fewest_trials(joint)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("trials = 4", "trials = 4 certify no width, so k½ gets no bracket: an end takes at least 5 that agree"),
        ("trials = 9", "trials = 9 certify one end of a bracket at most: an end takes at least 5 that agree"),
        ("trials = 10", ""),
        (
            'method = "grid"\nwidths = [2, 4, 8]\ntrials = 8',
            "trials = 8 at a width certify none",
        ),
        ('method = "grid"\nwidths = [2, 4, 8]\ntrials = 9', ""),
    ],
)
def test_too_few_trials_are_warned_of(search: str, said: str, registry: Registry) -> None:
    found = too_few_trials(suite(registry, search))
    assert said in found
    assert bool(found) is bool(said)


def test_a_grid_certifies_from_the_number_that_is_said_on() -> None:
    for trials, certified in ((8, False), (9, True)):
        found = threshold({2: (0, trials), 4: (trials, trials)}, most_widths=3)
        assert (found.low == 2, found.high == 4) == (certified, certified)


def test_the_reader_of_suites_warns(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "harness"):
        harness.load_suite(SUITE.replace("trials = 60", "trials = 4"))
    assert "certify no width" in caplog.text
