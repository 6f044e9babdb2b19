"""All checks, applied to everything that a plugin provides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.complaints import nearest, show
from harness.plugin_host.registry import UnknownName
from harness.testing import (
    activations,
    continuations,
    criteria,
    datasets,
    import_state,
    initializers,
    machinery,
    models,
    noise,
    optimizers,
    regimes,
    solvers,
    stacks,
    texts,
    theories,
)
from harness.testing.case import STOPPED, Case, Check, Finding, Subject

if TYPE_CHECKING:
    from harness.plugin_host.registry import Plugin, Registry

CHECKS: tuple[Check, ...] = (
    *texts.CHECKS,
    *import_state.CHECKS,
    *models.CHECKS,
    *noise.CHECKS,
    *stacks.CHECKS,
    *activations.CHECKS,
    *initializers.CHECKS,
    *optimizers.CHECKS,
    *criteria.CHECKS,
    *datasets.CHECKS,
    *theories.CHECKS,
    *regimes.CHECKS,
    *solvers.CHECKS,
    *continuations.CHECKS,
    *machinery.CHECKS,
)
"""Every rule, in the order in which they are applied."""


def find_plugin(registry: Registry, name: str) -> Plugin:
    """Return the plugin of this name, package or file.

    Args:
        registry: All plugins.
        name: Name of the plugin.

    Returns:
        The plugin.

    Raises:
        UnknownName: If there is none, or if there are several.
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
    """Return every check of a plugin and of everything that it provides.

    Args:
        registry: All plugins, with the one to check among them.
        name: Entry point, package, ``package:name``, or path of a file.

    Returns:
        The cases, in the order of the subjects.

    Raises:
        UnknownName: If there is no such plugin.
    """
    plugin = find_plugin(registry, name)
    subjects = [Subject("plugin", plugin.name, plugin, plugin, registry)]
    for kind, items in plugin.provided.items():
        subjects += [Subject(kind, name, item, plugin, registry) for name, item in items.items()]
    return [Case(subject, check) for subject in subjects for check in CHECKS if subject.kind in check.kinds]


def check_plugin(registry: Registry, name: str) -> list[Finding]:
    """Run every check of a plugin. Failures are returned, not raised."""
    return once(case.find() for case in cases(registry, name))


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in which an exception that stopped several checks of one subject is reported by the first alone.

    The others do not count as failed, since they were not made, and say which check has the reason.

    Args:
        findings: Findings in order.
    """
    first: dict[tuple[str, str], str] = {}
    kept = []
    for finding in findings:
        raised = [text.partition(STOPPED)[2] for text in finding.messages if STOPPED in text]
        cause = (finding.subject, raised[0]) if len(raised) == len(finding.messages) == 1 else None
        if cause is None or finding.status != "failed" or first.setdefault(cause, finding.check) == finding.check:
            kept.append(finding)
        else:
            reason = f"not checked, for the reason that “{first[cause]}” gives"
            kept.append(replace(finding, status="skipped", messages=(reason,)))
    return kept
