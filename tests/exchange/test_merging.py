"""Merging: the union of shards is the run, to the last digit; what is not equal is never mixed."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell, Outcome
from harness.driver.loading import load_results
from harness.driver.results import Results
from harness.driver.sharding import Shard
from harness.exchange.merging import MergeError, unite
from harness.exchange.run_part import part_of, read_part
from harness.exchange.union_writing import claimed, write_union
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store, StoreError
from harness.store.schema import SCHEMA
from tests.small_grid import SUITE, trained
from tests.store.old_schema import downgrade, execute


@pytest.fixture(scope="module")
def whole(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return trained(tmp_path_factory.mktemp("whole"), registry)


@pytest.fixture(scope="module")
def shards(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    for number in (1, 2, 3):
        results = trained(folder / str(number), registry, Shard(number, 3))
        assert results.missing > 0
        assert results.trial_count + results.missing == 2 * (4 + 4) * 6 + 2 * 6
    return [folder / str(number) for number in (1, 2, 3)]


def merge(out: Path, directories: list[Path]) -> int:
    """Unite runs into a directory as the verb does: what it holds already counts first."""
    with claimed(out) as mine:
        first = [part_of(mine, out.name)] if mine is not None else []
        return write_union(unite([*first, *(read_part(one, one.name) for one in directories)]), out, mine)


def test_shards_merged_are_the_run_to_the_digit(
    whole: Results, shards: list[Path], registry: Registry, tmp_path: Path
) -> None:
    for order in (shards, shards[::-1]):
        out = tmp_path / order[0].name
        assert merge(out, order) == whole.trial_count
        merged = load_results(out, registry=registry)
        assert repr(merged.outcomes) == repr(_untimed(whole, merged)), "digits differ"
        assert merged.missing == 0
        for regime in whole.suite.regimes:
            for n, d in whole.sizes():
                assert merged.threshold(regime.name, n, d) == whole.threshold(regime.name, n, d)


def test_parts_of_older_versions_merge_to_the_digit(
    whole: Results, shards: list[Path], registry: Registry, tmp_path: Path
) -> None:
    for older in range(3):  # among the parts, and as the directory that is merged into
        copies = [shutil.copytree(shard, tmp_path / f"{older}-{i}") for i, shard in enumerate(shards)]
        downgrade(copies[older])
        out, parts = copies[0], copies[1:]
        before = [(part / FILE).read_bytes() for part in parts]
        merge(out, parts)
        assert [(part / FILE).read_bytes() for part in parts] == before, "parts are only read"
        merged = load_results(out, registry=registry)
        assert merged.missing == 0
        assert repr(merged.outcomes) == repr(_untimed(whole, merged)), "digits differ"
        assert execute(out, "PRAGMA user_version") == [(SCHEMA,)]


def test_a_part_of_a_newer_version_is_refused(shards: list[Path], tmp_path: Path) -> None:
    newer = shutil.copytree(shards[1], tmp_path / "newer")
    execute(newer, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="schema 99"):
        merge(tmp_path / "out", [shards[0], newer])
    assert not (tmp_path / "out" / FILE).exists()


def _untimed(results: Results, like: Results) -> dict[Cell, tuple[Outcome, ...]]:
    """Return the outcomes of a run with the times of another one."""
    return {
        cell: tuple(
            replace(mine, seconds=its.seconds)
            for mine, its in zip(results.outcomes[cell], like.outcomes[cell], strict=True)
        )
        for cell in like.outcomes
    }


def test_running_the_merged_suite_trains_nothing(shards: list[Path], registry: Registry, tmp_path: Path) -> None:
    merge(tmp_path, shards)
    with Store(tmp_path) as store:
        before = {key: store.outcomes(key) for key in store.settings()}
    again = trained(tmp_path, registry)
    with Store(tmp_path) as store:
        assert {key: store.outcomes(key) for key in store.settings()} == before
    assert again.missing == 0
    assert [source["shard"] for source in again.provenance["merged"]] == ["1/3", "2/3", "3/3"], "sources are forgotten"


def test_merging_again_adds_nothing(shards: list[Path], tmp_path: Path) -> None:
    merge(tmp_path, shards[:2])
    merge(tmp_path, shards)
    with Store(tmp_path) as store:
        runs = len(store.origins())
    assert merge(tmp_path, shards) == 0
    with Store(tmp_path) as store:
        assert len(store.origins()) == runs + 1
        last = store.last_run()
    assert last is not None
    assert [source["run"] for source in last.provenance["merged"]] == ["1", "2", "3"]


def changed(directory: Path, copy: Path, change: dict[str, object]) -> Outcome:
    """Copy a run with one outcome changed; return what it was."""
    shutil.copytree(directory, copy)
    with Store(copy) as store:
        key, setting = next(iter(sorted(store.settings().items())))
        (n, d, k, _), outcome = next(iter(sorted(store.outcomes(key).items())))
        store.put(key, setting, Cell("r", n, d, k), [replace(outcome, **change)])  # type: ignore[arg-type]  # a name among the literals, or wrong on purpose
    return outcome


def test_a_trial_that_is_not_equal_in_two_runs_is_reported(shards: list[Path], tmp_path: Path) -> None:
    was = changed(shards[0], tmp_path / "other", {"measure": 0.12345})
    union = unite([read_part(shards[0], "a"), read_part(tmp_path / "other", "b")])
    (conflict,) = union.conflicts
    assert (conflict.first[0], conflict.second[0]) == ("a", "b")
    assert conflict.first[1] == was
    assert f"measure {was.measure!r}" in str(conflict)
    assert "measure 0.12345" in str(conflict)
    key = next(key for key, outcome in union.outcomes.items() if key[1] == conflict.place and outcome == was)
    assert union.outcomes[key] == was, "the first counts"


def test_the_device_number_and_the_time_are_no_conflict(shards: list[Path], tmp_path: Path) -> None:
    changed(shards[0], tmp_path / "other", {"seconds": 99.0, "device": "cpu:7"})
    assert not unite([read_part(shards[0], "a"), read_part(tmp_path / "other", "b")]).conflicts


def test_an_error_gives_way_to_an_outcome(shards: list[Path], tmp_path: Path) -> None:
    broken = {"message": "no memory", "measure": math.nan, "hits": (None, None)}
    was = changed(shards[0], tmp_path / "other", broken)
    for order in ([tmp_path / "other", shards[0]], [shards[0], tmp_path / "other"]):
        union = unite([read_part(directory, directory.name) for directory in order])
        assert not union.conflicts
        assert not any(outcome.message for outcome in union.outcomes.values())
        assert was in union.outcomes.values()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps = 400", "steps = 401"), "different versions of the suite's text"),
        (('name = "small"', 'name = "other"'), "different suites, small and other"),
    ],
)
def test_other_suites_are_refused(
    change: tuple[str, str], message: str, shards: list[Path], registry: Registry, tmp_path: Path
) -> None:
    trained(tmp_path, registry, Shard(1, 50), SUITE.replace(*change))
    with pytest.raises(MergeError, match=message):
        unite([read_part(shards[0], "a"), read_part(tmp_path, "b")])


def test_another_solver_is_refused(shards: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shards[1], tmp_path / "other")
    with Store(tmp_path / "other") as store:
        last = store.last_run()
        assert last is not None
        store.began(last.suite, {**last.provenance, "solvers": {**last.provenance["solvers"], "softplus": "abacus"}})
    with pytest.raises(MergeError, match=r"the solver of softplus is .* in a and abacus in b"):
        unite([read_part(shards[0], "a"), read_part(tmp_path / "other", "b")])


def test_other_defaults_are_refused(shards: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shards[1], tmp_path / "other")
    with Store(tmp_path / "other") as store:
        last = store.last_run()
        assert last is not None
        store.began(last.suite, last.provenance, {**last.resolved, "search": {"method": "grid", "trials": 7}})
    with pytest.raises(MergeError, match="the suite has other defaults in b than in a"):
        unite([read_part(shards[0], "a"), read_part(tmp_path / "other", "b")])


def test_what_is_claimed_no_run_can_write(shards: list[Path], tmp_path: Path) -> None:
    with claimed(tmp_path / "nothing") as mine:
        assert mine is None
    assert not (tmp_path / "nothing").exists(), "a folder is left behind"
    shutil.copytree(shards[0], tmp_path / "out")
    with claimed(tmp_path / "out") as mine:
        assert mine is not None
        with pytest.raises(StoreError, match="is using"):
            Store(tmp_path / "out", exclusive=True)
        with pytest.raises(StoreError, match="is using"), claimed(tmp_path / "out"):
            pass
    Store(tmp_path / "out", exclusive=True).__exit__(None, None, None)


def test_a_run_that_began_since_is_not_written_over(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    broken = {"message": "no memory", "measure": math.nan, "hits": (None, None)}
    was = changed(shards[0], tmp_path / "stale", broken)
    union = unite([read_part(tmp_path / "stale", "stale")])
    shutil.copytree(shards[0], out)
    before = (out / FILE).read_bytes()
    with pytest.raises(StoreError, match="made by another run meanwhile; merge again"):
        write_union(union, out)
    assert (out / FILE).read_bytes() == before
    merge(out, [tmp_path / "stale"])
    with Store(out) as store:
        found = [outcome for key in store.settings() for outcome in store.outcomes(key, errors=True).values()]
    assert was in found
    assert not any(outcome.message for outcome in found)


def test_a_run_and_its_copy_are_one_source(shards: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shards[0], tmp_path / "copy")
    began = []
    for directory in shards[:2]:
        with Store(directory, create=False) as store:
            last = store.last_run()
            assert last is not None
            began.append(last.started)
    parts = [read_part(directory, directory.name) for directory in (shards[0], tmp_path / "copy", shards[1])]
    merged = unite(parts).run.provenance["merged"]
    assert [(one["run"], one["began"], one["shard"]) for one in merged] == [
        ("1", began[0], "1/3"),
        ("2", began[1], "2/3"),
    ]
    earlier = replace(parts[1], outcomes=dict(list(parts[1].outcomes.items())[:5]))
    for order in ([earlier, parts[0]], [parts[0], earlier]):
        (one,) = unite(order).run.provenance["merged"]
        assert one["trials"] == len(parts[0].outcomes), "the copy was made before the run ended"


def test_a_trial_whose_fate_is_known_comes_before_one_whose_fate_is_not(whole: Results, shards: list[Path]) -> None:
    first, *others = [read_part(shard, shard.name) for shard in shards]
    bare = {trial: replace(outcome, fate=None) for trial, outcome in first.outcomes.items()}
    fated = {trial for trial, outcome in first.outcomes.items() if outcome.fate is not None}
    assert fated
    for parts in ([replace(first, outcomes=bare), first], [first, replace(first, outcomes=bare)]):
        union = unite([*parts, *others])
        assert not union.conflicts
        assert {trial: union.outcomes[trial] for trial in first.outcomes} == first.outcomes
    forged = {
        trial: replace(outcome, fate=outcome.fate and replace(outcome.fate, kind="open"))
        for trial, outcome in first.outcomes.items()
    }
    conflicts = unite([first, replace(first, outcomes=forged)]).conflicts
    decided = [outcome.fate.kind for outcome in first.outcomes.values() if outcome.fate and outcome.fate.kind != "open"]
    assert len(conflicts) == len(decided) > 0
    assert any(kind in str(conflicts[0]) for kind in decided)
    assert str(conflicts[0]).endswith(", open")


def adaptive(folder: Path, registry: Registry, trials: int) -> Results:
    """Train a suite that is searched adaptively, with up to so many trials of each threshold."""
    searched = SUITE.replace('method = "grid"\nwidths = [2, 4, 6, 8]\ntrials = 6', f"max_width = 16\ntrials = {trials}")
    return trained(folder, registry, text=searched)


def test_an_adaptive_run_keeps_its_rounds(registry: Registry, tmp_path: Path) -> None:
    adaptive(tmp_path / "run", registry, 16)
    whole = adaptive(tmp_path / "run", registry, 24)
    merge(tmp_path / "copy", [tmp_path / "run"])
    copied = load_results(tmp_path / "copy", registry=registry)
    assert copied.rounds == whole.rounds, "the rounds of 24 trials at once would be others"
    assert copied.missing == 0
    for regime in whole.suite.regimes:
        for n, d in whole.sizes():
            assert copied.threshold(regime.name, n, d) == whole.threshold(regime.name, n, d)
    merge(tmp_path / "copy", [tmp_path / "run"])
    assert load_results(tmp_path / "copy", registry=registry).rounds == whole.rounds


def test_other_rounds_of_an_adaptive_search_are_not_merged(registry: Registry, tmp_path: Path) -> None:
    adaptive(tmp_path / "one", registry, 16)
    for folder in ("one", "two"):
        adaptive(tmp_path / folder, registry, 24)
    with pytest.raises(MergeError, match=r"in different rounds: .* two cannot be merged"):
        merge(tmp_path / "out", [tmp_path / "one", tmp_path / "two"])
    with pytest.raises(MergeError, match="different rounds"):
        merge(tmp_path / "two", [tmp_path / "one"])
