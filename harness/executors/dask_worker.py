"""Training of batches in a worker of a Dask cluster, which receives them as plain data."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.components import Cell
from harness.components.executor import Attempt, Batch
from harness.components.fault import Fault
from harness.components.outcome_record import decode, row

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

LATE = "harness-late"
"""Topic of the events that workers send before they end themselves."""

Plain = dict[str, Any]


class Mismatch(RuntimeError):
    """The plugins or solvers of a worker differ from those of the driver."""


def plugin_set(files: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of everything that fixes the numbers of a batch by name, and digests of plugin files."""
    from harness.plugin_host.loading import load_plugins

    return _versions(load_plugins(files=files), files)


def _versions(registry: Registry, files: tuple[str, ...]) -> dict[str, str]:
    import torch

    import harness

    versions = {"convergence-harness": harness.__version__, "torch": torch.__version__.split("+")[0]}
    versions |= {p.name: f"{p.package} {p.version}" for p in registry if p.status == "ok" and not p.is_file}
    return versions | {file: _digest(file) for file in files}


def _digest(file: str) -> str:
    path = Path(file)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "missing"


_known: dict[tuple[tuple[str, str], ...], tuple[Registry, dict[str, str]]] = {}
"""The plugins of this worker and their versions, by the names and digests of the files they were loaded from."""


def train_message(message: Plain) -> Plain:
    """Train a batch in a worker.

    Args:
        message: The batch as plain data.

    Returns:
        The attempt as plain data.

    Raises:
        Mismatch: If the plugins or solvers of this worker are not those of the driver.
    """
    _pin_gpu(message["setting"]["device"])
    from harness.executors.attempt import attempt  # brings torch
    from harness.executors.leftovers import end_forks

    registry = _registry(tuple(message["files"]), message["plugins"])
    _check_solver(message["setting"], registry)
    seeds, limit = tuple(message["seeds"]), message["trial_seconds"]
    batch = Batch(Cell(**message["cell"]), seeds, message["setting"], message["key"], limit, message["code"])
    forks: set[int] = set()
    _bind_forks()
    try:
        with _time_limit(batch) as turn:
            return record_of(attempt(batch, registry, forks, turn))
    finally:
        end_forks(forks)  # the worker lives on after the run


@functools.cache
def _bind_forks() -> None:
    """Let forks end with the thread of this worker that made them, as they would outlive a worker that crashes."""
    from harness.executors.leftovers import end_forks_with_this_process

    end_forks_with_this_process()


@contextlib.contextmanager
def _time_limit(batch: Batch) -> Iterator[Callable[[int | None], None]]:
    """End this worker if it takes longer, because a plugin that hangs cannot be stopped. It sends an event first.

    Yields:
        Function that begins the time anew, for the trial of a seed or, with None, for the batch.
    """
    from distributed import get_worker

    worker, own = get_worker(), os.getpid()
    key = worker.get_current_task()
    timer = threading.Timer(0.0, lambda: None)

    def end(turn: int | None) -> None:
        worker.log_event(LATE, (key, turn))
        time.sleep(1.0)  # until the event is sent
        os._exit(1)

    def begin(turn: int | None) -> None:
        nonlocal timer
        if os.getpid() != own:  # a fork that a plugin let return
            return
        timer.cancel()
        timer = threading.Timer(min(batch.longest(turn), threading.TIMEOUT_MAX), end, [turn])
        timer.daemon = True
        timer.start()

    begin(None)
    try:
        yield begin
    finally:
        timer.cancel()


def _registry(files: tuple[str, ...], wanted: dict[str, str]) -> Registry:
    from harness.plugin_host.loading import load_plugins

    texts = tuple((file, _digest(file)) for file in files)
    if texts not in _known:
        if missing := [file for file, digest in texts if digest == "missing"]:
            raise Mismatch(f"{_here()} has no plugin file {missing[0]}")
        registry = load_plugins(files=files)
        _known[texts] = registry, _versions(registry, files)
    registry, found = _known[texts]
    for name in sorted(wanted.keys() | found.keys()):
        if name in files and name in wanted and wanted[name] != found.get(name):
            raise Mismatch(
                f"{_here()} has another text of plugin file {name} than the driver, or it was changed since the run "
                "began; run again"
            )
        if wanted.get(name) != found.get(name):
            raise Mismatch(
                f"{_here()} has {name} {found.get(name, 'not at all')}, the driver has it "
                f"{wanted.get(name, 'not at all')}: install the same on both"
            )
    return registry


def _check_solver(setting: Plain, registry: Registry) -> None:
    from harness.engine.setting import rebuild

    try:
        here = rebuild(setting, registry)
    except Exception:  # training raises the same, and its errors are caught
        return
    solver = here.solver
    if solver is not None and (reason := solver.why_not(here.regime, here.dtype, here.device, here.q)):
        raise Mismatch(f"{_here()} lacks the {solver.name} solver that the driver has ({reason})")


def _here() -> str:
    from distributed import get_worker

    return f"worker {get_worker().address}"


def _pin_gpu(device: str) -> None:
    """Give each worker of one machine a GPU of its own, before CUDA is first touched."""
    import torch
    from distributed import get_worker

    name = get_worker().name
    if device != "cuda" or "CUDA_VISIBLE_DEVICES" in os.environ or torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # torch does not type it
        return
    if isinstance(name, int):  # as a cluster of this machine numbers them
        os.environ["CUDA_VISIBLE_DEVICES"] = str(name)


def record_of(found: Attempt) -> Plain:
    """Return what became of a batch as plain data."""
    fault = asdict(found.fault) if found.fault else None
    return {
        "outcomes": [row(outcome) for outcome in found.outcomes],
        "fault": fault,
        "warnings": list(found.warnings),
        "left": list(found.left),
    }


def attempt_of(record: Plain) -> Attempt:
    """Return what became of a batch from its plain data.

    Raises:
        ValueError: If an outcome has fields that this version does not know.
    """
    fault = record["fault"]
    outcomes = tuple(decode(*outcome) for outcome in record["outcomes"])
    return Attempt(outcomes, Fault(**fault) if fault else None, tuple(record["warnings"]), tuple(record["left"]))
