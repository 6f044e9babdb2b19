"""A small suite that is killed at random moments and goes on: ``python -m tests.crash DIRECTORY KILLS SEED [SIZES]``.

Runs are forked from one process that has imported everything, so that hundreds of them take minutes. Each tells over a
pipe what it was told is saved; after each kill the file is read by SQLite alone and compared with what an
uninterrupted run stored.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import harness.engine.work  # noqa: F401  # once, before the forks
from harness.driver.run import Run
from harness.executors.in_process import InProcess
from harness.plugin_host.loading import load_plugins
from harness.report.export import thresholds_record
from harness.store import FILE, Store
from harness.suite import parse_suite

SUITE = """
[suite]
name = "crash"
seed = 5
[problems]
dataset = "sphere"
n = SIZES
d = [4, 5]
[budget]
steps = 200
tolerances = [0.5, 0.1]
report_tolerance = 0.1
[search]
trials = 80
[[regimes]]
use = "moderate"
[[regimes]]
use = "output-only"
[[regimes]]
use = "moderate"
activation = "relu"
"""

Rows = dict[tuple[object, ...], str]
REGISTRY = load_plugins()
SIZES = sys.argv[4] if len(sys.argv) > 4 else "[12, 16, 20, 24]"


def run(directory: Path, told: Callable[[int], None]) -> None:
    """Run the suite to its end, telling after each batch how many trials were reported as saved."""
    suite = parse_suite(SUITE.replace("SIZES", SIZES), REGISTRY)
    with Store(directory, exclusive=True) as store:
        going = Run(suite, REGISTRY, store, "cpu")
        going.begin()
        results = going.go(InProcess(), lambda now: told(now.plan.reused + now.trained))
    record = dict(thresholds_record(results))
    del record["provenance"]
    (directory / "record.json").write_text(json.dumps(record, sort_keys=True), encoding="utf-8")


def forked(directory: Path, seconds: float) -> tuple[int, bool]:
    """Run in a child and kill it after some time; return what it had reported as saved, and whether it was killed."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        run(directory, lambda saved: void(os.write(theirs, struct.pack("q", saved))))
        os._exit(0)
    os.close(theirs)
    end, saved = time.monotonic() + seconds, 0
    while (left := end - time.monotonic()) > 0:
        if select.select([ours], [], [], left)[0]:
            if not (message := os.read(ours, 8)):
                break
            (saved,) = struct.unpack("q", message)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while message := os.read(ours, 8):
        (saved,) = struct.unpack("q", message)
    os.close(ours)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"the run failed with status {os.WEXITSTATUS(status)}")
    return saved, os.WIFSIGNALED(status)


def void(_: object) -> None:
    """Do nothing with it."""


def rows(directory: Path) -> Rows:
    """Return what is stored, as SQLite finds it."""
    if not (directory / FILE).exists():
        return {}
    db = sqlite3.connect(directory / FILE)
    try:
        (verdict,) = db.execute("PRAGMA integrity_check").fetchone()
        assert verdict == "ok", verdict
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            return {}
        found = db.execute("SELECT key, n, d, k, seed, record FROM outcomes").fetchall()
        stored: Rows = {tuple(row[:5]): str(row[5]) for row in found}
        assert len(stored) == len(found), "a trial is stored twice"
        rounds = {tuple(row[:8]): str(row[8]) for row in db.execute("SELECT * FROM rounds")}
        asked = {
            (key, n, d, k, seed)
            for (key, n, d, *_), text in rounds.items()
            for k, first, trials in json.loads(text)
            for seed in range(first, first + trials)
        }
        assert stored.keys() <= asked, "a trial is stored that no round in the ledger asked for"
        return stored | rounds
    finally:
        db.close()


def is_trial(place: tuple[object, ...]) -> bool:
    """Tell trials from rounds, which have more columns."""
    return len(place) == 5


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill runs until enough were killed; return what happened."""
    moments = random.Random(seed)
    whole = folder / "whole"
    forked(whole, 600.0)
    expected, record = rows(whole), (whole / "record.json").read_text(encoding="utf-8")
    counts = {"kills": 0, "runs": 0, "finished": 0, "journals": 0, "saved": 0, "trials": sum(map(is_trial, expected))}
    directory, before = folder / "0", Rows()
    while counts["kills"] < kills or before or not counts["finished"]:
        counts["runs"] += 1
        last = counts["kills"] >= kills  # let the one in hand come to its end
        saved, killed = forked(directory, 600.0 if last else moments.uniform(0.0, 0.3))
        counts["kills"] += killed
        counts["journals"] += (directory / f"{FILE}-journal").exists()
        now = rows(directory)
        trials = sum(map(is_trial, now))
        assert trials >= saved, f"{saved} were reported as saved, {trials} are there"
        assert now.items() >= before.items(), "a trial or a round that was saved is lost or changed"
        assert now.items() <= expected.items(), "a trial or a round differs from that of the uninterrupted run"
        counts["saved"] += trials - sum(map(is_trial, before))
        before = now
        if not killed:
            assert now == expected
            assert (directory / "record.json").read_text(encoding="utf-8") == record
            counts["finished"] += 1
            directory, before = folder / str(counts["finished"]), Rows()
    return counts


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))) + "\n")
