"""The files of a new plugin or suite, written without touching what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness import __version__
from harness.scaffold.module import SHIPPED, WHOLE, module, summary, template

if TYPE_CHECKING:
    from harness.plugin_host.registry import Kind
    from harness.scaffold.name import PluginName


class InTheWay(Exception):
    """There is something where a file is to be written."""


def package_files(name: PluginName, kinds: Sequence[Kind] = WHOLE) -> dict[str, str]:
    """Return the files of a package, by path below the folder where it is made."""
    values = {
        "name": name.name,
        "distribution": name.distribution,
        "module": name.module,
        "description": summary(name, kinds),
        "range": version_range(__version__),
    }
    files = {
        "pyproject.toml": template("pyproject").substitute(values),
        "README.md": template("readme").substitute(values),
        f"src/{name.module}/__init__.py": module(name, kinds),
        f"src/{name.module}/py.typed": "",
        "tests/test_plugin.py": template("test").substitute(values),
        "suite.toml": suite_text(f"{name.name}-suite", "suite.toml", kinds, name),
    }
    return {f"{name.distribution}/{path}": text for path, text in files.items()}


def single_files(name: PluginName, kinds: Sequence[Kind] = WHOLE) -> dict[str, str]:
    """Return a plugin in one file, and the suite beside it that loads it."""
    plugin, suite = f"{name.variable}.py", f"{name.variable}.toml"
    return {plugin: module(name, kinds, plugin), suite: suite_text(f"{name.name}-suite", suite, kinds, name, plugin)}


def suite_text(
    suite: str, file: str, kinds: Sequence[Kind] = (), name: PluginName | None = None, plugin: str = ""
) -> str:
    """Return a commented suite that uses what a plugin provides.

    Args:
        suite: Its name.
        file: Its file.
        kinds: What the plugin provides.
        name: Of the plugin; None for a suite of shipped components.
        plugin: The plugin's file, if it is one.
    """
    loads = f'plugins = ["{plugin}"]  # further components, from files beside this one\n\n' if plugin else ""
    own = f'"{name.name}-data"' if name is not None and "dataset" in kinds else '"sphere"'
    values = {
        "suite_file": file,
        "suite_name": suite,
        "title": f"Width thresholds of {name.name}" if name is not None else "Width thresholds, softplus and ReLU",
        "dataset": own,
        "plugins": loads,
        "regimes": _regimes(kinds, name),
    }
    return "\n".join(_aligned(line) for line in template("suite").substitute(values).splitlines()).rstrip() + "\n"


def _aligned(line: str) -> str:
    """Put a comment behind a value at the same column everywhere."""
    code, sign, comment = line.partition("  # ")
    return f"{code.rstrip():<31} # {comment}" if sign and not line.startswith("#") else line


def _regimes(kinds: Sequence[Kind], name: PluginName | None) -> str:
    ingredients = [part for part in SHIPPED if part in kinds]
    if name is None or not ({*ingredients, "regime"} & set(kinds)):
        return '[[regimes]]\nuse = "moderate"\n\n[[regimes]]\nuse = "moderate"\nactivation = "relu"'
    if "regime" in kinds:
        return f'[[regimes]]\nuse = "{name.name}"\n\n[[regimes]]\nuse = "train-all"'
    tables = ['[[regimes]]\nuse = "train-all"']
    suffix = {"model": "net", "initializer": "start", "optimizer": "descent", "criterion": "misfit"}
    lines = "\n".join(f'{part} = {{ use = "{name.name}-{suffix[part]}" }}' for part in ingredients)
    return "\n\n".join([f'[[regimes]]\nuse = "train-all"\n{lines}', *tables])


def version_range(version: str) -> str:
    """Return the versions of the harness that a plugin made with this one can expect to work with.

    >>> version_range("0.1.0"), version_range("1.4.2.dev3")
    ('>=0.1,<0.2', '>=1.4,<2')
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write files below a folder; none if one of them is there already.

    Raises:
        InTheWay: Something is in the way; the message names it.
        OSError: The folder cannot be written.
    """
    paths = {folder / name: text for name, text in files.items()}
    tops = {folder / Path(name).parts[0] for name in files}
    for path in sorted(tops):
        if path.exists() or path.is_symlink():
            raise InTheWay(f"{path} is there already, and nothing is overwritten: choose another name or --dir")
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return list(paths)
