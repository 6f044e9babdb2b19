"""Load the results of a run directory, an archive, or the run of a suite."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.complaints import Complaint, printable, show

if TYPE_CHECKING:
    from harness.exchange.archive_reader import Unpacked
    from harness.plugin_host.registry import Registry
    from harness.session.results import Results
    from harness.suite import Suite

REPORTS = Path("reports")
"""Folder of runs, below the current directory."""


@dataclass(frozen=True)
class Located:
    """A run directory, and the suite by which it was found.

    Attributes:
        directory: The run directory.
        suite: The suite that was named, or None if a directory or a run was.
        registry: The plugins of the suite.
    """

    directory: Path
    suite: Suite | None = None
    registry: Registry | None = None


@dataclass(frozen=True)
class Source:
    """Results, and where they were read from.

    Attributes:
        name: Name that the caller gave.
        results: The results.
        archive: The archive that they were unpacked from; None for a run directory.
    """

    name: str
    results: Results
    archive: Unpacked | None = None


def load(source: str | Path, *, plugin_files: Iterable[str | Path] = (), trust_plugins: bool = False) -> Results:
    """Return the results of a run, without training anything.

    Args:
        source: A run directory, an archive that ``harness export`` wrote, the name of a suite that ran in reports/
            below the current directory, or a suite file.
        plugin_files: Files with further components.
        trust_plugins: Whether to load the plugin files that the results name, wherever they are.

    Raises:
        StoreError: If there are no results, or they cannot be read.
        ArchiveError: If the archive is damaged, or needs plugin files that are not trusted.
        SuiteError: If the suite of the results cannot be read with the plugins at hand.
        ValueError: If a regime cannot be made, or data are not where they were.
        TypeError: If the source is neither a text nor a path.

    >>> load("no-such-run")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    harness.suite.source.SuiteError: no-such-run: there is no such file, and no suite of this name (...)
    """
    with opened(source, plugin_files, trust_plugins=trust_plugins) as read:
        return read.results if read.archive is None else replace(read.results, directory=None)


@contextmanager
def opened(
    source: str | Path, plugin_files: Iterable[str | Path] = (), *, trust_plugins: bool = False
) -> Iterator[Source]:
    """Read results; an archive stays unpacked until the context ends.

    Arguments and errors are those of :func:`load`.
    """
    from harness.driver.loading import load_results
    from harness.exchange.archive_reader import is_archive
    from harness.plugin_host.loading import load_plugins
    from harness.session.results import Results

    if not isinstance(source, str | Path):
        raise TypeError(f"source: found {show(source)}, expected a run directory, an archive or a suite")
    path, files = Path(source), tuple(plugin_files)
    if is_archive(path):
        with _unpacked(path, files, trust_plugins=trust_plugins) as read:
            yield read
        return
    found = located(source, files, trust_plugins=trust_plugins)
    if found.suite is None:
        registry = load_plugins(files) if files else None
        results = load_results(found.directory, None, registry, trust_plugins=trust_plugins)
    else:
        results = load_results(found.directory, found.suite, found.registry)
    yield Source(str(source), Results.of(results))


def located(source: str | Path, plugin_files: Iterable[str | Path] = (), *, trust_plugins: bool = False) -> Located:
    """Return the run directory that a source names, whether or not it has results.

    Args:
        source: A run directory, the name of a run in reports/ below the current directory, the name of a suite, or a
            suite file.
        plugin_files: Files with further components, which a suite may use.
        trust_plugins: Whether to load the plugin files that a suite names, wherever they are.

    Returns:
        The directory, with the suite if there is neither such a directory nor such a run.

    Raises:
        SuiteError: If there is no such suite either, or it has faults.
    """
    from harness import suite as suites

    path = Path(source)
    named = REPORTS / path
    bare = path.name == str(source)
    # os.path.isdir returns False for names that no file can have; Path.is_dir raises.
    directory = next((p for p in (path, *([named] if bare else [])) if os.path.isdir(p)), None)
    if directory is not None:
        return Located(directory)
    try:
        suite, registry = suites.load_suite(source, plugin_files=plugin_files, trust_plugins=trust_plugins)
    except suites.SuiteError as error:
        found = [replace(one, message=f"{one.message}{_runs_here(path, one)}") for one in error.complaints]
        raise suites.SuiteError(found, error.path) from None
    return Located(REPORTS / suite.name, suite, registry)


def _runs_here(path: Path, complaint: Complaint) -> str:
    """Return the runs that are here, and how to make the one that is missing, where a complaint is that it is."""
    if complaint.code != "no-such-file":
        return ""
    runs = sorted(file.parent.name for file in REPORTS.glob("*/results.sqlite"))
    here = f"; runs in reports/ are {', '.join(map(printable, runs))}" if runs else ""
    suite = path.name + ".toml"
    return f"{here}; harness run {suite} makes it" if suite == printable(suite) and Path(suite).is_file() else here


@contextmanager
def _unpacked(file: Path, plugin_files: tuple[str | Path, ...], *, trust_plugins: bool) -> Iterator[Source]:
    from harness.driver.loading import load_results
    from harness.exchange.archive import ArchiveError
    from harness.exchange.archive_reader import unpacked
    from harness.session.results import Results
    from harness.store import StoreError

    with unpacked(file) as archive:
        registry = _plugins(archive, plugin_files, trust_plugins=trust_plugins)
        try:
            results = Results.of(load_results(archive.directory, None, registry))
        except (StoreError, ValueError) as error:  # the folder is gone when the user reads the message
            raise ArchiveError(str(error).replace(str(archive.directory), str(file))) from error
        yield Source(str(file), results, archive)


def _plugins(archive: Unpacked, plugin_files: tuple[str | Path, ...], *, trust_plugins: bool) -> Registry:
    """Load the plugins that an archive needs; those that came with it only if they are trusted."""
    from harness.exchange.archive import ArchiveError
    from harness.plugin_host.loading import load_plugins

    if archive.plugin_files and not trust_plugins and not plugin_files:
        names = [path.relative_to(archive.directory).as_posix() for path in archive.plugin_files]
        raise ArchiveError(
            f"{archive.file} was made with plugin files that came with it: {', '.join(names)}; they are code: read "
            f"them (unzip -p {archive.file} {names[0]}), then load them with --trust-plugins, or name your own copy "
            "with --plugin"
        )
    return load_plugins([*plugin_files, *(archive.plugin_files if trust_plugins else ())])
