"""Shards: disjoint, complete, and decided by the cell alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from harness.driver.sharding import Shard, ShardError
from harness.driver.threshold_search import ThresholdSearch
from harness.driver.threshold_searches import threshold_searches
from harness.plugin_host.registry import Registry
from harness.suite import parse_suite
from tests.small_grid import SUITE


def cells(found: list[ThresholdSearch]) -> Counter[tuple[str, int, int, int]]:
    """Return every cell that searches ask for."""
    asked: Counter[tuple[str, int, int, int]] = Counter()
    for search in found:
        for k, _ in search.advance(lambda *_: None):
            asked[search.setting.regime.name, search.n, search.d, k] += 1
    return asked


@pytest.fixture
def found(registry: Registry) -> list[ThresholdSearch]:
    return threshold_searches(parse_suite(SUITE, registry), registry, "cpu")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_shards_are_disjoint_and_make_the_whole(count: int, found: list[ThresholdSearch]) -> None:
    shards = [cells(Shard(number, count).part(found)) for number in range(1, count + 1)]
    together: Counter[tuple[str, int, int, int]] = sum(shards, Counter())
    assert together == cells(found)
    assert max(Counter(cell for shard in shards for cell in shard).values()) == 1, "two shards share a cell"


def test_which_shard_a_cell_is_in_does_not_depend_on_where_it_is_trained(found: list[ThresholdSearch]) -> None:
    shard = Shard(2, 3)
    for search in found:
        elsewhere = replace(search, data={**search.data, "device": "cuda:1", "solver": "stacked"})
        assert [shard.has(search, k) for k in range(40)] == [shard.has(elsewhere, k) for k in range(40)]


def test_regimes_that_compute_the_same_are_in_the_same_shard(registry: Registry) -> None:
    twin = SUITE + '[[regimes]]\nname = "twin"\nuse = "moderate"\n'
    found = threshold_searches(parse_suite(twin, registry), registry, "cpu")
    asked = cells(Shard(1, 2).part(found))
    mine = {place[1:] for place in asked if place[0] == "softplus"}
    assert mine
    assert mine == {place[1:] for place in asked if place[0] == "twin"}


def test_a_suite_that_grows_keeps_the_parts_of_what_it_had(registry: Registry, found: list[ThresholdSearch]) -> None:
    larger = SUITE.replace("n = [12, 16]", "n = [12, 14, 16, 20]").replace("[2, 4, 6, 8]", "[2, 3, 4, 6, 8, 10]")
    grown = cells(Shard(1, 3).part(threshold_searches(parse_suite(larger, registry), registry, "cpu")))
    before = cells(Shard(1, 3).part(found))
    assert before == Counter({cell: trials for cell, trials in grown.items() if cell in cells(found)})


def test_many_cells_are_shared_out_evenly(registry: Registry) -> None:
    """512 cells in 8 shards: 64 each, give or take 4 standard deviations of a binomial, 4·√(512·⅛·⅞) = 30."""
    wide = SUITE.replace("[2, 4, 6, 8]", "{ from = 1, to = 256 }")
    found = threshold_searches(parse_suite(wide, registry), registry, "cpu")[:2]
    sizes = [len(cells(Shard(number, 8).part(found))) for number in range(1, 9)]
    assert sum(sizes) == 512
    assert max(abs(size - 64) for size in sizes) <= 30


def test_an_adaptive_suite_is_refused(registry: Registry) -> None:
    adaptive = parse_suite(SUITE.replace('"grid"\nwidths = [2, 4, 6, 8]', '"adaptive"'), registry)
    with pytest.raises(ShardError, match="searches adaptively"):
        Shard(1, 2).check(adaptive)
    with pytest.raises(ShardError, match="adaptively"):
        Shard(1, 2).part(threshold_searches(adaptive, registry, "cpu"))


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/3/5", "1/99999", "²/5", "1/2\0"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(ShardError, match="expected i/N"):
        Shard.parse(text)


def test_shards_are_read_as_they_are_written() -> None:
    assert Shard.parse(" 2/5\n") == Shard(2, 5)
    assert str(Shard(2, 5)) == "2/5"
