"""A plugin that is edited while a run is on: workers train with the code that the driver loaded, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import command as main
from harness.components.executor import Executor, LostWorkers
from harness.driver.batching import batches
from harness.driver.run import Run
from harness.executors.attempt import attempts
from harness.executors.in_process import InProcess
from harness.executors.local import Local
from harness.plugin_host.loading import load_plugins
from harness.store import Store
from harness.suite import parse_suite
from tests.plugin_host.edited_plugin import CLAIMS, CODE, EDITED, SUITE

OWN = SUITE.replace('[[regimes]]\nname = "shipped"\nuse = "moderate"\n', "")


def trained(before: str, after: str, folder: Path, kind: Callable[..., Executor] = InProcess) -> int:
    """Run a suite with a plugin file that is edited after the driver has loaded it. Return the number of trials."""
    file = folder / "mine.py"
    file.write_text(before, encoding="utf-8")
    registry = load_plugins([file])
    with Store(folder) as store:
        run = Run(parse_suite(OWN, registry), registry, store, "cpu")
        run.begin()
        file.write_text(after, encoding="utf-8")
        try:
            with kind(1, (str(file),)) as executor:
                run.go(executor)
        finally:
            assert len(store.outcomes(run.plan.searches[0].key, errors=True)) == run.trained
    return run.trained


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        (InProcess, EDITED),
        (InProcess, CODE.replace("0.5", "0.5 +")),
        (InProcess, "import nothing_such"),
        (Local, EDITED),
    ],
)
def test_workers_with_other_code_train_nothing(kind: Callable[..., Executor], after: str, tmp_path: Path) -> None:
    with pytest.raises(LostWorkers, match=r"^plugin file .*mine\.py was changed since the run began; run again$"):
        trained(CODE, after, tmp_path, kind)


@pytest.mark.parametrize(("was", "now"), [("value in", "value  in"), ("FACTOR = 2.0", "FACTOR = 3.0")])
def test_edits_that_change_no_number_do_not_end_a_run(was: str, now: str, tmp_path: Path) -> None:
    assert was in CLAIMS
    assert trained(CLAIMS, CLAIMS.replace(was, now), tmp_path) == 2


def test_workers_of_dask_with_other_code_train_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from harness.executors import dask, dask_worker

    file = tmp_path / "mine.py"
    file.write_text(CODE, encoding="utf-8")
    registry = load_plugins([file])
    with Store(tmp_path) as store:
        (search,) = Run(parse_suite(OWN, registry), registry, store, "cpu").plan.searches
    (batch,) = batches(search, search.missing)
    file.write_text(EDITED, encoding="utf-8")  # before the executor starts, which then has the same text as its workers
    message = dask.Dask(1, (str(file),))._message(batch)
    monkeypatch.setattr(dask_worker, "_pin_gpu", lambda _device: None)
    monkeypatch.setattr(dask_worker, "_time_limit", lambda _seconds: contextlib.nullcontext())
    found = dask_worker.attempt_of(dask_worker.train_message(message))
    assert (found.outcomes, found.fault and found.fault.kind) == ((), "changed")


def test_batches_that_are_trained_together_are_all_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(CODE, encoding="utf-8")
    registry = load_plugins([file])
    with Store(tmp_path) as store:
        (search,) = Run(parse_suite(OWN, registry), registry, store, "cpu").plan.searches
    (batch,) = batches(search, search.missing)
    file.write_text(EDITED, encoding="utf-8")
    found = list(attempts([batch, batch], load_plugins([file]), lambda _place: None))
    assert [(place, done.fault.kind, done.outcomes) for place, done in found if done.fault] == [
        (0, "changed", ()),
        (1, "changed", ()),
    ]


def test_the_command_line_says_it_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    edits_itself = (
        CODE + '\nfrom pathlib import Path\nPath(__file__).write_text(Path(__file__).read_text() + "X = 1\\n")\n'
    )
    Path("mine.py").write_text(edits_itself, encoding="utf-8")
    Path("mine.toml").write_text(OWN, encoding="utf-8")
    arguments = ["run", "mine.toml", "--plugin", "mine.py", "--executor", "in-process", "--quiet"]
    done = CliRunner().invoke(main, arguments, standalone_mode=False)
    assert done.return_value == 3
    assert "mine.py was changed since the run began; run again; 0 trials are saved." in done.stderr
