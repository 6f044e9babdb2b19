"""The data files of a plugin: those in its package, or those beside its one file that its code names."""

from __future__ import annotations

import ast
import fnmatch
import functools
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NO_DATA = (".py", ".pyc", ".pyi", "py.typed")
"""Ends of the names of files that are code, or that only tools read."""

_RUN = "results.sqlite"
"""A file that only run directories have. Their files are output."""

_MOST_NAMES = 20_000
"""Largest number of texts of a plugin that are tried as names of files."""


def in_package(folder: Path) -> list[str]:
    """Return the data files of a package, relative to its folder and sorted.

    Hidden files, code, caches and run directories are left out.
    """
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        if _RUN in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _is_hidden(name) and name != "__pycache__"]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in names if _is_data(name)]
    return sorted(name.replace(os.sep, "/") for name in found)


def named_in(trees: Iterable[ast.Module], folder: Path, own: Iterable[Path] = ()) -> list[str]:
    """Return the files below a folder that texts in code name, relative to the folder and sorted.

    A text may be a path, the name of a file or folder, or a pattern such as ``*.csv``. Files and patterns are
    looked for in the folder, and in those of its subfolders that texts name as well. Docstrings are left out.

    Args:
        trees: The code.
        folder: Folder of the plugin.
        own: Files of the code itself.
    """
    texts = _texts(tuple(trees))
    code = {path.name for path in own}
    found: set[str] = set()
    todo, seen = [folder], {folder}
    while todo:
        place = todo.pop()
        for text in texts:
            path, absolute = place / text, os.path.isabs(text)
            if absolute and place != folder:
                continue
            if "*" in text and "/" not in text:
                found |= {f"{_below(place, folder)}{name}" for name in _listed(place) if fnmatch.fnmatch(name, text)}
            elif os.path.isfile(path):  # unlike Path.is_file, it takes names that are too long
                found.add(text if absolute else f"{_below(place, folder)}{text}")
            elif not absolute and ".." not in path.parts and path not in seen and _may_hold_data(path):
                seen.add(path)
                todo.append(path)
    return sorted(name for name in found if name not in code)


def data_digest(folder: Path, names: Iterable[str]) -> bytes:
    """Return the SHA-256 of the names and contents of files, or no bytes if there are none.

    A file is read again only if its size, its times or its place on the disk have changed.

    Args:
        folder: Folder that the names are relative to.
        names: Names of the files.
    """
    whole = hashlib.sha256()
    some = False
    for name in names:
        path, some = folder / name, True
        try:
            state = path.stat()
            content = _content(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
        except OSError:  # it was removed meanwhile, or may not be read
            content = b"unreadable"
        whole.update(f"\0{name}\0".encode("utf-8", "surrogateescape") + content)
    return whole.digest() if some else b""


@functools.lru_cache(maxsize=4096)
def _content(path: Path, *_state: int) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@functools.lru_cache(maxsize=256)
def _texts(trees: tuple[ast.Module, ...]) -> list[str]:
    """Return the texts in code that may be names of files, sorted."""
    return sorted(set(_each_text(trees)))[:_MOST_NAMES]


def _each_text(trees: Iterable[ast.Module]) -> Iterator[str]:
    for tree in trees:
        beside = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in beside:
                text = node.value
                if 0 < len(text) <= 255 and text.isprintable() and text == text.strip():
                    yield text


def _may_hold_data(path: Path) -> bool:
    return os.path.isdir(path) and not os.path.lexists(path / _RUN)


def _listed(place: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(place) if entry.is_file() and not _is_hidden(entry.name)]
    except OSError:
        return []


def _below(place: Path, folder: Path) -> str:
    """Return how names in a folder begin."""
    return "" if place == folder else f"{place.relative_to(folder).as_posix()}/"


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _is_data(name: str) -> bool:
    return not _is_hidden(name) and not name.endswith(_NO_DATA)
