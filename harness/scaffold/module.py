"""The module of a new plugin, composed of one template per kind of component."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

import harness
from harness.plugin_host.registry import PLURAL

if TYPE_CHECKING:
    from harness.plugin_host.registry import Kind
    from harness.scaffold.name import PluginName

KINDS: tuple[Kind, ...] = (
    "model",
    "activation",
    "initializer",
    "optimizer",
    "criterion",
    "dataset",
    "theory",
    "regime",
    "solver",
    "continuation",
    "renderer",
    "command",
)
"""Kinds of components with a template."""

WHOLE: tuple[Kind, ...] = ("model", "initializer", "optimizer", "criterion", "dataset", "theory", "regime")
"""Kinds that a plugin provides by default."""

SUFFIXES = {
    "model": "Net",
    "activation": "Activation",
    "initializer": "Start",
    "optimizer": "Descent",
    "criterion": "Misfit",
    "dataset": "Data",
    "theory": "Theory",
    "solver": "Solver",
    "continuation": "Continuation",
    "renderer": "Renderer",
}
BASES = {
    "model": "type[Model]",
    "activation": "type[Activation]",
    "initializer": "type[Initializer]",
    "optimizer": "type[Optimizer]",
    "criterion": "type[Criterion]",
    "dataset": "type[Dataset]",
    "theory": "type[Theory]",
    "regime": "Regime",
    "solver": "type[Solver]",
    "continuation": "type[Continuation]",
    "renderer": "type[Renderer]",
    "command": "click.Command",
}
SHIPPED = {
    "model": 'ShallowNet(activation="tanh", train="all")',
    "initializer": "LeCun()",
    "optimizer": "GradientDescent()",
    "criterion": "Quadratic()",
}
"""Ingredients of a regime that the plugin does not provide."""

HOMES = {
    "ShallowNet": "harness.builtin.models",
    "LeCun": "harness.builtin.initializers",
    "GradientDescent": "harness.builtin.optimizers",
    "Quadratic": "harness.builtin.criteria",
    "has_unit_rows": "harness.mathematics.spectra",
    **dict.fromkeys(harness.__all__, "harness"),
}
TYPES = {"Iterable": "collections.abc", "Mapping": "collections.abc", "Sequence": "collections.abc", "Tensor": "torch"}
"""Names that annotations alone use."""

WIDTH = 88
"""Columns, as the formatter has it by default."""


@cache
def template(name: str) -> Template:
    """Return a template of this package."""
    return Template((resources.files("harness.scaffold") / "templates" / f"{name}.txt").read_text(encoding="utf-8"))


def module(name: PluginName, kinds: Sequence[Kind], file: str = "") -> str:
    """Return the text of a module with one component of each of these kinds, and their hooks.

    Args:
        name: Name of the plugin.
        kinds: Kinds of components that it provides.
        file: Name of the file if the plugin is loaded from there, or an empty string if it is installed.

    Returns:
        Python source.
    """
    values = _values(name, kinds)
    parts = [template(kind).substitute(values).rstrip("\n") for kind in KINDS if kind in kinds]
    parts += [_hook(name, kind) for kind in KINDS if kind in kinds]
    body = "\n\n\n".join(parts)
    asked = f"{name.name} --plugin {file}" if file else f"{name.name}."
    head = f'"""{summary(name, kinds)}\n\nOptions: harness plugins info {asked}\n"""'
    return f"{head}\n\n{imports(body)}\n\n\n{body}\n"


def summary(name: PluginName, kinds: Sequence[Kind]) -> str:
    """Return on one line what the plugin provides.

    >>> from harness.scaffold.name import PluginName
    >>> summary(PluginName("log-width"), ["theory"])
    'Plugin log-width of the convergence harness: a theory.'
    """
    if tuple(kinds) == WHOLE:
        return f"Plugin {name.name} of the convergence harness: a regime, data and a theory."
    listed = ", ".join(f"an {kind}" if kind[0] in "aeiou" else f"a {kind}" for kind in kinds)
    return f"Plugin {name.name} of the convergence harness: {listed}."


def _values(name: PluginName, kinds: Sequence[Kind]) -> dict[str, str]:
    own = {kind: f"{name.prefix}{SUFFIXES[kind]}()" if kind in kinds else text for kind, text in SHIPPED.items()}
    has_net = "model" in kinds and "regime" in kinds
    return {
        "name": name.name,
        "prefix": name.prefix,
        "variable": name.variable,
        "regime_constant": name.variable.upper(),
        "home": name.name if has_net else "moderate",
        "concerns": f"isinstance(regime.model, {name.prefix}Net)"
        if has_net
        else 'regime.model.describe().trains == "hidden"',
        "summary": "all weights trained from Gaussian ones",
        **own,
    }


def _hook(name: PluginName, kind: Kind) -> str:
    provided = {"regime": name.variable.upper(), "command": f"{name.variable}_command"}
    item = provided.get(kind) or f"{name.prefix}{SUFFIXES[kind]}"
    return (
        f"@hookimpl\ndef harness_{PLURAL[kind]}() -> Iterable[{BASES[kind]}]:\n"
        f'    """Provide {PLURAL[kind]}."""\n    return [{item}]'
    )


def imports(body: str) -> str:
    """Return the import lines for the names of a body, sorted and formatted like ruff's."""
    code = re.sub(r'"""(?:.|\n)*?"""|"[^"\n]*"', "", body)
    used = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", code))
    lines = ["from __future__ import annotations", ""]
    lines += ["import math"] if "math" in used else []
    if "dataclass" in used:
        lines.append("from dataclasses import dataclass")
    typing = ["TYPE_CHECKING", *sorted(used & {"Any", "ClassVar"})]
    lines += [_from("typing", typing), ""]
    lines += ["import click"] if "click" in used else []
    lines += ["import numpy as np"] if "np" in used else []
    by_home: dict[str, list[str]] = {}
    for name in used & HOMES.keys():
        by_home.setdefault(HOMES[name], []).append(name)
    lines += [_from(home, names) for home, names in sorted(by_home.items())]
    lines += ["", "if TYPE_CHECKING:"]
    for home in sorted({TYPES[name] for name in used & TYPES.keys()}):
        if home == "torch" and lines[-1] != "if TYPE_CHECKING:":
            lines.append("")
        lines.append("    " + _from(home, [name for name in used & TYPES.keys() if TYPES[name] == home]))
    return "\n".join(lines)


def _from(home: str, names: Sequence[str]) -> str:
    """Return one import, on one line if it fits."""
    ordered = sorted(names, key=lambda name: (not name.isupper(), name.islower(), name))
    line = f"from {home} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {home} import (", *(f"    {name}," for name in ordered), ")"])
