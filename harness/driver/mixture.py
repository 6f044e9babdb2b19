"""A check for run directories whose trials were trained with several versions of a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def mixed_versions(runs: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the plugins that were of several versions in the runs of one directory, with the versions in order.

    Stored trials do not record which run produced them, so a plugin is reported even if a later run retrained every
    trial.

    Args:
        runs: The provenance of each run, oldest first.

    >>> mixed_versions([{"plugins": {"foo": "harness-foo 0.1"}}, {"plugins": {"foo": "harness-foo 0.2"}}])
    {'foo': ['harness-foo 0.1', 'harness-foo 0.2']}
    """
    seen: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run.get("plugins", {}).items():
            seen.setdefault(name, {})[str(version)] = None
    return {name: list(versions) for name, versions in sorted(seen.items()) if len(versions) > 1}
