"""Plugins that are odd or hostile: the harness stays up, and says what is wrong in one line each."""

from __future__ import annotations

from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from harness.plugin_host.checks import HOOKS
from harness.plugin_host.loading import load_plugins
from tests.plugin_host.plugin_sources import DATASET, OWN, distribution, load_one, write

NONSENSE = {
    "None": "None",
    "a number": "3",
    "a text": "'models'",
    "a table": "{'name': 1}",
    "a list of None": "[None]",
    "a list of objects": "[object()]",
    "a class of nobody's": "[type('T', (), {'name': 't'})]",
    "an object whose name raises": "[type('T', (), {'name': property(lambda self: 1 / 0)})()]",
    "an object that cannot be shown": "[type('T', (), {'__repr__': lambda self: 1 / 0})()]",
    "a list without an end": "__import__('itertools').count()",
    "an iterator that raises": "map(lambda x: 1 / 0, [1])",
    "an exit": "exit(3)",
    "recursion": "(lambda f: f(f))(lambda f: f(f))",
}


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_from_a_hook_is_one_line(hook: str, what: str, tmp_path: Path) -> None:
    plugin = load_one(tmp_path, f"@hookimpl\ndef {hook}():\n    return {NONSENSE[what]}\n")
    assert plugin.status == "broken"
    assert plugin.reason
    assert "\n" not in plugin.reason
    assert len(plugin.reason) <= 500
    assert not plugin.provided
    assert [(call.hook, bool(call.reason)) for call in plugin.calls] == [(hook, True)]


def test_an_endless_list_of_one_thing_ends(tmp_path: Path) -> None:
    endless = DATASET.replace("return [Flat]", "return __import__('itertools').repeat(Flat)")
    assert "more than 10000 things" in load_one(tmp_path, endless).reason


def test_two_functions_for_one_hook_both_count(tmp_path: Path) -> None:
    more = DATASET + (
        "\n@dataclass(frozen=True)\nclass Round(Flat):\n    name = 'round'\n\n"
        "@hookimpl(specname='harness_datasets')\ndef more():\n    return [Round]\n"
    )
    plugin = load_one(tmp_path, more)
    assert plugin.status == "ok"
    assert set(plugin.components["dataset"]) == {"flat", "round"}
    assert "two of the name 'flat'" in load_one(tmp_path, more.replace("'round'", "'flat'")).reason


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("convergence-harness>=99", "it needs convergence-harness>=99, and this is"),
        ("Convergence_Harness (<0.0.1)", "it needs convergence-harness<0.0.1"),
        ("convergence-harness>=0.0.1", ""),
        ("convergence-harness-extras>=99", ""),
    ],
)
def test_a_plugin_for_another_version_is_not_loaded(
    needs: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "flat-earth", "1.2", DATASET)
    with (tmp_path / "flat_earth-1.2.dist-info/METADATA").open("a", encoding="utf-8") as metadata:
        metadata.write(f"Requires-Dist: numpy>=1\nRequires-Dist: {needs}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [point for dist in distributions(path=[str(tmp_path)]) for point in dist.entry_points]
    registry = load_plugins(entry_points=(*points, *OWN))
    (plugin,) = (plugin for plugin in registry if plugin.name == "flat_earth")
    assert plugin.status == ("broken" if words else "ok")
    assert words in plugin.reason
    assert registry.find("dataset", "sphere").name == "sphere"


def test_a_name_that_a_later_harness_has_is_one_line(tmp_path: Path) -> None:
    plugin = load_one(tmp_path, "from harness import ThingOfTheFuture")
    assert plugin.reason.startswith("ImportError: cannot import name 'ThingOfTheFuture' from 'harness'")


def test_all_of_them_together_leave_the_harness_standing(tmp_path: Path) -> None:
    files = []
    for number, what in enumerate(NONSENSE.values()):
        files.append(write(tmp_path, f"@hookimpl\ndef harness_models():\n    return {what}\n", f"odd_{number}.py"))
    files += [write(tmp_path, DATASET, "one.py"), write(tmp_path, DATASET, "two.py")]
    gone = EntryPoint("gone", "harness_of_nobody:attribute", "harness")
    registry = load_plugins(files, entry_points=(*OWN, gone))
    assert len(registry.broken) == len(NONSENSE) + 1
    assert registry.regime("moderate").name == "moderate"
    assert {"one:flat", "two:flat"} <= set(registry.all("dataset"))


@pytest.mark.parametrize(
    "line", ["from harness import kernels", "import harness.kernels", "from harness.kernels import mu"]
)
def test_an_import_of_a_module_that_was_moved_names_the_new_place(tmp_path: Path, line: str) -> None:
    plugin = load_one(tmp_path, line)
    assert plugin.status == "broken"
    assert plugin.reason == "harness.kernels is now harness.mathematics.kernels: change the import"


@pytest.mark.parametrize("module", ["executors.base", "report.table"])
def test_the_modules_of_executors_and_renderers_are_the_package_now(tmp_path: Path, module: str) -> None:
    plugin = load_one(tmp_path, f"from harness.{module} import *")
    assert plugin.reason == f"harness.{module} is now harness: change the import"
