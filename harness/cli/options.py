"""Options that several verbs share, and the errors that end them."""

from __future__ import annotations

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

    try:
        loaded, registry = load_suite(suite, plugin_files=plugin_files)
    except SuiteError as error:
        raise WrongInput(str(error)) from error
    warn_of_broken(registry)
    return loaded, registry


def warn_of_broken(registry: Registry) -> None:
    """Say on one line each which plugins could not be loaded."""
    for plugin in registry.broken:
        click.secho(f"plugin {plugin.name} ({plugin.label}) was not loaded: {plugin.reason}", fg="yellow", err=True)


def run_directory(suite: Suite, out: str | None) -> Path:
    """Return where a suite's results go: ``--out``, or reports/<suite> below the current directory."""
    return Path(out) if out else Path("reports") / suite.name
