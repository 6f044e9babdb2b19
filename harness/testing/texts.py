"""What every component needs whatever it is: a text, options that survive, a name."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from harness.complaints import SpecError, show
from harness.plugin_host.checks import BASES
from harness.plugin_host.composition import component_from
from harness.report.describe import meanings, prose
from harness.testing.case import Check, NotApplicable, Subject
from harness.testing.samples import variants

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPONENTS = tuple(BASES)


def loads(subject: Subject) -> Iterator[str]:
    """The plugin can be loaded, and what its hooks return keeps to the contract."""
    if subject.plugin.status != "ok":
        plugin = subject.plugin
        told = f"{plugin.name} --plugin {shlex.quote(plugin.origin)}" if plugin.is_file else subject.name
        yield f"{plugin.reason or 'it is blocked'}; the full story: harness plugins info {told}"


def module_docstring(subject: Subject) -> Iterator[str]:
    """The plugin's module says in its docstring what it is for."""
    plugin = subject.plugin
    if plugin.status != "ok":
        raise NotApplicable("it was not loaded")
    if plugin.is_file:
        import ast
        from pathlib import Path

        text = ast.get_docstring(ast.parse(Path(plugin.origin).read_bytes())) or ""
    else:
        text = prose(sys.modules.get(plugin.origin.partition(":")[0]))
    if not text.strip():
        yield "the module has no docstring: begin it with one line that says what the plugin is for"


def docstring(subject: Subject) -> Iterator[str]:
    """It says in its docstring what it is; classes describe each option under Attributes."""
    if subject.kind == "command":
        if not (subject.item.help or "").strip():
            yield "the command has no help: give its function a docstring with an example"
        return
    if subject.kind == "regime":
        if not subject.item.summary.strip():
            yield "the regime has no summary: say in one line what is trained how, in summary=…"
        return
    cls: Any = subject.item
    name = cls.__name__
    own = (cls.__dict__.get("__doc__") or "").strip()
    if not own or (dataclasses.is_dataclass(cls) and own.startswith(f"{name}(")):  # what dataclasses write
        yield f"{name} has no docstring: say in one line, with the formula, what it is"
    if subject.kind in COMPONENTS:
        said = meanings(cls)
        for field in dataclasses.fields(cls):
            if field.name not in said:
                yield f"option {show(field.name)} is not described: say what it is under Attributes: in the docstring"


def options(subject: Subject) -> Iterator[str]:
    """Its options are checked against their types, and survive being written as plain data and read back."""
    cls: Any = subject.item
    own = f"{subject.plugin.name}:{cls.name}"
    refused, later = "", {name for base in cls.__mro__ for name in base.__dict__.get("since", ())}
    for made, changed in variants(cls):
        try:
            spec: dict[str, Any] = json.loads(json.dumps(made.spec()))
        except ValueError as error:  # a file that is not named yet, say
            refused = refused or str(error)
            continue
        names = [field.name for field in dataclasses.fields(cls)]
        missing = [name for name in names if name not in spec and not (name in later and name not in changed)]
        if missing:
            yield (
                f"spec() leaves out {', '.join(map(show, missing))}: two components of different numbers would share "
                "their stored trials; do not override options() or spec()"
            )
            return
        try:
            again = component_from(subject.registry, subject.kind, {**spec, "use": own})  # type: ignore[arg-type]  # COMPONENTS
        except SpecError as error:
            yield f"what spec() returns is refused when read back: {error}; options must be numbers, texts and lists"
            continue
        if again != made:
            where = ", ".join(f"{name} = {show(value)}" for name, value in changed.items()) or "its defaults"
            yield f"{where} becomes {show(again.options())} when read back; keep options as they are given"
    if refused:
        raise NotApplicable(f"with these options it has no spec ({refused})")
    if not cls.__dataclass_params__.frozen:
        yield f"{cls.__name__} can be changed after it is made: write @dataclass(frozen=True)"
    untyped = [field.name for field in dataclasses.fields(cls) if field.type in ("Any", Any)]
    for name in untyped:
        yield f"option {show(name)} has the type Any, so that nothing is checked: give it a type such as Positive"


def helps(subject: Subject) -> Iterator[str]:
    """The command answers --help."""
    from click.testing import CliRunner

    done = CliRunner().invoke(subject.item, ["--help"])
    if done.exit_code != 0:
        yield f"--help ends with status {done.exit_code}: {done.exception or done.output[-200:]}"
    elif not done.output.strip():
        yield "--help prints nothing: leave the help option of click as it is"


CHECKS = (
    Check("loads", ("plugin",), loads),
    Check("module docstring", ("plugin",), module_docstring),
    Check("docstring", (*COMPONENTS, "regime", "executor", "renderer", "command"), docstring),
    Check("options", COMPONENTS, options),
    Check("help", ("command",), helps),
)
