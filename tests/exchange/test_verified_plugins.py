"""Verification trains with the code that was loaded, and tells edited code from broken digits."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.components.executor import LostWorkers
from harness.driver.loading import load_results
from harness.driver.results import Results
from harness.driver.run import Run
from harness.exchange.retraining import verify
from harness.executors.in_process import InProcess
from harness.plugin_host.loading import load_plugins
from harness.report.verification_view import verification_record, verification_view
from harness.store import Store
from harness.suite import parse_suite
from tests.plugin_host.edited_plugin import CODE, EDITED, SUITE


def run_with(file: Path, code: str) -> None:
    file.write_text(code, encoding="utf-8")
    registry = load_plugins([file])
    with Store(file.parent) as store:
        run = Run(parse_suite(SUITE, registry), registry, store, "cpu")
        run.begin()
        run.go(InProcess(plugin_files=(str(file),)))


def loaded(file: Path) -> Results:
    return load_results(file.parent, registry=load_plugins([file]))


def test_workers_with_other_code_than_was_loaded_verify_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    run_with(file, CODE)
    results = loaded(file)
    file.write_text(EDITED, encoding="utf-8")
    with pytest.raises(LostWorkers, match=r"^plugin file .*mine\.py was changed since the run began; run again$"):
        verify(results, InProcess(plugin_files=(str(file),)), trials=4)


def test_digits_of_edited_code_need_not_be_equal(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    run_with(file, CODE)
    executor = InProcess(plugin_files=(str(file),))
    assert verify(loaded(file), executor, trials=4).reasons == []
    file.write_text(EDITED, encoding="utf-8")
    results = loaded(file)
    found = verify(results, InProcess(plugin_files=(str(file),)), trials=4)
    assert {trial.pick.cell.regime: trial.equal for trial in found.trials} == {"shipped": True, "own": False}
    assert (found.broken, found.reasons) == ([], ["code of plugin mine that was edited since"])
    assert "with code of plugin mine that was edited since" in verification_view(found, results).caption
    assert verification_record(found, results)["edited"] == 2


def test_a_plugin_that_changes_meanwhile_ends_it_with_status_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.executors.local.Local", InProcess)
    run_with(tmp_path / "mine.py", CODE)
    edits_itself = (
        CODE + '\nfrom pathlib import Path\nPath(__file__).write_text(Path(__file__).read_text() + "X = 1\\n")\n'
    )
    Path("mine.py").write_text(edits_itself, encoding="utf-8")
    done = CliRunner().invoke(main, ["verify", ".", "--plugin", "mine.py"], standalone_mode=False)
    assert done.return_value == 3, done.output
    assert "mine.py was changed since the run began; run again; nothing was verified" in done.stderr
