# ruff: noqa: E501  # a table of cases reads best with a case a line
from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from harness.plugin_host.component_data import component_from
from harness.plugin_host.composition import OWN_KEYS
from harness.plugin_host.loading import AmbiguousName, Registry, UnknownName, load_plugins
from tests.plugin_host.plugin_sources import CRITERION, DATASET, OWN, distribution, load_one, write

EXAMPLE = Path(__file__).parents[1] / "example_plugin.py"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins([EXAMPLE], entry_points=OWN)


def test_a_file_plugin_provides_its_components(registry: Registry) -> None:
    plugin = next(p for p in registry if p.name == "example_plugin")
    assert plugin.status == "ok"
    assert plugin.origin == str(EXAMPLE)
    assert plugin.components == {
        "model": ("cosine",),
        "dataset": ("circle",),
        "theory": ("guess",),
        "regime": ("cosine-net",),
    }
    assert set(plugin.hooks) == {"harness_models", "harness_datasets", "harness_theories", "harness_regimes"}
    assert len(plugin.version) == 8


def test_components_are_found_by_short_and_full_names(registry: Registry) -> None:
    short = registry.find("dataset", "circle")
    assert short is registry.find("dataset", "example_plugin:circle")
    assert registry.find("optimizer", "gd") is registry.find("optimizer", "builtin:gd")
    assert "guess" in {theory.name for theory in registry.theories()}
    assert registry.regime("moderate").model.name == "shallow"
    assert registry.commands() == {}


def test_unknown_names_come_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"there is no initializer 'mirored-lecun'; did you mean 'mirrored-lecun'\?"):
        registry.find("initializer", "mirored-lecun")
    with pytest.raises(UnknownName, match=r"'sphere' is a dataset"):
        registry.find("model", "sphere")
    with pytest.raises(UnknownName, match=r"'gd' is provided by harness"):
        registry.find("optimizer", "moderate:gd")
    with pytest.raises(UnknownName, match="no plugin provides models"):
        Registry().find("model", "shallow")


def test_loading_and_parsing_need_no_torch() -> None:
    code = (
        "import sys; from importlib.metadata import EntryPoint; from harness.suite import load_suite;"
        "from harness.plugin_host.loading import load_plugins;"
        "r = load_plugins(entry_points=[EntryPoint(*p, 'harness') for p in"
        " [('builtin', 'harness.builtin'), ('moderate', 'harness_moderate')]]);"
        "assert not r.broken, r.broken; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise RuntimeError('no such card')", "RuntimeError: no such card"),
        ("import harness_of_nobody", "ModuleNotFoundError: No module named 'harness_of_nobody'"),
        ("def f(:\n    pass", "SyntaxError in line"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise BaseException", "BaseException"),
        ("raise ValueError('two\\nlines \\x1b[31m')", "ValueError: two lines �[31m"),
        ("x = 1", "it has no hook"),
        ("@hookimpl\ndef harness_modles():\n    return []", "harness_modles is not a hook of the harness; did you mean harness_models"),
        ("@hookimpl\ndef datasets():\n    return []", "datasets is not a hook of the harness; did you mean harness_datasets"),
        ("@hookimpl\ndef harness_models(registry):\n    return []", "harness_models takes registry, but"),
        ("def harness_models():\n    return []", "harness_models is not marked with @hookimpl"),
        ("@hookimpl(wrapper=True)\ndef harness_models():\n    yield", "harness_models is a wrapper"),
        ("@hookimpl\ndef harness_models():\n    return None", "harness_models returned NoneType None, expected a list"),
        ("@hookimpl\ndef harness_models():\n    return Dataset", "harness_models returned the class Dataset, expected a list"),
        ("@hookimpl\ndef harness_models():\n    return [3]", "harness_models returned int 3, expected a subclass of Model"),
        ("@hookimpl\ndef harness_models():\n    return [Dataset]", "returned the class Dataset, expected a subclass of Model"),
        ("@hookimpl\ndef harness_models():\n    return [Model]", "Model does not define forward, shapes"),
        ("@hookimpl\ndef harness_models():\n    yield from ()\n    raise OSError('gone')", "OSError: gone"),
        ("@hookimpl\ndef harness_regimes():\n    return ['moderate']", "returned str 'moderate', expected a Regime"),
        ("@hookimpl\ndef harness_regimes():\n    return [Regime('r', 1, 2, 3, 4)]", "regime 'r' has int 1 as its model"),
        ("@hookimpl\ndef harness_commands():\n    return [print]", "expected a click.Command"),
        ("@hookimpl\ndef harness_executors():\n    return [Dataset]", "expected a subclass of Executor"),
        ("@hookimpl\ndef harness_renderers():\n    return [Renderer]", "Renderer does not define"),
        (DATASET.replace('"flat"', '"Flat Earth"'), "Flat has the name 'Flat Earth', expected lower-case letters"),
        (DATASET.replace('"flat"', '""'), "Flat has the name ''"),
        (DATASET.replace("[Flat]", "[Flat()]"), "returned an instance of Flat, expected the class itself"),
        (DATASET.replace("    def draw", "    size: float\n    def draw"), "option 'size' of Flat has no default"),
        (DATASET.replace("    def draw", "    use: str = ''\n    def draw"), "has an option 'use', a word that suites need"),
        (DATASET.replace("    def draw", "    size: Positive = -1.0\n    def draw"), "no valid options: size: found -1.0"),
        (DATASET.replace("    def draw", "    size: Sise = 1.0\n    def draw"), "an option of the type Sise, which its module does not define"),
        (DATASET.replace("    def draw", "    version: ClassVar[str] = '1'\n    def draw"), "Flat has the version '1'"),
        (DATASET.replace("@dataclass(frozen=True)", "").replace("    def draw", "    size: float = 1.0\n    def draw"), "Flat.size is not an option yet: put @dataclass"),
        (DATASET.replace("@dataclass(frozen=True)", "@dataclass"), "cannot inherit non-frozen dataclass"),
        (DATASET.replace("    def draw", "    def __post_init__(self):\n        raise KeyError('x')\n    def draw"), "Flat cannot be made with its defaults"),
        (DATASET + "\n@dataclass(frozen=True)\nclass Flatter(Flat):\n    pass\n\n@hookimpl(specname='harness_datasets')\ndef more():\n    return [Flat, Flatter]", "two of the name 'flat'"),
        ("@hookimpl\ndef harness_theories():\n    @dataclass(frozen=True)\n    class T(Theory):\n        name = 't'\n        def concerns(self, r): ...\n        def width(self, p, r): ...\n    return [T]", "theory T does not say what it claims: claim = Claim(title=…, formula=…"),
        ("@hookimpl\ndef harness_theories():\n    class T(Theory):\n        name = 't'\n        title = formula = certainty = ''\n        home = {}\n        def concerns(self, r): ...\n        def width(self, p, r): ...\n    return [T]", "theory T does not say its reference, guarantee"),
        ("@hookimpl\ndef harness_theories():\n    class T(Theory):\n        name = 't'\n        claim = {'title': 'T'}\n        def concerns(self, r): ...\n        def width(self, p, r): ...\n    return [T]", "T.claim is { title = 'T' }, expected Claim(title=…"),
        ("@hookimpl\ndef harness_theories():\n    @dataclass(frozen=True)\n    class T(Theory):\n        name = 't'\n        title = reference = formula = ''\n        guarantee = 'existence'\n        certainty = 'memory'\n        home = {}\n        exponents = (0, 0)\n        def concerns(self, r): ...\n        def width(self, p, r): ...\n    return [T]", "T.exponents is [0, 0], expected Exponents((a, b)) or None"),
    ],
)  # fmt: skip
def test_broken_plugins_say_why(tmp_path: Path, body: str, reason: str) -> None:
    plugin = load_one(tmp_path, body)
    assert plugin.status == "broken"
    assert reason in plugin.reason
    assert "\n" not in plugin.reason
    assert plugin.traceback.startswith("Traceback")
    assert not plugin.provided


def test_ctrl_c_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_one(tmp_path, "raise KeyboardInterrupt")


def test_a_file_of_another_kind_is_not_executed(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("raise SystemExit\n")
    (plugin,) = load_plugins([tmp_path / "data.csv"], entry_points=()).broken
    assert plugin.reason == "a plugin is a Python file, whose name ends in .py"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    missing, folder = load_plugins([tmp_path / "nope.py", tmp_path], entry_points=())
    assert (missing.status, missing.reason) == ("broken", "there is no such file")
    assert (folder.status, folder.reason) == ("broken", "it is not a file")


def test_the_second_of_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    first = write(tmp_path / "first", DATASET, "mine.py")
    marker = tmp_path / "executed"
    second = write(tmp_path / "second", f"open({str(marker)!r}, 'w').close()\n" + DATASET, "mine.py")
    registry = load_plugins([first, second, first], entry_points=())
    assert [plugin.status for plugin in registry] == ["ok", "broken"]
    (twin,) = registry.broken
    assert twin.origin == str(second)
    assert twin.reason == f"{first} was named first, and files of one name cannot be told apart: rename one of them"
    assert not marker.exists(), "it was executed all the same"
    assert registry.find("dataset", "flat") is registry.find("dataset", "mine:flat")
    assert list(registry.all("dataset")) == ["flat"]
    other = load_plugins([first, second.rename(second.with_name("other.py"))], entry_points=())
    assert set(other.all("dataset")) == {"mine:flat", "other:flat"}
    assert other.find("dataset", "mine:flat") is not other.find("dataset", "other:flat")


@pytest.mark.parametrize("word", sorted({*OWN_KEYS, "version", "kind"}))
def test_an_ingredient_has_no_option_that_a_regime_would_take(tmp_path: Path, word: str) -> None:
    """Flat in a regime, such a key would go to the regime, and never to the ingredient."""
    plugin = load_one(tmp_path, CRITERION.replace("wording", word))
    assert f"Even has an option '{word}', a word that suites need for themselves" in plugin.reason
    free = load_one(tmp_path, CRITERION)
    assert (free.status, free.reason) == ("ok", "")


def test_what_stands_in_no_regime_may_have_its_words(tmp_path: Path) -> None:
    plugin = load_one(tmp_path, DATASET.replace("    def draw", "    summary: str = ''\n    def draw"))
    assert (plugin.status, plugin.reason) == ("ok", "")


def test_a_broken_plugin_costs_the_others_nothing(tmp_path: Path) -> None:
    bad = EntryPoint("bad", "harness_of_nobody", "harness")
    registry = load_plugins([write(tmp_path, "1/0"), EXAMPLE], entry_points=(bad, *OWN))
    assert [plugin.name for plugin in registry.broken] == ["bad", "plugin"]
    assert registry.find("model", "cosine").name == "cosine"
    with pytest.raises(UnknownName, match=r"some plugins were not loaded: bad: ModuleNotFoundError.*plugin: Zero"):
        registry.find("model", "resnet")


def test_blocked_plugins_are_listed_and_not_loaded(tmp_path: Path) -> None:
    registry = load_plugins([write(tmp_path, "1/0")], block=["plugin"], entry_points=OWN)
    assert [plugin.status for plugin in registry] == ["ok", "ok", "blocked"]
    with pytest.raises(UnknownName, match="did you mean 'moderate'"):
        load_plugins(block=["moderat"], entry_points=OWN)


def test_a_plugin_listed_twice_is_loaded_once() -> None:
    again = EntryPoint("again", "harness_moderate", "harness")
    assert len(load_plugins(entry_points=(*OWN, *OWN)).plugins) == 2
    broken = load_plugins(entry_points=(*OWN, again)).broken
    assert len(broken) == 1
    assert "it is the same module as" in broken[0].reason


def test_the_same_file_gives_the_same_classes(tmp_path: Path) -> None:
    path = write(tmp_path, DATASET)
    first = load_plugins([path, path], entry_points=()).find("dataset", "flat")
    assert load_plugins([path], entry_points=()).find("dataset", "flat") is first
    write(tmp_path, DATASET + "\n# edited\n")
    assert load_plugins([path], entry_points=()).find("dataset", "flat") is not first


def test_a_name_claimed_twice_is_an_error_only_where_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "flat-earth", "1.2", DATASET)
    distribution(tmp_path, "other-earth", "0.9", DATASET)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [point for dist in distributions(path=[str(tmp_path)]) for point in dist.entry_points]
    registry = load_plugins(entry_points=(*points, *OWN))
    assert not registry.broken
    assert registry.find("dataset", "sphere").name == "sphere"
    with pytest.raises(AmbiguousName) as caught:
        registry.find("dataset", "flat")
    for words in ("flat-earth 1.2", "other-earth 0.9", "'flat-earth:flat'", "'other-earth:flat'"):
        assert words in str(caught.value)
    mine = registry.find("dataset", "other-earth:flat")
    assert registry.name_of("dataset", mine) == "other-earth:flat"
    alone = load_plugins(entry_points=[point for point in points if point.dist and point.dist.name == "other-earth"])
    assert alone.name_of("dataset", alone.find("dataset", "flat")) == "other-earth:flat"  # whoever else is there
    assert load_plugins().name_of("dataset", load_plugins().find("dataset", "sphere")) == "sphere"
    assert {"flat-earth:flat", "other-earth:flat", "sphere"} <= set(registry.all("dataset"))


def test_whole_numbers_are_numbers(registry: Registry) -> None:
    made = component_from(registry, "optimizer", {"use": "gd", "step_size": 2})
    assert made.options()["step_size"] == 2.0
    assert type(made.options()["step_size"]) is float
