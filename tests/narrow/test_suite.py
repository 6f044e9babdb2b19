from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness_narrow.optimizers import Projected

from harness.statistics.search import Grid
from harness.suite import parse_suite

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

SUITE = Path(__file__).parents[2] / "suites" / "narrow.toml"


def test_the_shipped_suite_compares_the_same_nets_at_the_same_step(registry: Registry) -> None:
    suite = parse_suite(SUITE.read_text(encoding="utf-8"), registry)
    by_name = {regime.name: regime for regime in suite.regimes}
    assert list(by_name) == ["unconstrained", "mirrored", "constrained", "constrained, tight"]
    assert len({(regime.model, regime.criterion, regime.optimizer.c) for regime in suite.regimes}) == 1
    tight = by_name["constrained, tight"].optimizer
    assert isinstance(tight, Projected)
    assert tight.epsilon == 2.0
    assert isinstance(suite.search, Grid)
    for regime in suite.regimes:
        for n in suite.n:
            for d in suite.d:
                step, widths = regime.initializer.width_step, suite.search.wanted(regime, n, d)
                assert -(-2 * n // d) in widths  # 2n/d itself is tried
                assert min(widths) == step * -(-n // (d * step))
