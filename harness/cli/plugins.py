"""The verb ``harness plugins``, which lists plugins and describes components."""

from __future__ import annotations

import ast
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli import completion
from harness.cli.loading import stop_if_strict
from harness.cli.options import PLUGINS
from harness.cli.plugins_check import check
from harness.cli.plugins_trace import trace
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.components import Claim, Regime
    from harness.plugin_host.registry import Kind, Plugin, Registry


@click.group("plugins")
def command() -> None:
    """List plugins, explain what they provide, check that they keep to the contract, trace what they do.

    \b
    harness plugins list
    harness plugins info momentum
    harness plugins check my_theory.py
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
def list_plugins(as_json: bool, plugin_files: tuple[str, ...]) -> None:
    """List the plugins: origin, version, hooks, components, status; for broken ones the reason.

    \b
    harness plugins list
    harness plugins list --plugin my_theory.py --json
    """
    from harness.plugin_host.loading import load_plugins
    from harness.report.json_text import dumps
    from harness.report.plugins_view import plugins_view
    from harness.report.terminal import show

    registry = load_plugins(plugin_files)
    stop_if_strict(registry)
    if as_json:
        echo(dumps({"plugins": [plugin_record(plugin) for plugin in registry]}), nl=False)
    else:
        show(plugins_view(registry))


@command.command("info")
@click.argument("name", shell_complete=completion.of_plugins("plugin"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
def info(name: str, as_json: bool, plugin_files: tuple[str, ...]) -> None:
    """Explain a plugin, or a component by its name: what it is, its options, where it comes from.

    \b
    harness plugins info moderate
    harness plugins info gaussian-halves --json
    """
    from harness.plugin_host.loading import load_plugins
    from harness.report.json_text import dumps

    registry = load_plugins(plugin_files)
    stop_if_strict(registry)
    records = records_of(name, registry)
    if not records:
        raise WrongInput(_unknown(name, registry))
    if as_json:
        echo(dumps({"found": records}), nl=False)
        return
    for number, record in enumerate(records):
        if number:
            echo()
        _print(record)


command.add_command(check)
command.add_command(trace)


def plugin_record(plugin: Plugin) -> dict[str, Any]:
    """Return a plugin as plain data."""
    return {
        "what": "plugin",
        "name": plugin.name,
        "package": plugin.package,
        "version": plugin.version,
        "origin": plugin.origin,
        "file": plugin.is_file,
        "status": plugin.status,
        "reason": plugin.reason,
        "hooks": list(plugin.hooks),
        "components": {kind: list(names) for kind, names in plugin.components.items()},
        "seconds": plugin.seconds,
    }


def records_of(name: str, registry: Registry) -> list[dict[str, Any]]:
    """Return everything of this name: plugins first, then components of every kind."""
    from harness.plugin_host.registry import KINDS

    found = [
        {**plugin_record(plugin), "text": _module_text(plugin), "traceback": plugin.traceback}
        for plugin in registry
        if name in (plugin.name, plugin.package)
    ]
    for kind in KINDS:
        found += [_component_record(kind, plugin, item) for plugin, item in registry.providers(kind, name)]
    return found


def _module_text(plugin: Plugin) -> str:
    from harness.report.describe import prose

    if plugin.status != "ok":
        return ""
    if plugin.is_file:
        return (ast.get_docstring(ast.parse(Path(plugin.origin).read_bytes())) or "").strip()
    return prose(sys.modules.get(plugin.origin.partition(":")[0]))


def _component_record(kind: Kind, plugin: Plugin, item: Any) -> dict[str, Any]:
    from harness.report.describe import options, prose

    record: dict[str, Any] = {"what": kind, "name": item.name, "plugin": plugin.name, "package": plugin.package}
    record |= {"version": plugin.version, "origin": plugin.origin, "options": []}
    if kind == "regime":
        return {**record, "text": item.summary, "facts": _regime_facts(item)}
    if kind == "command":
        return {**record, "text": item.get_short_help_str(200), "facts": {}}
    facts = _claim_facts(item.claim) if kind == "theory" else {}
    described = [dataclasses.asdict(option) for option in options(item)]
    return {**record, "text": prose(item) or getattr(item, "summary", ""), "facts": facts, "options": described}


def _regime_facts(regime: Regime) -> dict[str, Any]:
    from harness.report import setting

    facts = {
        "model": setting.component(regime.model),
        "trains": setting.trains(regime),
        "initializer": setting.component(regime.initializer),
        "optimizer": setting.optimizer(regime.optimizer),
        "criterion": setting.component(regime.criterion),
        "theory of its step": regime.theory,
    }
    return {key: value for key, value in facts.items() if value}


def _claim_facts(claim: Claim) -> dict[str, Any]:
    facts = {
        "title": claim.title,
        "reference": claim.reference.text,
        "guarantee": claim.guarantee,
        "formula": claim.formula,
        "constant": "explicit" if claim.explicit else "unknown, set to 1",
        "certainty": claim.certainty,
        "known how": claim.certainty_note,
    }
    return {key: value for key, value in facts.items() if value}


def _unknown(name: str, registry: Registry) -> str:
    from harness.complaints import nearest, show
    from harness.plugin_host.registry import KINDS

    names = {plugin.name for plugin in registry} | {known for kind in KINDS for known in registry.names(kind)}
    close = nearest(name, names)
    hint = f"did you mean {show(close)}?" if close else "see: harness plugins list"
    hint += "" if any(plugin.is_file for plugin in registry) else "; what a file provides needs --plugin FILE"
    return f"there is no plugin and no component {show(name)}; {hint}"


def _print(record: dict[str, Any]) -> None:
    from harness.components.numbers import clean, to_encoding
    from harness.plugin_host.registry import PLURAL
    from harness.report.describe import options_table
    from harness.report.terminal import console_for, show
    from harness.report.wrapping import wrap

    console = console_for()

    def say(text: str, indent: int = 0, label: str = "") -> None:
        safe = to_encoding(clean(text), console.encoding)
        for number, line in enumerate(wrap(safe, console.width - indent)):
            console.print((label if number == 0 else "").ljust(indent) + line)

    console.print(f"{record['what']} {clean(record['name'])}", style="bold")
    for paragraph in record["text"].split("\n\n"):
        say(paragraph)
    where = f"{record['package']} {record['version']}".strip()
    facts = {"from": f"{record.get('plugin', record['name'])} ({where}), {record['origin']}"}
    if record["what"] == "plugin":
        facts |= {"status": record["status"], "reason": record["reason"], "hooks": ", ".join(record["hooks"])}
        facts |= {PLURAL[kind]: ", ".join(names) for kind, names in record["components"].items()}
    else:
        facts |= record["facts"]
    facts = {key: str(value) for key, value in facts.items() if value}
    indent = max(map(len, facts)) + 2
    console.print()
    for key, value in facts.items():
        say(value, indent, key)
    if record.get("options"):
        console.print()
        show(options_table(record["options"]))
    if record.get("traceback"):
        console.print()
        console.print(record["traceback"].rstrip())
