"""Plan a run. Nothing that is trained for an estimate is kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.session.defaults import cores, run_directory
from harness.session.suites import check_problems, loaded

if TYPE_CHECKING:
    from harness.driver.estimate import Planned
    from harness.suite import Suite


def plan(
    suite: Suite | str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    device: str | None = None,
    limit: bool | None = None,
    workers: int | None = None,
) -> Planned:
    """Return what a run would train, what is stored of it, and roughly how long the rest takes.

    Args:
        suite: A suite, or a source that :func:`load_suite` takes.
        out: Run directory, by default reports/<suite>.
        device: ``cpu``, ``cuda`` or ``cuda:N``, instead of what the suite says.
        limit: Whether to decide the fates of trials with unlimited steps, instead of what the suite says.
        workers: Number of worker processes, by default one for each core.

    Raises:
        SuiteError: If the suite cannot be used.
        ProblemError: If the suite asks for problems that its dataset does not have.
        StoreError: If what is stored cannot be read.
        DeviceError: If there is no such device.
        RegimeError: If a regime cannot be trained.

    >>> planned = plan("quickstart", out="no-such-directory", device="cpu", workers=2)
    >>> planned.suite, planned.workers, {threshold.stored for threshold in planned.thresholds}
    ('quickstart', 2, {0})
    """
    found, _ = loaded(suite)
    found = found.with_limit(limit)
    check_problems(found)
    return plan_of_checked(found, out=out, device=device, workers=workers)


def plan_of_checked(suite: Suite, *, out: str | Path | None, device: str | None, workers: int | None) -> Planned:
    """Return the plan of a suite of which the caller has drawn the problems, see :func:`plan`."""
    from harness.driver.estimate import estimate
    from harness.engine.device import resolve_device
    from harness.store import StoreError

    found, registry = loaded(suite)
    where = resolve_device(device or found.budget.device)
    directory = run_directory(found, out)
    if os.path.isfile(directory):  # False for names that no file can have, of which Path.is_file raises
        raise StoreError(f"{directory} is a file, expected a folder; choose another directory with --out")
    return estimate(found, registry, directory, where, workers or cores())
