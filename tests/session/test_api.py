"""The Python API: the verbs, what they return, and what goes wrong in scripts."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness.cli import command as main
from harness.suite.toml_text import toml_text

TINY: dict[str, Any] = {
    "suite": {"name": "tiny", "title": "<b>tiny</b>"},
    "problems": {"dataset": "sphere", "n": 8, "d": 4},
    "budget": {"steps": 300, "spectrum": False},
    "search": {"method": "grid", "widths": [1, 32], "trials": 2},
    "regimes": [{"use": "moderate"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("api") / "run"


@pytest.fixture(scope="module")
def results(folder: Path) -> harness.Results:
    return harness.run(TINY, out=folder, executor="in-process")


def test_a_run_is_loaded_as_it_was_from_its_folder_and_from_an_archive(results: harness.Results, folder: Path) -> None:
    assert (results.trained, results.reused) == (4, 0)
    for source in (folder, _archive(folder)):
        again = harness.load(source)
        assert again.trials() == results.trials()
        assert again.thresholds() == results.thresholds()
        assert again.theories() == results.theories()
    assert harness.plan(TINY, out=folder, workers=1).thresholds[0].stored == 4
    with pytest.raises(harness.StoreError, match="holds results of suite 'tiny', not of 'other'"):
        harness.run({**TINY, "suite": {"name": "other"}}, out=folder, executor="in-process")


def _archive(folder: Path) -> Path:
    file = folder.with_suffix(".zip")
    done = CliRunner().invoke(main, ["export", str(folder), "--archive", str(file)])
    assert done.exit_code == 0, done.output
    return file


def test_the_command_line_prints_the_same_records(results: harness.Results, folder: Path) -> None:
    record = json.loads((folder / "thresholds.json").read_text(encoding="utf-8"))
    for kept, found in zip(record["thresholds"], results.thresholds(), strict=True):
        assert all(getattr(found, key) == kept[key] for key in ("regime", "n", "d", "k_half", "low", "high", "trials"))
    said = CliRunner().invoke(main, ["theory", "--n", "30", "--d", "6", "--json"])
    claimed = json.loads(said.stdout)["predictions"]
    for kept, width in zip(claimed, harness.theories(30, 6), strict=True):
        assert all(getattr(width, key) == kept[key] for key in ("theory", "regime", "width", "width_is", "scaling"))
        assert [width.a, width.b] == (kept["exponents"] or [None, None])


def test_trials_are_written_line_by_line_with_the_same_numbers(results: harness.Results, folder: Path) -> None:
    lines = CliRunner().invoke(main, ["report", str(folder), "--view", "trials", "--format", "jsonl"]).stdout
    trials = [harness.TrialRecord(**json.loads(line)) for line in lines.splitlines()]
    assert trials == list(results.trials())
    head, *rows = CliRunner().invoke(main, ["report", str(folder), "--view", "trials"]).stdout.splitlines()
    assert head.split(",") == list(results.trials().columns())
    assert len(rows) == 4
    strict = ["report", str(folder), "--view", "trials", "--format", "jsonl", "--steps", "1"]
    assert {json.loads(line)["verdict"] for line in CliRunner().invoke(main, strict).stdout.splitlines()} == {"unfit"}


def test_a_mapping_a_text_and_a_file_are_the_same_suite(tmp_path: Path) -> None:
    text = toml_text(TINY)
    file = tmp_path / "tiny.toml"
    file.write_text(text, encoding="utf-8")
    suites = [harness.load_suite(source) for source in (TINY, text, file, str(file))]
    assert {suite.text for suite in suites} == {text}
    assert suites[0].regimes == suites[3].regimes
    with pytest.raises(harness.SuiteError, match="did you mean 'moderate'"):
        harness.load_suite({**TINY, "regimes": [{"use": "moderat"}]})
    with pytest.raises(TypeError, match="expected a string, a number"):
        harness.load_suite({**TINY, "plugins": [None]})


def test_results_show_themselves_with_all_text_escaped(results: harness.Results) -> None:
    page = results._repr_html_()
    assert "&lt;b&gt;tiny&lt;/b&gt;" in page
    assert "<b>tiny" not in page
    assert page.count("<tr>") == 2
    assert repr(results) == "<Results of suite 'tiny': 1 thresholds, 4 trials>"
    assert results.threshold("moderate", 8, 4) is results.threshold("moderate", 8, 4)
    assert results.figure("transitions").axes
    with pytest.raises(ValueError, match="there is no figure 'transition'; did you mean 'transitions'"):
        results.figure("transition")
    with pytest.raises(ValueError, match="did you mean 'moderate'"):
        results.threshold("moderat", 8, 4)


def test_a_script_without_a_guard_ends_with_the_cause_named(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import harness\nprint('imported', flush=True)\nharness.run({TINY!r}, workers=2)\n")
    run = [sys.executable, str(script)]
    done = subprocess.run(
        run, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 1
    assert done.stdout.split().count("imported") <= 3, "workers start no workers"
    assert done.stderr.count("Traceback") == 1
    assert f'UnguardedScript: {script} calls harness.run outside of `if __name__ == "__main__":`' in done.stderr


def test_a_number_of_workers_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(harness.ExecutorError, match="workers: found -1, expected a number at least 1"):
        harness.run(TINY, out=tmp_path, workers=-1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: harness.run(3), "suite: found 3, expected a name, a path, a TOML text or a mapping"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: harness.plan(None), "suite: found None, expected a name"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: harness.load(3), "source: found 3, expected a run directory"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: harness.theories(0, 3), "n: found 0, expected a whole number at least 1"),
        (lambda: harness.theories(3, -1), "d: found -1, expected a whole number at least 1"),
        (lambda: harness.theories(3.5, 3), "n: found 3.5, expected a whole number"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: harness.theories(3, 3, dataset=5), "dataset: found 5, expected a name or a file"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_arguments_of_another_kind_are_named(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    assert str(raised.value).startswith(message)


def test_an_archive_in_place_of_a_suite_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"\xff")
    for verb in ("plan", "run"):
        done = CliRunner().invoke(main, [verb, str(tmp_path / "a.zip")])
        assert done.exit_code == 2
        said = " ".join(done.stderr.replace("│", " ").split())
        assert "is a zip archive, expected a TOML file; archives of runs are for report, compare," in said
