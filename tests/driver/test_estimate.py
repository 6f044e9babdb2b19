"""Plans: which networks are tried for a moment to tell the time, and how many are taken to follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.driver.estimate import estimate
from harness.engine import cost_file
from harness.engine.costs import Costs
from harness.engine.setting import Setting
from harness.plugin_host.registry import Registry
from harness.report.plan_view import plan_table
from harness.statistics.expectation import expectation
from harness.suite import parse_suite

SUITE = """
[suite]
name = "planned"
[problems]
dataset = "sphere"
n = 400
d = 4
[budget]
steps = 100
[search]
max_width = {most}
[[regimes]]
use = "output-only"
[[regimes]]
use = "moderate"
"""

ONE_SECOND = Costs((1.0, *[0.0] * 5), (0.0,) * 5, ())


@pytest.mark.parametrize(("most", "widths"), [(4096, [400, 100]), (64, [64, 64]), (101, [101, 100])])
def test_a_search_is_timed_at_the_width_where_it_begins(
    most: int, widths: list[int], registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probed = []

    class Two(Costs):
        def seconds(self, setting: Setting, n: int, d: int, k: int) -> float:
            probed.append(k)
            return 2.0

    monkeypatch.setattr(cost_file, "costs_of", lambda *_: Two((), (), ()))
    suite = parse_suite(SUITE.format(most=most), registry)
    planned = estimate(suite, registry, tmp_path, "cpu", 1)
    step = [regime.initializer.width_step for regime in suite.regimes]
    assert probed == [k // s * s for k, s in zip(widths, step, strict=True)]
    usual = planned.thresholds[0].missing
    assert 40 < usual <= 80
    assert [(one.missing, one.exact) for one in planned.thresholds] == [(usual, False)] * 2
    assert planned.seconds == 2 * 2.0 * usual
    if most == 4096:
        middle = max(suite.regimes, key=lambda regime: regime.starting_width(suite.n[0], suite.d[0]))
        expected = expectation(suite.search, middle.starting_width(suite.n[0], suite.d[0]), 1)
        assert (planned.brackets, usual) == (expected.ratios, expected.trials)
        assert plan_table(planned).caption.count("high/low") == 3


def test_no_more_trials_are_planned_than_a_search_may_take(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_file, "costs_of", lambda *_: ONE_SECOND)
    text = SUITE.format(most=64).replace("max_width = 64", "max_width = 64\ntrials = 7")
    planned = estimate(parse_suite(text, registry), registry, tmp_path, "cpu", 1)
    assert [0 < one.missing <= 7 for one in planned.thresholds] == [True, True]


def test_trials_that_two_regimes_share_are_planned_once(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost_file, "costs_of", lambda *_: ONE_SECOND)
    text = SUITE.format(most=64) + '[[regimes]]\nname = "the same"\nuse = "moderate"\n'
    planned = estimate(parse_suite(text, registry), registry, tmp_path, "cpu", 1)
    usual = planned.thresholds[0].missing
    assert [one.missing for one in planned.thresholds] == [usual, usual, 0]
    assert planned.seconds == 2 * usual
