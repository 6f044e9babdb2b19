"""Any text whatever is accepted or refused with complaints, and with no other error."""

from __future__ import annotations

import json
from typing import Any

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.complaints import SpecError
from harness.plugin_host.composition import build_regime
from harness.suite import SuiteError
from harness.suite.toml_places import TomlPlaces

from .good_suite import GOOD, REGISTRY, parse, paths

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["moderate", "sphere", "gd", "theory", "relu", "grid", "adaptive", "shallow", "cosine-net"])
)
KEYS = st.sampled_from(
    [
        "suite",
        "problems",
        "budget",
        "search",
        "regimes",
        "plugins",
        "name",
        "seed",
        "dataset",
        "n",
        "d",
        "use",
        "labels",
        "steps",
        "tolerances",
        "report_tolerance",
        "method",
        "widths",
        "trials",
        "model",
        "initializer",
        "optimizer",
        "criterion",
        "activation",
        "step_size",
        "theory",
        "from",
        "to",
        "step",
        "version",
    ]
) | st.text(max_size=4)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


def quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def dump(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(k)} = {dump(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return quote(value)
    return "1979-05-27" if value is None else json.dumps(value)


def refuses_or_accepts(text: str) -> None:
    complaint = "none"
    try:
        parse(text)
    except SuiteError as error:
        complaint = str(error)
    assert complaint
    assert all(c.isprintable() or c == "\n" for c in complaint)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("[]{}=\"'.,#\n ab01-_\\\u001b")), max_size=40))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    refuses_or_accepts(text)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_table_is_accepted_or_refused(data: dict[str, Any]) -> None:
    refuses_or_accepts("\n".join(f"{quote(key)} = {dump(value)}" for key, value in data.items()))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_of_a_value_is_accepted_or_refused(data: st.DataObject) -> None:
    changed = tomli.loads(GOOD)
    path = data.draw(st.sampled_from(sorted(paths(changed) - {()}, key=repr)))
    parent: Any = changed
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = data.draw(VALUES)
    text = "\n".join(f"{quote(key)} = {dump(value)}" for key, value in changed.items())
    refuses_or_accepts(text)
    assert paths(tomli.loads(text)) - {()} == set(TomlPlaces(text).lines)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_regime_is_built_or_refused(spec: dict[str, Any]) -> None:
    complaint = "none"
    try:
        build_regime(spec, REGISTRY)
    except SpecError as error:
        complaint = str(error)
    assert complaint
