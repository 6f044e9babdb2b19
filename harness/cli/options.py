"""Options that several verbs share."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click as plain
import rich_click as click

from harness.cli import completion
from harness.cli.wrong_input import WrongInput
from harness.complaints import show

if TYPE_CHECKING:
    from harness.components.table import Renderer
    from harness.driver.results import Results
    from harness.plugin_host.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

SUITE = click.argument("suite", metavar="SUITE", shell_complete=completion.suites)

STRICT = "harness.strict-plugins"
"""Key of the click context under which a call keeps whether broken plugins end it."""


class StepsType(plain.IntRange):
    """A number of steps, or ``inf`` for unlimited steps."""

    name = "steps"

    def convert(self, value: Any, param: plain.Parameter | None, ctx: plain.Context | None) -> Any:
        """Return the number as an int, or infinity."""
        if value in ("inf", math.inf):
            return math.inf
        try:
            steps = int(value)
        except ValueError:
            steps = 0
        if steps < 1:
            self.fail(f"found {show(str(value))}, expected a number of steps from 1 on, or inf", param, ctx)
        return steps


STEPS = StepsType(min=1)


def check_question(results: Results, tolerance: float | None, steps: float | None, name: str = "") -> None:
    """Refuse a tolerance or a number of steps that a run cannot be asked for.

    Args:
        results: The run.
        tolerance: Tolerance that was asked for, 0 for exact fits, or None.
        steps: Number of steps that was asked for, infinity, or None.
        name: The run in messages, or an empty string for the only one.

    Raises:
        WrongInput: If the run does not have it.
    """
    budget, regimes, of = results.suite.budget.steps, results.suite.regimes, f"{name}: " if name else ""
    try:
        if tolerance == 0.0 and steps is not None and math.isfinite(steps):
            raise ValueError("an exact fit takes unlimited steps; leave out --steps")
        if tolerance != 0.0:
            results.rung(tolerance)
    except ValueError as error:
        raise WrongInput(f"--tolerance: {of}{error}") from error
    if steps is not None and math.isfinite(steps) and steps > budget:
        raise WrongInput(f"--steps {steps}: {name or 'the suite'} trained for at most {budget} steps")
    if (tolerance == 0.0 or steps == math.inf) and not any(results.decides_fates(one.name) for one in regimes):
        asked = "--steps inf" if steps == math.inf else "--tolerance 0"
        raise WrongInput(f"{asked}: {name or 'the suite'} does not decide what becomes of trials with unlimited steps")


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
