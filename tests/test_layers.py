"""The house: who may import whom, and what is not imported before it is needed."""

from __future__ import annotations

import ast
import gc
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import get_type_hints

import pytest

import harness
from harness import cli, components

ROOT = Path(__file__).parent.parent
ORDER = [
    {"complaints", "draft", "json_schema", "standard_output"},
    {"components"},
    {"mathematics", "statistics"},
    {"plugin_host"},
    {"suite"},
    {"engine"},
    {"claims"},
    {"executors", "store"},
    {"driver"},
    {"exchange"},
    {"report", "scaffold"},
    {"session"},
    {"testing"},
    {"cli"},
]
"""Layers, lowest first; a module may import from its own layer and those before it."""


OUTSIDE = {"__init__", "__main__", "builtin"}
"""The public names, the command, and a plugin."""


def imports(path: Path) -> list[tuple[str, list[str]]]:
    """Return the modules that a file imports when it runs (not for its annotations only), with the names taken."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    found: list[tuple[str, list[str]]] = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


@pytest.mark.parametrize("path", files("plugins"), ids=lambda path: str(path.relative_to(ROOT)))
def test_our_plugins_import_what_anybodys_may(path: Path) -> None:
    for module, names in imports(path):
        parts = module.split(".")
        if parts[0] != "harness":
            continue
        if len(parts) == 1:
            private = [n for n in names if n not in harness.__all__]
        else:
            private = [n for n in [*parts[1:], *names] if n.startswith("_")]
            below = {".".join([module, name]) for name in names or [""]}
            private += [n for n in below if not any(f"{n}.".startswith(f"{m}.") for m in harness.PUBLIC_MODULES)]
        assert not private, f"{path} imports {private} of harness, which are not public"


@pytest.mark.parametrize("path", files("harness"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_one_of_a_later_layer(path: Path) -> None:
    layer = {module: i for i, modules in enumerate(ORDER) for module in modules}
    relative = path.relative_to(ROOT / "harness").with_suffix("").parts
    own = relative[0]
    if own in OUTSIDE:
        return
    for module, _ in imports(path):
        parts = module.split(".")
        if parts[0] == "harness" and len(parts) > 1 and parts[1] not in OUTSIDE:
            assert layer[parts[1]] <= layer[own], f"{path.name} imports {module}, which stands after it"


def test_no_modules_import_each_other() -> None:
    """Neither when they are imported nor when their functions are called; annotations may name a caller."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / "harness").rglob("*.py")
    }
    taken = {
        module: {
            name
            for imported, names in imports(path)
            for name in (imported, *(f"{imported}.{part}" for part in names))
            if name in modules
        }
        for module, path in modules.items()
    }
    while free := {module for module, others in taken.items() if not others & taken.keys()}:
        taken = {module: others for module, others in taken.items() if module not in free}
    assert not taken, f"{sorted(taken)} import each other, or modules that do"


def test_no_test_imports_from_another() -> None:
    """What several tests need is a fixture, or a module that is not a test."""
    for path in (ROOT / "tests").rglob("*.py"):
        for module, _ in imports(path):
            assert not module.rpartition(".")[2].startswith("test_"), f"{path.name} imports {module}"


@pytest.mark.parametrize("path", files("harness"), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_below_the_command_line_and_reports_prints(path: Path) -> None:
    if path.relative_to(ROOT / "harness").parts[0] in ("cli", "report"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    printed = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"]
    assert not printed


def test_types_of_the_contract_can_be_looked_up() -> None:
    for name in dir(components):
        noun = getattr(components, name)
        if isinstance(noun, type) and noun.__module__.startswith("harness."):
            get_type_hints(noun, include_extras=True)  # NameError where a type is imported for checkers only


def imported_by(arguments: list[str]) -> tuple[set[str], str]:
    """Run a command in a process of its own; return the modules that it left imported, and what it printed."""
    code = (
        "import sys\n"
        "from harness.cli import command\n"
        f"try:\n    command({arguments!r}, standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        "print('\\n' + ' '.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL
    )
    imported = set(done.stderr.splitlines()[-1].split())
    assert "harness.cli" in imported
    return imported, done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["theory", "--n", "20", "--d", "10"],
        ["plugins", "list"],
        ["run", "--help"],
        ["theory", "--suite", "quickstart"],
    ],
    ids=" ".join,
)
def test_torch_is_not_imported_before_something_is_trained(arguments: list[str]) -> None:
    imported, _ = imported_by(arguments)
    assert "torch" not in imported


def test_a_run_that_trains_nothing_imports_no_more_than_it_reads(tmp_path: Path) -> None:
    """The second run of a suite takes a quarter of the time without them."""
    suite, out = tmp_path / "small.toml", tmp_path / "out"
    suite.write_text(
        '[suite]\nname = "small"\n'
        '[problems]\ndataset = "sphere"\nn = [8, 12]\nd = 4\n'
        "[budget]\nsteps = 300\nspectrum = false\n"
        '[search]\nmethod = "grid"\nwidths = [1, 4, 32]\ntrials = 2\n'
        '[[regimes]]\nuse = "moderate"\n',
        encoding="utf-8",
    )
    harness.run(suite, out=out, executor="in-process", device="cpu")
    imported, said = imported_by(["run", str(suite), "--out", str(out), "--device", "cpu"])
    assert "0 trials trained, 12 reused" in said
    assert not imported & {"torch", "triton", "scipy.stats", "scipy.optimize", "scipy.linalg", "matplotlib"}
    assert not imported & {"rich.progress", "harness.driver.estimate"}, "nothing is trained or foreseen"


ONE_OUTPUT = ("linearized", "lazy-scaled", "train-all", "train-all-momentum", "narrow-constrained")


@pytest.mark.parametrize(("outputs", "regimes"), [(1, ONE_OUTPUT), (3, ("train-all-momentum",))])
def test_training_loads_no_compiler_of_torch(outputs: int, regimes: tuple[str, ...], tmp_path: Path) -> None:
    """Each worker would take over a second for it."""
    suite = tmp_path / "all.toml"
    suite.write_text(
        '[suite]\nname = "all"\n'
        f'[problems]\ndataset = {{ use = "sphere", outputs = {outputs} }}\nn = 12\nd = 4\n'
        "[budget]\nsteps = 20\n"
        '[search]\nmethod = "grid"\nwidths = [4]\ntrials = 1\n'
        + "".join(f'[[regimes]]\nuse = "{r}"\n' for r in regimes),
        encoding="utf-8",
    )
    imported, said = imported_by(
        ["run", str(suite), "--out", str(tmp_path / "out"), "--device", "cpu", "--executor", "in-process"]
    )
    assert f"{len(regimes)} trials trained" in said
    assert "torch" in imported
    assert "torch._dynamo" not in imported


def test_which_device_auto_is_can_often_be_told_without_torch() -> None:
    version = Path(find_spec("torch").origin or "").with_name("version.py").read_text()  # type: ignore[union-attr]  # it is there
    if "cuda: Optional[str] = None" not in version or "hip: Optional[str] = None" not in version:
        pytest.skip("this torch is built for GPUs")
    code = (
        "import sys\nfrom harness.engine.device import resolve_device\n"
        "assert resolve_device('auto') == 'cpu' and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]], ids=" ".join)
def test_help_needs_neither_numpy_nor_torch(arguments: list[str]) -> None:
    imported, said = imported_by(arguments)
    assert not imported & {"numpy", "torch", "pydantic", "scipy", "matplotlib"}
    assert arguments != ["--help"] or "kernel-distance" in said  # verbs of plugins are listed all the same


def test_a_verb_keeps_blas_to_one_thread() -> None:
    code = (
        "import sys, threadpoolctl\n"
        "from harness.cli import command\n"
        "command(['plugins', 'list'], standalone_mode=False)\n"
        "print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    )
    assert set(json.loads(done.stderr)) == {1}


def test_the_first_search_for_garbage_alone_is_put_off() -> None:
    usual = gc.get_threshold()
    cli._collect_later()
    cli._collect_later()
    assert gc.get_threshold() == (cli.LATER, *usual[1:])
    gc.collect()
    assert gc.get_threshold() == usual


def test_public_names_are_imported_when_they_are_asked_for() -> None:
    code = (
        "import sys, harness\n"
        "assert 'numpy' not in sys.modules\n"
        "assert set(harness.__all__) <= set(dir(harness))\n"
        "from harness import *\n"
        "assert Regime is harness.components.Regime and hookimpl is harness.components.hookspecs.hookimpl\n"
        "assert all(getattr(harness, name) is globals()[name] for name in harness.__all__)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True, stdin=subprocess.DEVNULL)
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'Regimes'"):
        harness.Regimes  # noqa: B018  # asking for it is the test


HEADS = ("Types and constants", "Modules that plugins may import")
"""Parts of the page that are tables."""


def test_the_page_of_the_api_documents_every_public_name_and_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    directives = re.findall(r"^\.\. auto(?:class|exception|function):: harness\.(\w+)$", page, re.MULTILINE)
    types, modules = (page.split(f"## {head}\n")[1] for head in HEADS)
    rows = [row for row in types.split("## ")[0].splitlines() if row.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted([*directives, *listed]) == sorted(harness.__all__)
    assert tuple(re.findall(r"^\| `(harness[\w.]+)` \|", modules, re.MULTILINE)) == harness.PUBLIC_MODULES
    for name in directives:
        assert (getattr(harness, name).__doc__ or "").strip(), name
