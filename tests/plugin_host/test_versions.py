"""Versions of shipped components, by which stored trials are found: raised when the same options give other numbers.

The golden file has the version of each component and a digest of its syntax trees without docstrings. After a change
that gives other numbers raise the version, and after any change:
``REFRESH_GOLDEN=1 python -m pytest -n 0 tests/plugin_host/test_versions.py``.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import sys
from pathlib import Path

from harness.components import StepPolicy
from harness.plugin_host.counted import Definition, definitions, reached
from harness.plugin_host.digests import tokens
from harness.plugin_host.loading import load_plugins

GOLDEN = Path(__file__).parent / "golden" / "components.json"
KINDS = ("model", "activation", "initializer", "optimizer", "criterion", "dataset", "diagnostic", "solver", "theory")


@functools.cache
def defined(module: str) -> list[Definition]:
    text = Path(str(sys.modules[module].__file__)).read_text(encoding="utf-8")
    return [definition for node in ast.parse(text).body for definition in definitions(node)]


def syntax(component: type) -> str:
    """Return the digest of a class, of its bases but the contract, and of what they use in their modules."""
    words = []
    for cls in component.__mro__:
        if cls.__module__.startswith("harness") and not cls.__module__.startswith("harness.components"):
            found = defined(cls.__module__)
            used = reached([one for one in found if cls.__name__ in one.names], found)
            assert used, f"{cls} is no class at the top of its module"
            words += [word for one in found if one in used for word in tokens(one.node)]
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]


def test_components_keep_their_syntax_trees_or_raise_their_versions() -> None:
    registry = load_plugins(third_party=False)
    now = {
        f"{kind} {name}": [item.version, syntax(item if isinstance(item, type) else type(item))]
        for kind in KINDS
        for name, item in registry.all(kind).items()  # type: ignore[arg-type]  # they are kinds
        if kind != "theory" or issubclass(item, StepPolicy)
    }
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(now.items()))
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = {key for key in now.keys() & golden.keys() if now[key][1] != golden[key][1]}
    same = sorted(key for key in changed if now[key][0] == golden[key][0])
    assert not same, (
        f"{', '.join(same)}: the code changed and the version did not. If the same options give other numbers, raise "
        "the version; then, or if numbers are the same, refresh the golden file (see the head of this file)"
    )
    assert now == golden, (
        "components were added, removed or raised: refresh the golden file (see the head of this file)"
    )


def test_a_changed_constant_of_a_component_is_seen() -> None:
    def digest(text: str) -> list[str]:
        found = [definition for node in ast.parse(text).body for definition in definitions(node)]
        used = reached([one for one in found if "A" in one.names], found)
        return [word for one in found if one in used for word in tokens(one.node)]

    text = "X = 1\ndef f():\n    return X\nclass A:\n    y = f()\nZ = 2\n"
    assert digest(text) != digest(text.replace("X = 1", "X = 2"))
    assert digest(text) == digest(text.replace("Z = 2", "Z = 3"))
