"""The processor time of starts: of plans, of runs that train nothing, and of workers, with all processes they start."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MANY = 9
"""Workers that are started together, to be compared with one."""


@dataclass(frozen=True)
class Start:
    """What was found for one start.

    Attributes:
        name: What starts.
        seconds: Median processor time.
        goal: Seconds below which it should stay, or None.
    """

    name: str
    seconds: float
    goal: float | None


def processor_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the processor time of a command and its descendants.

    Args:
        command: Arguments of Python.
        environment: Variables to set.

    Raises:
        RuntimeError: If it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.process_tree", sys.executable, *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
    return float(done.stderr.split()[-1])


def measure(plan: str, run: str, repetitions: int) -> list[Start]:
    """Measure plans of one suite, second runs of another, and workers.

    Args:
        plan: A suite that is planned.
        run: A suite that is run.
        repetitions: Rounds in which everything is measured in turn, after one that warms up.
    """
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        variables = {"HARNESS_CACHE": str(cache)}

        def harness(*arguments: str) -> float:
            return processor_seconds(["-m", "harness", *arguments], variables)

        def start(count: int) -> float:
            return processor_seconds(["-m", "benchmarks.start_workers", str(count)], variables)

        def first_plan() -> float:
            for file in cache.glob("costs*"):  # kernels stay
                file.unlink()
            return harness("plan", plan, "--out", f"{folder}/plan")

        actions: dict[str, Callable[[], float]] = {
            "first plan": first_plan,
            "plan": lambda: harness("plan", plan, "--out", f"{folder}/plan"),
            "second run": lambda: harness("run", run, "--out", f"{folder}/run", "--quiet"),
            "no worker": lambda: start(0),
            "one worker": lambda: start(1),
            "workers": lambda: start(MANY),
        }
        times: dict[str, list[float]] = {name: [] for name in actions}
        for repetition in range(repetitions + 1):  # the first compiles kernels, and trains what the others find stored
            for name, action in actions.items():
                taken = action()
                if repetition:
                    times[name].append(taken)
    one = [(b - a) / (MANY - 1) for a, b in zip(times["one worker"], times["workers"], strict=True)]
    imports = [b - a for a, b in zip(times["no worker"], times["one worker"], strict=True)]
    return [
        Start(f"harness plan {plan}, the first on a machine", statistics.median(times["first plan"]), None),
        Start(f"harness plan {plan}", statistics.median(times["plan"]), 2.0),
        Start(f"harness run {run}, a second time", statistics.median(times["second run"]), 1.0),
        Start("imports of all workers", statistics.median(imports), None),
        Start("a worker after that", statistics.median(one), 1.0),
    ]
