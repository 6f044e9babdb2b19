"""Peak memory of a run against its number of trials, each in a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.machine import ONE_THREAD

SIZE = (300, 20, 10)
"""(n, d, k): the kernel at the initial weights, from which the stable step follows, is the largest array of a trial."""

STEPS = 50

TRIALS = (10, 100, 1000)


@dataclass(frozen=True)
class Memory:
    """Peak memory of a driver and its one worker.

    Attributes:
        solver: What trains.
        trials: How many, in one cell.
        idle: MiB before the run, with everything imported.
        peak: MiB at most.
        unbounded: MiB that all trials would take if they were held at once, as drawn.
    """

    solver: str
    trials: int
    idle: float
    peak: float
    unbounded: float


def measure(trials: Sequence[int] = TRIALS, solvers: int = 2) -> list[Memory]:
    """Start one process after another, with the fastest solvers that can train the networks.

    Args:
        trials: Numbers of trials.
        solvers: How many solvers.
    """
    from benchmarks.case import Case
    from benchmarks.engine_solver import able

    names = [solver.name for solver in islice(able(Case(SIZE)), solvers)]
    return [_process(solver, count) for solver in names for count in trials]


def _process(solver: str, trials: int) -> Memory:
    command = [sys.executable, "-m", "benchmarks.memory", str(trials), solver]
    environment = {**os.environ, **ONE_THREAD}
    root = Path(__file__).parent.parent
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
    found = json.loads(done.stdout)
    n, d, _ = SIZE
    return Memory(solver, trials, found["idle"], found["peak"], trials * 8 * (n * n + n * d) / 2**20)


def peak() -> float:
    """Return the most memory that this process has held, and the largest of its children that have ended, in MiB.

    Where the system keeps it, the high-water mark of the address space is read: the one of ``getrusage`` outlives
    the exec that started the program, and so may be the parent's.
    """
    unit = 2**20 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return children + int(line.split()[1]) / 1024
    return children + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Run a suite of so many trials in this process; print idle and peak memory and the solver as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("trials", type=int)
    parser.add_argument("solver")
    arguments = parser.parse_args()

    from benchmarks.uniform_suite import suite_of
    from harness.driver.run import Run
    from harness.executors.in_process import InProcess
    from harness.plugin_host.loading import load_plugins
    from harness.store import Store

    registry = load_plugins()

    def go(count: int) -> str:
        with tempfile.TemporaryDirectory() as directory, Store(Path(directory)) as store, InProcess() as executor:
            run = Run(suite_of(SIZE, 1, count, STEPS, "float32", solver=arguments.solver), registry, store, "cpu")
            run.go(executor)
        (search,) = run.plan.searches
        (outcomes,) = search.known().values()
        if messages := [outcome.message for outcome in outcomes if outcome.message]:
            raise RuntimeError(messages[0])
        return outcomes[0].solver

    go(1)  # imports, and loads the kernel
    idle = peak()
    print(json.dumps({"solver": go(arguments.trials), "idle": idle, "peak": peak()}))


if __name__ == "__main__":
    main()
