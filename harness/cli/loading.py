"""The suite and the plugins of a call, and the warnings about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click as plain

from harness.cli.options import STRICT
from harness.cli.streams import warn
from harness.cli.wrong_input import WrongInput
from harness.complaints import show

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry
    from harness.suite import Suite

WARNED = "harness.warned"
"""Key of the click context under which a call keeps the warnings that it has printed."""


def load(
    suite: str,
    plugin_files: tuple[str, ...],
    *,
    trust: bool = False,
    seed: int | None = None,
    paper_size: bool = False,
) -> tuple[Suite, Registry]:
    """Load a suite by path or by the name of a shipped one, and warn of broken plugins.

    Args:
        suite: Path or name.
        plugin_files: Files with further components.
        trust: Whether to load plugin files that the suite names from anywhere.
        seed: Seed in place of that of the suite, or None.
        paper_size: Whether to take the size that the suite has in its table ``[paper]``.

    Returns:
        The suite, and the plugins.

    Raises:
        WrongInput: If the suite has faults. The message has all of them.
    """
    from harness.suite import SuiteError, load_suite, varied

    try:
        loaded, registry = load_suite(suite, plugin_files=plugin_files, trust_plugins=trust)
        loaded = varied(loaded, seed=seed, paper_size=paper_size)
    except SuiteError as error:
        raise WrongInput(str(error)) from error
    warn_of_broken(registry)
    for names in loaded.repeated:
        warn(f"regimes {show(names)} differ in nothing but their names: keep one")
    return loaded, registry


def check_problems(suite: Suite) -> None:
    """Draw problems of a suite before anything is trained, and report datasets that hung or crashed.

    Raises:
        WrongInput: If a size has none, because rows, columns, a file, a package or memory are missing.
    """
    from harness.complaints import ProblemError
    from harness.session.suites import check_problems as check

    try:
        unanswered = check(suite)
    except ProblemError as error:
        raise WrongInput(str(error)) from error
    if unanswered:
        warn(unanswered)


def warn_of_broken(registry: Registry) -> None:
    """Report once per call which plugins could not be loaded and which theory names several plugins provide.

    Raises:
        WrongInput: If a plugin is broken and --strict-plugins was given.
    """
    stop_if_strict(registry)
    context = plain.get_current_context(silent=True)
    said: set[str] = context.meta.setdefault(WARNED, set()) if context is not None else set()
    for line in (*_broken(registry), *registry.rival_theories()):
        if line not in said:
            said.add(line)
            warn(line)


def stop_if_strict(registry: Registry) -> None:
    """End the call if a plugin is broken and --strict-plugins was given.

    Raises:
        WrongInput: If a plugin is broken. The message has the reason of each.
    """
    context = plain.get_current_context(silent=True)
    if registry.broken and context is not None and context.meta.get(STRICT):
        raise WrongInput("\n".join([*_broken(registry), "--strict-plugins: nothing was done"]))


def _broken(registry: Registry) -> list[str]:
    return [f"plugin {plugin.name} ({plugin.label}) was not loaded: {plugin.reason}" for plugin in registry.broken]


def warn_of_mixture(provenance: Mapping[str, Any]) -> None:
    """Report the plugins that were edited after trials of the results were trained."""
    from harness.report.caption import edits_explained

    if message := edits_explained(provenance):
        warn(f"{message} harness run trains them again.")
