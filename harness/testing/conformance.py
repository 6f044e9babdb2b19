"""All checks, applied to all that a plugin provides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.complaints import nearest, show
from harness.plugin_host.registry import UnknownName
from harness.testing import (
    criteria,
    datasets,
    initializers,
    machinery,
    models,
    optimizers,
    regimes,
    stacks,
    texts,
    theories,
)
from harness.testing.case import Case, Check, Finding, Subject

if TYPE_CHECKING:
    from harness.plugin_host.registry import Plugin, Registry

CHECKS: tuple[Check, ...] = (
    *texts.CHECKS,
    *models.CHECKS,
    *stacks.CHECKS,
    *initializers.CHECKS,
    *optimizers.CHECKS,
    *criteria.CHECKS,
    *datasets.CHECKS,
    *theories.CHECKS,
    *regimes.CHECKS,
    *machinery.CHECKS,
)
"""Every rule, in the order in which they are applied."""


def find_plugin(registry: Registry, name: str) -> Plugin:
    """Return the plugin of this name, package or file.

    Raises:
        UnknownName: There is none, or there are several.
    """
    found = [p for p in registry if name in (*p.names, p.origin, p.origin.partition(":")[0])]
    if not found:
        homes = [(kind, plugin.name) for plugin in registry for kind, items in plugin.provided.items() if name in items]
        if homes:
            kind, home = homes[0]
            raise UnknownName(f"there is no plugin {show(name)}, only a component ({kind})", name, home)
        names = {plugin.name for plugin in registry}
        raise UnknownName(f"there is no plugin {show(name)}", name, nearest(name, names))
    if len(found) > 1:
        ways = ", ".join(show(f"{plugin.package}:{plugin.name}") for plugin in found)
        raise UnknownName(f"there are several plugins {show(name)}: write one of {ways}", name)
    return found[0]


def cases(registry: Registry, name: str) -> list[Case]:
    """Return every check of the plugin of this name and of all that it provides.

    Args:
        registry: All plugins, with the one that is checked among them.
        name: Of the plugin: entry point, package, ``package:name``, or path of a file.

    Raises:
        UnknownName: There is no such plugin.
    """
    plugin = find_plugin(registry, name)
    subjects = [Subject("plugin", plugin.name, plugin, plugin, registry)]
    for kind, items in plugin.provided.items():
        subjects += [Subject(kind, name, item, plugin, registry) for name, item in items.items()]
    return [Case(subject, check) for subject in subjects for check in CHECKS if subject.kind in check.kinds]


def check_plugin(registry: Registry, name: str) -> list[Finding]:
    """Run every check of a plugin; none of them raises."""
    return [case.find() for case in cases(registry, name)]
