"""Tables of the plugins and of what they provide."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from harness.components.entries import Missing, Number, Style, Text
from harness.components.table import Column, Row, Table
from harness.plugin_host.registry import PLURAL

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

STYLES: dict[str, Style] = {"ok": "good", "broken": "bad", "blocked": "doubt"}


def plugins_view(registry: Registry) -> Table:
    """Return one row per plugin: its source, what it provides, and whether it could be loaded."""
    rows = []
    for plugin in registry:
        absent = "nothing" if plugin.status == "ok" else f"not loaded: {plugin.reason or 'blocked'}"
        provides = "; ".join(f"{PLURAL[kind]} {', '.join(names)}" for kind, names in plugin.components.items() if names)
        rows.append(
            Row(
                (
                    Text(plugin.name, style="strong"),
                    Text(plugin.package),
                    Text(plugin.version) if plugin.version else Missing(),
                    Text(plugin.status, style=STYLES[plugin.status]),
                    Text(f"{1000 * plugin.seconds:.0f} ms") if plugin.status != "blocked" else Missing(),
                    Text(plugin.origin),
                    Text(provides or absent),
                    Text(", ".join(hook.removeprefix("harness_") for hook in plugin.hooks) or "none"),
                )
            )
        )
    return Table(
        name="plugins",
        title="Plugins",
        caption=f"Details of a plugin or of anything it provides: harness plugins info NAME{_options(registry)}. "
        "Components of broken plugins are missing; --plugin FILE loads one from a file. loaded in: import, calls of "
        "hooks and checks; what several plugins import counts for the first of them.",
        columns=(
            Column("plugin"),
            Column("package"),
            Column("version"),
            Column("status"),
            Column("loaded in", "right", priority=1),
            Column("origin", wrap=40),
            Column("provides", below=True, wrap=60),
            Column("hooks", below=True, wrap=30),
        ),
        rows=tuple(rows),
    )


def _options(registry: Registry) -> str:
    """Return the options that are needed to load the files of this list again."""
    return "".join(f" --plugin {shlex.quote(plugin.origin)}" for plugin in registry if plugin.is_file)


def trace_view(registry: Registry) -> Table:
    """Return one row per call of a hook: number and names of what it provided, and its time."""
    rows = []
    for plugin in registry:
        group = f"{plugin.name} ({plugin.label}) · {plugin.status} · {1000 * plugin.seconds:.0f} ms"
        for call in plugin.calls:
            found = Text(call.reason, style="bad") if call.reason else Text(", ".join(call.names) or "nothing")
            time = Text(f"{1000 * call.seconds:.1f} ms")
            rows.append(Row((Text(call.hook), Number(len(call.names)), time, found), group=group))
        if plugin.reason and not any(call.reason for call in plugin.calls):
            rows.append(Row((Text("import"), Number(0), Missing(), Text(plugin.reason, style="bad")), group=group))
        elif plugin.status == "blocked":
            rows.append(Row((Text("nothing is called"), Missing(), Missing(), Text("blocked")), group=group))
    return Table(
        name="trace",
        title="Calls of hooks",
        caption="Each hook is called once, on its own, when its plugin is loaded; the time is that of the call and of "
        "the checks of what it returned.",
        columns=(Column("hook"), Column("count", "right"), Column("time", "right"), Column("provides", wrap=60)),
        rows=tuple(rows),
    )
