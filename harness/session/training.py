"""Run a suite: train what is missing, and write its reports."""

from __future__ import annotations

import logging
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.complaints import printable
from harness.components.executor import UNGUARDED, Executor, LostWorkers
from harness.session.defaults import cores, run_directory
from harness.session.suites import check_problems, loaded
from harness.session.time_limit import TimeLimit

if TYPE_CHECKING:
    from harness.driver.results import Results as DriverResults
    from harness.driver.run import Run
    from harness.driver.sharding import Shard
    from harness.plugin_host.registry import Registry
    from harness.session.results import Results
    from harness.store import Store
    from harness.suite import Suite

PATIENCE = 60.0
"""Seconds that training waits for a dataset of a plugin to draw the problems of a suite. A draw that hangs then costs
its trials their time, and the run no more."""

THEORIES = 20.0
"""Seconds after a limit of time in which theories are still evaluated: all of them, unless n is in the thousands."""

Listener = Callable[["Run"], None]
"""Called with the run after each batch."""


class ExecutorError(ValueError):
    """An executor cannot do what is asked of it."""


def run(
    suite: Suite | str | Path | Mapping[str, Any],
    *,
    workers: int | None = None,
    out: str | Path | None = None,
    progress: bool | Listener = False,
    device: str | None = None,
    limit: bool | None = None,
    executor: str | Executor | None = None,
    scheduler: str | None = None,
    shard: str | Shard | None = None,
    fresh: bool = False,
    reuse_edited: bool = False,
    max_time: float | None = None,
    begin: Listener | None = None,
    notice: Callable[[str], None] | None = None,
) -> Results:
    """Train what is missing of a suite, write its reports, and return its results.

    Running a suite again goes on where it stopped, and trains nothing twice. Worker processes import the script that
    calls this function, so a script makes the call below ``if __name__ == "__main__":``. A notebook
    needs no such line.

    Args:
        suite: A suite, or a source that :func:`load_suite` takes.
        workers: Number of worker processes, by default one for each core.
        out: Run directory, by default reports/<suite>.
        progress: Whether to show the progress on standard error, or a function that is called with the run after each
            batch.
        device: ``cpu``, ``cuda`` or ``cuda:N``, instead of what the suite says.
        limit: Whether to decide the fates of trials with unlimited steps, instead of what the suite says.
        executor: ``local``, ``in-process``, ``pooled``, ``dask``, that of a plugin, or an executor. The default is
            ``local`` on a CPU and ``pooled`` on a GPU.
        scheduler: Address, or scheduler file, of a Dask cluster to join.
        shard: Part of a grid to train, as ``2/5``.
        fresh: Whether to start anew. Earlier results are set aside, not deleted.
        reuse_edited: Whether to reuse trials of third-party plugins that were edited since, or whose code is unknown.
        max_time: Seconds after which the run stops in good order and returns what is known, or None for no limit. They
            count from the call.
        begin: Called with the run before anything is trained.
        notice: Called with each line that the user should see, by default the logger ``harness``.

    Returns:
        The results. Trials that ended in an error are among :meth:`Results.errors`. Faults of plugins that cost no
        trial are :attr:`Results.faults`.

    Raises:
        SuiteError: If the suite cannot be used.
        ProblemError: If the suite asks for problems that its dataset does not have.
        DeviceError: If there is no such device.
        RegimeError: If a regime cannot be trained.
        ShardError: If the suite has no such part.
        ExecutorError: If the executor cannot do what is asked of it.
        UnknownName: If there is no such executor.
        NotInstalled: If the executor needs a package that is not installed.
        StoreError: If the run directory cannot be used, or a :class:`WriteError` if it cannot be written.
        UnguardedScript: If the script calls this function where its workers import it.
        LostWorkers: If workers end again and again.
        OSError: If the reports cannot be written. All trials are saved.

    >>> import tempfile
    >>> small = {
    ...     "suite": {"name": "small"},
    ...     "problems": {"dataset": "sphere", "n": 8, "d": 4},
    ...     "budget": {"steps": 300, "spectrum": False},
    ...     "search": {"method": "grid", "widths": [1, 32], "trials": 2},
    ...     "regimes": [{"use": "moderate"}],
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = run(small, out=folder, executor="in-process")
    ...     again = run(small, out=folder, executor="in-process")
    >>> first.trained, again.trained, again.reused
    (4, 0, 4)
    """
    _stop_if_imported_by_a_worker()
    clock = TimeLimit(max_time)
    from harness.driver.run import Run
    from harness.driver.sharding import Shard
    from harness.engine.device import resolve_device
    from harness.store import GoneError, Store, WriteError, set_aside

    found, registry = loaded(suite)
    found = found.with_limit(limit)
    part = Shard.parse(shard) if isinstance(shard, str) else shard
    if part is not None:
        part.check(found)
    unanswered = check_problems(found, PATIENCE)
    directory = run_directory(found, out)
    where = resolve_device(device or found.budget.device)
    say = notice or logging.getLogger("harness").warning
    if unanswered:
        say(printable(unanswered))
    chosen = _executor(executor, workers, where, registry, scheduler, say)
    if fresh and (aside := set_aside(directory)):
        say(f"earlier results are kept as {aside}")
    with Store(directory, exclusive=True) as store:
        _refuse_other_suite(store, found)
        going = Run(found, registry, store, where, shard=part, reuse_edited=reuse_edited)
        if begin is not None:
            begin(going)
        going.begin()
        if going.plan.missing and clock.left != 0.0:
            from harness.report.progress import progress as shown  # imported late: most of rich is not needed before

            listening = _given(progress) if callable(progress) else shown(not progress)
            try:
                with listening as listen, ExitStack() as started, clock:
                    started.enter_context(chosen)  # which starts in the limit, and ends its workers after it
                    results = going.go(chosen, clock.listening(listen))
            except (KeyboardInterrupt, LostWorkers, WriteError) as error:
                if not (clock.up and isinstance(error, KeyboardInterrupt)):
                    gone = isinstance(error, GoneError)
                    error.add_note("no trial is saved there" if gone else f"{going.plan.done} trials are saved")
                    raise
                results = going.results()
            finally:
                _say_warnings(chosen, say)
        else:
            results = going.results()
    plan = going.plan
    done = replace(results, trained=going.trained, reused=plan.reused, unreached=plan.missing)
    until = math.inf if clock.left is None else time.monotonic() + clock.left + THEORIES
    return _reported(done, directory, chosen.left_running, say, until)


def _reported(
    found: DriverResults, directory: Path, left: Mapping[str, int], say: Callable[[str], None], until: float
) -> Results:
    """Write the reports, say which plugins are at fault, and return the results with that.

    Args:
        found: The results.
        directory: Where reports are written.
        left: What plugins left running, with the number of batches.
        say: Called with each line about a fault.
        until: Time of the monotonic clock from which on no further theory is evaluated.
    """
    from harness.claims.predictions import failures
    from harness.driver.undecided import failed_fates
    from harness.report.predicted import predict_results
    from harness.report.summary import write_reports
    from harness.session.results import Results

    try:
        predictions = predict_results(found, until=until)
        faults = (*_counted(left), *failed_fates(found.outcomes), *failures(predictions))
        results = Results.of(replace(found, faults=faults))
        vars(results)["predictions"] = predictions  # so that they are not made again
        write_reports(results, directory, predictions)
    except OSError as error:
        error.add_note("all trials are saved, but not the reports")
        raise
    for line in faults:
        say(printable(line))
    return results


def _stop_if_imported_by_a_worker() -> None:
    """End a process that multiprocessing started and that imports the user's script: it would start processes again."""
    frame = sys._getframe()  # the only way to see who calls
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__mp_main__":
            os._exit(UNGUARDED)
        frame = frame.f_back  # type: ignore[assignment]  # None at the end


@contextmanager
def _given(listener: Listener) -> Iterator[Listener]:
    yield listener


def _executor(
    named: str | Executor | None,
    workers: int | None,
    device: str,
    registry: Registry,
    scheduler: str | None,
    say: Callable[[str], None],
) -> Executor:
    """Return the executor that is asked for."""
    if isinstance(named, Executor):
        return named
    if workers is not None and workers < 1:
        raise ExecutorError(f"workers: found {workers}, expected a number at least 1")
    usual = "dask" if scheduler else "local" if device == "cpu" else "pooled"
    name = named or usual
    kind: type[Executor] = registry.find("executor", name)
    if scheduler and not kind.joins():
        raise ExecutorError(f"executor {name!r} joins no cluster; write --executor dask, or leave --scheduler out")
    count = workers or (cores() if device == "cpu" or name == "pooled" else 1)  # others share no device
    # It is made first, as it says which package it lacks, and its warning needs that package.
    made = kind(count, tuple(plugin.origin for plugin in registry if plugin.is_file), scheduler or "")
    if scheduler and (unsafe := kind.warning(scheduler)):
        say(f"warning: {printable(unsafe)}")
    return made


def _refuse_other_suite(store: Store, suite: Suite) -> None:
    """Keep a run from replacing the reports of another suite.

    Raises:
        StoreError: If the directory holds those of a suite of another name.
    """
    from harness.store import StoreError

    last = store.last_run()
    before = last.provenance.get("suite") if last is not None else None
    if before not in (None, suite.name):
        raise StoreError(
            f"{store.path.parent} holds results of suite {before!r}, not of {suite.name!r}: choose another directory "
            f"with --out, or set them aside with --fresh; if it is the same suite, name it {before!r} again to go on"
        )


def _say_warnings(executor: Executor, say: Callable[[str], None]) -> None:
    """Say each warning of the workers once."""
    for line in _counted(executor.warned):
        say(f"warning: {printable(line)}")


def _counted(lines: Mapping[str, int]) -> Iterator[str]:
    for line, count in lines.items():
        yield f"{line} (in {count} batches)" if count > 1 else line
