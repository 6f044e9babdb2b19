"""The plugin files that a suite names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.complaints import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.plugin_host.registry import Plugin
    from harness.suite.tables import Tables


def plugin_paths(data: Mapping[str, Any], path: Path | None) -> tuple[Path, ...]:
    """Return the absolute paths of the plugin files that a suite names.

    Entries that are not file names are left out. The parser reports them.

    Args:
        data: Tables of the suite.
        path: File of the suite, or None if it is a text. Relative names start at its folder.

    Returns:
        One path per valid entry, in the order of the suite.
    """
    listed = data.get("plugins", ())
    if not isinstance(listed, list):
        return ()
    folder = path.parent if path is not None else Path()
    return tuple((folder / name).resolve() for name in listed if isinstance(name, str) and "\0" not in name)


def read_plugin_files(tables: Tables) -> tuple[Path, ...]:
    """Return the loaded plugin files that a suite names. The tables take complaints about the others."""
    listed = tables.data.get("plugins", [])
    if not isinstance(listed, list):
        tables.refuse("wrong-type", ("plugins",), f"found {show(listed)}, expected a list of Python files")
        return ()
    found: list[Path] = []
    loaded: dict[str, Plugin] = {}
    for file in tables.registry:
        if file.is_file:
            loaded.setdefault(_file_key(file.origin, tables), file)
    for index, name in enumerate(listed):
        if not isinstance(name, str):
            tables.refuse("wrong-type", ("plugins", index), f"found {show(name)}, expected the name of a Python file")
            continue
        paths = plugin_paths({"plugins": [name]}, tables.path)
        key = _file_key(str(paths[0]), tables) if paths else ""
        plugin = loaded.get(key)
        if plugin is None or plugin.status == "blocked":
            tables.refuse("plugin-not-loaded", ("plugins", index), f"plugin {show(name)} was not loaded")
        elif plugin.status == "broken":
            message = f"plugin {show(name)} could not be loaded: {plugin.reason}"
            tables.refuse("plugin-not-loaded", ("plugins", index), message)
        else:
            found.append(Path(plugin.origin))
    return tuple(found)


def _file_key(origin: str, tables: Tables) -> str:
    """Return the part of a plugin file's path that identifies it.

    A suite that is read from a store has no folder. Its plugin files are compared by their last names only.
    """
    return Path(origin).name if tables.path is None else origin
