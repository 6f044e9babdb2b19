"""Options that several verbs share, and the errors that end verbs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click as plain
import rich_click as click

from harness.cli import completion
from harness.complaints import printable, printable_lines, show

if TYPE_CHECKING:
    from harness.components.table import Renderer, Table
    from harness.driver.results import Results
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection
    from harness.suite import Suite

F = TypeVar("F", bound=Callable[..., Any])

SUITE = click.argument("suite", metavar="SUITE", shell_complete=completion.suites)
STRICT = "harness.strict-plugins"
"""Key of the click context under which a call keeps whether broken plugins end it."""

WARNED = "harness.warned"
"""Key of the click context under which a call keeps the warnings that it has printed."""


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


def select(*, sizes: bool = True, theories: bool = True, columns: bool = True) -> Callable[[F], F]:
    """Return a decorator that adds the options that select rows and columns, and passes them on as ``chosen``.

    Args:
        sizes: Whether ``--n`` and ``--d`` are added.
        theories: Whether ``--theory`` and ``--only`` are added.
        columns: Whether ``--columns`` is added.
    """
    options = {
        "regimes": click.option(
            "--regime",
            "regimes",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.of_plugins("regime"),
            help="Only these regimes.",
        )
    }
    if sizes:
        number = click.IntRange(1)
        options["n"] = click.option("--n", type=number, multiple=True, metavar="N", help="Only these n.")
        options["d"] = click.option("--d", type=number, multiple=True, metavar="D", help="Only these d.")
    if theories:
        options["theories"] = click.option(
            "--theory",
            "theories",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.of_plugins("theory"),
            help="Only these theories.",
        )
        options["guarantees"] = click.option(
            "--only",
            "guarantees",
            type=click.Choice(("guarantees",)),
            callback=lambda _context, _option, value: value is not None,
            help="Only theorems that guarantee training.",
        )
    if columns:
        options["columns"] = click.option(
            "--columns", metavar="A,B", callback=_headers, help="Only these columns, by name or pattern."
        )

    def decorated(function: F) -> F:
        @wraps(function)
        def selecting(**values: Any) -> Any:
            from harness.report.selection import Selection

            return function(chosen=Selection(**{name: values.pop(name) for name in options}), **values)

        decorated = cast("F", selecting)
        for option in reversed(options.values()):
            decorated = option(decorated)
        return decorated

    return decorated


def _headers(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    return headers(value or "")


def headers(names: str) -> tuple[str, ...]:
    """Return the headers, or patterns of headers, in a list with commas."""
    return tuple(filter(None, (name.strip() for name in names.split(","))))


def selected(chosen: Selection, tables: Sequence[Table], registry: Registry | None = None) -> list[Table]:
    """Return the selected rows and columns of tables.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    from harness.report.selection import SelectionError

    names = {theory.claim.title: theory.name for theory in registry.theories()} if registry and chosen else {}
    try:
        return chosen.of(tables, names)
    except SelectionError as error:
        raise WrongInput(str(error)) from error


def for_comments(chosen: Selection, tables: Sequence[Table], renderer: Renderer) -> list[Table]:
    """Return tables as a format takes them: in Markdown with few columns, unless columns are selected."""
    from harness.report.narrowed import narrowed

    few = renderer.suffix == ".md" and not chosen.columns
    return [narrowed(table) if few else table for table in tables]


def selected_suite(chosen: Selection, suite: Suite) -> Suite:
    """Return a suite with the selected regimes and sizes.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    from harness.report.selection import SelectionError

    try:
        return chosen.suite(suite)
    except SelectionError as error:
        raise WrongInput(str(error)) from error


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


class WrongInput(click.ClickException):
    """Input of the user that cannot be used. It ends the call with one message and status 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


def number_wanted(error: plain.BadParameter) -> str:
    """Return which number an option takes, if it was given something else. Otherwise return click's message."""
    kind = error.param.type if error.param is not None else None
    found, refused, _ = error.message.partition(" is not ")
    if not refused or not isinstance(kind, (plain.types.IntParamType, plain.types.FloatParamType)):
        return error.message
    wanted = "a whole number" if isinstance(kind, plain.types.IntParamType) else "a number"
    if isinstance(kind, (plain.IntRange, plain.FloatRange)):
        if kind.min is not None and kind.max is not None:
            wanted += f" from {kind.min} to {kind.max}"
        elif kind.min is not None:
            wanted += f" of at least {kind.min}"
    return f"found {found}, expected {wanted}"


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


def load(
    suite: str,
    plugin_files: tuple[str, ...],
    *,
    trust: bool = False,
    seed: int | None = None,
    paper_size: bool = False,
) -> tuple[Suite, Registry]:
    """Load a suite by path or by the name of a shipped one, and warn of broken plugins.

    Args:
        suite: Path or name.
        plugin_files: Files with further components.
        trust: Whether to load plugin files that the suite names from anywhere.
        seed: Seed in place of that of the suite, or None.
        paper_size: Whether to take the size that the suite has in its table ``[paper]``.

    Returns:
        The suite, and the plugins.

    Raises:
        WrongInput: If the suite has faults. The message has all of them.
    """
    from harness.suite import SuiteError, load_suite, varied

    try:
        loaded, registry = load_suite(suite, plugin_files=plugin_files, trust_plugins=trust)
        loaded = varied(loaded, seed=seed, paper_size=paper_size)
    except SuiteError as error:
        raise WrongInput(str(error)) from error
    warn_of_broken(registry)
    for names in loaded.repeated:
        click.secho(f"regimes {show(names)} differ in nothing but their names: keep one", fg="yellow", err=True)
    return loaded, registry


def check_problems(suite: Suite) -> None:
    """Draw one problem of every size before anything is trained, and report datasets that hung or crashed.

    Raises:
        WrongInput: If a size has none, because rows, columns, a file, a package or memory are missing.
    """
    from harness.complaints import ProblemError
    from harness.session.suites import check_problems as check

    try:
        unanswered = check(suite)
    except ProblemError as error:
        raise WrongInput(str(error)) from error
    if unanswered:
        click.secho(printable(unanswered), fg="yellow", err=True)


def warn_of_broken(registry: Registry) -> None:
    """Report once per call which plugins could not be loaded and which theory names several plugins provide.

    Raises:
        WrongInput: If a plugin is broken and --strict-plugins was given.
    """
    stop_if_strict(registry)
    context = plain.get_current_context(silent=True)
    said: set[str] = context.meta.setdefault(WARNED, set()) if context is not None else set()
    for line in (*_broken(registry), *registry.rival_theories()):
        if line not in said:
            said.add(line)
            click.secho(printable(line), fg="yellow", err=True)


def stop_if_strict(registry: Registry) -> None:
    """End the call if a plugin is broken and --strict-plugins was given.

    Raises:
        WrongInput: If a plugin is broken. The message has the reason of each.
    """
    context = plain.get_current_context(silent=True)
    if registry.broken and context is not None and context.meta.get(STRICT):
        raise WrongInput("\n".join([*_broken(registry), "--strict-plugins: nothing was done"]))


def _broken(registry: Registry) -> list[str]:
    return [f"plugin {plugin.name} ({plugin.label}) was not loaded: {plugin.reason}" for plugin in registry.broken]


def warn_of_mixture(provenance: Mapping[str, Any]) -> None:
    """Report the plugins that were edited after trials of the results were trained."""
    from harness.report.caption import edits_explained

    if message := edits_explained(provenance):
        click.secho(f"{printable(message)} harness run trains them again.", fg="yellow", err=True)
