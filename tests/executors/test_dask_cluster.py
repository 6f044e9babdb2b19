"""Whole runs on Dask clusters: the thresholds of the local run to the digit."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

HARNESS = [sys.executable, "-c", "from harness.cli import main; main()"]
QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
KILL_EVERY = 3.0
"""Seconds between two kills."""


def run(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the quickstart."""
    command = [*HARNESS, "run", "quickstart", "--quiet", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def thresholds(out: Path) -> Any:
    """What the run found."""
    return json.loads((out / "thresholds.json").read_text(encoding="utf-8"))["thresholds"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("local")
    done = run(out)
    assert done.returncode == 0, done.stderr
    return thresholds(out)


def children(pid: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="ascii").split():
            found += [int(child), *children(int(child))]
    return found


def trains(pid: int) -> bool:
    """Whether a process is a Dask worker, which has a nanny above it and loads torch."""
    try:
        return "libtorch" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    except OSError:
        return False


def trials_in(out: Path) -> int:
    """Return the number of trials in a run directory."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(out / "results.sqlite")) as db:
        (count,) = db.execute("SELECT count(*) FROM outcomes").fetchone()
        return int(count)
    return 0


@contextmanager
def killer(parent: int, out: Path) -> Iterator[list[int]]:
    """Kill some worker below a process every few seconds, if trials were saved since the last kill.

    Otherwise a machine that is busy, on which workers take longer to start, would never end a run.
    """
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        before = 0
        while not over.wait(KILL_EVERY):
            if (now := trials_in(out)) == before:
                continue
            before = now
            workers = [pid for pid in children(parent) if trains(pid)]
            if workers:
                killed.append(workers[len(killed) % len(workers)])
                os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_thresholds_are_those_of_the_local_run_though_workers_are_killed(
    workers: int, expected: Any, tmp_path: Path
) -> None:
    command = [*HARNESS, "run", "quickstart", "--quiet", "--out", str(tmp_path), "--executor", "dask"]
    process = subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with killer(process.pid, tmp_path) as killed:
        _, said = process.communicate(timeout=900)
    assert process.returncode == 0, said
    assert thresholds(tmp_path) == expected
    assert killed


def test_the_driver_is_killed_under_dask_and_goes_on(expected: Any, tmp_path: Path) -> None:
    """Twenty kills of the driver, each resumed; nothing that was saved is lost, nothing is there twice."""
    command = [*HARNESS, "run", "quickstart", "--quiet", "--out", str(tmp_path), "--executor", "dask", "--workers", "2"]
    saved = 0
    for kill in range(20):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(timeout=3.0 + 0.4 * kill)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        file = tmp_path / "results.sqlite"
        if file.exists():
            with sqlite3.connect(f"file:{file}", uri=True) as db:
                if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'outcomes'").fetchone():
                    assert saved == 0  # killed before there was anything to save
                    continue
                (count,) = db.execute("SELECT count(*) FROM outcomes").fetchone()
                different = "SELECT count(*) FROM (SELECT DISTINCT key, n, d, k, seed FROM outcomes)"
                (distinct,) = db.execute(different).fetchone()
            assert count == distinct >= saved
            saved = count
    assert run(tmp_path, "--executor", "dask", "--workers", "2").returncode == 0
    assert thresholds(tmp_path) == expected


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ip"), reason="needs network namespaces")
def test_scheduler_and_workers_on_hosts_of_their_own(expected: Any, tmp_path: Path) -> None:
    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    names = [f"harness-{os.getpid()}-{i}" for i in range(2)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", names[0], "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", names[1])
        for i, name in enumerate(names):
            ip("-n", name, "addr", "add", f"10.77.0.{i + 1}/24", "dev", f"veth{i}")
            ip("-n", name, "link", "set", f"veth{i}", "up")
        here, there = (["ip", "netns", "exec", name, sys.executable, "-m"] for name in names)
        scheduler = [*here, "distributed.cli.dask_scheduler", "--host", "10.77.0.1", "--port", "8786", "--no-dashboard"]
        started.append(subprocess.Popen(scheduler, **QUIET))
        time.sleep(3)
        worker = [*there, "distributed.cli.dask_worker", "tcp://10.77.0.1:8786", "--nthreads", "1", "--no-dashboard"]
        places = [str(tmp_path / name) for name in ("w0", "w1")]
        started += [subprocess.Popen([*worker, "--local-directory", place], **QUIET) for place in places]
        out = tmp_path / "out"
        command = ["ip", "netns", "exec", names[0], *HARNESS, "run", "quickstart", "--quiet", "--out", str(out)]
        done = subprocess.run(
            [*command, "--scheduler", "tcp://10.77.0.1:8786"], capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
        assert thresholds(out) == expected
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


MINE = """
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from harness import Initializer, hookimpl
from harness.builtin.initializers import LeCun

@dataclass(frozen=True)
class Mine(LeCun):
    name: ClassVar[str] = "mine"

    def draw(self, model, problem, k, rng):
        factor = float(Path(__file__).with_name("factor.txt").read_text(encoding="utf-8"))
        return {name: factor * value for name, value in super().draw(model, problem, k, rng).items()}

@hookimpl
def harness_initializers():
    return [Mine]
"""
SMALL = """
plugins = ["mine.py"]
[suite]
name = "mine"
[problems]
dataset = "sphere"
n = 12
d = 5
[budget]
steps = 50
tolerances = [0.5]
[search]
method = "grid"
widths = [2]
trials = 4
[[regimes]]
name = "own"
use = "moderate"
initializer = { use = "mine" }
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs mount namespaces")
@pytest.mark.parametrize(
    ("file", "text", "status", "words"),
    [
        ("mine.py", MINE.replace("factor *", "2 * factor *"), 3, "another text of plugin file"),
        ("mine.py", None, 3, "has no plugin file"),
        ("factor.txt", "4.0", 3, "or a data file of it (factor.txt) was changed since the run began; run again"),
        ("factor.txt", "1.0", 0, ""),
    ],
    ids=["other code", "no code", "other data", "the same"],
)
def test_a_plugin_that_workers_see_otherwise_trains_nothing(
    file: str, text: str | None, status: int, words: str, tmp_path: Path
) -> None:
    """The driver and the worker have file systems of their own, with folders of the same name."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for name, content in {"mine.py": MINE, "factor.txt": "1.0", "mine.toml": SMALL}.items():
        (here / name).write_text(content, encoding="utf-8")
    shutil.copytree(here, there)
    if text is None:
        (there / file).unlink()
    else:
        (there / file).write_text(text, encoding="utf-8")
    address = tmp_path / "scheduler.json"
    module = [sys.executable, "-m"]
    scheduler = [*module, "distributed.cli.dask_scheduler", "--scheduler-file", str(address), "--port", "0"]
    worker = [*module, "distributed.cli.dask_worker", "--scheduler-file", str(address), "--nthreads", "1"]
    local = ["--no-dashboard", "--host", "127.0.0.1"]
    mounted = f'mount --bind "{there}" "{here}" && exec "$@"'
    started = [subprocess.Popen([*scheduler, *local], **QUIET)]
    try:
        while not address.exists():
            time.sleep(0.1)
        namespace = ["unshare", "-m", "sh", "-c", mounted, "sh"]
        started.append(subprocess.Popen([*namespace, *worker, *local, "--local-directory", str(tmp_path)], **QUIET))
        done = subprocess.run(
            [*HARNESS, "run", "mine.toml", "--quiet", "--out", "out", "--scheduler", str(address)],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if status:
        assert "0 trials are saved" in done.stderr
