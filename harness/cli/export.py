"""The verb ``harness export``, which writes a run as one file that can be sent, opened and checked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli import completion
from harness.cli.options import PLUGINS, TRUST
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.driver.results import Results


@click.command("export")
@click.argument("source", metavar="RUN_DIR|SUITE", shell_complete=completion.sources)
@click.option("--archive", "file", required=True, metavar="FILE", help="The zip to write.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@PLUGINS
@TRUST
def command(source: str, file: str, force: bool, plugin_files: tuple[str, ...], trust_plugins: bool) -> None:
    """Write a run into one zip: results, suite, tables, plugin files of its own, and a manifest with SHA-256 digests.

    A run that has not ended is exported with the trials that it has. harness report, compare and verify take FILE in
    place of a run directory, on any machine. The same results give the same bytes.

    \b
    harness export quickstart --archive quickstart.zip
    harness report quickstart.zip
    harness verify quickstart.zip --trials 20
    """
    from harness.cli.source import read_source
    from harness.driver.loading import load_results
    from harness.exchange.archive import ArchiveError, write_archive
    from harness.exchange.scratch import scratch
    from harness.report.summary import write_reports
    from harness.store import FILE, Store, StoreError

    target = Path(file)
    if os.path.isdir(target) or not os.path.isdir(target.absolute().parent):  # takes any name
        raise WrongInput(f"--archive {file}: {'is a folder' if os.path.isdir(target) else 'its folder is not there'}")
    if os.path.lexists(target) and not force:  # a link that leads nowhere is there, too
        raise WrongInput(f"--archive {file}: is there already; choose another name, or replace it with --force")
    before = read_source(source, plugin_files, trust=trust_plugins).results
    try:
        with scratch() as folder:
            with Store(before.directory or Path(source), create=False) as store:
                store.copy(folder / FILE)
            results = load_results(folder, None, before.registry)
            write_reports(results, folder)
            _add_texts(results, folder)
            members = write_archive(target, folder, _about(results))
    except (StoreError, ArchiveError, OSError, ValueError) as error:  # the last: data that are not where they were
        raise WrongInput(str(error)) from error
    size = sum(member.size for member in members.values())
    state = f"; {results.lacking}" if results.missing else ""
    echo(
        f"{target}: {len(members)} files, {size} bytes, packed to {target.stat().st_size}; "
        f"{results.trial_count} trials{state}"
    )


def _add_texts(results: Results, folder: Path) -> None:
    """Copy the suite and its plugin files into the folder of the archive."""
    from harness.exchange.archive import PLUGINS as PLACE
    from harness.exchange.archive import SUITE

    (folder / SUITE).write_text(results.suite.text, encoding="utf-8", newline="")
    files = [Path(plugin.origin) for plugin in results.registry if plugin.is_file and plugin.status == "ok"]
    for number, file in enumerate(sorted(files)):
        place = folder / PLACE / (file.name if len(files) == 1 else f"{number}/{file.name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, place)
        except OSError as error:
            raise WrongInput(f"{file} cannot be read: {error.strerror}") from error


def _about(results: Results) -> dict[str, Any]:
    """Return the entries of the manifest that describe the run."""
    return {
        "suite": results.suite.name,
        "title": results.suite.title,
        "trials": results.trial_count,
        "missing": results.missing,
        "provenance": results.provenance,
    }
