"""The files of a new plugin or suite. Existing files are not changed."""

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
    """An existing file at the place of a new one."""


def package_files(name: PluginName, kinds: Sequence[Kind] = WHOLE) -> dict[str, str]:
    """Return the files of a package, by path below its folder."""
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
    """Return a plugin in one file, and a suite that loads it."""
    plugin, suite = f"{name.variable}.py", f"{name.variable}.toml"
    return {plugin: module(name, kinds, plugin), suite: suite_text(f"{name.name}-suite", suite, kinds, name, plugin)}


def suite_text(
    suite: str, file: str, kinds: Sequence[Kind] = (), name: PluginName | None = None, plugin: str = ""
) -> str:
    """Return a commented suite that uses the components of a plugin.

    Args:
        suite: Name of the suite.
        file: File of the suite.
        kinds: Kinds of components that the plugin provides.
        name: Name of the plugin, or None for a suite of shipped components.
        plugin: File of the plugin, or an empty string if it is installed.

    Returns:
        TOML.
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
    """Return a line with its comment at the common column."""
    code, sign, comment = line.partition("  # ")
    return f"{code.rstrip():<31} # {comment}" if sign and not line.startswith("#") else line


def _regimes(kinds: Sequence[Kind], name: PluginName | None) -> str:
    ingredients = [part for part in SHIPPED if part in kinds]
    if name is not None and "activation" in kinds:
        return f'[[regimes]]\nuse = "moderate"\nactivation = "{name.name}-activation"\n\n[[regimes]]\nuse = "moderate"'
    if name is not None and "solver" in kinds:
        tanh = '[[regimes]]\nuse = "moderate"\nactivation = "tanh"\nname = "tanh'
        return f'{tanh}, {name.name}-solver"\nsolver = "{name.name}-solver"\n\n{tanh}"'
    if name is not None and "continuation" in kinds:
        elu = '[[regimes]]\nuse = "moderate"\nactivation = "elu"\nname = "elu'
        return f'{elu}, {name.name}-continuation"\ncontinuation = "{name.name}-continuation"\n\n{elu}"'
    if name is None or not ({*ingredients, "regime"} & set(kinds)):
        return '[[regimes]]\nuse = "moderate"\n\n[[regimes]]\nuse = "moderate"\nactivation = "relu"'
    if "regime" in kinds:
        return f'[[regimes]]\nuse = "{name.name}"\n\n[[regimes]]\nuse = "train-all"'
    tables = ['[[regimes]]\nuse = "train-all"']
    suffix = {"model": "net", "initializer": "start", "optimizer": "descent", "criterion": "misfit"}
    lines = "\n".join(f'{part} = {{ use = "{name.name}-{suffix[part]}" }}' for part in ingredients)
    return "\n\n".join([f'[[regimes]]\nuse = "train-all"\n{lines}', *tables])


def version_range(version: str) -> str:
    """Return the range of harness versions for a plugin that is made with this version.

    >>> version_range("0.1.0"), version_range("1.4.2.dev3")
    ('>=0.1,<0.2', '>=1.4,<2')
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write files below a folder, or none if one of them exists.

    Args:
        files: Texts by path.
        folder: Folder to write to.

    Returns:
        Paths of the files.

    Raises:
        InTheWay: If a file exists. The message names it.
        OSError: If the folder cannot be written.
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
