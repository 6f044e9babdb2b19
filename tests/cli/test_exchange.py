"""Runs that travel: compare, verify, export and merge as a user meets them."""

from __future__ import annotations

import json
import math
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.components import Cell, Outcome
from harness.driver.loading import load_results
from harness.driver.sharding import Shard
from harness.exchange.run_part import RunPart, read_part
from harness.plugin_host.registry import Registry
from harness.store import FILE, Store, StoreError
from harness.suite import load_suite
from tests.small_grid import SUITE, trained

PLUGIN = """
from pathlib import Path
from harness import hookimpl

Path({marker!r}).write_text("this was executed")

@hookimpl
def harness_models():
    return []
"""


@pytest.fixture(scope="module")
def runs(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the whole run, and with its two shards."""
    folder = tmp_path_factory.mktemp("runs")
    trained(folder / "whole", registry)
    for number in (1, 2):
        trained(folder / f"part-{number}", registry, Shard(number, 2))
    return folder


@pytest.fixture
def here(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a copy of the runs."""
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def harness(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments, standalone_mode=False)
    if result.exception is not None:
        error = result.exception
        assert isinstance(error, click.ClickException), f"{type(error).__name__}: {error}"
        return error.exit_code, result.stdout, error.format_message()
    status = result.return_value
    return status if isinstance(status, int) else 0, result.stdout, result.stderr


def test_an_archive_is_read_in_place_of_its_directory(here: Path) -> None:
    assert harness("export", "whole", "--archive", "a.zip")[0] == 0
    for view in ("thresholds", "theories", "sensitivity"):
        read = harness("report", "a.zip", "--view", view, "--format", "markdown")
        assert read == harness("report", "whole", "--view", view, "--format", "markdown")
        assert read[0] == 0
    with zipfile.ZipFile(here / "a.zip") as archive:
        assert {"manifest.json", "results.sqlite", "suite.toml", "table.md", "thresholds.json"} <= set(
            archive.namelist()
        )
        assert archive.read("suite.toml").decode() == SUITE
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["suite"], manifest["missing"], manifest["provenance"]["seed"]) == ("small", 0, 3)


def test_the_same_results_give_the_same_archive(here: Path) -> None:
    harness("export", "whole", "--archive", "a.zip")
    assert harness("export", "a.zip", "--archive", "b.zip")[0] == 0
    assert (here / "a.zip").read_bytes() == (here / "b.zip").read_bytes()


def test_an_archive_that_is_there_is_kept(here: Path) -> None:
    (here / "a.zip").write_bytes(b"mine")
    status, _, said = harness("export", "whole", "--archive", "a.zip")
    assert (status, (here / "a.zip").read_bytes()) == (2, b"mine")
    assert "--force" in said
    assert harness("export", "whole", "--archive", "a.zip", "--force")[0] == 0
    assert (here / "a.zip").read_bytes() != b"mine"


def test_a_changed_archive_is_refused(here: Path) -> None:
    harness("export", "whole", "--archive", "a.zip")
    data = bytearray((here / "a.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (here / "a.zip").write_bytes(data)
    for verb in (("report", "a.zip"), ("verify", "a.zip"), ("compare", "whole", "a.zip"), ("merge", "out", "a.zip")):
        status, out, said = harness(*verb)
        assert (status, out) == (2, "")
        assert "a.zip" in said
    assert not (here / "out").exists()


def test_plugins_in_an_archive_are_not_executed_unless_trusted(here: Path) -> None:
    marker = here / "marker"
    (here / "mine.py").write_text(PLUGIN.format(marker=str(marker)))
    (here / "own.toml").write_text('plugins = ["mine.py"]\n' + SUITE)
    suite, registry = load_suite("own.toml")
    trained(here / "own", registry, text=suite.text)
    assert harness("export", "own", "--archive", "own.zip")[0] == 0
    (here / "mine.py").unlink()
    shutil.rmtree(here / "own")
    assert marker.exists()
    marker.unlink()
    for verb in (("report", "own.zip"), ("verify", "own.zip"), ("compare", "whole", "own.zip")):
        status, out, said = harness(*verb)
        assert (status, out) == (2, "")
        assert "unzip -p own.zip plugins/mine.py" in said
        assert "--trust-plugins" in said
        assert not marker.exists(), "a plugin of an archive was executed"
    assert harness("report", "own.zip", "--trust-plugins")[0] == 0
    assert marker.exists()
    marker.unlink()
    (here / "mine.py").write_text("from harness import hookimpl\n\n@hookimpl\ndef harness_models():\n    return []\n")
    status, out, _ = harness("report", "own.zip", "--plugin", "mine.py")
    assert (status, "softplus" in out) == (0, True)
    assert not marker.exists(), "the user's own copy was named"


def test_shards_are_merged_into_the_run(here: Path, registry: Registry) -> None:
    status, out, _ = harness("merge", "all", "part-1", "part-2")
    assert status == 0
    assert "108 trials of 2 runs, 108 of them new, 0 in several" in out
    assert "nothing is missing" in out
    whole, merged = (load_results(here / name, registry=registry) for name in ("whole", "all"))
    for regime in whole.suite.regimes:
        for n, d in whole.sizes():
            assert whole.threshold(regime.name, n, d) == merged.threshold(regime.name, n, d)
    _, out, _ = harness("compare", "whole", "all", "--json")
    record = json.loads(out, parse_constant=pytest.fail)
    assert all(size["equal"] == size["shared"] > 0 for size in record["sizes"])
    assert sum(size["shared"] for size in record["sizes"]) == 108
    (made,) = [one for one in record["differences"] if one["what"] == "trained as"]
    assert (made["first"], made["second"]) == ("one run", "2 runs merged: shard 1/2, shard 2/2")
    assert "They differ in: trained as." in " ".join(harness("compare", "whole", "all")[1].split())
    assert harness("compare", "whole", "all", "--format", "csv", "--provenance", "beside.json")[0] == 0
    assert json.loads(Path("beside.json").read_text(encoding="utf-8"))[0]["provenance"] == {"A": "whole", "B": "all"}


def test_one_shard_says_what_is_missing(here: Path) -> None:
    status, out, _ = harness("merge", "half", "part-1")
    assert status == 0
    assert "trials are missing; to train them: harness run small --out half" in out
    assert not json.loads((here / "half" / "thresholds.json").read_text())["complete"]
    assert "UNFINISHED" in harness("compare", "whole", "half")[1]


def test_runs_that_disagree_are_not_merged_unless_one_is_preferred(here: Path, registry: Registry) -> None:
    with Store(here / "part-2") as store:
        for key, setting in store.settings().items():
            for (n, d, k, _), outcome in sorted(store.outcomes(key).items())[:1]:
                store.put(key, setting, Cell("softplus", n, d, k), [replace(outcome, measure=0.125)])
    status, out, said = harness("merge", "all", "whole", "part-2")
    assert (status, out) == (2, "")
    assert "are not equal in the runs that have them" in said
    assert "in whole" in said
    assert "in part-2" in said
    assert "measure 0.125" in said
    assert not (here / "all").exists()
    assert harness("merge", "all", "whole", "part-2", "--prefer", "first")[0] == 0
    whole, merged = (load_results(here / name, registry=registry) for name in ("whole", "all"))
    assert merged.outcomes == whole.outcomes


def broken(directory: Path) -> tuple[str, dict[str, Any], Cell, Outcome]:
    """Store an error in place of one trial; return what a run that tries it again would store."""
    with Store(directory) as store:
        key, setting = min(store.settings().items())
        (n, d, k, _), outcome = min(store.outcomes(key).items(), key=lambda item: item[0])
        cell = Cell("r", n, d, k)
        store.put(key, setting, cell, [replace(outcome, message="no memory", hits=(None, None))])
    return key, setting, cell, outcome


def test_a_run_on_the_target_waits_for_the_merge(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, setting, cell, outcome = broken(here / "part-1")
    refused = []

    def read(directory: Path, name: str) -> RunPart:
        """Try the error again in the target, while another part is read."""
        try:
            with Store(here / "part-1", exclusive=True) as store:
                store.put(key, setting, cell, [outcome])
        except StoreError as error:
            refused.append(str(error))
        return read_part(directory, name)

    monkeypatch.setattr("harness.exchange.run_part.read_part", read)
    status, out, _ = harness("merge", "part-1", "part-2")
    assert (status, "108 trials of 2 runs" in out) == (0, True), out
    (said,) = refused
    assert "is using part-1" in said or f"is using {here / 'part-1'}" in said
    with Store(here / "part-1", exclusive=True) as store:
        assert [o.message for o in store.outcomes(key, errors=True).values() if o.message] == ["no memory"]
        store.put(key, setting, cell, [outcome])
    status, _, said = harness("merge", "part-1", "part-2")
    assert status == 0
    with Store(here / "part-1", create=False) as store:
        assert store.outcomes(key)[cell.n, cell.d, cell.k, outcome.seed] == outcome


def test_a_target_in_use_is_said_before_anything_is_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cli.merge._directory", lambda _: pytest.fail("it was read"))
    with Store(here / "part-1", exclusive=True):
        status, out, said = harness("merge", "part-1", "part-2")
    assert (status, out) == (2, "")
    assert "is using part-1; wait for it" in said
    assert "--out" not in said, "merge has no such option"


def test_a_target_that_was_made_meanwhile_is_left_alone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(directory: Path, name: str) -> RunPart:
        if name == "part-2":
            shutil.copytree(here / "whole", here / "all")
        return read_part(directory, name)

    monkeypatch.setattr("harness.exchange.run_part.read_part", read)
    before = (here / "whole" / FILE).read_bytes()
    status, out, said = harness("merge", "all", "part-1", "part-2")
    assert (status, out) == (2, "")
    assert "was made by another run meanwhile; merge again" in said
    assert (here / "all" / FILE).read_bytes() == before


@pytest.mark.parametrize("provenance", [{"merged": [{"run": ["x"], "began": 1}]}, {"processor": ["abacus"]}])
def test_crafted_provenance_ends_in_one_line(provenance: dict[str, object], here: Path) -> None:
    with Store(here / "part-2") as store:
        last = store.last_run()
        assert last is not None
        store.began(last.suite, {**last.provenance, **provenance})
    status, out, said = harness("merge", "all", "part-1", "part-2")
    assert (status, out) == (2, "")
    assert "cannot be read (the provenance has " in said
    assert "\n" not in said.strip()
    assert not (here / "all").exists()


def test_a_run_and_its_export_are_one_source(here: Path) -> None:
    assert harness("export", "whole", "--archive", "whole.zip")[0] == 0
    status, out, _ = harness("merge", "all", "whole", "whole.zip")
    assert (status, "108 trials of 2 runs, 108 of them new, 108 in several" in out) == (0, True), out
    with Store(here / "all", create=False) as store:
        last = store.last_run()
    assert last is not None
    (source,) = last.provenance["merged"]
    assert (source["run"], source["trials"]) == ("whole", 108)


def test_verify_in_processes_of_its_own(here: Path) -> None:
    status, out, _ = harness("verify", "whole", "--trials", "6", "--workers", "1", "--json")
    record = json.loads(out, parse_constant=pytest.fail)
    assert (status, record["equal"], record["drawn"], record["broken"]) == (0, 6, 6, 0)
    with Store(here / "whole") as store:
        for key, setting in store.settings().items():
            for (n, d, k, _), outcome in store.outcomes(key).items():
                store.put(key, setting, Cell("r", n, d, k), [replace(outcome, measure=0.125)])
    status, out, said = harness("verify", "whole", "--trials", "2", "--workers", "1")
    assert status == 1
    assert "2 trials did not come out again as they must" in said
    assert "the digits are not" in " ".join(out.split())


def test_unlimited_steps_and_exact_fits_are_compared_and_reported(here: Path) -> None:
    """The command line asks what the Python API does: its k½ are those of Results.threshold."""
    results = load_results(here / "whole")
    regime = next(one.name for one in results.suite.regimes if results.decides_fates(one.name))
    (n, d), *_ = results.sizes()
    for options, asked in (
        (("--tolerance", "0"), (0.0, None)),
        (("--tolerance", "0", "--steps", "inf"), (0.0, math.inf)),
        (("--steps", "inf"), (None, math.inf)),
    ):
        found = results.threshold(regime, n, d, *asked)
        status, out, _ = harness("report", "whole", "--format", "json", *options)
        rows = [one["entries"] for one in json.loads(out)["rows"]]
        (row,) = (
            one for one in rows if one[0]["value"] == regime and {n, d} <= {cell.get("value") for cell in one[5:7]}
        )
        ends = {"": f"({found.low}, {found.high}]", ">": f"> {found.low}", "<=": f"≤ {found.high}"}
        shown = ends.get(found.bound, "–")
        assert (status, any(cell["text"].endswith(shown) for cell in row)) == (0, True)
        status, out, _ = harness("compare", "whole", "whole", *options, "--format", "markdown")
        assert status == 0
        assert ("exact fit" in out) == (asked[0] == 0.0)
        assert "unlimited steps" in out or asked[0] == 0.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "nowhere"), "nowhere"),
        (("verify", "whole", "--device", "tpu"), "device 'tpu' is unknown"),
        (("verify", "whole", "--tolerance", "0.7"), "was not recorded"),
        (("verify", "whole", "--dtype", "float16"), "float16"),
        (("compare", "whole", "nowhere"), "nowhere"),
        (("compare", "whole", "whole", "--tolerance", "0.7"), "whole: tolerance 0.7 was not recorded"),
        (("compare", "whole", "whole", "--steps", "401"), "at most 400 steps"),
        (("compare", "whole", "whole", "--steps", "0"), "a number of steps from 1 on, or inf"),
        (("compare", "whole", "whole", "--tolerance", "0", "--steps", "5"), "an exact fit takes unlimited steps"),
        (("compare", "whole", "whole", "--format", "markdwn"), "did you mean 'markdown'"),
        (("export", "whole", "--archive", "nowhere/a.zip"), "its folder is not there"),
        (("export", "whole", "--archive", "part-1"), "is a folder"),
        (("export", "whole"), "--archive"),
        (("merge", "all", "part-1", "nowhere"), "nowhere: there is no such file, and no suite of this name"),
        (("merge", "all", "part-1", "./part-1"), "are the same"),
        (("merge", "all"), "RUN"),
        (("run", "quickstart", "--shard", "1/2"), "searches adaptively"),
        (("run", "quickstart", "--shard", "3/2"), "expected i/N"),
    ],
)
def test_wrong_input_is_said_with_status_2(arguments: tuple[str, ...], said: str, here: Path) -> None:
    status, out, message = harness(*arguments)
    assert (status, out) == (2, "")
    assert said in message
    assert not (here / "all").exists()


@pytest.mark.parametrize("verb", ["compare", "verify", "export", "merge"])
def test_each_verb_has_help_with_an_example(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "--help"], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    assert f"harness {verb} " in result.stdout


def test_a_comparison_in_each_format(here: Path) -> None:
    for form in ("markdown", "csv", "json"):
        status, out, _ = harness("compare", "whole", "part-1", "--format", form)
        assert status == 0
        assert "softplus" in out
