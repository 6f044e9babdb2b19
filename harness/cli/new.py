"""The verb ``harness new``, which writes a plugin or a suite from a template."""

from __future__ import annotations

import shlex
from pathlib import Path

import rich_click as click

from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

KINDS = (
    "theory",
    "model",
    "activation",
    "initializer",
    "optimizer",
    "criterion",
    "dataset",
    "regime",
    "solver",
    "continuation",
    "renderer",
    "command",
)


@click.group("new")
def command() -> None:
    """Write a plugin or a suite from a template. Nothing is ever overwritten, and no network is needed.

    \b
    harness new plugin log-width --only theory --single-file
    harness new suite mine
    """


@command.command("plugin")
@click.argument("name")
@click.option(
    "--only",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"One kind of component instead of a whole regime: {', '.join(KINDS)}.",
)
@click.option("--single-file", is_flag=True, help="One .py beside a suite that loads it, instead of a package.")
@click.option("--dir", "folder", default=".", show_default=True, metavar="DIR", help="Where to write.")
def plugin(name: str, only: str | None, single_file: bool, folder: str) -> None:
    """Write a plugin that works: a model, an initializer, an optimizer, a criterion, data, a theory and a regime.

    A package has its entry point, a suite, and tests that run the conformance kit.

    \b
    harness new plugin log-width
    harness new plugin log-width --only theory --single-file
    """
    from harness.scaffold.module import WHOLE
    from harness.scaffold.name import PluginName
    from harness.scaffold.project import package_files, single_files

    try:
        parsed = PluginName.parse(name)
    except ValueError as error:
        raise WrongInput(str(error)) from error
    if owner := _owner(parsed.name):
        raise WrongInput(f"the name {parsed.name!r} is taken by {owner}: choose another")
    kinds = WHOLE if only is None else (only,)
    files = single_files(parsed, kinds) if single_file else package_files(parsed, kinds)  # type: ignore[arg-type]  # KINDS
    written = _write(files, Path(folder))
    if single_file:
        steps = [f"harness plugins check {_quoted(written[0])}", f"harness run {_quoted(written[1])}"]
    else:
        home = Path(folder) / parsed.distribution
        steps = [
            f"pip install -e {shlex.quote(f'./{home}' if not home.is_absolute() else str(home))}",
            f"harness plugins check {parsed.name}",
            f"harness run {_quoted(home / 'suite.toml')}",
        ]
    _say(written, steps)


@command.command("suite")
@click.argument("name", default="suite")
@click.option("--dir", "folder", default=".", show_default=True, metavar="DIR", help="Where to write.")
def suite(name: str, folder: str) -> None:
    """Write a commented suite that runs in seconds; NAME.toml, or suite.toml.

    \b
    harness new suite
    harness new suite mine --dir suites
    """
    from harness.complaints import show
    from harness.plugin_host.checks import NAME
    from harness.scaffold.name import LONGEST
    from harness.scaffold.project import suite_text

    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise WrongInput(
            f"the name {show(name)} cannot be used: expected lower-case letters, digits and hyphens, such as mine"
        )
    file = f"{name}.toml"
    written = _write({file: suite_text(name, file)}, Path(folder))
    _say(written, [f"harness plan {_quoted(written[0])}", f"harness run {_quoted(written[0])}"])


def _owner(name: str) -> str:
    """Return the owner of a name among plugins, presets and shipped suites, or an empty string if it is free."""
    from harness.plugin_host.loading import load_plugins
    from harness.suite.source import shipped_suites

    registry = load_plugins()
    for plugin in registry.plugins:
        if name in (plugin.name, plugin.package.removeprefix("harness-")):
            return f"plugin {plugin.name} of {plugin.label}"
    for plugin, _ in registry.providers("regime", name):
        return f"a preset of {plugin.label}"
    return f"the shipped suite {name}" if name in shipped_suites() else ""


def _write(files: dict[str, str], folder: Path) -> list[Path]:
    from harness.scaffold.project import InTheWay, write

    try:
        return write(files, folder)
    except InTheWay as error:
        raise WrongInput(str(error)) from error
    except OSError as error:
        raise WrongInput(f"{folder} cannot be written: {error.strerror or error}; choose another --dir") from error


def _say(written: list[Path], steps: list[str]) -> None:
    for path in written:
        echo(f"wrote {path}")
    echo("\nNext:")
    for step in steps:
        echo(f"  {step}")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
