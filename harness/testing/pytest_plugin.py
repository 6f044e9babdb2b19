"""The conformance kit for pytest: ``pytest_plugins = ["harness.testing.pytest_plugin"]`` in a test module.

A test that takes ``conformance`` is run once for each check of each thing that a plugin provides; its module says which
plugin::

    harness_plugin = "my-theory"

    def test_conformance(conformance):
        conformance.demand()

``harness_plugin`` is the name of an entry point, of a package, or the path of a file, relative to the test module.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.complaints import show
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.registry import Registry, UnknownName
from harness.testing.conformance import cases
from harness.testing.suites import TINY_SUITE, synthetic_results

if TYPE_CHECKING:
    from harness.testing.case import Case

PLUGIN = "harness_plugin"
"""Name of the variable in a test module that names the plugin."""

HINT = f'takes conformance: say which plugin is meant, {PLUGIN} = "NAME", at the top of the module'


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``conformance`` once for each check of the plugin that its module names."""
    if "conformance" not in metafunc.fixturenames:
        return
    name = getattr(metafunc.module, PLUGIN, None)
    if not isinstance(name, str):
        raise pytest.UsageError(f"{metafunc.definition.nodeid} {HINT}")
    file = metafunc.definition.path.parent / name
    is_file = name.endswith(".py") and file.is_file()
    registry = load_plugins([file] if is_file else ())
    try:
        found = cases(registry, str(file.resolve()) if is_file else name)
    except UnknownName as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}; is it installed?") from error
    metafunc.parametrize("conformance", found, ids=str)


@pytest.fixture
def conformance(request: pytest.FixtureRequest) -> Case:
    """One check of one thing that the plugin provides; its ``demand()`` fails with what to change."""
    raise pytest.UsageError(f"{request.node.nodeid} {HINT}")


@pytest.fixture
def harness_registry() -> Callable[..., Registry]:
    """Return a function that makes a registry of the installed plugins and given files.

    A plugin that cannot be loaded fails the test with the reason.
    """

    def load(*files: str | Path) -> Registry:
        registry = load_plugins(files)
        if registry.broken:
            pytest.fail("; ".join(f"plugin {show(plugin.name)}: {plugin.reason}" for plugin in registry.broken))
        return registry

    return load


@pytest.fixture
def tiny_suite(tmp_path: Path) -> Path:
    """A suite file that runs in a second. Edit its text to use other components."""
    path = tmp_path / "tiny.toml"
    path.write_text(TINY_SUITE, encoding="utf-8")
    return path


@pytest.fixture
def run_suite(tmp_path: Path) -> Callable[[Path], dict[str, Any]]:
    """Return a function that runs a suite in this process and returns its ``thresholds.json``.

    Trials that end in an error fail the test.
    """

    def run(suite: Path) -> dict[str, Any]:
        from harness.driver.run import Run
        from harness.report.summary import write_reports
        from harness.store import Store
        from harness.suite import load_suite

        out = tmp_path / "run"
        loaded, registry = load_suite(suite, trust_plugins=True)
        with Store(out, exclusive=True) as store:
            run = Run(loaded, registry, store, "cpu")
            run.begin()
            with registry.find("executor", "in-process")(1, tuple(map(str, loaded.plugin_files))) as executor:
                results = run.go(executor)
        write_reports(results, out)
        if errors := results.errors():
            pytest.fail(f"{len(errors)} trials of {suite} end in errors, the first in: {errors[0][1].message}")
        found: dict[str, Any] = json.loads((out / "thresholds.json").read_text(encoding="utf-8"))
        return found

    return run


@pytest.fixture
def synthetic() -> Callable[..., Results]:
    """Make results whose threshold is known: see :func:`harness.testing.synthetic_results`."""
    return synthetic_results
