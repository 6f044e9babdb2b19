"""The Dask executor: outcomes equal to the last bit, whoever is killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

import harness
from harness.components import Cell, Outcome
from harness.components.executor import Attempt, Batch, BatchFailed, LostWorkers
from harness.driver.batching import batches
from harness.driver.threshold_searches import threshold_searches
from harness.executors.dask import Dask
from harness.executors.dask_worker import Mismatch, _check_solver, _registry, attempt_of, plugin_set, record_of
from harness.executors.in_process import InProcess
from harness.plugin_host.loading import load_plugins
from harness.suite import parse_suite

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Dask's own, of libraries below it
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of workers that were killed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SUITE = """
[suite]
name = "small"
seed = 3
[problems]
dataset = { use = "sphere", labels = "gaussian" }
n = [20, 30]
d = 10
[budget]
steps = 400
[search]
method = "grid"
widths = [2, 3, 4, 6]
trials = 10
[[regimes]]
name = "softplus"
use = "moderate"
[[regimes]]
name = "relu"
use = 'moderate'
activation = "relu"
[[regimes]]
name = "sgd"
use = "moderate-sgd"
"""


def work() -> list[Batch]:
    """The batches of the suite, split small enough that several workers have something to do."""
    registry = load_plugins()
    found = threshold_searches(parse_suite(SUITE, registry), registry, "cpu")
    return [b for p in found for b in batches(p, p.advance(lambda _cell, _seed: None), idle=4)]


def trained(executor: Any, todo: list[Batch], after: Any = None) -> dict[tuple[Any, int], Outcome]:
    """Train all batches; call ``after(number done)`` after each."""
    outcomes: dict[tuple[Any, int], Outcome] = {}
    with executor:
        for batch in todo:
            executor.submit(batch)
        for number in range(len(todo)):
            batch, found = executor.next_done()
            assert [o.seed for o in found] == list(batch.seeds)
            outcomes |= {((batch.key, batch.cell), o.seed): o for o in found}
            if after:
                after(number)
    return outcomes


@pytest.fixture(scope="module")
def expected() -> dict[tuple[Any, int], Outcome]:
    return trained(InProcess(1), work())


def test_outcomes_are_the_local_ones_though_workers_are_killed_and_given_up(
    expected: dict[tuple[Any, int], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.executors.dask.RENEW", 1.0)
    executor = Dask(1)

    def lose(number: int) -> None:
        if number == 0:  # its nanny starts another
            (pid,) = executor._client.run(os.getpid).values()
            os.kill(pid, signal.SIGKILL)
        elif number == 5:  # nobody does but the executor
            (nanny,) = executor._cluster.workers.values()
            executor._cluster.sync(nanny.close)

    assert trained(executor, work(), lose) == expected


def test_a_cluster_of_our_own_lets_nobody_else_in() -> None:
    """Not to its scheduler, which speaks TLS on the loopback device, nor to a dashboard, which it has not."""
    from distributed import Client, Security
    from distributed.comm.addressing import parse_host_port

    with Dask(1) as executor:
        address = executor._cluster.scheduler_address
        host, port = parse_host_port(address.removeprefix("tls://"))
        assert host == "127.0.0.1"
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        listening = [c.laddr for one in family for c in one.net_connections() if c.status == "LISTEN"]
        assert {place.ip for place in listening} == {"127.0.0.1"}
        served = executor._cluster.scheduler.http_server.port
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{served}/status", timeout=5)
        for stranger in (None, Security.temporary()):
            kind = "tls" if stranger else "tcp"
            with pytest.raises((OSError, RuntimeError, TimeoutError)):
                Client(f"{kind}://{host}:{port}", security=stranger, timeout=2, set_as_default=False)


def test_outcomes_travel_as_plain_data() -> None:
    outcome = Outcome(7, (3, None), 12, float("inf"), diverged=True, curve=(1.0, 0.5), diagnostics={"a": 2.0})
    sent = record_of(Attempt((outcome,), None, ("a warning",)))
    assert attempt_of(sent) == Attempt((outcome,), None, ("a warning",))
    seed, record, seconds = sent["outcomes"][0]
    with pytest.raises(ValueError, match="unheard"):
        attempt_of({**sent, "outcomes": [(seed, record.replace("{", '{"unheard":1,', 1), seconds)]})


def test_other_plugins_are_refused_by_name_and_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.executors.dask_worker._here", lambda: "worker tcp://there")
    mine = plugin_set(())
    assert _registry((), mine)
    with pytest.raises(Mismatch, match=r"worker tcp://there has narrow .*, the driver has it .* 9\.9"):
        _registry((), {**mine, "narrow": "convergence-harness 9.9"})
    with pytest.raises(Mismatch, match=r"has other not at all, the driver has it other 1\.0"):
        _registry((), {**mine, "other": "other 1.0"})
    file = tmp_path / "mine.py"
    with pytest.raises(Mismatch, match="has no plugin file"):
        _registry((str(file),), {**mine, str(file): "abc"})
    file.write_text('"""Nothing."""\n', encoding="utf-8")
    with pytest.raises(Mismatch, match=r"another text of plugin file .*mine\.py"):
        _registry((str(file),), {**mine, str(file): "abc"})


def test_a_plugin_file_that_was_edited_on_both_sides_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.executors.dask_worker._here", lambda: "worker tcp://there")
    file = tmp_path / "mine.py"
    for text in ('"""One."""\n', '"""Two."""\n'):
        file.write_text(text, encoding="utf-8")
        assert _registry((str(file),), plugin_set((str(file),)))


def test_a_worker_without_the_drivers_solver_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.executors.dask_worker._here", lambda: "worker tcp://there")
    monkeypatch.setattr("harness.engine.solvers.fused_gpu.gpu_unavailable", lambda _: "there is no CUDA device")
    monkeypatch.setattr("harness.engine.solvers.torch_compiled.uncompiled", lambda *_: "there is no compiler")
    setting = work()[0].setting
    _check_solver(setting, load_plugins())
    with pytest.raises(Mismatch, match=r"there lacks the fused-gpu solver that the driver has \(there is no CUDA"):
        _check_solver({**setting, "solver": "fused-gpu", "format": 5, "device": "cuda"}, load_plugins())
    with pytest.raises(Mismatch, match="lacks the torch-compiled solver"):
        _check_solver({**setting, "solver": "compiled", "format": 1}, load_plugins())


def test_a_scheduler_that_cannot_be_a_file_is_refused() -> None:
    with pytest.raises(LostWorkers, match="File name too long"), Dask(1, (), 5000 * "a"):
        pass


DEADLY = """
import os, signal
from pathlib import Path
left = Path({file!r})
if number := int(left.read_text()):
    left.write_text(str(number - 1))
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A module that kills the first workers that load it."""


def test_a_cluster_is_started_again_if_a_worker_is_killed_while_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dask

    left, preload = tmp_path / "left", tmp_path / "deadly.py"
    preload.write_text(DEADLY.format(file=str(left)), encoding="utf-8")
    monkeypatch.setattr("harness.executors.dask.STARTS", 2)
    with dask.config.set({"distributed.worker.preload": [str(preload)]}):
        left.write_text("1", encoding="utf-8")
        with Dask(1) as executor:
            assert executor.workers == 1
        left.write_text("2", encoding="utf-8")
        with pytest.raises(LostWorkers, match="no Dask workers at this machine"), Dask(1):
            pass
    assert left.read_text(encoding="utf-8") == "0"


def test_a_scheduler_that_others_reach_is_joined_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(address: str) -> None:
        raise LostWorkers(f"nobody at {address}")

    monkeypatch.setattr("harness.executors.dask_scheduler.greet", nobody)
    words = "warning: tcp://10.0.0.1:8786 is neither encrypted nor authenticated"
    for address, count in (("tcp://10.0.0.1:8786", 1), ("tls://10.0.0.1:8786", 0), ("tcp://127.0.0.1:8786", 0)):
        said: list[str] = []
        with pytest.raises(LostWorkers, match="nobody at"):
            harness.run(harness.load_suite(SUITE), out=tmp_path, scheduler=address, notice=said.append)
        assert sum(line.startswith(words) for line in said) == count


def test_nobody_at_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    executor = Dask(1, (), address)
    import harness.executors.dask_scheduler as module

    connect, module.CONNECT = module.CONNECT, 1.0
    try:
        words = f"no Dask scheduler answers at {address} (Connection refused); start one"
        with pytest.raises(LostWorkers, match=re.escape(words)):
            executor.__enter__()
    finally:
        module.CONNECT = connect


@pytest.mark.parametrize(
    ("answer", "why"), [(b"", "nothing in 1 s"), (b"HTTP/1.1 400 Bad\r\n" * 9, "something else does")]
)
def test_somebody_else_at_the_address(
    answer: bytes, why: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.executors.dask_scheduler.CONNECT", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []  # so that they stay open

        def serve() -> None:
            while True:
                with contextlib.suppress(OSError):
                    kept.append(server.accept()[0])
                    kept[-1].sendall(answer)
                if server.fileno() < 0:
                    return

        threading.Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(LostWorkers, match=re.escape(f"{address} ({why}); start one")), Dask(1, (), address):
            pass
    assert "Traceback" not in capfd.readouterr().err


def test_scheduler_files_that_are_none(tmp_path: Path) -> None:
    with (
        pytest.raises(LostWorkers, match=r"there is no scheduler file .*gone\.json"),
        Dask(1, (), str(tmp_path / "gone.json")),
    ):
        pass
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    with pytest.raises(LostWorkers, match=r"bad\.json is no scheduler file"), Dask(1, (), str(tmp_path / "bad.json")):
        pass


HANGS = '''
"""An initializer that hangs."""
import time
from dataclasses import dataclass
from typing import ClassVar

from harness import Initializer, hookimpl


@dataclass(frozen=True)
class Hangs(Initializer):
    """Never draws anything."""

    name: ClassVar[str] = "hangs"

    def draw(self, model, problem, k, rng):
        time.sleep(1000)


@hookimpl
def harness_initializers():
    """Provide it."""
    return [Hangs]
'''


def test_a_batch_that_hangs_is_handed_back_as_late(tmp_path: Path) -> None:
    file = tmp_path / "hangs.py"
    file.write_text(HANGS, encoding="utf-8")
    registry = load_plugins(files=[str(file)])
    text = SUITE.replace('use = "moderate"\n', 'use = "moderate"\ninitializer = { use = "hangs" }\n')
    found = threshold_searches(parse_suite(text, registry), registry, "cpu")
    late, sound = (next(batches(p, p.advance(lambda _cell, _seed: None))) for p in (found[0], found[-1]))
    with Dask(1, (str(file),)) as executor:
        executor.submit(replace(late, seeds=(3,), trial_seconds=1.0))
        with pytest.raises(BatchFailed, match="not done after 1 s") as failed:
            executor.next_done()
        assert failed.value.fault.kind == "late"
        executor.submit(sound)
        assert len(executor.next_done()[1]) == len(sound.seeds)


FORKS = """
import os, time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from harness import hookimpl
from harness.builtin.initializers import LeCun

@dataclass(frozen=True)
class Forks(LeCun):
    name: ClassVar[str] = "forks"

    def draw(self, model, problem, k, rng):
        pid = os.fork()
        if pid == 0:
            time.sleep(1000)
        with Path("FOLDER", "forked").open("a") as file:
            print(pid, file=file)
        if Path("FOLDER", "crash").exists():
            os.abort()
        return super().draw(model, problem, k, rng)

@hookimpl
def harness_initializers():
    return [Forks]
"""


def test_forks_that_a_plugin_leaves_end_with_their_batch_or_their_worker(tmp_path: Path) -> None:
    file, forked = tmp_path / "plugin" / "forks.py", tmp_path / "forked"
    file.parent.mkdir()
    file.write_text(FORKS.replace("FOLDER", str(tmp_path)), encoding="utf-8")
    registry = load_plugins(files=[str(file)])
    text = SUITE.replace('use = "moderate"\n', 'use = "moderate"\ninitializer = { use = "forks" }\n')
    found = threshold_searches(parse_suite(text, registry), registry, "cpu")
    batch = replace(next(batches(found[0], found[0].advance(lambda _cell, _seed: None))), seeds=(3,))
    with Dask(1, (str(file),)) as executor:
        executor.submit(batch)
        assert len(executor.next_done()[1]) == 1
        assert list(executor.left_running) == ["plugin forks left a process running: end it before the call returns"]
        (pid,) = map(int, forked.read_text(encoding="utf-8").split())
        assert not psutil.pid_exists(pid)
        forked.unlink()
        (tmp_path / "crash").touch()
        executor.submit(batch)
        with pytest.raises(BatchFailed):
            executor.next_done()
        pids = list(map(int, forked.read_text(encoding="utf-8").split()))
        assert len(pids) >= 3, "one for each worker that was lost"
        end = time.monotonic() + 10
        while any(map(psutil.pid_exists, pids)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(psutil.pid_exists, pids))


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own, found by a scheduler file."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(file)]
    scheduler += ["--port", "0", "--no-dashboard", "--host", "127.0.0.1"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1"]
    worker += ["--no-dashboard", "--death-timeout", "20", "--local-directory", str(tmp_path)]
    started = [subprocess.Popen(scheduler, **quiet)]  # type: ignore[call-overload]  # the same for all
    while not file.exists():
        time.sleep(0.1)
    started += [subprocess.Popen([*worker, "--name", str(i)], **quiet) for i in range(2)]  # type: ignore[call-overload]  # options shared by several calls
    yield file, started
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_a_running_cluster_is_joined_and_its_loss_ends_the_run(
    cluster: tuple[Path, list[subprocess.Popen[bytes]]], expected: dict[tuple[Any, int], Outcome]
) -> None:
    """One of its two workers is killed on the way."""
    file, (scheduler, worker, _) = cluster
    executor = Dask(1, (), str(file))
    assert trained(executor, work(), lambda number: worker.kill() if number == 0 else None) == expected
    import harness.executors.dask as module

    patience, module.PATIENCE = module.PATIENCE, 3.0
    try:
        with executor:
            assert executor.workers >= 1
            for batch in work():
                executor.submit(replace(batch, setting={**batch.setting, "steps": 200_000}))
            scheduler.kill()
            with pytest.raises(LostWorkers, match="scheduler is gone"):
                executor.next_done()
    finally:
        module.PATIENCE = patience


def test_a_batch_that_is_taken_while_its_worker_reports_costs_nothing() -> None:
    """Dask reports late workers in a thread of its own, so the driver may take the batch between two look-ups."""

    class TakenAtOnce(dict[str, Any]):
        def __contains__(self, key: object) -> bool:
            found = super().__contains__(key)
            self.clear()
            return found

    place = Dask(1)
    place._in_hand = TakenAtOnce(key=(Batch(Cell("", 2, 2, 2), (0,), {}, "key"), "future"))
    place._heard((0.0, ("key", None)))
    assert place._done.get_nowait() == "future"
    place._in_hand = {}
    place._heard((0.0, ("key", None)))
    assert place._done.empty()
