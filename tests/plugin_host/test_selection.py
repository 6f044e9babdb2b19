"""Which plugins are loaded, which a suite asks for, and which versions made the numbers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import EntryPoint, distributions, entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import HookCall, Registry, UnknownName
from harness.testing import TINY_SUITE
from tests.command_line import called
from tests.plugin_host.plugin_sources import DATASET, OWN, distribution, write


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[EntryPoint, ...]:
    """Our plugins, and two of others."""
    folder = tmp_path / "site"
    folder.mkdir()
    distribution(folder, "flat-earth", "1.2", DATASET)
    distribution(folder, "other-earth", "0.9", DATASET.replace('"flat"', '"round"'))
    monkeypatch.syspath_prepend(str(folder))
    theirs = [point for dist in distributions(path=[str(folder)]) for point in dist.entry_points]
    ours = [p for p in entry_points(group="harness") if p.name in ("builtin", "moderate")]
    return (*ours, *theirs)


def statuses(registry: Registry) -> dict[str, str]:
    return {plugin.name: plugin.status for plugin in registry}


def test_plugins_are_blocked_by_name_package_or_both(points: tuple[EntryPoint, ...]) -> None:
    for block in ("flat_earth", "flat-earth", "flat-earth:flat_earth"):
        found = statuses(load_plugins(block=[block], entry_points=points))
        assert found == {"builtin": "ok", "moderate": "ok", "flat_earth": "blocked", "other_earth": "ok"}


def test_no_third_party_leaves_ours_and_files(points: tuple[EntryPoint, ...], tmp_path: Path) -> None:
    file = write(tmp_path, DATASET, "mine.py")
    found = statuses(load_plugins([file], third_party=False, entry_points=points))
    assert found == {"builtin": "ok", "moderate": "ok", "flat_earth": "blocked", "other_earth": "blocked", "mine": "ok"}


def test_the_environment_chooses_alike_in_every_process(
    points: tuple[EntryPoint, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_PLUGIN_BLOCK", "other_earth,moderate")
    found = statuses(load_plugins(block=["flat_earth"], entry_points=points))
    assert found == {"builtin": "ok", "moderate": "blocked", "flat_earth": "blocked", "other_earth": "blocked"}
    monkeypatch.setenv("HARNESS_PLUGIN_BLOCK", "gone")
    with pytest.raises(UnknownName, match="there is no plugin 'gone' to block"):
        load_plugins(entry_points=points)
    monkeypatch.setenv("HARNESS_PLUGIN_BLOCK", "")
    monkeypatch.setenv("HARNESS_NO_THIRD_PARTY", "1")
    assert statuses(load_plugins(entry_points=points))["flat_earth"] == "blocked"


def test_only_the_hooks_that_are_wanted_are_called(points: tuple[EntryPoint, ...]) -> None:
    registry = load_plugins(kinds=["dataset"], entry_points=points)
    assert not registry.broken
    assert {kind for plugin in registry for kind in plugin.provided} == {"dataset"}
    everything = load_plugins(entry_points=points)
    assert [plugin.hooks for plugin in registry] == [plugin.hooks for plugin in everything]


def test_calls_are_traced_with_what_they_provide(tmp_path: Path) -> None:
    broken = DATASET + "\n@hookimpl\ndef harness_models():\n    return [3]\n"
    (plugin,) = load_plugins([write(tmp_path, broken)], entry_points=())
    assert plugin.calls[-1].reason.startswith("harness_models returned int 3")
    (plugin,) = load_plugins([write(tmp_path, DATASET, "sound.py")], entry_points=())
    assert plugin.calls == (HookCall("harness_datasets", ("flat",)),)
    assert 0 < plugin.calls[0].seconds <= plugin.seconds


def test_options_on_the_command_line_end_with_the_call() -> None:
    import os

    arguments = ("plugins", "list", "--json", "--no-third-party", "--plugin-block", "lazy, narrow")
    _, out, _ = called(*arguments)
    found = {plugin["name"]: plugin["status"] for plugin in json.loads(out)["plugins"]}
    assert (found["lazy"], found["narrow"], found["builtin"]) == ("blocked", "blocked", "ok")
    assert not {name for name in os.environ if name.startswith("HARNESS_") and "PLUGIN" in name}
    status, out, err = called("plugins", "list", "--plugin-block", "lzay")
    assert (status, out) == (2, "")
    assert "there is no plugin 'lzay' to block; did you mean 'lazy'?" in err


@pytest.mark.parametrize(
    "verb", [["plugins", "list"], ["plugins", "trace"], ["theory"], ["theory", "--suite", "quickstart"]]
)
def test_strict_plugins_stop_at_a_broken_one(verb: list[str], tmp_path: Path) -> None:
    file = str(write(tmp_path, "raise RuntimeError('out of order')"))
    status, out, err = called(*verb, "--plugin", file, "--strict-plugins")
    assert (status, out) == (2, "")
    assert "out of order" in err


def test_trace_as_a_table_and_as_json(tmp_path: Path) -> None:
    file = str(write(tmp_path, DATASET))
    status, out, _ = called("plugins", "trace", "--plugin", file)
    assert status == 0
    assert re.search(r"harness_datasets\s+1\s+[\d.]+ ms\s+flat", out)
    _, out, _ = called("plugins", "trace", "--plugin", file, "--json")
    (mine,) = (plugin for plugin in json.loads(out)["plugins"] if plugin["name"] == "plugin")
    assert mine["calls"][0]["provided"] == ["flat"]


def test_check_says_what_to_change_and_ends_in_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(write(tmp_path, DATASET))
    monkeypatch.setenv("COLUMNS", "200")
    checked = CliRunner().invoke(main, ["plugins", "check", file], standalone_mode=False)
    assert checked.return_value == 1
    out = checked.stdout
    assert "seeds: two seeds give the same problem" in out
    assert "docstring: Flat has no docstring" in out
    _, out, _ = called("plugins", "check", file, "--json")
    assert {f["status"] for f in json.loads(out)["findings"]} == {"passed", "failed", "skipped"}
    status, _, err = called("plugins", "check", "moderat")
    assert (status, "did you mean 'moderate'?" in err) == (2, True)
    status, _, err = called("plugins", "check", "os-smooth")
    assert (status, "only a component (theory); did you mean 'moderate'?" in err) == (2, True)
    status, _, err = called("plugins", "check", "nowhere.py")
    assert (status, "there is no file nowhere.py" in err) == (2, True)


def test_reports_warn_of_trials_of_edited_plugins_and_runs_train_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suite = TINY_SUITE.replace("[8, 12]", "8").replace("widths = [2, 4, 8]", "widths = [2]")
    suite = suite.replace('"sphere"', '"flat"')
    Path("tiny.toml").write_text(suite, encoding="utf-8")
    file = write(tmp_path, DATASET, "flat.py")
    arguments = ("run", "tiny.toml", "--plugin", "flat.py", "--executor", "in-process", "--quiet")
    assert called(*arguments)[0] == 0
    write(tmp_path, DATASET + "\n# edited\n", "flat.py")
    status, out, err = called(*arguments)
    assert (status, "0 trials trained, 3 reused" in out, "edited" in out + err.lower()) == (0, True, False), out
    write(tmp_path, DATASET + "\nEDITED = 1\n", "flat.py")
    warned = "Edited code: 3 trials were trained with other code of plugin flat than it has now."
    status, out, err = called("report", "tiny", "--plugin", str(file))
    assert (status, warned in err, warned in " ".join(out.split())) == (0, True, True)
    _, out, _ = called("plan", "tiny.toml", "--plugin", "flat.py")
    why = "plugin flat was edited since (3 stored trials are of other code)"
    assert why in " ".join(out.split())
    _, out, _ = called("plan", "tiny.toml", "--plugin", "flat.py", "--explain", "--json")
    (planned,) = json.loads(out)["thresholds"]
    assert (planned["reused"], planned["new"], planned["why"]) == (0, 3, why)
    _, out, _ = called(*arguments, "--reuse-edited")
    assert ("0 trials trained, 3 reused" in out, warned in " ".join(out.split())) == (True, True)
    _, out, err = called(*arguments)
    assert ("3 trials trained, 0 reused" in out, "edited" in out + err.lower()) == (True, False), out
    record = json.loads(Path("reports/tiny/thresholds.json").read_text(encoding="utf-8"))
    assert record["provenance"]["plugins"]["flat"].startswith("flat ")
    assert "edited" not in record["provenance"]


def test_help_imports_nothing_that_takes_long() -> None:
    code = (
        "import sys\nfrom harness.cli import command\n"
        "try:\n    command(['--help'], standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'scipy', 'matplotlib', 'pydantic', 'sklearn', 'distributed'} & sys.modules.keys()\n"
        "sys.exit(f'{slow} were imported' if slow else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-300:]


def test_our_own_points_are_those_of_the_distribution() -> None:
    assert {point.name for point in OWN} <= statuses(load_plugins()).keys()
