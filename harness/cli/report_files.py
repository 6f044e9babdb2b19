"""Files that ``harness report`` writes: the page and the figures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.components.table import Table
    from harness.report.summary import Predictions
    from harness.session.reading import Source

HERE = "."
"""Value of an option that was given without a path. It means the run's own directory."""


def write_bibtex(tables: Sequence[Table], target: str) -> None:
    """Write the sources of the rows of tables.

    Args:
        tables: The tables.
        target: Path of a .bib file.

    Raises:
        WrongInput: If it is no such path, or cannot be written.
    """
    from harness.report.bibliography import bibliography

    _write("--bibtex", target, ".bib", lambda: bibliography(tables))


def write_provenance(tables: Sequence[Table], target: str) -> None:
    """Write title, caption and provenance of tables, for formats that hold numbers alone.

    Args:
        tables: The tables.
        target: Path of a .json file.

    Raises:
        WrongInput: If it is no such path, or cannot be written.
    """
    from harness.report.json_text import dumps

    record = [
        {"name": one.name, "title": one.title, "caption": one.caption, "provenance": dict(one.provenance)}
        for one in tables
    ]
    _write("--provenance", target, ".json", lambda: dumps(record))


def _write(option: str, target: str, suffix: str, text: Callable[[], str]) -> None:
    """Write the file that an option names, whose name must end as its format does."""
    from harness.draft import replace_text

    path = Path(target)
    if path.suffix != suffix:
        raise WrongInput(f"{option} {target}: expected the name of a {suffix} file")
    try:
        replace_text(path, text())
    except OSError as error:
        raise WrongInput(f"{option} {target}: {error.strerror}") from error


def write_page(source: Source, target: str) -> None:
    """Write ``report.html``, or the file of the given name, and print its path.

    Args:
        source: Results, and where they were read.
        target: Path of the file, or the value of the bare option.

    Raises:
        WrongInput: If it cannot be written, or if the problems of the suite cannot be drawn.
    """
    from harness.report.page import page

    path = _directory(source) / "report.html" if target == HERE else Path(target)
    write_html(path, lambda: page(source.results, _predictions(source)))


def write_html(target: str | Path, made: Callable[[], str]) -> None:
    """Write a page, and print its path.

    Args:
        target: Path of the file, which may be a page that the harness wrote.
        made: Returns the page. It is called after the path was checked.

    Raises:
        WrongInput: If the page cannot be written.
    """
    from harness.draft import replace_text

    path = Path(target)
    if path.is_dir():
        raise WrongInput(
            f"--html {target}: is a directory; name a file, such as {shlex.quote(str(path / 'report.html'))}"
        )
    if path.exists() and not _is_page(path):
        raise WrongInput(f"--html {path}: it exists and is no page of the harness; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = made()
        replace_text(path, text)
    except OSError as error:
        raise WrongInput(f"--html {path}: {error.strerror}") from error
    click.echo(f"wrote {path} ({len(text.encode()) / 1e6:.1f} MB, complete in itself)", err=True)


def _is_page(path: Path) -> bool:
    """Return whether a file is a page that the harness wrote, which may be replaced."""
    with path.open("rb") as file:
        return file.read(64).lstrip().lower().startswith(b"<!doctype html>")


def write_all_figures(source: Source, target: str, formats: Sequence[str]) -> None:
    """Write the figures that the run has data for. Print their paths, and on stderr which are left out and why.

    Args:
        source: Results, and where they were read.
        target: Folder of the figures, or the value of the bare option.
        formats: Formats of the files.

    Raises:
        WrongInput: If they cannot be written, or if the problems of the suite cannot be drawn.
    """
    from harness.report.figures.catalogue import catalogue, write_figures

    directory = _directory(source) / "figures" if target == HERE else Path(target)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        figures = catalogue(source.results, _predictions(source))
        written = write_figures(figures, directory, formats)
    except OSError as error:
        raise WrongInput(f"--figures {directory}: {error.strerror}") from error
    for path in written:
        echo(str(path))
    for one in figures.left_out:
        click.echo(f"left out: {one.name}: {one.reason}", err=True)


def _directory(source: Source) -> Path:
    """Return the default folder of files: the run's directory, or the current one for an archive."""
    directory = source.results.directory
    return Path() if source.archive is not None or directory is None else directory


def _predictions(source: Source) -> Predictions:
    try:
        return source.results.predictions
    except ValueError as error:  # raised if files of data have changed or moved
        raise WrongInput(f"theories need the suite's problems, which cannot be drawn: {error}") from error
