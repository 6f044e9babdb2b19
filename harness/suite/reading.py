"""Readers that make a suite from a file or a text and load the plugin files that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli

from harness.complaints import MAX_SHOWN, Complaint, printable, shorten
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.trust import HOW, strangers
from harness.suite.parser import SuiteParser
from harness.suite.plugin_files import plugin_paths
from harness.suite.record import Suite
from harness.suite.source import SuiteError, find_suite, read_suite
from harness.suite.tables import sections
from harness.suite.toml_places import TomlPlaces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.plugin_host.registry import Registry


def load_suite(
    path: str | Path,
    *,
    plugin_files: Iterable[str | Path] = (),
    block: Iterable[str] = (),
    trust_plugins: bool = False,
) -> tuple[Suite, Registry]:
    """Load a suite and the plugins that it needs.

    Args:
        path: A file, or the bare name of a shipped suite.
        plugin_files: Files with further components, in addition to those that the suite names.
        block: Plugins not to load.
        trust_plugins: Whether to load plugin files that the suite names from anywhere. By default, files outside of the
            current directory and files of another user are refused.

    Returns:
        The suite, and the registry of the loaded plugins.

    Raises:
        SuiteError: If the suite has faults. The error has one complaint per fault.
        UnknownName: If ``block`` has a name that no plugin has.
    """
    file = find_suite(path)
    return load_text(read_suite(file), file, plugin_files=plugin_files, block=block, trust_plugins=trust_plugins)


def load_text(
    text: str,
    path: Path | None = None,
    *,
    plugin_files: Iterable[str | Path] = (),
    block: Iterable[str] = (),
    trust_plugins: bool = False,
) -> tuple[Suite, Registry]:
    """Load a suite from its text, and the plugins it needs.

    Args:
        text: TOML.
        path: The file that the text was read from, for messages and for what is relative to it.
        plugin_files: Files with further components, besides those that the suite names.
        block: Plugins not to load.
        trust_plugins: As in :func:`load_suite`.

    Raises:
        SuiteError: With all complaints.
        UnknownName: ``block`` has a name that no plugin has.
    """
    given = [Path(f).expanduser().resolve() for f in plugin_files]
    listed = plugin_paths(_toml(text, path), path)
    if not trust_plugins and (refused := strangers(f for f in listed if f not in given)):
        line = TomlPlaces(text).line(("plugins",))
        raise SuiteError(
            [Complaint("plugin-not-trusted", ("plugins",), f"{why}; {HOW}", line=line) for why in refused], path
        )
    files = tuple(dict.fromkeys([*given, *listed]))
    registry = load_plugins(files, block)
    suite = parse_suite(text, registry, path)
    return replace(suite, plugin_files=files), registry


def parse_suite(
    text: str, registry: Registry, path: Path | None = None, *, parser: type[SuiteParser] = SuiteParser
) -> Suite:
    """Return the suite that a text describes. Nothing of the text is executed.

    Args:
        text: TOML.
        registry: Plugins in which components are looked up. It must contain the plugin files that the suite names.
        path: File of the text, for messages and for relative paths, or None.
        parser: Class of the parser, which decides how options are read.

    Returns:
        The suite.

    Raises:
        SuiteError: If the suite has faults. Each complaint has its place and line.
    """
    data = _toml(text, path)
    reader = parser(data, registry, path)
    suite = reader.suite(text)
    if suite is None:
        places = TomlPlaces(text)
        raise SuiteError([replace(c, line=places.line(c.path)) for c in reader.complaints], path)
    return replace(suite, registry=registry)


def _toml(text: str, path: Path | None) -> dict[str, Any]:
    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        message = f"is not TOML: {shorten(printable(error.msg), 2 * MAX_SHOWN)} (column {error.colno})"
        raise SuiteError([Complaint("not-toml", (), message, line=error.lineno)], path) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # raised for thousands of digits or brackets
        raise SuiteError([Complaint("not-toml", (), f"is not TOML: {printable(str(error))}")], path) from error
    if not data:
        raise SuiteError([Complaint("empty-file", (), f"is empty, expected {sections()}")], path)
    return data
