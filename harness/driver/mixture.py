"""Whether the trials of a run directory were trained with several versions of a plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def mixed_versions(runs: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the plugins that were of several versions in the runs of one directory, with the versions in order.

    A stored trial does not know its run: a later run may have trained all of it anew, and often has not.

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
