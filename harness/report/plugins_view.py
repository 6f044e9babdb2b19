"""The plugins and what they provide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.registry import PLURAL
from harness.report.entries import Missing, Style, Text
from harness.report.table import Column, Row, Table

if TYPE_CHECKING:
    from harness.registry import Registry

STYLES: dict[str, Style] = {"ok": "good", "broken": "bad", "blocked": "doubt"}


def plugins_view(registry: Registry) -> Table:
    """Return one row a plugin: where it came from, what it provides, whether it could be loaded."""
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
                    Text(plugin.origin),
                    Text(provides or absent),
                    Text(", ".join(hook.removeprefix("harness_") for hook in plugin.hooks) or "none"),
                )
            )
        )
    return Table(
        name="plugins",
        title="Plugins",
        caption="Details of a plugin or of anything it provides: harness plugins info NAME. Components of broken "
        "plugins are missing; --plugin FILE loads one from a file.",
        columns=(
            Column("plugin"),
            Column("package"),
            Column("version"),
            Column("status"),
            Column("origin", wrap=40),
            Column("provides", below=True, wrap=60),
            Column("hooks", below=True, wrap=30),
        ),
        rows=tuple(rows),
    )
