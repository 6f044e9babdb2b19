"""Digests of the code of third-party plugins: equal where only comments, docstrings or the layout differ."""

from __future__ import annotations

import ast
import functools
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.plugin_host.registry import DISTRIBUTION, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.plugin_host.registry import Plugin, Registry

_IGNORED = {"ctx", "kind", "type_comment"}
"""Fields of syntax trees that follow from others or change nothing."""


def component_digests(data: Any, registry: Registry) -> dict[str, str]:
    """Return the digest of each third-party plugin that provides a component of a setting, by the plugin's name.

    Plugins that come with the harness are left out, because their versions are part of the setting.

    Args:
        data: The setting as plain data.
        registry: The plugins that it is built from.
    """
    plugins = {
        plugin.name: plugin
        for key, name in _names(data)
        for kind in (KINDS if key == "use" else (key,))
        for plugin, _ in registry.providers(kind, name)  # type: ignore[arg-type]  # a key that is no kind finds none
        if plugin.package != DISTRIBUTION
    }
    return {name: plugin_digest(plugin) for name, plugin in sorted(plugins.items())}


def _names(data: Any) -> Iterator[tuple[str, str]]:
    """Yield each text in plain data that may name a component, with its key."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if isinstance(value, str) and (key == "use" or key in KINDS):
                yield key, value
            else:
                yield from _names(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _names(value)


def plugin_digest(plugin: Plugin) -> str:
    """Return the first 20 digits of the SHA-256 of a plugin's code.

    The code is the syntax trees of all Python files of its package without docstrings, or of its one file. Files that
    are no Python of this version count byte by byte.
    """
    return _digest(*_files(plugin))


@functools.cache
def _digest(folder: Path, files: tuple[Path, ...]) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(f"\0{file.relative_to(folder).as_posix()}\0".encode())
        source = file.read_bytes()
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            found.update(source)
        else:
            found.update(" ".join(_tokens(tree)).encode())
    return found.hexdigest()[:20]


def _files(plugin: Plugin) -> tuple[Path, tuple[Path, ...]]:
    """Return the folder of a plugin's code and the files in it."""
    if plugin.is_file:
        path = Path(plugin.origin)
        return path.parent, (path,)
    name = ""
    for part in plugin.origin.partition(":")[0].split("."):
        name = f"{name}.{part}" if name else part
        if file := getattr(sys.modules.get(name), "__file__", None):  # a namespace package has none
            path = Path(file)
            if path.name != "__init__.py":
                return path.parent, (path,)
            return path.parent, tuple(sorted(path.parent.rglob("*.py")))
    return Path(), ()


def _tokens(tree: ast.AST) -> Iterator[str]:
    """Yield a syntax tree as words that are the same for all versions of Python. Empty fields are left out.

    >>> " ".join(_tokens(ast.parse("f(1)  # a comment")))
    "Module ( body Expr ( value Call ( func Name ( id 'f' ) args Constant ( value 1 ) ) ) )"
    """
    todo: list[Any] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            yield node
            continue
        yield f"{type(node).__name__} ("
        todo.append(")")
        for name, value in reversed(list(ast.iter_fields(node))):
            if name not in _IGNORED and value is not None and value != []:
                listed = [one for one in value if not _is_text(one)] if isinstance(value, list) else [value]
                todo += [one if isinstance(one, ast.AST) else ascii(one) for one in reversed(listed)]
                todo.append(name)


def _is_text(node: Any) -> bool:
    """Say whether a statement is a text by itself, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
