"""Worker processes: killed, they are replaced, and their batches are done elsewhere with the same digits."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.components import Cell, Outcome
from harness.components.executor import Batch, BatchFailed, LostWorkers
from harness.driver.run import Run
from harness.driver.threshold_searches import threshold_searches
from harness.executors import local
from harness.executors.in_process import InProcess
from harness.executors.local import MOST_STARTS, Local
from harness.executors.worker import Worker
from harness.plugin_host.registry import Registry
from harness.store import Store
from harness.suite import parse_suite
from tests.driver.tiny_suite import ONE_REGIME as SUITE
from tests.driver.tiny_suite import digits


class Harassed(Local):
    """Has a worker killed before the third batch is waited for, the sixth and the ninth."""

    kills = 0
    waits = 0

    def next_done(self) -> tuple[Batch, list[Outcome]]:
        self.waits += 1
        if self.waits % 3 == 0 and self.kills < 3:
            worker = self._pool[self.kills % len(self._pool)]
            assert worker.process.pid is not None
            os.kill(worker.process.pid, signal.SIGKILL)
            self.kills += 1
        return super().next_done()


def test_killed_workers_change_no_digit(registry: Registry, tmp_path: Path) -> None:
    suite = parse_suite(SUITE, registry)
    with Store(tmp_path / "calm") as store:
        calm = digits(Run(suite, registry, store, "cpu").go(InProcess()))
    harassed = Harassed(2)
    with Store(tmp_path / "harassed") as store, harassed:
        assert digits(Run(suite, registry, store, "cpu").go(harassed)) == calm
    assert harassed.kills == 3


def batch(registry: Registry) -> Batch:
    (first, *_) = threshold_searches(parse_suite(SUITE, registry), registry, "cpu")
    return Batch(Cell("softplus", 12, 5, 3), (0, 1), first.data, first.key, 60.0)


def test_workers_end_with_the_executor_and_what_is_in_hand_is_dropped(registry: Registry) -> None:
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Local(2) as executor:  # noqa: PT012  # raised with a batch in hand
        processes = [worker.process for worker in executor._pool]
        executor.submit(batch(registry))
        raise KeyboardInterrupt
    assert not any(process.is_alive() for process in processes)
    assert time.monotonic() - start < 30


def test_what_becomes_of_a_worker_is_told_apart(registry: Registry) -> None:
    """Ended from outside, crashed, or out of time: the batch comes back once, and another worker takes its place."""
    with Local(1) as executor:
        for how, kind, words in (
            (signal.SIGKILL, "lost", "ended from outside (SIGKILL)"),
            (signal.SIGABRT, "error", "crashed (SIGABRT)"),
            (None, "late", "not done after 0.002 s (0.001 s a trial)"),
        ):
            executor.submit(replace(batch(registry), trial_seconds=60.0 if how else 0.001))
            (worker,) = executor._pool
            while not worker.ready:
                worker.read()
            if how is not None:
                assert worker.process.pid is not None
                os.kill(worker.process.pid, signal.SIGSTOP)  # so that it cannot be done first
                executor._hand_out()
                os.kill(worker.process.pid, how)
                if how != signal.SIGKILL:  # which ends a stopped process too, so that it may be gone
                    os.kill(worker.process.pid, signal.SIGCONT)
            with pytest.raises(BatchFailed) as caught:
                executor.next_done()
            assert caught.value.fault.kind == kind
            assert words in caught.value.fault.message
            assert not worker.process.is_alive()
        with pytest.raises(RuntimeError, match="no batch is in hand"):
            executor.next_done()


def test_a_batch_may_have_more_time_than_the_system_can_wait(registry: Registry) -> None:
    """2³¹ ms are 25 days: 64 trials of ten hours each, or 600 with the hour that is the default."""
    with Local(1) as executor:
        executor.submit(replace(batch(registry), trial_seconds=1e300))
        (worker,) = executor._pool
        while not worker.ready:
            worker.read()
        _, outcomes = executor.next_done()
    assert [outcome.seed for outcome in outcomes] == [0, 1]


def test_workers_that_the_system_has_no_files_for_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_files: tuple[str, ...]) -> Worker:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(local, "Worker", full)
    with pytest.raises(LostWorkers, match="900 workers cannot be started: Too many open files; try fewer --workers"):
        Local(900).__enter__()


def test_workers_that_never_start_end_the_run(tmp_path: Path, registry: Registry) -> None:
    """A plugin file that ends the process loads in the driver, which is not the worker."""
    file = tmp_path / "deadly.py"
    file.write_text(
        "import multiprocessing, os\n"
        "if multiprocessing.parent_process() is not None: os._exit(5)\n"
        "from harness import hookimpl\n"
        "@hookimpl\ndef harness_models(): return []\n"
    )
    with Local(1, (str(file),)) as executor:
        executor.submit(batch(registry))
        with pytest.raises(LostWorkers, match=f"{MOST_STARTS} workers in a row did not start.*status 5"):
            executor.next_done()


@pytest.mark.skipif(sys.platform != "linux", reason="workers are spawned elsewhere")
def test_workers_are_forks_of_a_process_of_one_thread_that_has_done_their_imports() -> None:
    def parent(worker: Worker) -> int:
        """Return the parent of a worker that is ready."""
        while not worker.ready:
            assert worker.read() is None
        return int(Path(f"/proc/{worker.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[1])

    workers = [Worker(())]
    try:
        server = parent(workers[0])
        assert server != os.getpid()
        threads = len(list(Path(f"/proc/{server}/task").iterdir()))
        assert threads == 1  # else a fork may hang
        workers.append(Worker(()))
        assert parent(workers[1]) == server
    finally:
        for worker in workers:
            worker.end()


def test_what_workers_say_goes_where_the_driver_writes_now(
    registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "noisy.py"
    file.write_text("import os, sys\nprint('heard', os.environ['HARNESS_SET_LATER'], file=sys.stderr)\n")
    for word in ("first", "second"):
        monkeypatch.setenv("HARNESS_SET_LATER", word)
        worker = Worker((str(file),))
        while not worker.ready:
            assert worker.read() is None
        worker.end()
        assert f"heard {word}" in capfd.readouterr().err
