"""Digests of the code and data of third-party plugins: equal where only comments, docstrings or layout differ."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.plugin_host.counted import counted
from harness.plugin_host.data_files import data_digest, in_package, named_in
from harness.plugin_host.registry import DISTRIBUTION, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.plugin_host.registry import Plugin, Registry

MOST_LISTED = 3
"""Largest number of data files that a message lists."""

_IGNORED = {"ctx", "kind", "type_comment"}
"""Fields of syntax trees that follow from others or change nothing."""


def component_digests(data: Mapping[str, Any], registry: Registry) -> dict[str, str]:
    """Return the digest of each third-party plugin that provides a component of a setting, by the plugin's name.

    Plugins that come with the harness are left out, because their versions are part of the setting. Code that only
    theories use counts if the setting takes its step size from a theory of that plugin.

    Args:
        data: The setting as plain data.
        registry: The plugins that it is built from.
    """
    theory = data.get("theory")
    named = theory.get("use") if isinstance(theory, Mapping) else None
    stepped = {plugin.name for plugin, _ in registry.providers("theory", named)} if isinstance(named, str) else ()
    plugins = {
        plugin.name: plugin
        for key, name in _names(data)
        for kind in ((key,) if key in KINDS else KINDS)
        for plugin, _ in registry.providers(kind, name)
        if plugin.package != DISTRIBUTION
    }
    return {name: plugin_digest(plugin, theories=name in stepped) for name, plugin in sorted(plugins.items())}


def changed_plugin(digests: Mapping[str, str], data: Mapping[str, Any], registry: Registry) -> str:
    """Return on one line which plugin is of other code or data here than in the driver, or an empty string if none is.

    Args:
        digests: Digests of the third-party plugins of the setting in the driver, by name.
        data: The setting as plain data.
        registry: The plugins that are loaded here.
    """
    here = component_digests(data, registry) if digests else {}
    for name in sorted(name for name, digest in digests.items() if here.get(name) != digest):
        found = next((plugin for plugin in registry if plugin.name == name), None)
        which = f"plugin file {found.origin}" if found is not None and found.is_file else f"plugin {name}"
        if found is None or not (files := data_files(found)[1]):
            return f"{which} was changed since the run began; run again"
        listed = ", ".join([*files[:MOST_LISTED], *(["…"] if len(files) > MOST_LISTED else [])])
        return f"{which} or a data file of it ({listed}) was changed since the run began; run again"
    return ""


def _names(data: Any, kind: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in plain data that may name a component, with its kind, or an empty string for any kind.

    A name without its package is taken only where its kind is known. Otherwise a plugin that is installed later could
    claim trials of other components.
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            if not isinstance(value, str):
                yield from _names(value, key)
            elif key in KINDS or (key == "use" and kind in KINDS):
                yield (kind if key == "use" else key), value
            elif ":" in value and key not in ("name", "summary"):
                yield "", value
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _names(value, kind.removesuffix("s"))  # such as diagnostics


def plugin_digest(plugin: Plugin, *, theories: bool = True) -> str:
    """Return the first 20 digits of the SHA-256 of a plugin's code and data.

    The code is the syntax trees of all Python files of its package without docstrings, or of the text that its one file
    was loaded from. Files that are no Python of this version count byte by byte. The data are :func:`data_files`.

    Args:
        plugin: The plugin.
        theories: Whether code counts that only theories, presets, renderers and commands use.
    """
    folder, files = _files(plugin)
    code = _code(folder, files, plugin.source, theories)
    data = data_digest(*data_files(plugin, theories=theories))
    return hashlib.sha256(code.encode() + data).hexdigest()[:20] if data else code


def data_files(plugin: Plugin, *, theories: bool = True) -> tuple[Path, list[str]]:
    """Return the folder of a plugin and the names of its data files, relative to that folder.

    A package has all files in its folder that are no code. One file has those beside it that its code names.

    Args:
        plugin: The plugin.
        theories: Whether code counts that only theories, presets, renderers and commands use.
    """
    folder, files = _files(plugin)
    if not files:
        return folder, []
    if not plugin.is_file and (folder / "__init__.py") in files:
        return folder, in_package(folder)
    _, trees = _trees(folder, files, plugin.source, theories)
    return folder, named_in(trees.values(), folder, files)


@functools.cache
def _trees(
    folder: Path, files: tuple[Path, ...], source: bytes | None, theories: bool
) -> tuple[dict[str, bytes], dict[str, ast.Module]]:
    """Return the text of each file, and the syntax tree of each that is Python."""
    texts = {file.relative_to(folder).as_posix(): file.read_bytes() if source is None else source for file in files}
    trees: dict[str, ast.Module] = {}
    for name, text in texts.items():
        with contextlib.suppress(SyntaxError, ValueError):
            trees[name] = ast.parse(text)
    if not theories:
        trees = dict(zip(trees, counted(list(trees.values())), strict=True))
    return texts, trees


@functools.cache
def _code(folder: Path, files: tuple[Path, ...], source: bytes | None, theories: bool) -> str:
    texts, trees = _trees(folder, files, source, theories)
    found = hashlib.sha256()
    for name, text in texts.items():
        found.update(f"\0{name}\0".encode())
        found.update(" ".join(tokens(trees[name])).encode() if name in trees else text)
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


def tokens(tree: ast.AST) -> Iterator[str]:
    """Yield a syntax tree as words that are the same for all versions of Python. Empty fields are left out.

    >>> " ".join(tokens(ast.parse("f(1)  # a comment")))
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
