"""Where the results are that a verb reads: a run directory, an archive, or the directory of a suite's run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import WrongInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.driver.results import Results
    from harness.exchange.archive_reader import Unpacked
    from harness.plugin_host.registry import Registry


@dataclass(frozen=True)
class Source:
    """Results, and what they were read from.

    Attributes:
        name: What the user called it.
        results: What is in it.
        archive: The archive that they were unpacked from, if they were.
    """

    name: str
    results: Results
    archive: Unpacked | None = None


def read_source(source: str, plugin_files: tuple[str, ...], *, trust: bool) -> Source:
    """Read results; an archive stays unpacked until the verb is over.

    Args:
        source: A run directory, an archive, the name of a suite that ran here, or a suite file.
        plugin_files: Files with further components, named by the user.
        trust: Whether to load those that the data name, wherever they are.

    Raises:
        WrongInput: If there are no results, or they cannot be read.
    """
    from harness.cli.options import load, run_directory
    from harness.driver.loading import load_results
    from harness.exchange.archive_reader import is_archive
    from harness.plugin_host.loading import load_plugins

    path = Path(source)
    if is_archive(path):
        return _read_archive(path, plugin_files, trust=trust)
    named = Path("reports") / source
    directory = path if path.is_dir() else named if path.name == source and named.is_dir() else None
    if directory is None:
        suite, registry = load(source, plugin_files, trust=trust)
        return _read(source, lambda: load_results(run_directory(suite, None), suite, registry))
    given = load_plugins(plugin_files) if plugin_files else None
    return _read(source, lambda: load_results(directory, None, given, trust_plugins=trust))


def _read(name: str, results: Callable[[], Results], archive: Unpacked | None = None) -> Source:
    from harness.driver.threshold_searches import RegimeError
    from harness.store import StoreError
    from harness.suite import SuiteError

    try:
        return Source(name, results(), archive)
    except (StoreError, SuiteError, RegimeError, ValueError) as error:  # the last: data that are not where they were
        said = str(error) if archive is None else str(error).replace(str(archive.directory), name)
        raise WrongInput(said) from error


def _read_archive(file: Path, plugin_files: tuple[str, ...], *, trust: bool) -> Source:
    from harness.driver.loading import load_results
    from harness.exchange.archive import ArchiveError
    from harness.exchange.archive_reader import unpacked

    context = click.get_current_context()
    try:
        archive = context.with_resource(unpacked(file))
    except ArchiveError as error:
        raise WrongInput(str(error)) from error
    registry = _plugins(archive, plugin_files, trust=trust)
    return _read(str(file), lambda: load_results(archive.directory, None, registry), archive)


def _plugins(archive: Unpacked, plugin_files: tuple[str, ...], *, trust: bool) -> Registry:
    """Load the plugins an archive needs: those that came with it only if they are trusted."""
    from harness.plugin_host.loading import load_plugins

    if archive.plugin_files and not trust and not plugin_files:
        names = [path.relative_to(archive.directory).as_posix() for path in archive.plugin_files]
        raise WrongInput(
            f"{archive.file} was made with plugin files that came with it: {', '.join(names)}; they are code: read "
            f"them (unzip -p {archive.file} {names[0]}), then load them with --trust-plugins, or name your own copy "
            "with --plugin"
        )
    return load_plugins([*plugin_files, *(archive.plugin_files if trust else ())])
