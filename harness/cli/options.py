"""Options that several verbs share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click as plain
import rich_click as click

from harness.cli import completion
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.components.table import Renderer
    from harness.plugin_host.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

SUITE = click.argument("suite", metavar="SUITE", shell_complete=completion.suites)

STRICT = "harness.strict-plugins"
"""Key of the click context under which a call keeps whether broken plugins end it."""


def PLUGINS(function: F) -> F:  # noqa: N802  # used beside SUITE
    """Add the options that select plugins. Options of trust reach worker processes through environment variables."""
    options = (
        click.option(
            "--plugin",
            "plugin_files",
            multiple=True,
            metavar="FILE",
            callback=_files,
            help="Load a Python file with components.",
        ),
        click.option(
            "--plugin-block", multiple=True, metavar="A,B", expose_value=False, callback=_block, help="Leave these out."
        ),
        click.option(
            "--no-third-party", is_flag=True, expose_value=False, callback=_own, help="Leave out what others installed."
        ),
        click.option(
            "--strict-plugins", is_flag=True, expose_value=False, callback=_strict, help="Stop if a plugin is broken."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _files(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for file in values:
        if not Path(file).expanduser().is_file():
            raise WrongInput(f"--plugin {file}: {'is a folder' if Path(file).is_dir() else 'there is no such file'}")
        if not file.endswith(".py"):
            raise WrongInput(f"--plugin {file}: a plugin is a Python file, whose name ends in .py")
    return values


def _block(context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> None:
    names = [name.strip() for value in values for name in value.split(",")]
    if names:
        before = os.environ.get("HARNESS_PLUGIN_BLOCK", "")
        _set(context, "HARNESS_PLUGIN_BLOCK", ",".join(filter(None, [before, *names])))


def _own(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value:
        _set(context, "HARNESS_NO_THIRD_PARTY", "1")


def _strict(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.meta[STRICT] = value


def _set(context: click.Context, name: str, value: str) -> None:
    """Set an environment variable until the call ends."""
    before = os.environ.get(name)
    os.environ[name] = value

    def restore() -> None:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before

    context.call_on_close(restore)


TRUST = click.option(
    "--trust-plugins", is_flag=True, help="Load plugin files named by data even if they lie elsewhere."
)


def VARIANT(function: F) -> F:  # noqa: N802  # used beside SUITE
    """Add the options that vary a suite."""
    seed = click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        metavar="N",
        help="Seed in place of the suite's; the name gets it too.",
    )
    size = click.option(
        "--paper-size",
        is_flag=True,
        help="The size that the suite has in its table [paper]; the name then ends in -paper.",
    )
    return seed(size(function))


PROVENANCE = click.option(
    "--provenance", "beside", metavar="FILE.json", help="Write titles, captions and provenance of the tables."
)

LEGEND = click.option("--legend", is_flag=True, help="Explain every column and mark below the tables.")


def given(option: str) -> bool:
    """Return whether an option of the current verb is on the command line."""
    source = plain.get_current_context().get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def refuse_beside(other: str, names: Iterable[str], why: str) -> None:
    """Refuse options that another option of the current verb answers already.

    Args:
        other: The other option, such as ``--suite``.
        names: Names of the parameters of the options that are refused.
        why: Reason for the message.

    Raises:
        click.UsageError: If one of them is on the command line. The message names all that are.
    """
    flags = {option.name: option.opts[0] for option in plain.get_current_context().command.params}
    if said := [flags[name] for name in names if given(name)]:
        raise click.UsageError(f"{', '.join(said)} cannot stand beside {other}: {why}")


def renderer_named(registry: Registry, name: str) -> Renderer:
    """Return the renderer that ``--format`` names.

    Args:
        registry: Plugins of the call.
        name: Name of the format.

    Returns:
        The renderer.

    Raises:
        WrongInput: If there is no renderer of this name, or several.
    """
    from harness.plugin_host.registry import AmbiguousName, UnknownName

    try:
        found: Renderer = registry.find("renderer", name)()
    except (UnknownName, AmbiguousName) as error:
        raise WrongInput(f"--format: {error}") from error
    return found
