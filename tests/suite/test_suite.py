# ruff: noqa: E501  # a table of cases reads best with a case a line
from __future__ import annotations

import dataclasses
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.builtin.criteria import MeanSquareOverRoot
from harness.builtin.datasets import CubeSphere, Sphere
from harness.builtin.initializers import GaussianHalves, MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import Momentum
from harness.complaints import SpecError
from harness.components import Problem
from harness.driver.pursuit import starting_width
from harness.engine.draws import draw_problem
from harness.plugin_host.composition import OWN_KEYS, build_regime, regime_spec
from harness.plugin_host.loading import Registry, load_plugins
from harness.statistics.search import Adaptive, Grid
from harness.suite import Suite, SuiteError, find_suite, load_suite, parse_suite, shipped_suites
from harness.suite.schema import main, schema_text, suite_schema
from harness.suite.sizes import _widest, too_large, trial_bytes
from harness.suite.toml_places import TomlPlaces

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).parents[1] / "example_plugin.py"
PACKAGES = ("harness.builtin", "harness_moderate", "harness_lazy", "harness_train_all", "harness_narrow")
OWN = tuple(EntryPoint(package.rpartition("_")[2], package, "harness") for package in PACKAGES)

GOOD = """\
[suite]
name = "good"
seed = 1

[problems]
dataset = { use = "sphere", labels = "gaussian" }
n = [40, 80]
d = 20

[budget]
steps = 10_000
tolerances = [1e-1, 1e-2]

[search]
method = "adaptive"

[[regimes]]
use = "moderate"

[[regimes]]
use = "moderate"
activation = "relu"
"""
REGISTRY = load_plugins([EXAMPLE], entry_points=OWN)


def parse(text: str, registry: Registry = REGISTRY) -> Suite:
    return parse_suite(text, registry)


def regime(text: str) -> Any:
    return build_regime(tomli.loads(text), REGISTRY)


def test_a_suite_becomes_records() -> None:
    suite = parse(GOOD)
    assert (suite.name, suite.seed, suite.n, suite.d, suite.resample) == ("good", 1, (40, 80), (20,), True)
    assert suite.dataset == Sphere(labels="gaussian")
    assert suite.search == Adaptive()
    assert suite.budget.tolerances == (0.1, 0.01)
    assert suite.budget.report_tolerance == 0.01
    assert (suite.budget.dtype, suite.budget.device, suite.budget.spectrum) == ("float32", "auto", True)
    assert [r.name for r in suite.regimes] == ["moderate", "moderate, relu"]
    assert suite.regimes[1].model == ShallowNet(activation="relu")
    assert suite.text == GOOD


def test_what_may_be_left_out() -> None:
    text = '[suite]\nname="a"\n[problems]\ndataset="sphere"\nn=4\nd=3\n[budget]\nsteps=1\n[[regimes]]\nuse="moderate"'
    suite = parse(text)
    assert suite.budget.tolerances == (1e-1, 1e-2, 2.5e-3, 1e-3)
    assert suite.budget.report_tolerance == 1e-2
    assert suite.search == Adaptive()
    assert suite.seed == 0


def test_sizes_may_be_ranges() -> None:
    suite = parse(GOOD.replace("d = 20", "d = { from = 2, to = 9, step = 3 }").replace("n = [40, 80]", "n = 7"))
    assert (suite.n, suite.d) == ((7,), (2, 5, 8))
    grid = '[search]\nmethod = "grid"\nwidths = { from = 2, to = 6, step = 2 }\ntrials = 3'
    assert parse(GOOD.replace('[search]\nmethod = "adaptive"', grid)).search == Grid((2, 4, 6), 3)


def test_the_only_tolerance_is_the_reported_one() -> None:
    assert parse(GOOD.replace("[1e-1, 1e-2]", "[0.3]")).budget.report_tolerance == 0.3


# (what is replaced, by what, place, line, words)
MALFORMED = [
    ("n = [40, 80]", "n = [40, 80", "", 8, "is not TOML"),
    ("d = 20", "d = ", "", 8, "(column 5)"),
    ('name = "good"', 'name = "good"\nname = "bad"', "", 3, "is not TOML"),
    ('name = "good"', 'nmae = "good"', "suite.nmae", 2, "is not a known key; did you mean 'name'?"),
    ("seed = 1", "quick = 1", "suite.quick", 3, "is not a known key (name, title, description, seed)"),
    ('name = "good"', "", "suite.name", 1, "is missing"),
    ('name = "good"', 'name = "../etc"', "suite.name", 2, "expected lower-case letters"),
    ('name = "good"', 'name = "x\\u001b[2J"', "suite.name", 2, "control character U+001B"),
    ('name = "good"', 'name = "good"\ntitle = "a\\nb"', "suite.title", 3, "control character U+000A"),
    ("seed = 1", "seed = -1", "suite.seed", 3, "found -1, expected a number at least 0"),
    ("seed = 1", "seed = 2001-01-01", "suite.seed", 3, "found datetime.date(2001, 1, 1), expected a number"),
    ("seed = 1", "steps = 100", "suite.steps", 3, "it belongs in [budget]"),
    ("seed = 1", 'plugins = ["a.py"]', "suite.plugins", 3, "it belongs above the first section"),
    ("[problems]", "[prblems]", "problems", None, "is missing: a suite needs [suite], [problems], [budget]"),
    ("[problems]", "[prblems]", "prblems", 5, "is not a section of a suite"),
    ("[problems]", "[[problems]]", "problems", 5, "write [problems], once"),
    ('"sphere"', '"shpere"', "problems.dataset.use", 6, "there is no dataset 'shpere'; did you mean 'sphere'?"),
    ('{ use = "sphere", labels = "gaussian" }', '"shpere"', "problems.dataset", 6, "did you mean 'sphere'?"),
    ('labels = "gaussian"', 'labels = "normal"', "problems.dataset.labels", 6, "'gaussian' or 'rademacher'"),
    ('labels = "gaussian"', "lables = 1", "problems.dataset.lables", 6, "did you mean 'labels'?"),
    ('{ use = "sphere", labels = "gaussian" }', "3", "problems.dataset", 6, "found 3, expected a text in quotes or a table"),
    ('{ use = "sphere", labels = "gaussian" }', "{}", "problems.dataset.use", 6, "is missing: the name of a dataset"),
    ("n = [40, 80]", "n = 0.5", "problems.n", 7, "found 0.5, expected a whole number, a list or { from, to }"),
    ("n = [40, 80]", "n = []", "problems.n", 7, "a list of at least 1 entry"),
    ("n = [40, 80]", "n = [40, -80]", "problems.n[1]", 7, "found -80, expected a number greater than 0"),
    ("n = [40, 80]", "n = [40, true]", "problems.n[1]", 7, "found true, expected a whole number"),
    ("n = [40, 80]", "n = [40,\n80,\n40]", "problems.n", 7, "has 40 more than once"),
    ("n = [40, 80]", "n = [40,\n80,\n'40']", "problems.n[2]", 9, "found '40', expected a whole number"),
    ("d = 20", 'd = "20"', "problems.d", 8, "(without quotes)"),
    ("d = 20", "d = { from = 9, to = 2 }", "problems.d", 8, "is an empty range: from = 9 is above to = 2"),
    ("d = 20", "d = { to = 2 }", "problems.d.from", 8, "is missing"),
    ("d = 20", "d = { from = 1, to = 1000000 }", "problems.d", 8, "more than 10000 numbers"),
    ("d = 20", "d = 20\nresample = 1", "problems.resample", 9, "found 1, expected true or false"),
    ("steps = 10_000", "steps = 1e4", "budget.steps", 11, "found 10000.0, expected a whole number (write 10000)"),
    ("steps = 10_000", "steps = 0", "budget.steps", 11, "found 0, expected a number greater than 0"),
    ("steps = 10_000", "step = 10", "budget.step", 11, "did you mean 'steps'?"),
    ("steps = 10_000", "", "budget.steps", 10, "is missing"),
    ("[1e-1, 1e-2]", "[1e-2, 1e-1]", "budget.tolerances", 12, "0.1 follows 0.01"),
    ("[1e-1, 1e-2]", "[1e-1, 0.0]", "budget.tolerances[1]", 12, "found 0.0, expected a number greater than 0"),
    ("[1e-1, 1e-2]", "[nan]", "budget.tolerances[0]", 12, "found nan, expected a finite number"),
    ("[1e-1, 1e-2]", "[1e-1, 1e-3]", "budget.report_tolerance", 10, "0.01 (the default) is not among tolerances"),
    ("[1e-1, 1e-2]", "[1e-1]\nreport_tolerance = 0.2", "budget.report_tolerance", 13, "0.2 is not among"),
    ("steps = 10_000", 'steps = 9\ndtype = "float16"', "budget.dtype", 12, "expected 'float32' or 'float64'"),
    ("steps = 10_000", 'steps = 9\ndevice = "gpu"', "budget.device", 12, "expected 'auto', 'cpu', 'cuda' or 'cuda:0'"),
    ('"adaptive"', '"adaptiv"', "search.method", 15, "did you mean 'adaptive'?"),
    ('"adaptive"', '"adaptive"\nwidths = [2, 4]', "search.widths", 16, "use method = 'grid'"),
    ('"adaptive"', '"adaptive"\nprecision = 0.9', "search.precision", 16, "found 0.9, expected a number greater than 1"),
    ('"adaptive"', '"adaptive"\ntrails = 9', "search.trails", 16, "did you mean 'trials'?"),
    ('"adaptive"', '"grid"\ntrials = 3', "search", 14, "search.widths is empty"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = []', "search.widths", 17, "at least 1 entry"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = [8, 8]', "search.widths", 17, "8 more than once"),
    ('"adaptive"', '"grid"\ntrials = 3\nwidths = [8]\nprecision = 2', "search.precision", 18, "option of method = 'adaptive'"),
    ("[[regimes]]", "[[regime]]", "regime", 17, "did you mean 'regimes'?"),
    ('[[regimes]]\nuse = "moderate"\n\n[[regimes]]', "[regimes]", "regimes", 17, "write [[regimes]]"),
    ('use = "moderate"\nactivation', 'use = "moderat"\nactivation', "regimes[1].use", 21, "did you mean 'moderate'?"),
    ('"relu"', '"rellu"', "regimes[1].activation", 22, "did you mean 'relu'?"),
    ("activation =", "actvation =", "regimes[1].actvation", 22, "did you mean 'activation'?"),
    ('activation = "relu"', "name = 'm'\n[[regimes]]\nuse = 'moderate'\nname = 'm'", "regimes[2].name", 25, "the name of regimes[1] too"),
    ('activation = "relu"', 'model = "shalow"', "regimes[1].model.use", 22, "did you mean 'shallow'?"),
    ('activation = "relu"', "model = 3", "regimes[1].model", 22, "expected a table such as { use = 'name' }"),
    ('activation = "relu"', "optimizer = { c = -1 }", "regimes[1].optimizer.c", 22, "found -1, expected a number greater than 0"),
    ('activation = "relu"', "c = 2\noptimizer = { c = 1 }", "regimes[1].c", 22, "is given twice, here and in optimizer"),
    ('activation = "relu"', 'step_size = "fast"', "regimes[1].step_size", 22, "expected 'stable' or 'theory' or a number"),
    ('activation = "relu"', 'step_size = "theory"\ntheory = ""', "regimes[1].step_size", 22, "names no theory that gives a step"),
    ('activation = "relu"', 'step_size = "theory"\ntheory = "count-all"', "regimes[1].step_size", 22, "'count-all' gives no step size"),
    ('activation = "relu"', 'theory = "os-smoth"', "regimes[1].theory", 22, "did you mean 'os-smooth'?"),
    ('use = "moderate"\nactivation = "relu"', 'model = "shallow"', "regimes[1]", 20, "a regime without use needs initializer, optimizer, criterion"),
    ('use = "moderate"\nactivation', "use = 3\nactivation", "regimes[1].use", 21, "found 3, expected a text in quotes"),
    ('activation = "relu"', 'name = " "', "regimes[1].name", 22, "is empty"),
    ('activation = "relu"', "name = '" + "m" * 81 + "'", "regimes[1].name", 22, "is 81 characters long"),
    ("[suite]", 'plugins = "a.py"\n[suite]', "plugins", 1, "expected a list of Python files"),
    ("[suite]", "plugins = [\n1]\n[suite]", "plugins[0]", 2, "expected the name of a Python file"),
    ("[suite]", 'steps = 3\n[suite]', "steps", 1, "it belongs in [budget]"),
    ("seed = 1", "seed = " + "[" * 12 + "]" * 12, "suite.seed[0][0][0][0][0][0]", 3, "more than 8 levels deep"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "line", "words"), MALFORMED)
def test_malformed_suites_say_what_where_and_how_to_mend(
    old: str, new: str, place: str, line: int | None, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError) as caught:
        parse(GOOD.replace(old, new))
    matching = [c for c in caught.value.complaints if c.place == place and words in str(c)]
    assert matching, f"got {[str(c) for c in caught.value.complaints]}"
    assert matching[0].line == line
    assert all(c.isprintable() or c == "\n" for c in str(caught.value))


def test_most_mistakes_give_one_complaint() -> None:
    several = {
        ("[problems]", "[prblems]"),  # the section is missing, and the other unknown
        ("[[regimes]]", "[[regime]]"),
        ("steps = 10_000", "step = 10"),
        ('name = "good"', 'nmae = "good"'),
    }
    for old, new, *_ in MALFORMED:
        if (old, new) not in several:
            with pytest.raises(SuiteError) as caught:
                parse(GOOD.replace(str(old), str(new)))
            assert len(caught.value.complaints) == 1, str(caught.value)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("d = 20", "d = 0").replace('"relu"', '"rellu"').replace('"adaptive"', '"random"')
    with pytest.raises(SuiteError) as caught:
        parse(text + "\n[extra]\n")
    assert [c.place for c in caught.value.complaints] == [
        "problems.d",
        "search.method",
        "regimes[1].activation",
        "extra",
    ]
    assert "4 things are wrong" in str(caught.value)
    assert "line 22, regimes[1].activation: found 'rellu', expected 'softplus', 'relu'" in str(caught.value)


def test_options_of_a_misspelled_method_are_checked_all_the_same() -> None:
    with pytest.raises(SuiteError) as caught:
        parse(GOOD.replace('method = "adaptive"', 'method = "adaptiv"\nmaxwidth = 8\nprecision = 0.5'))
    said = {c.place: str(c) for c in caught.value.complaints}
    assert list(said) == ["search.method", "search.maxwidth", "search.precision"]
    assert "did you mean 'max_width'?" in said["search.maxwidth"]


def test_widths_must_suit_every_initializer() -> None:
    text = GOOD.replace('activation = "relu"', 'initializer = { use = "mirrored-lecun" }')
    assert parse(text).regimes[1].initializer == MirroredLeCun()
    with pytest.raises(SuiteError, match=r"search.widths: found \[3, 5\], but regimes\[1\] \(mirrored-lecun\) needs"):
        parse(text.replace('method = "adaptive"', 'method = "grid"\ntrials = 2\nwidths = [3, 4, 5]'))
    with pytest.raises(SuiteError, match=r"search.max_width: found 1, but .* needs multiples of 2"):
        parse(text.replace('method = "adaptive"', "max_width = 1"))


# --- regimes --------------------------------------------------------------------------------------


def test_one_ingredient_can_be_replaced_or_changed() -> None:
    moderate = REGISTRY.regime("moderate")
    ablation = regime('use = "moderate"\ninitializer = { use = "mirrored-lecun" }')
    assert ablation == dataclasses.replace(moderate, name="moderate, mirrored-lecun", initializer=MirroredLeCun())
    changed = regime('use = "moderate"\ninitializer = { sigma = 2 }\nc = 0.5')
    assert changed.initializer == GaussianHalves(sigma=2.0)
    assert changed.optimizer.c == 0.5
    assert changed.name == "moderate, sigma 2, c 0.5"
    both = regime('name = "x"\nuse = "moderate"\noptimizer = "momentum"\nbeta = 0.5\nactivation = "gelu"')
    assert both.optimizer == Momentum(beta=0.5)
    assert both.model == ShallowNet(activation="gelu")
    assert both.name == "x"


def test_a_regime_can_do_without_a_preset() -> None:
    made = regime('model = "shallow"\ninitializer = "lecun"\noptimizer = "gd"\ncriterion = "quadratic"\ntrain = "all"')
    assert made.model == ShallowNet(train="all")
    assert made.name == "shallow, lecun, gd, quadratic"
    assert made.theory == ""


def test_an_option_of_two_ingredients_must_say_which(tmp_path: Path) -> None:
    path = tmp_path / "wide.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom typing import ClassVar\n"
        "from harness import hookimpl, Positive\nfrom harness.builtin.initializers import LeCun\n"
        "@dataclass(frozen=True)\nclass Wide(LeCun):\n    name: ClassVar[str] = 'wide'\n    c: Positive = 1.0\n"
        "@hookimpl\ndef harness_initializers():\n    return [Wide]\n"
    )
    registry = load_plugins([path], entry_points=OWN)
    with pytest.raises(SpecError, match=r"c: is an option of initializer and optimizer; write initializer = \{ c = 2"):
        build_regime({"use": "moderate", "initializer": "wide", "c": 2}, registry)
    assert build_regime({"use": "moderate", "initializer": {"use": "wide", "c": 2}}, registry).optimizer.c == 1.5


def test_names_that_were_not_given_are_made_unique() -> None:
    text = GOOD.replace('activation = "relu"', '[[regimes]]\nname = "moderate"\nuse = "moderate-sgd"')
    assert [r.name for r in parse(text).regimes] == ["moderate (2)", "moderate (3)", "moderate"]


@pytest.mark.parametrize("name", [*REGISTRY.all("regime")])
def test_regimes_survive_being_plain_data(name: str) -> None:
    preset = REGISTRY.regime(name)
    spec = json.loads(json.dumps(regime_spec(preset, REGISTRY)))
    assert build_regime(spec, REGISTRY) == preset
    assert regime_spec(build_regime(spec, REGISTRY), REGISTRY) == spec


def test_plain_data_of_another_version_is_refused() -> None:
    spec = regime_spec(REGISTRY.regime("moderate"))
    spec["optimizer"]["version"] = 7
    with pytest.raises(SpecError, match=r"optimizer.version: optimizer 'gd' is of version 1 here, the spec asks for 7"):
        build_regime(spec, REGISTRY)


def test_every_theory_has_a_home() -> None:
    problem = draw_problem(parse(GOOD).dataset, 20, 10, seed=0, base=1)
    for theory in REGISTRY.theories():
        home = build_regime(theory.home, REGISTRY)
        # A claim about networks that no regime trains stands in the overview alone, and says there what is not met.
        unmet = [assumption.text for assumption in theory.assumptions(problem, home) if assumption.holds is False]
        assert theory.concerns(home) or unmet, theory.name


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make loading from files independent of whether the package is installed."""

    def load(files: Any = (), block: Any = ()) -> Registry:
        return load_plugins(files, block, entry_points=OWN)

    monkeypatch.setattr("harness.suite.reading.load_plugins", load)


def write(folder: Path, text: str | bytes, name: str = "suite.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.usefixtures("installed")
def test_a_suite_may_name_plugin_files(tmp_path: Path) -> None:
    write(tmp_path, EXAMPLE.read_bytes(), "mine.py")
    path = write(tmp_path, 'plugins = ["mine.py"]\n' + GOOD.replace('"moderate"\nactivation = "relu"', '"cosine-net"'))
    suite, registry = load_suite(path, trust_plugins=True)
    assert suite.regimes[1].model == registry.find("model", "cosine")()
    assert suite.plugin_files == ((tmp_path / "mine.py").resolve(),)
    assert parse_suite(suite.text, registry) == dataclasses.replace(suite, path=None)  # as read from a store
    suite, registry = load_suite(write(tmp_path, GOOD), plugin_files=[tmp_path / "mine.py"])
    assert suite.plugin_files == ((tmp_path / "mine.py").resolve(),)
    assert registry.find("dataset", "circle")


@pytest.mark.usefixtures("installed")
def test_a_broken_plugin_matters_where_it_is_needed(tmp_path: Path) -> None:
    broken = write(tmp_path, "1/0", "broken.py")
    suite, registry = load_suite(write(tmp_path, GOOD), plugin_files=[broken])
    assert suite.name == "good"
    assert [p.name for p in registry.broken] == ["broken"]
    needed = write(tmp_path, 'plugins = ["broken.py", "gone.py"]\n' + GOOD)
    with pytest.raises(SuiteError) as caught:
        load_suite(needed, trust_plugins=True)
    assert "plugins[0]: plugin 'broken.py' could not be loaded: ZeroDivisionError" in str(caught.value)
    assert "plugins[1]: plugin 'gone.py' could not be loaded: there is no such file" in str(caught.value)
    unknown = write(tmp_path, GOOD.replace('"sphere"', '"spheroid-x"'))
    with pytest.raises(SuiteError, match=r"some plugins were not loaded: broken: ZeroDivisionError"):
        load_suite(unknown, plugin_files=[broken])
    with pytest.raises(SuiteError, match=r"there is no regime 'moderate'.*moderate is blocked"):
        load_suite(write(tmp_path, GOOD), block=["moderate"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty, expected [suite], [problems], [budget] and [[regimes]]"),
        (b"# nothing yet\n", "is empty"),
        (b"[suite]\nname = '\xff'", "line 2: is not UTF-8 text"),
        (b"x" * 1_000_001, "is larger than 1000000 bytes"),
        (b"[suite", "line 1: is not TOML"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (b"a = " + b"9" * 9000, "is not TOML"),
    ],
)
def test_files_that_are_no_suites(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(SuiteError) as caught:
        load_suite(write(tmp_path, content))
    assert words in str(caught.value)
    assert "suite.toml" in str(caught.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="is a folder, expected a TOML file"):
        load_suite(tmp_path)
    with pytest.raises(SuiteError, match="there is no such file, and no suite of this name"):
        load_suite(tmp_path / "nope.toml")
    with pytest.raises(SuiteError, match="did you mean 'quickstart'"):
        load_suite("quikstart")
    with pytest.raises(SuiteError, match="there is no such file"):
        load_suite("a\0b")


@pytest.mark.usefixtures("installed")
def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert load_suite(write(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()))[0].name == "good"


def test_shipped_suites_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_suite("quickstart").name == "quickstart.toml"
    assert {"quickstart", "phase-diagram", "phase-diagram-sample"} <= set(shipped_suites())
    own = tmp_path / "suites"
    own.mkdir()
    write(own, GOOD, "quickstart.toml")
    assert find_suite("quickstart").resolve() == (own / "quickstart.toml").resolve()


@pytest.mark.parametrize("path", sorted((ROOT / "suites").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_suites_are_valid(path: Path) -> None:
    suite = parse_suite(path.read_text(encoding="utf-8"), REGISTRY, path)
    assert suite.name == path.stem
    assert path.read_text(encoding="utf-8").startswith("#:schema ./suite.schema.json\n# ")


def test_the_phase_diagram_is_the_published_protocol() -> None:
    path = ROOT / "suites" / "phase-diagram.toml"
    suite = parse_suite(path.read_text(encoding="utf-8"), REGISTRY, path)
    assert (suite.n, suite.d) == ((200,), tuple(range(2, 61, 2)))
    assert suite.search == Grid(tuple(range(2, 61, 2)), 10)
    assert (suite.resample, suite.dataset) == (False, CubeSphere(labels="rademacher"))
    assert (suite.budget.steps, suite.budget.report_tolerance) == (50_000, 2.5e-3)
    (only,) = suite.regimes
    assert only.model == ShallowNet(activation="relu", train="hidden")
    assert only.optimizer == Momentum(step_size=0.15, beta=0.9)
    assert only.criterion == MeanSquareOverRoot()
    rng = np.random.default_rng(0)
    x, y = suite.dataset.draw(50, 4, rng)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0)
    assert set(y) == {-1.0, 1.0}
    weights = only.initializer.draw(only.model, Problem(x, y), 4, rng)
    np.testing.assert_allclose(weights["v"], [0.5, 0.5, -0.5, -0.5])


def test_inputs_from_the_cube_lean_towards_its_corners() -> None:
    # E‖x‖₁ of a unit vector in the plane: 4/π on the circle; ∫(cos φ + sin φ) dμ for the square is larger.
    x, _ = CubeSphere().draw(20_000, 2, np.random.default_rng(0))
    angle = np.arctan2(*np.sort(np.abs(x)).T[::-1]) - np.pi / 4  # 0 … π/4 above the diagonal
    # P(|x|∞ side seen under tan t) is uniform in tan t, so E[tan] = 1/2; on the circle it would be 2 ln 2 / π = 0.441.
    assert np.tan(np.pi / 2 - (angle + np.pi / 4)).mean() == pytest.approx(0.5, abs=0.01)


# --- schema and places ----------------------------------------------------------------------------


def test_what_is_in_a_misspelled_section_is_complained_of_with_it(registry: Registry) -> None:
    text = GOOD.replace("[budget]", "[budgt]").replace("steps = 10_000", "steps = -1\nreport_tolerance = 0.05")
    text = text.replace("[search]", "[serch]").replace('"adaptive"', '"adaptve"').replace("[[regimes]]", "[[regime]]")
    with pytest.raises(SuiteError) as caught:
        parse_suite(text.replace('"sphere"', '"spher"'), registry)
    places = [complaint.place for complaint in caught.value.complaints]
    expected = [
        "problems.dataset.use",
        "budgt",
        "budgt.steps",
        "budgt.report_tolerance",
        "serch",
        "serch.method",
        "regime",
    ]
    assert sorted(places) == sorted([*expected, "budget", "regimes"])  # which are missing
    misspelled = [c for c in caught.value.complaints if c.place in ("budgt", "serch", "regime")]
    assert [c.nearest for c in misspelled] == ["budget", "search", "regimes"]
    assert all(c.line for c in caught.value.complaints if c.place in expected)


def test_the_schema_file_is_fresh(tmp_path: Path) -> None:
    main([str(tmp_path / "schema.json")])
    written = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert written == schema_text()
    assert written == (ROOT / "suites" / "suite.schema.json").read_text(encoding="utf-8"), (
        "run: python -m harness.suite.schema suites/suite.schema.json"
    )


def test_the_schema_resolves_and_knows_every_section() -> None:
    schema = suite_schema()
    assert set(schema["properties"]) == {"plugins", "requires", "suite", "problems", "budget", "search", "regimes"}
    assert schema["required"] == ["suite", "problems", "budget", "regimes"]
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert name in schema["$defs"]


def test_the_schema_knows_every_key_of_a_regime() -> None:
    regime = suite_schema()["properties"]["regimes"]["items"]["properties"]
    assert set(regime) == set(OWN_KEYS)
    assert regime["diagnostics"]["type"] == "array"
    assert regime["diagnostics"]["items"] == {"anyOf": regime["model"]["anyOf"]}, "names, or tables with use"


@pytest.mark.parametrize(
    ("search", "place"),
    [
        ("widths = [100_000]", "n = 1000, d = 1000, k = 100000"),
        ("multiples = [100_000]", "n = 1000, d = 1000, k = 100000"),
        ("widths = [3]\nmultiples = [2.0, 100_000]", "n = 1000, d = 1000, k = 100000"),
    ],
)
def test_widths_are_compared_with_the_memory_however_they_are_given(search: str, place: str) -> None:
    text = GOOD.replace('method = "adaptive"', f'method = "grid"\ntrials = 1\n{search}')
    suite = parse(text.replace("n = [40, 80]", "n = 1000").replace("d = 20", "d = 1000"))
    assert trial_bytes(1000, 1000, 2000) < 1e9 < trial_bytes(1000, 1000, 100_000)
    said = too_large(suite, available=1e9)
    assert len(said) == len(suite.regimes)
    assert all(f"one trial at {place} needs at least 1.5 GiB" in one for one in said)
    assert not too_large(suite, available=2e9)


def test_multiples_are_widest_where_d_is_smallest() -> None:
    text = GOOD.replace('method = "adaptive"', 'method = "grid"\ntrials = 1\nmultiples = [50]')
    (first, _) = too_large(parse(text.replace("d = 20", "d = [2, 20]")), available=1.3e6)
    assert "n = 80, d = 2, k = 2000 needs at least 1.3 MiB" in first
    assert trial_bytes(80, 2, 2000) > 1.3e6 > trial_bytes(80, 20, 200)
    huge = GOOD.replace('method = "adaptive"', 'method = "grid"\ntrials = 1\nmultiples = [1e308]')
    assert len(too_large(parse(huge.replace("d = 20", "d = 1")))) == 2, "a width beyond all floats"


def test_multiples_are_those_that_the_run_will_train() -> None:
    """The widths are the pursuit's own, whose module the memory check cannot import."""
    grid = Grid(trials=1, multiples=(0.5, 3.0))
    for preset in REGISTRY.all("regime").values():
        suite = dataclasses.replace(parse(GOOD), regimes=(preset,), search=grid)
        for n, d in ((1000, 7), (7, 1000), (64, 8)):
            start, step = starting_width(preset, n, d), preset.initializer.width_step
            assert _widest(suite, preset, n, d) == (
                max(grid.next({}, start=start, step=step)) if preset.model.has_width else 1
            )


def test_lines_of_hard_places() -> None:
    text = '''a."b c".d = 1 # x
"q\\u0041" = """
[not a header]
""" # "
e = [ # first
  [1, 2], { f = "]", g = [
  3 ] },
]
[[t]]
  [t.u]
  v = \'\'\'x'\'\'\'
[[t]]
  [[t.w]]
  z = 1979-05-27 07:32:00
'''
    places = TomlPlaces(text)
    expected: dict[tuple[str | int, ...], int] = {
        ("a", "b c", "d"): 1,
        ("qA",): 2,
        ("e",): 5,
        ("e", 0, 1): 6,
        ("e", 1, "g", 0): 7,
        ("t", 0, "u", "v"): 11,
        ("t", 1, "w", 0, "z"): 14,
        ("t", 1, "nothing"): 12,
    }
    assert {path: places.line(path) for path in expected} == expected


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {p for key, item in items for p in paths(item, (*path, key))}


@pytest.mark.parametrize("path", sorted((ROOT / "suites").glob("*.toml")), ids=lambda path: path.stem)
def test_every_value_of_a_file_has_a_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert paths(tomli.loads(text)) - {()} == set(TomlPlaces(text).lines)


# --- nothing but SuiteError -----------------------------------------------------------------------

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
