"""Runs that are killed, locked and edited at random: ``python -m tests.endurance DIRECTORY SECONDS SEED``.

Each is the command ``harness run`` over regimes of all shipped plugins and one of a plugin file, with an executor that
is chosen anew each time it goes on. After each, its outcomes are compared with those of an uninterrupted run.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from harness.components.outcome_record import digits
from harness.driver.loading import load_results
from harness.plugin_host.loading import load_plugins
from harness.store import FILE, StoreError
from tests.plugin_host.edited_plugin import CODE, EDITED

REGIMES = ("moderate", "output-only", "ntk-du", "linearized", "narrow", "train-all")
SUITE = (
    """
[suite]
name = "endurance"
seed = 7
[problems]
dataset = "sphere"
n = [16, 24]
d = 5
[budget]
steps = 400
tolerances = [0.5, 0.1]
report_tolerance = 0.1
[search]
trials = 40
"""
    + "".join(f'[[regimes]]\nname = "{name}"\nuse = "{name}"\n' for name in REGIMES)
    + """
[[regimes]]
name = "own"
use = "moderate"
initializer = { use = "half" }
"""
)
EXECUTORS = ("in-process", "local", "dask")
ACTIONS = {"kill": 3, "terminate": 2, "worker": 4, "lock": 1, "comment": 1, "edit": 3, "verify": 1, "plan": 1}
"""What is done to runs, with how often."""
PATIENCE = 1200.0
"""Longest time of a run that was disturbed, in seconds. A busy machine takes minutes to start workers."""
STATUSES = {0, 3, 130, -signal.SIGKILL}
"""Exit statuses that a run which is disturbed may have: done, go on, interrupted, killed."""
TRACKER = re.compile(r'Traceback .*\n  File ".*/multiprocessing/resource_tracker\.py", .*\n.*\nKeyError: .*\n')
"""The words of the process in which Python itself counts semaphores, if another was killed before it."""

Found = dict[tuple[Any, ...], Any]


def stored(folder: Path, code: str = CODE) -> Found:
    """Return the digits of each outcome that a run directory holds, of regimes that the code trained."""
    plugin = folder.parent / f"{folder.name}-read" / "mine.py"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(code, encoding="utf-8")
    results = load_results(folder, registry=load_plugins([plugin]))
    if results.provenance.get("edited"):  # trained while the file was another
        results.outcomes.update({cell: () for cell in results.outcomes if cell.regime == "own"})
    return {(*vars(cell).values(), one.seed): digits(one) for cell, all_ in results.outcomes.items() for one in all_}


class Runs:
    """The commands of one campaign.

    Attributes:
        folder: Folder of the suite, the plugin and the run directories.
        moments: Source of all random choices.
        counts: Number of times that each thing happened.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        """Write the suite and the plugin."""
        self.folder, self.moments, self.counts = folder, random.Random(seed), Counter[str]()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "suite.toml").write_text(SUITE, encoding="utf-8")
        self.write(CODE)

    def write(self, code: str) -> None:
        """Write the plugin at once, as editors do."""
        beside = self.folder / "mine.py.new"
        beside.write_text(code, encoding="utf-8")
        beside.replace(self.folder / "mine.py")

    def command(self, verb: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a verb, with its standard error in a file."""
        command = [sys.executable, "-c", "from harness.cli import main; main()", verb, *arguments]
        with (self.folder / "stderr").open("wb") as said:
            return subprocess.Popen(
                [*command, "--plugin", "mine.py"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=said
            )

    def run(self, out: str, executor: str) -> subprocess.Popen[bytes]:
        """Start or continue a run."""
        return self.command("run", "suite.toml", "--out", out, "--quiet", "--executor", executor, "--workers", "2")

    def disturb(self, run: subprocess.Popen[bytes], out: str) -> None:
        """Do one thing to a run."""
        (action,) = self.moments.choices(list(ACTIONS), list(ACTIONS.values()))
        self.counts[action] += 1
        if action in ("kill", "terminate"):
            run.send_signal(signal.SIGKILL if action == "kill" else signal.SIGTERM)
        elif action == "worker":
            self._kill_worker(run.pid)
        elif action == "lock":
            with self._locked(self.folder / out / FILE):
                time.sleep(1.0)
        elif action == "comment":
            self.write(f"{CODE}# {self.moments.random()}\n")
        elif action == "edit":
            self.write(EDITED)
        else:  # reads the file that the run writes, and is killed
            with contextlib.suppress(subprocess.TimeoutExpired):
                arguments = (out, "--workers", "1") if action == "verify" else ("suite.toml", "--out", out)
                reader = self.command(action, *arguments)
                reader.wait(self.moments.uniform(0.5, 6.0))
            reader.kill()
            reader.wait()

    def _kill_worker(self, driver: int) -> None:
        with contextlib.suppress(psutil.Error):
            below = [one for one in psutil.Process(driver).children(recursive=True) if one.is_running()]
            if below:
                self.counts["workers killed"] += 1
                self.moments.choice(below).kill()

    @contextlib.contextmanager
    def _locked(self, file: Path) -> Iterator[None]:
        if not file.exists():
            yield
            return
        with contextlib.closing(sqlite3.connect(file, timeout=5.0)) as db:
            with contextlib.suppress(sqlite3.Error):  # the run writes
                db.execute("BEGIN EXCLUSIVE")
            yield

    def disturbed(self, out: str, longest: float) -> int:
        """Go on with a run, disturb it after a random time, and return its status once it has ended."""
        executor = self.moments.choice(EXECUTORS)
        run = self.run(out, executor)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(self.moments.uniform(1.0, 0.6 * longest))
        if run.poll() is None:
            self.disturb(run, out)
        status = run.wait(PATIENCE)
        self.counts[f"{executor}, status {status}"] += 1
        said = (self.folder / "stderr").read_text(encoding="utf-8", errors="replace")
        assert status in STATUSES, (status, said[-3000:])
        assert "Traceback" not in TRACKER.sub("", said), said[-3000:]
        return status


def whole(runs: Runs) -> tuple[Found, Found, float]:
    """Return the outcomes of uninterrupted runs with both codes, and the time of the first in seconds."""
    start = time.monotonic()
    assert runs.run("whole", "in-process").wait(PATIENCE) == 0
    seconds = time.monotonic() - start
    runs.write(EDITED)
    assert runs.run("whole-edited", "in-process").wait(PATIENCE) == 0
    runs.write(CODE)
    return stored(runs.folder / "whole"), stored(runs.folder / "whole-edited", EDITED), seconds


def main(folder: Path, seconds: float, seed: int) -> dict[str, int]:
    """Disturb runs for some time, and return what happened."""
    runs = Runs(folder, seed)
    expected, edited, longest = whole(runs)
    end, number = time.monotonic() + seconds, 0
    before: Found = {}
    while time.monotonic() < end or before:
        out = str(number)
        if time.monotonic() >= end:  # let the last come to its end
            runs.write(CODE)
            status = runs.run(out, runs.moments.choice(EXECUTORS)).wait(PATIENCE)
            assert status == 0, (runs.folder / "stderr").read_text(encoding="utf-8")[-3000:]
        else:
            status = runs.disturbed(out, longest)
        now_is_edited = (runs.folder / "mine.py").read_text(encoding="utf-8") == EDITED
        runs.write(CODE)
        with contextlib.suppress(StoreError):  # nothing is there yet
            now = stored(folder / out)
            assert now.items() <= expected.items(), "an outcome differs from that of the uninterrupted run"
            shipped = {place for place in before if place[0] != "own"}
            assert shipped <= now.keys(), "an outcome that was stored is lost"
            before = now
        if status == 0 and not now_is_edited:
            assert before.keys() == expected.keys()
            runs.counts["finished"] += 1
            number, before = number + 1, {}
    assert edited.keys() != expected.keys() or edited != expected
    return dict(sorted(runs.counts.items())) | {"trials": len(expected)}


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))) + "\n")
