"""Options that several verbs share, and the errors that end them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

if TYPE_CHECKING:
    from harness.registry import Registry
    from harness.suite import Suite

F = TypeVar("F", bound=Callable[..., Any])

SUITE = click.argument("suite", metavar="SUITE")
PLUGINS = click.option(
    "--plugin", "plugin_files", multiple=True, metavar="FILE", help="Load a Python file with further components."
)


class WrongInput(click.ClickException):
    """Something the user gave cannot be used: one message, status 2."""

    exit_code = 2


def load(suite: str, plugin_files: tuple[str, ...]) -> tuple[Suite, Registry]:
    """Load a suite by path or by the name of a shipped one, and warn of broken plugins.

    Raises:
        WrongInput: With everything that is wrong with it.
    """
    from harness.suite import SuiteError, load_suite

    for file in plugin_files:
        if not Path(file).expanduser().is_file():
            raise WrongInput(f"--plugin {file}: there is no such file")
    try:
        loaded, registry = load_suite(suite, plugin_files=plugin_files)
    except SuiteError as error:
        raise WrongInput(str(error)) from error
    warn_of_broken(registry)
    return loaded, registry


def cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_problems(suite: Suite) -> None:
    """Draw one problem of every size, before anything is trained on them.

    Raises:
        WrongInput: Some size has none: there are too few rows, too few columns, no such file, or no such package.
    """
    from harness.problems import draw_problem

    wrong: dict[str, list[str]] = {}
    for n in suite.n:
        for d in suite.d:
            try:
                draw_problem(suite.dataset, n, d, seed=0, base=suite.seed)
            except Exception as error:  # a dataset is somebody's code
                said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                wrong.setdefault(said, []).append(f"n = {n}, d = {d}")
    if wrong:
        lines = [f"  {said} ({places[0]}{_more(places)})" for said, places in wrong.items()]
        raise WrongInput("\n".join([f"suite {suite.name!r} has sizes without problems:", *lines]))


def _more(places: list[str]) -> str:
    return f" and {len(places) - 1} more" if len(places) > 1 else ""


def warn_of_broken(registry: Registry) -> None:
    """Say on one line each which plugins could not be loaded."""
    for plugin in registry.broken:
        click.secho(f"plugin {plugin.name} ({plugin.label}) was not loaded: {plugin.reason}", fg="yellow", err=True)


def run_directory(suite: Suite, out: str | None) -> Path:
    """Return where a suite's results go: ``--out``, or reports/<suite> below the current directory."""
    return Path(out) if out else Path("reports") / suite.name
