from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli

from harness import SuiteError
from harness.builtin.criteria import MeanSquareOverRoot
from harness.builtin.datasets import CubeSphere, Sphere
from harness.builtin.initializers import GaussianHalves, MirroredLeCun
from harness.builtin.models import ShallowNet
from harness.builtin.optimizers import Momentum
from harness.components import Problem
from harness.engine.draws import draw_problem
from harness.json_schema import write_schema
from harness.plugin_host.composition import OWN_KEYS, build_regime, regime_spec
from harness.plugin_host.registry import Registry
from harness.statistics.adaptive import Adaptive
from harness.statistics.search import Grid
from harness.suite import find_suite, load_suite, parse_suite, shipped_suites
from harness.suite.resolved import resolve, suite_of
from harness.suite.schema import suite_schema
from harness.suite.sizes import too_large, trial_bytes

from .good_suite import EXAMPLE, GOOD, REGISTRY, ROOT, parse, write


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


@pytest.mark.parametrize(
    ("budget", "recorded"),
    [
        ("", (1e-1, 1e-2, 2.5e-3, 1e-3)),  # proofs of fates begin where training ends
        ("limit = false", (1e-1, 1e-2)),
        ("limit = false\nreport_tolerance = 0.1", (1e-1,)),
        ("limit = false\nreport_tolerance = 1e-3", (1e-1, 1e-2, 2.5e-3, 1e-3)),
        ("limit = false\ntolerances = [1e-1, 1e-2, 1e-3]", (1e-1, 1e-2, 1e-3)),
        ('limit = false\nfit = { diagnostic = "training-error", at_most = 0.1 }', (1e-1, 1e-2, 2.5e-3, 1e-3)),
    ],
)
def test_networks_are_trained_beyond_the_reported_tolerance_where_that_is_used(
    budget: str, recorded: tuple[float, ...]
) -> None:
    """A run that recorded more, under the same text, is read as it was made."""
    text = f'[suite]\nname="a"\n[problems]\ndataset="sphere"\nn=4\nd=3\n[budget]\nsteps=1\n{budget}\n'
    grid = '[search]\nmethod="grid"\nwidths=[2]\ntrials=9\n'
    suite = parse(text + grid + '[[regimes]]\nuse="moderate"')
    assert suite.budget.tolerances == recorded
    data = resolve(suite, REGISTRY)
    assert suite_of(data, REGISTRY, suite.text).budget == suite.budget
    data["budget"]["tolerances"] = [1e-1, 1e-2, 2.5e-3, 1e-3]
    assert suite_of(data, REGISTRY, suite.text).budget.tolerances == (1e-1, 1e-2, 2.5e-3, 1e-3)


def test_sizes_may_be_ranges() -> None:
    suite = parse(GOOD.replace("d = 20", "d = { from = 2, to = 9, step = 3 }").replace("n = [40, 80]", "n = 7"))
    assert (suite.n, suite.d) == ((7,), (2, 5, 8))
    grid = '[search]\nmethod = "grid"\nwidths = { from = 2, to = 6, step = 2 }\ntrials = 3'
    assert parse(GOOD.replace('[search]\nmethod = "adaptive"', grid)).search == Grid((2, 4, 6), 3)


def test_the_only_tolerance_is_the_reported_one() -> None:
    assert parse(GOOD.replace("[1e-1, 1e-2]", "[0.3]")).budget.report_tolerance == 0.3


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


def test_names_that_were_not_given_are_made_unique() -> None:
    text = GOOD.replace('activation = "relu"', '[[regimes]]\nname = "moderate"\nuse = "moderate-sgd"')
    assert [r.name for r in parse(text).regimes] == ["moderate (2)", "moderate (3)", "moderate"]
    assert parse(text).repeated == [["moderate (2)", "moderate (3)"]]
    assert parse(GOOD).repeated == []


@pytest.mark.parametrize("name", [*REGISTRY.all("regime")])
def test_regimes_survive_being_plain_data(name: str) -> None:
    preset = REGISTRY.regime(name)
    spec = json.loads(json.dumps(regime_spec(preset, REGISTRY)))
    assert build_regime(spec, REGISTRY) == preset
    assert regime_spec(build_regime(spec, REGISTRY), REGISTRY) == spec


def test_every_theory_has_a_home() -> None:
    problem = draw_problem(parse(GOOD).dataset, 20, 10, seed=0, base=1)
    for theory in REGISTRY.theories():
        home = build_regime(theory.claim.home, REGISTRY)
        # A claim about networks that no regime trains stands in the overview alone, and says there what is not met.
        unmet = [assumption.text for assumption in theory.assumptions(problem, home) if assumption.holds is False]
        assert theory.concerns(home) or unmet, theory.name


# --- files ----------------------------------------------------------------------------------------


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


def test_the_schema_file_is_fresh(tmp_path: Path) -> None:
    write_schema(suite_schema(), [str(tmp_path / "schema.json")])
    written = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert written == (ROOT / "suites" / "suite.schema.json").read_text(encoding="utf-8"), (
        "run: python -m harness.suite.schema suites/suite.schema.json"
    )


def test_the_schema_resolves_and_knows_every_section() -> None:
    schema = suite_schema()
    assert set(schema["properties"]) == {
        "plugins",
        "requires",
        "suite",
        "problems",
        "budget",
        "search",
        "regimes",
        "claims",
        "paper",
    }
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


def test_a_loss_without_curvature_needs_a_number_as_step_size(registry: Registry) -> None:
    def text(step: str) -> str:
        return (
            '[suite]\nname = "a"\n[problems]\ndataset = { use = "sphere", labels = "rademacher" }\nn = 9\nd = 3\n'
            '[budget]\nepochs = 7\ntolerances = [0.1]\n[[regimes]]\nname = "r"\nmodel = "shallow"\n'
            f'initializer = "lecun"\ncriterion = "hinge"\noptimizer = {{ use = "gd", batch = 4{step} }}\n'
        )

    with pytest.raises(SuiteError, match="criterion 'hinge' has no curvature, so the step size must be a number"):
        parse_suite(text(""), registry)
    assert parse_suite(text(", step_size = 0.1"), registry).budget.steps == 21  # three steps an epoch
