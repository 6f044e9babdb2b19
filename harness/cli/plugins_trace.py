"""The verb ``harness plugins trace``, which shows each call of a hook and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli.loading import stop_if_strict
from harness.cli.options import PLUGINS
from harness.cli.streams import echo

if TYPE_CHECKING:
    from harness.plugin_host.registry import Plugin


@click.command("trace")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
def trace(as_json: bool, plugin_files: tuple[str, ...]) -> None:
    """Show each hook that is called when plugins are loaded: how many things it provided, which, and how fast.

    \b
    harness plugins trace
    harness plugins trace --plugin my_theory.py --no-third-party
    """
    from harness.plugin_host.loading import load_plugins
    from harness.report.json_text import dumps
    from harness.report.plugins_view import trace_view
    from harness.report.terminal import show

    registry = load_plugins(plugin_files)
    stop_if_strict(registry)
    if as_json:
        echo(dumps({"plugins": [_record(plugin) for plugin in registry]}), nl=False)
    else:
        show(trace_view(registry))


def _record(plugin: Plugin) -> dict[str, Any]:
    calls = [
        {"hook": c.hook, "provided": list(c.names), "seconds": c.seconds, "reason": c.reason} for c in plugin.calls
    ]
    return {
        "name": plugin.name,
        "package": plugin.package,
        "status": plugin.status,
        "reason": plugin.reason,
        "seconds": plugin.seconds,
        "calls": calls,
    }
